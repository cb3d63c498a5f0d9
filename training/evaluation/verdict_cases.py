"""Regions to measure verdicts on that nothing was fitted to: real photos, smeared or not, and real imitations."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from model.alignment import CROP_MARGIN
from model.bundle import ModelBundle
from model.decode import decode
from model.encoding import jpeg
from model.panels import panels
from model.reference_views import reference_views
from model.regions import Box, RgbImage, whole_image
from model.tampering import Tampering
from training.edits.imitations import HELD_OUT_IMITATIONS, IMITATIONS
from training.edits.smears import HELD_OUT_SMEARS, SMEARS, smear
from training.evaluation.datasets import Photo
from training.evaluation.references import Drawings, as_uploaded, drawings_of
from training.evaluation.served_imitations import Picture
from training.evaluation.versions import drawings_in_use
from training.photo_files import read_photo
from training.refusals import DataMissing
from training.synthesis.grounds import Backgrounds, data_folder
from training.synthesis.logos import Logo, split_of
from training.verifier.drawing import draw_pairs
from training.verifier.pairs import without_margin

Split = Literal["dev", "held_out"]

SMALLEST_SIDE = 20
"""Marks with a shorter side of fewer pixels are left out: there is nothing to smear."""

QUALITIES = (70, 95)
"""JPEG qualities, the first and the one after the last, at which photos are saved before they are judged."""

STRENGTHS = {
    "something_left": (0.0, 0.85),
    "weak": (0.0, 0.3),
    "medium": (0.3, 0.6),
    "strong": (0.6, 0.85),
    "nothing_left": (0.85, 1.01),
}
"""Strength of a smear: up to 0.85 something of the mark is left."""

SIZES = {"under_64_px": (0, 64), "64_to_160_px": (64, 160), "over_160_px": (160, 1e9)}
"""Longer side of the mark."""


@dataclass(frozen=True, slots=True)
class Case:
    """A region with a mark of `brand`, or of none that is known where `kind` is `unrelated`.

    `region` has the scan's margin around the box, `inner` has not; `tampered` is the mean probability that the box was
    tampered with, by the closer look, 0 where there is no photo. `photo` names the photo, whose regions are drawn
    together in intervals; `edit` what was done, empty for nothing; `strength` is a smear's, else nan; `style` says how
    the mark is shown.
    """

    region: RgbImage
    inner: RgbImage
    brand: str
    photo: str
    kind: str
    edit: str = ""
    strength: float = float("nan")
    style: str = ""
    tampered: float = 0.0

    def strata(self) -> list[str]:
        """The parts of the figures that the case counts in; a genuine one counts in those that no edit defines."""
        found = [f"size {name}" for name, (low, high) in SIZES.items() if low <= max(self.inner.shape[:2]) < high]
        if self.style:
            found.append(f"style {self.style}")
        if self.edit:
            found.append(f"edit {self.edit}")
        if self.edit in (*SMEARS, *IMITATIONS):  # else it was made by a person
            unseen = self.edit in (*HELD_OUT_SMEARS, *HELD_OUT_IMITATIONS)
            found.append("edits kept out of training" if unseen else "edits of training")
        found += [f"strength {name}" for name, (low, high) in STRENGTHS.items() if low <= self.strength < high]
        return found


@dataclass(frozen=True, slots=True)
class CaseSet:
    """Cases with the genuine pictures of each brand that they are compared with, and the `files` they come from."""

    title: str
    cases: list[Case]
    references: dict[str, list[RgbImage]]
    facts: dict[str, object] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)


def smeared_photos(photos: Sequence[Photo], logos: Sequence[Logo], *, tampering: Tampering) -> CaseSet:
    """The marks of FlickrLogos-27 as they are (`genuine`) and smeared, beside the clean drawings of their brands.

    Two in five smears are of tools kept out of training; strengths are even from 0 to 1. Photos are compressed anew,
    a genuine mark's as its smear's, as they are when someone edits and sends them.
    """
    rng, saving = np.random.default_rng(0), np.random.default_rng([0, 1])
    references = _uploaded(drawings_in_use(sorted({mark.brand for photo in photos for mark in photo.marks}), logos))
    cases = []
    for photo in photos:
        image = photo.read()
        for mark in photo.marks:
            if mark.brand not in references or min(mark.box.width, mark.box.height) < SMALLEST_SIDE:
                continue
            quality = int(saving.integers(*QUALITIES))
            genuine = _saved(image, quality=quality)
            cases.append(
                _case(genuine, mark.box, brand=mark.brand, photo=photo.path.name, kind="genuine", tampering=tampering)
            )
            tool = str(rng.choice(HELD_OUT_SMEARS if rng.random() < 0.4 else list(SMEARS)))
            strength = float(rng.uniform(0, 1))
            edited = _saved(smear(image, mark.box, tool=tool, strength=strength, rng=rng), quality=quality)
            smeared = _case(
                edited, mark.box, brand=mark.brand, photo=photo.path.name, kind="smear", tampering=tampering
            )
            cases.append(replace(smeared, edit=tool, strength=strength))
    title = "Smears made in the boxes of FlickrLogos-27, beside clean vector references"
    return CaseSet(title, cases, references, files=[photo.path for photo in photos])


def web_imitations(bundle: ModelBundle) -> CaseSet:
    """Real imitations and genuine pictures of the same brands, beside the clean references that came with them."""
    folder = data_folder() / "imitations_web"
    rows = _rows(folder / "labels.csv")
    references: dict[str, list[RgbImage]] = {}
    for row in rows:
        if row["kind"] == "reference":
            references.setdefault(row["brand"], []).append(read_photo(folder / row["file"]))
    found = Places(references, bundle)
    cases = [
        found.case(folder / row["file"], brand=row["brand"], kind=row["kind"], edit=row["how"], style=row["style"])
        for row in rows
        if row["kind"] != "reference"
    ]
    files = [folder / row["file"] for row in rows]
    return CaseSet("Real imitations from the web (imitations_web)", cases, references, files=files)


def web_pictures() -> list[Picture]:
    """The pictures of `imitations_web`, references among them."""
    folder = data_folder() / "imitations_web"
    return [Picture(folder / row["file"], row["brand"], row["kind"]) for row in _rows(folder / "labels.csv")]


def logo_imitations(genuine: Iterable[Case], logos: Sequence[Logo], bundle: ModelBundle) -> CaseSet:
    """The imitated logos of `imitations`, beside clean vector references.

    That set has no genuine pictures: the cases of its brands among `genuine`, and the genuine Samsung pictures of
    `imitations_web`, stand for them.
    """
    folder, web = data_folder() / "imitations", data_folder() / "imitations_web"
    rows = _rows(folder / "labels.csv")
    references = _uploaded(drawings_in_use(sorted({row["brand"] for row in rows}), logos))
    found = Places(references, bundle)
    cases = [
        found.case(folder / row["file"], brand=row["brand"], kind="imitation", edit=f"of {row['brand']}")
        for row in rows
    ]
    cases += [one for one in genuine if one.brand in references and one.kind == "genuine"]
    cases += [
        found.case(web / row["file"], brand="samsung", kind="genuine")
        for row in _rows(web / "labels.csv")
        if (row["brand"], row["kind"]) == ("samsung", "genuine")
    ]
    title = "Imitated logos (imitations), genuine marks of the same brands from photos"
    facts: dict[str, object] = {"note": "a part of the pictures labelled as imitations shows the genuine mark"}
    return CaseSet(title, cases, references, facts, [folder / row["file"] for row in rows])


def drawn_cases(logos: Sequence[Logo], *, split: Split, count: int, seed: int = 0) -> CaseSet:
    """Drawn pairs of the brands of `split`, half of them with edits that are kept out of training."""
    own = [logo for logo in logos if split_of(logo.brand) == split]
    backgrounds = Backgrounds.found_in(data_folder())
    cases, brands = [], set()
    for unseen in (False, True):
        drawn = draw_pairs(own, count=count // 2, seed=seed + unseen, backgrounds=backgrounds, unseen=unseen)
        for number, pair in enumerate(drawn.pairs):
            inner = without_margin(pair.region)
            strength = pair.strength if pair.label == "smear" else float("nan")
            name = f"{unseen} {number}"
            brands.add(pair.brand)
            cases.append(Case(pair.region, inner, pair.brand, name, pair.label, pair.edit, strength))
    references = _uploaded(drawings_of(sorted(brands), own))
    kept = [case for case in cases if case.brand in references or case.kind == "unrelated"]
    return CaseSet(f"Drawn marks of {split} brands", kept, references)


class Places:
    """Where in a picture the mark of a brand is: the region, or the whole picture, most similar to a reference.

    The scan's first candidate for the brand is the same one.
    """

    def __init__(self, references: dict[str, list[RgbImage]], bundle: ModelBundle) -> None:
        self._bundle = bundle
        self._vectors = {
            brand: bundle.embedder.embed([view for one in pictures for _, view in reference_views(one, kind="logo")])
            for brand, pictures in references.items()
        }

    def case(self, file: Path, *, brand: str, kind: str, edit: str = "", style: str = "") -> Case:
        """The case that the picture in `file` gives."""
        picture = read_photo(file)
        boxes = [region.box for region in (whole_image(picture), *self._bundle.detector.detect(picture))]
        seen = self._bundle.embedder.embed([box.crop(picture) for box in boxes])
        best = int((seen @ self._vectors[brand].T).max(axis=1).argmax())
        tampering = self._bundle.tampering
        case = _case(picture, boxes[best], brand=brand, photo=file.name, kind=kind, tampering=tampering)
        return replace(case, edit=edit if kind == "imitation" else "", style=style)


def _case(image: RgbImage, box: Box, *, brand: str, photo: str, kind: str, tampering: Tampering) -> Case:
    region, inner = (np.ascontiguousarray(one.crop(image)) for one in (box.grown(CROP_MARGIN), box))
    return Case(region, inner, brand, photo, kind, tampered=tampering.within(image, box, panels=panels(image)))


def _uploaded(drawings: Drawings) -> dict[str, list[RgbImage]]:
    """The drawings as they are uploaded, of the brands that have one that can be seen."""
    found = {
        brand: [drawn for logo in logos if (drawn := as_uploaded(logo)) is not None]
        for brand, logos in drawings.items()
    }
    return {brand: pictures for brand, pictures in found.items() if pictures}


def _saved(image: RgbImage, *, quality: int) -> RgbImage:
    return decode(jpeg(image, quality=quality))


def _rows(file: Path) -> list[dict[str, str]]:
    if not file.is_file():
        raise DataMissing(f"{file} is missing: set HALLMARK_DATA to the folder that holds {file.parent.name}/")
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))
