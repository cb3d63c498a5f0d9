import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from index_contract import DIMENSION, entry, random_entries, unit

from index.live import LiveIndex, LiveOptions
from index.snapshot import SnapshotRejected, latest_snapshot, load_snapshot, save_snapshot

OPTIONS = LiveOptions(dimension=DIMENSION, tail_limit=50, background=False)
QUERIES = unit(np.random.default_rng(1).normal(size=(20, DIMENSION)))


def index_of(count: int, *, options: LiveOptions = OPTIONS, version: int = 3) -> LiveIndex:
    index = LiveIndex(options)
    index.rebuild(random_entries(count, seed=1), version=version)
    return index


def restored(path: Path, *, options: LiveOptions = OPTIONS, model: str = "m1") -> LiveIndex:
    snapshot = load_snapshot(path, model=model)
    index = LiveIndex(options)
    index.restore(snapshot.base, version=snapshot.version)
    return index


@pytest.mark.parametrize("flat_limit", [1000, 100])
def test_a_loaded_snapshot_answers_as_the_index_did(tmp_path, flat_limit):
    options = LiveOptions(dimension=DIMENSION, flat_limit=flat_limit, background=False)
    index = index_of(600, options=options)
    index.remove("ref-3", version=4)
    index.add([entry(900, QUERIES[0], reference="late", brand="日本", view="plain")], version=5)
    path = save_snapshot(index, folder=tmp_path / "snapshots", model="m1")
    assert path == latest_snapshot(tmp_path / "snapshots") == tmp_path / "snapshots" / "snapshot-5"
    assert (path / "coarse.faiss").exists() == (flat_limit == 100)
    again = restored(path, options=options)
    assert (again.version, len(again)) == (5, 599)
    assert again.search(QUERIES, k=5) == index.search(QUERIES, k=5)
    assert again.search_brands(QUERIES, brands=3, per_brand=2) == index.search_brands(QUERIES, brands=3, per_brand=2)
    again.add([entry(901, QUERIES[1])], version=6)
    assert again.search(QUERIES[1:2], k=1)[0][0].vector_id == 901


def test_an_empty_index_has_a_snapshot_too(tmp_path):
    assert len(restored(save_snapshot(LiveIndex(OPTIONS), folder=tmp_path, model="m1"))) == 0


def test_old_snapshots_are_pruned(tmp_path):
    assert latest_snapshot(tmp_path / "none") is None
    for version in (8, 9, 10, 11):
        save_snapshot(index_of(10, version=version), folder=tmp_path, model="m1", keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["snapshot-10", "snapshot-11"]
    assert latest_snapshot(tmp_path) == tmp_path / "snapshot-11"


def test_what_was_saved_last_is_the_newest_whatever_version_the_database_went_back_to(tmp_path):
    for version in (50, 60):
        save_snapshot(index_of(10, version=version), folder=tmp_path, model="m1+lost", keep=2)
    for version in (11, 12):
        path = save_snapshot(index_of(10, version=version), folder=tmp_path, model="m1+restored", keep=2)
        assert latest_snapshot(tmp_path) == path
    assert sorted(path.name for path in tmp_path.iterdir()) == ["snapshot-11", "snapshot-12"]
    save_snapshot(index_of(10, version=11), folder=tmp_path, model="m1+restored", keep=2)
    assert latest_snapshot(tmp_path) == tmp_path / "snapshot-11", "saved again, though it is there"


def test_another_model_is_rejected_and_replaced(tmp_path):
    save_snapshot(index_of(10), folder=tmp_path, model="m1")
    with pytest.raises(SnapshotRejected, match="made by model m1, not m2"):
        load_snapshot(tmp_path / "snapshot-3", model="m2")
    save_snapshot(index_of(12), folder=tmp_path, model="m2")
    assert len(restored(tmp_path / "snapshot-3", model="m2")) == 12


def test_a_damaged_snapshot_is_replaced_and_a_sound_one_left(tmp_path):
    path = save_snapshot(index_of(10), folder=tmp_path, model="m1")
    before = (path / "manifest.json").stat().st_mtime_ns
    save_snapshot(index_of(10), folder=tmp_path, model="m1")
    assert (path / "manifest.json").stat().st_mtime_ns == before
    (path / "names.json").unlink()
    save_snapshot(index_of(10), folder=tmp_path, model="m1")
    assert len(restored(path)) == 10


def test_a_writer_that_dies_leaves_no_snapshot(tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("index.snapshot._sync_folder", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_snapshot(index_of(10), folder=tmp_path, model="m1")
    assert list(tmp_path.iterdir()) == []


def mutated(content: bytes, *, draw: random.Random) -> bytes:
    """One accident: a bit flipped, a byte overwritten, a piece cut out, doubled or zeroed, the end lost or grown."""
    at = draw.randrange(len(content))
    size = min(draw.choice([1, 2, 4, 64, 1024]), len(content) - at)
    piece = content[at : at + size]
    return draw.choice(
        [
            content[:at] + bytes([content[at] ^ (1 << draw.randrange(8))]) + content[at + 1 :],
            content[:at] + bytes([draw.randrange(256)]) + content[at + 1 :],
            content[:at] + content[at + size :],
            content[:at] + piece + content[at:],
            content[:at] + bytes(size) + content[at + size :],
            content[:at],
            content + piece,
        ]
    )


@pytest.mark.parametrize("flat_limit", [1000, 100])
def test_every_mutation_of_every_file_is_rejected(tmp_path, flat_limit):
    options = LiveOptions(dimension=DIMENSION, flat_limit=flat_limit)
    path = save_snapshot(index_of(400, options=options), folder=tmp_path, model="m1")
    draw = random.Random(2)
    mutants = 0
    for file in sorted(path.iterdir()):
        original = file.read_bytes()
        for _ in range(80):
            mutant = mutated(original, draw=draw)
            if mutant == original:
                continue
            file.write_bytes(mutant)
            with pytest.raises(SnapshotRejected):
                load_snapshot(path, model="m1")
            mutants += 1
        file.write_bytes(original)
    assert mutants > 300
    assert len(restored(path, options=options)) == 400


@pytest.mark.parametrize("name", ["manifest.json", "vectors.faiss", "codes.npz", "names.json"])
def test_a_missing_file_is_rejected(tmp_path, name):
    path = save_snapshot(index_of(10), folder=tmp_path, model="m1")
    (path / name).unlink()
    with pytest.raises(SnapshotRejected, match=f"{name} cannot be read"):
        load_snapshot(path, model="m1")


def test_files_that_do_not_belong_are_rejected(tmp_path):
    path = save_snapshot(index_of(10), folder=tmp_path, model="m1")
    shutil.copytree(path, tmp_path / "snapshot-4")
    with pytest.raises(SnapshotRejected, match="snapshot-4 holds index version 3"):
        load_snapshot(tmp_path / "snapshot-4", model="m1")
    (path / "extra.npz").touch()
    with pytest.raises(SnapshotRejected, match=r"unknown files: extra\.npz"):
        load_snapshot(path, model="m1")


def test_a_newer_format_is_rejected(tmp_path, monkeypatch):
    monkeypatch.setattr("index.snapshot.FORMAT", 2)
    path = save_snapshot(index_of(10), folder=tmp_path, model="m1")
    monkeypatch.undo()
    with pytest.raises(SnapshotRejected, match="has format 2, this version reads 1"):
        load_snapshot(path, model="m1")


@pytest.mark.parametrize("name", ["flat", "coarse"])
def test_snapshots_of_november_2026_still_load(name):
    """Written by format 1 with FAISS 1.15.1; `answers.json` holds what the index answered then.

    Vectors are stored as float32, so similarities agree to the last bit but one (1e-7).
    """
    folder = Path(__file__).parent / "snapshots_2026_11" / name
    (path,) = folder.glob("snapshot-*")
    answers = json.loads((folder / "answers.json").read_text())
    index = LiveIndex(LiveOptions(dimension=32))
    snapshot = load_snapshot(path, model="fixture-model")
    index.restore(snapshot.base, version=snapshot.version)
    found = index.search(np.array(answers["queries"], np.float32), k=3)
    assert [[list(hit[:4]) for hit in hits] for hits in found] == answers["hits"]
    assert np.allclose([[hit.similarity for hit in hits] for hits in found], answers["similarities"], atol=1e-7)
