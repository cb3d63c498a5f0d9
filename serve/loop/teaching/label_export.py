"""`hallmark labels export`: the labels and their pictures as files, with a fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from serve.database.engine import Database
from serve.database.tables import REMOVED, Reference
from serve.loop.teaching.labels import counting_labels, json_line
from serve.pictures.objects import Objects


@dataclass(frozen=True, slots=True)
class Export:
    """What was written; `fingerprint` is the SHA-256 of labels.jsonl, which names each picture by its own."""

    labels: int
    pictures: int
    references: int
    fingerprint: str


def export_labels(database: Database, objects: Objects, folder: Path, *, share: float) -> Export:
    """Write `labels.jsonl`, `pictures/<sha256>`, each once and as it was uploaded, and `references/<id>.png`.

    A reference that was removed since is left out.

    Raises `FileExistsError` when `folder` holds something, and `ObjectMissingError` when a picture is gone.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; name a new folder")
    for part in ("pictures", "references"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    labels, pictures, fingerprint = 0, 0, hashlib.sha256()
    compared: set[str] = set()
    with (folder / "labels.jsonl").open("wb") as lines:
        for label, key in counting_labels(database, share=share):
            path = folder / "pictures" / label.image
            if not path.exists():
                path.write_bytes(objects.get(key))
                pictures += 1
            line = json_line(label).encode()
            lines.write(line)
            fingerprint.update(line)
            compared.add(label.reference_id)
            labels += 1
    references = _references(database, compared)
    for reference_id, key in references.items():
        (folder / "references" / f"{reference_id}.png").write_bytes(objects.get(key))
    return Export(labels=labels, pictures=pictures, references=len(references), fingerprint=fingerprint.hexdigest())


def _references(database: Database, ids: set[str]) -> dict[str, str]:
    """The object keys of the references that are still there, by id."""
    query = select(Reference.id, Reference.object_key).where(Reference.id.in_(ids), Reference.status != REMOVED)
    with database.read() as session:
        return {row.id: row.object_key for row in session.execute(query)}
