"""The exported labels as a round reads them: what was decided, the pictures, and who teaches and who examines.

`hallmark labels export` writes the folder: `labels.jsonl`, `pictures/<sha256>` and `references/<id>.png`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from model.alignment import CROP_MARGIN
from model.decode import KEPT_LIMITS, decode
from model.regions import Box, RgbImage

BLIND_TEST = "blind_test"

NEWEST = 0.15
"""Share of the labels that teach no brand kept apart, but came last: are later cases judged better too?"""

_BRANDS_APART = 43
"""Of 256: the brands whose hash is below are kept apart, one in six."""


class LabelsMissing(Exception):
    """There is no export of labels; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Label:
    """One decided region of a picture, as `/v1/labels` gives it.

    `picture` is the SHA-256 of the picture's file; `target` the probability that the region infringes, 0..1, and
    `weight` how sure that is, 0..1; `kind` what the model took it for.
    """

    id: str
    picture: str
    box: Box
    brand: str
    reference: str
    kind: str
    target: float
    weight: float
    origin: str
    decided: datetime


@dataclass(frozen=True, slots=True)
class LabelSet:
    """An export: its labels in their order, and a fingerprint (SHA-256) over labels, pictures and references.

    `without_reference` counts the labels whose reference was removed since, which teach nothing.
    """

    folder: Path
    labels: tuple[Label, ...]
    without_reference: int
    fingerprint: str

    def region(self, label: Label, *, margin: float = CROP_MARGIN) -> RgbImage:
        """The label's region as the scan cuts it for the verifier; margin 0 is what the scan embeds."""
        picture = decode((self.folder / "pictures" / label.picture).read_bytes(), limits=KEPT_LIMITS)
        return np.ascontiguousarray(label.box.grown(margin).crop(picture))

    def reference(self, label: Label) -> RgbImage:
        """The genuine picture that the region was compared with."""
        return decode(_reference(self.folder, label.reference).read_bytes(), limits=KEPT_LIMITS)


@dataclass(frozen=True, slots=True)
class Division:
    """Which labels teach and which examine; no picture that examines teaches.

    `examining`: `blind tests`, every second one by a hash of its picture (the others teach: known genuine pictures come
    from nowhere else); `other brands`, one in six by a hash of their id; and `later cases`, the newest of the others.
    """

    teaching: tuple[Label, ...]
    examining: dict[str, tuple[Label, ...]]


def read_labels(folder: Path) -> LabelSet:
    """Read an export. Raises `LabelsMissing`; `ValueError` when a picture is not the one that its label names."""
    path = folder / "labels.jsonl"
    if not path.is_file():
        raise LabelsMissing(f"{path} is missing: `hallmark labels export {folder}` writes it")
    text = path.read_bytes()
    read = [_label(line) for line in text.decode().splitlines()]
    labels = tuple(label for label in read if _reference(folder, label.reference).is_file())
    digest = hashlib.sha256(text)
    for name in sorted({label.picture for label in labels}):
        if hashlib.sha256((folder / "pictures" / name).read_bytes()).hexdigest() != name:
            raise ValueError(f"{folder / 'pictures' / name} is not the picture of that SHA-256; export the labels anew")
    for name in sorted({label.reference for label in labels}):
        digest.update(name.encode() + hashlib.sha256(_reference(folder, name).read_bytes()).digest())
    return LabelSet(folder, labels, len(read) - len(labels), digest.hexdigest())


def divided(labels: Sequence[Label]) -> Division:
    """Divide labels by origin, brand and time; the same labels are always divided alike."""
    blind: list[Label] = []
    others: list[Label] = []
    for label in labels:
        (blind if label.origin == BLIND_TEST and _examines(label.picture) else others).append(label)
    apart = [label for label in others if kept_apart(label.brand)]
    known = sorted((label for label in others if not kept_apart(label.brand)), key=lambda one: (one.decided, one.id))
    first_later = len(known) - int(NEWEST * len(known))
    examining = {"blind tests": blind, "other brands": apart, "later cases": known[first_later:]}
    pictures = {label.picture for group in examining.values() for label in group}
    teaching = [label for label in known[:first_later] if label.picture not in pictures]
    return Division(tuple(teaching), {name: tuple(group) for name, group in examining.items()})


def _examines(picture: str) -> bool:
    return hashlib.sha256(f"examines {picture}".encode()).digest()[0] % 2 == 0


def kept_apart(brand: str) -> bool:
    """Whether the labels of the brand of that id examine, and never teach."""
    return hashlib.sha256(f"examines {brand}".encode()).digest()[0] < _BRANDS_APART


def _reference(folder: Path, reference: str) -> Path:
    return folder / "references" / f"{reference}.png"


def _label(line: str) -> Label:
    read = json.loads(line)
    return Label(
        id=read["id"],
        picture=read["image"],
        box=Box(*read["box"]),
        brand=read["brand_id"],
        reference=read["reference_id"],
        kind=read["kind"],
        target=read["target"],
        weight=read["weight"],
        origin=read["origin"],
        decided=datetime.fromisoformat(read["decided"]),
    )
