"""Copies of an index on disk, so that a process need not read all vectors from the database when it starts.

A snapshot is a folder `snapshot-<version>` with the files of one segment:

| file | holds |
|---|---|
| `vectors.faiss` | FAISS `IndexFlatIP`: the vectors |
| `coarse.faiss` | FAISS `IndexPQFastScan`, only where the segment has coarse codes |
| `codes.npz` | for each row its `vector_ids`, and its places among the `references`, `brands` and `views` |
| `names.json` | the references, brands and views |
| `manifest.json` | format, model, index version, count, dimension, SHA-256 of each file and of the manifest itself |

FAISS reads most damaged files without a word, and then finds the wrong things (of 120 mutated ones 45 loaded). So no
byte is given to a parser before its SHA-256 agrees with the manifest, and the manifest carries its own. On any
disagreement loading raises `SnapshotRejected`, and the caller rebuilds from the database, which holds the truth. The
sums find accidents, not attackers: who can write the folder can write sums that agree.

A snapshot is written into a folder of another name, synced to disk, and renamed: it is there whole or not at all.
The newest is the one saved last, by the folder's time: a database that was restored goes back to lower versions, and
those above are of a history that is no more.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from index.columns import Columns, Labels
from index.live import LiveIndex
from index.segment import Segment

FORMAT = 1
MANIFEST, VECTORS, COARSE = "manifest.json", "vectors.faiss", "coarse.faiss"
CODES, NAMES = "codes.npz", "names.json"
PARTIAL_PREFIX = ".partial-"
PARTIAL_SECONDS = 3600
"""A partial folder older than this belongs to a process that died."""

_NAME = re.compile(r"snapshot-(\d+)")


class SnapshotRejected(Exception):
    """A snapshot cannot be trusted or does not fit; `reason` says why. Rebuild from the database."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Snapshot:
    """A segment that is complete at `version`."""

    base: Segment
    version: int


def save_snapshot(index: LiveIndex, *, folder: Path, model: str, keep: int = 2) -> Path:
    """Write what `index` holds now as a snapshot in `folder`; returns its path.

    `model` names the bundle that made the vectors. Of the snapshots in `folder` the newest `keep` stay. Changes and
    searches go on meanwhile; a snapshot of the same version and model that is sound already is left as it is. Several
    processes may save into one folder.
    """
    if keep < 1:
        raise ValueError(f"keep must be at least 1, not {keep}")
    view = index.view()
    final = folder / f"snapshot-{view.version}"
    if not _is_sound(final, model=model):
        folder.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=PARTIAL_PREFIX, dir=folder))
        try:
            base = view.compact(flat_limit=index.options.flat_limit)
            _write(base, folder=partial, model=model, version=view.version)
            _put_in_place(partial, final=final, model=model)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):  # another process may prune
        os.utime(final)
    _prune(folder, keep=keep)
    return final


def latest_snapshot(folder: Path) -> Path | None:
    """The snapshot in `folder` that was saved last, sound or not; None when there is none."""
    paths = _snapshots(folder)
    return paths[-1] if paths else None


def load_snapshot(path: Path, *, model: str) -> Snapshot:
    """Read a snapshot, for `LiveIndex.restore`.

    Raises `SnapshotRejected` when a file is missing, unknown or differs from the manifest by one bit, when `model` is
    not the one that made the vectors, or when the format is unknown.
    """
    manifest = _read_manifest(path, model=model)
    files = {name: _read_verified(path / name, sha256=sha256) for name, sha256 in manifest["sha256"].items()}
    unknown = {entry.name for entry in path.iterdir()} - set(files) - {MANIFEST}
    if unknown:
        raise SnapshotRejected(f"{path.name} holds unknown files: {', '.join(sorted(unknown))}")
    try:
        base = _segment(files)
    except (KeyError, ValueError, RuntimeError) as error:
        # RuntimeError is what FAISS raises. The sums agree, so it was written by a version that means other things.
        raise SnapshotRejected(f"{path.name} cannot be read: {error}") from error
    found = (len(base), base.flat.d)
    if found != (manifest["count"], manifest["dimension"]):
        raise SnapshotRejected(
            f"{path.name} holds {found[0]} vectors of {found[1]} dimensions, not as its manifest says"
        )
    return Snapshot(base, manifest["index_version"])


def _write(base: Segment, *, folder: Path, model: str, version: int) -> None:
    sums = {}
    for name, content in _contents(base):
        sums[name] = hashlib.sha256(content).hexdigest()
        _write_synced(folder / name, content)
    manifest = {
        "format": FORMAT,
        "model": model,
        "index_version": version,
        "count": len(base),
        "dimension": base.flat.d,
        "sha256": sums,
    }
    _write_synced(folder / MANIFEST, _signed(manifest))
    _sync_folder(folder)


def _contents(base: Segment) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file but the manifest."""
    yield VECTORS, faiss.serialize_index(base.flat).tobytes()
    if base.coarse is not None:
        yield COARSE, faiss.serialize_index(base.coarse).tobytes()
    columns = base.columns
    codes = io.BytesIO()
    np.savez(
        codes,
        vector_ids=columns.vector_ids,
        references=columns.references.codes,
        brands=columns.brands.codes,
        views=columns.views.codes,
    )
    yield CODES, codes.getvalue()
    names = {
        "references": columns.references.names,
        "brands": columns.brands.names,
        "views": columns.views.names,
    }
    yield NAMES, json.dumps(names).encode()


def _segment(files: Mapping[str, bytes]) -> Segment:
    """The segment in verified `files`; raises `KeyError`, `ValueError` or FAISS's `RuntimeError` if they disagree."""
    flat = _faiss_index(files[VECTORS], kind=faiss.IndexFlatIP)
    coarse = _faiss_index(files[COARSE], kind=faiss.IndexPQFastScan) if COARSE in files else None
    names = json.loads(files[NAMES])
    with np.load(io.BytesIO(files[CODES]), allow_pickle=False) as codes:
        vector_ids = codes["vector_ids"]
        labels = [Labels(codes[name], tuple(names[name])) for name in ("references", "brands", "views")]
    lengths = {flat.ntotal, len(vector_ids), *(len(column.codes) for column in labels)}
    if coarse is not None:
        lengths.add(coarse.ntotal)
    if len(lengths) > 1:
        raise ValueError(f"its files differ in length: {sorted(lengths)}")
    return Segment(Columns(vector_ids, *labels), flat=flat, coarse=coarse)


def _faiss_index(content: bytes, *, kind: type) -> Any:
    found = faiss.deserialize_index(np.frombuffer(content, dtype=np.uint8))
    if not isinstance(found, kind):
        raise ValueError(f"a {kind.__name__} was expected, not a {type(found).__name__}")
    return found


def _signed(manifest: Mapping[str, Any]) -> bytes:
    """The bytes of a manifest, with the SHA-256 of all of it but that line."""
    sum_of_rest = hashlib.sha256(_canonical(manifest)).hexdigest()
    return _canonical({**manifest, "manifest_sha256": sum_of_rest})


def _canonical(manifest: Mapping[str, Any]) -> bytes:
    return (json.dumps(manifest, indent=2, sort_keys=True) + "\n").encode()


def _read_manifest(path: Path, *, model: str) -> dict[str, Any]:
    content = _read(path / MANIFEST)
    try:
        manifest = json.loads(content)
    except ValueError as error:  # not UTF-8, or not JSON
        raise SnapshotRejected(f"{path.name}: the manifest is no JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise SnapshotRejected(f"{path.name}: the manifest is no JSON object")
    if _signed({key: value for key, value in manifest.items() if key != "manifest_sha256"}) != content:
        raise SnapshotRejected(f"{path.name}: the manifest differs from its own SHA-256")
    if manifest.get("format") != FORMAT:
        raise SnapshotRejected(f"{path.name} has format {manifest.get('format')}, this version reads {FORMAT}")
    if manifest["model"] != model:
        raise SnapshotRejected(f"{path.name} was made by model {manifest['model']}, not {model}")
    if path.name != f"snapshot-{manifest['index_version']}":
        raise SnapshotRejected(f"{path.name} holds index version {manifest['index_version']}")
    return manifest


def _read_verified(path: Path, *, sha256: str) -> bytes:
    content = _read(path)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SnapshotRejected(f"{path.parent.name}/{path.name} differs from its SHA-256 in the manifest")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SnapshotRejected(f"{path.parent.name}/{path.name} cannot be read: {error.strerror}") from error


def _is_sound(path: Path, *, model: str) -> bool:
    try:
        load_snapshot(path, model=model)
    except SnapshotRejected:
        return False
    return True


def _put_in_place(partial: Path, *, final: Path, model: str) -> None:
    """Rename a complete folder; one that another process put there meanwhile may stay if it is sound."""
    if final.exists() and not _is_sound(final, model=model):
        final.rename(Path(tempfile.mkdtemp(prefix=PARTIAL_PREFIX, dir=final.parent)) / final.name)
    try:
        partial.rename(final)
    except OSError:
        if not _is_sound(final, model=model):
            raise
    _sync_folder(final.parent)


def _prune(folder: Path, *, keep: int) -> None:
    """Remove all snapshots but the newest `keep`, and what writers that died left behind."""
    old = _snapshots(folder)[:-keep]
    dead = [path for path in folder.glob(f"{PARTIAL_PREFIX}*") if time.time() - _modified(path) > PARTIAL_SECONDS]
    for path in [*old, *dead]:
        # Another process may be pruning the same folder.
        shutil.rmtree(path, ignore_errors=True)


def _modified(path: Path) -> float:
    """Time of the last change, seconds since 1970; now for a folder that is gone meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


def _snapshots(folder: Path) -> list[Path]:
    """The snapshots in `folder`, in the order in which they were saved; of one moment, by version."""
    found = []
    for path in folder.glob("snapshot-*"):
        match = _NAME.fullmatch(path.name)
        with contextlib.suppress(FileNotFoundError):  # another process may prune
            if match:
                found.append((path.stat().st_mtime_ns, int(match[1]), path))
    return [path for _, _, path in sorted(found)]


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the names in `folder` last through a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
