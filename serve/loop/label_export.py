"""`hallmark labels export`: the labels and their pictures as files, with a fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from serve.database.engine import Database
from serve.loop.labels import counting_labels, json_line
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
    labels, pictures, fingerprint = 0, 0, hashlib.sha256()
    with (folder / "labels.jsonl").open("wb") as lines:
        for label, key in counting_labels(database, share=share):
            path = folder / "pictures" / label.image
            if not path.exists():
                path.write_bytes(objects.get(key))
                pictures += 1
            line = json_line(label).encode()
            lines.write(line)
            fingerprint.update(line)
            labels += 1
    return Export(labels=labels, pictures=pictures, fingerprint=fingerprint.hexdigest())
