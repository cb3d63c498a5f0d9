"""`hallmark labels export`: the labels and their pictures as files, with a fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from serve.database.engine import Database
from serve.loop.labels import json_lines, list_labels, picture_key
from serve.objects import Objects


@dataclass(frozen=True, slots=True)
class Export:
    """What was written; `fingerprint` is the SHA-256 of labels.jsonl, which names each picture by its own."""

    labels: int
    pictures: int
    fingerprint: str


def export_labels(database: Database, objects: Objects, folder: Path, *, share: float) -> Export:
    """Write `labels.jsonl` and `pictures/<sha256>`, each picture once, as it was uploaded.

    Raises `FileExistsError` when `folder` holds something, and `ObjectMissingError` when a picture is gone.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; name a new folder")
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    labels = list_labels(database, share=share)
    for label in labels:
        path = folder / "pictures" / label.image
        if not path.exists():
            path.write_bytes(objects.get(picture_key(database, label.id)))
    text = json_lines(labels).encode()
    (folder / "labels.jsonl").write_bytes(text)
    pictures = len({label.image for label in labels})
    return Export(labels=len(labels), pictures=pictures, fingerprint=hashlib.sha256(text).hexdigest())
