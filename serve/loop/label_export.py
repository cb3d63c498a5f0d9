"""`hallmark labels export`: the labels and their pictures as files, with a fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from serve.database.engine import Database
from serve.database.tables import Reference
from serve.loop.labels import json_lines, list_labels, picture_key
from serve.objects import Objects


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
    labels = list_labels(database, share=share)
    for label in labels:
        path = folder / "pictures" / label.image
        if not path.exists():
            path.write_bytes(objects.get(picture_key(database, label.id)))
    references = _references(database, {label.reference_id for label in labels})
    for reference_id, key in references.items():
        (folder / "references" / f"{reference_id}.png").write_bytes(objects.get(key))
    text = json_lines(labels).encode()
    (folder / "labels.jsonl").write_bytes(text)
    pictures = len({label.image for label in labels})
    return Export(
        labels=len(labels), pictures=pictures, references=len(references), fingerprint=hashlib.sha256(text).hexdigest()
    )


def _references(database: Database, ids: set[str]) -> dict[str, str]:
    """The object keys of the references that are still there, by id."""
    with database.read() as session:
        rows = session.execute(select(Reference.id, Reference.object_key).where(Reference.id.in_(ids)))
        return {row.id: row.object_key for row in rows}
