"""The real pictures that figures are measured on, read from `$HALLMARK_DATA` (default `../shared/data`)."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from model.regions import Box, RgbImage
from training.photo_files import read_photo
from training.refusals import DataMissing
from training.synthesis.grounds import data_folder, is_training_photo
from training.synthesis.products import Product, load_products

FOLDERS = {"grocery": "natural"}
"""Where the photos of a data set lie when it is not `images`."""


TUNING_BRANDS = frozenset({"bmw", "fedex", "mini", "nike", "pepsi"})
"""Brands of FlickrLogos-27 that methods, checkpoints and thresholds may be chosen on; figures are of the other ones.

Chosen by a hash among those that packages draw and no set of imitations shows. No network is trained on any of them.
"""

ALTERED_PHOTOS = frozenset(
    f"{name}.jpg"
    for name in (
        *(2725772074, 2789664089, 2891341625, 3103735966, 3177582448, 3190245804),
        *(3333221097, 3836904950, 3892997631, 3963201475, 4376175015, 4653393540),
        # Of the reported brands:
        *(2274089022, 2795236586, 4499338915, 4218731913, 3342270648, 2457001875, 2760763703, 3521287781),
        *(2533950636, 272645705, 2762358474, 2766150734, 2774437111, 2777121253, 2777758833, 2777979668, 2780928833),
        *(2783736621, 2786523391, 2898435362, 3101679471, 3889420667, 3958261033, 4080113868, 4353886132),
        *(2990076322, 3854044541, 390297596, 82413169),
    )
)
"""Photos whose mark is not as its brand draws it; found by eye, among 144 for tuning and 584 marks that are reported.

Broken, burning, iced on biscuits, of beads, drawn by hand, in other colours, mirrored, joined with another brand's or
another word, or letters exchanged for pictures, as in the doodles of a search engine; a bag of "JAGUAR" is one, a cat
another. What genuine marks look like must not be learnt from them, nor told.
"""


COMPARED_ON = 250
"""So many of the reported photos were what whole scans of each release until hallmark-23 were compared on."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that a person boxed in a photo; `brand` is lower case without spaces."""

    brand: str
    box: Box


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo and the marks in it; a photo without marks has none.

    `besides` are marks that the data set does not box: of other brands, more of the same, a lock-up of which it boxes
    the symbol alone, or a part of one.
    """

    path: Path
    marks: tuple[Mark, ...] = ()
    besides: tuple[Box, ...] = ()

    def read(self) -> RgbImage:
        """The upright pixels."""
        return read_photo(self.path)


class TracedMark(NamedTuple):
    """A mark after which a reference of `brand` is drawn (`training.evaluation.versions`): the photo, the place of the
    mark among its marks, and of how many colours the `version` is.
    """

    brand: str
    version: str
    file: str
    mark: int
    colours: int


@cache
def traced_marks() -> tuple[TracedMark, ...]:
    """What `versions.csv` names."""
    with Path(__file__).with_name("versions.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(
            TracedMark(row["brand"], row["version"], row["file"], int(row["mark"]), int(row["colours"]))
            for row in csv.DictReader(lines)
        )


def is_for_tuning(path: Path) -> bool:
    """Whether a photo without boxes may be tuned on; the others are for reporting.

    It is the split that keeps them from training (`training.synthesis.grounds.is_training_photo`).
    """
    return is_training_photo(path.name)


def boxed_photos(name: str) -> list[Photo]:
    """The photos of `flickrlogos27` or `garments` with their marks, by file name.

    Raises:
        DataMissing: the data set is not there.
    """
    folder, besides = _folder(name), _unboxed_marks()
    marks: dict[str, list[Mark]] = defaultdict(list)
    with (folder / "boxes.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            marks[row["file"]].append(Mark(row["brand"].lower(), _box(row)))
    return [
        Photo(folder / "images" / file, tuple(found), tuple(besides.get(file, ())))
        for file, found in sorted(marks.items())
    ]


@cache
def _unboxed_marks() -> dict[str, list[Box]]:
    """By file of `flickrlogos27` the marks that it does not box, as they were boxed by eye (`unboxed_marks.csv`)."""
    found: dict[str, list[Box]] = defaultdict(list)
    with Path(__file__).with_name("unboxed_marks.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found[row["file"]].append(_box(row))
    return found


def _box(row: dict[str, str]) -> Box:
    left, top, right, bottom = (float(row[key]) for key in ("x1", "y1", "x2", "y2"))
    return Box(left, top, right - left, bottom - top)


def real_photos(*, tuning: bool) -> list[Photo]:
    """The photos of `flickrlogos27` that may be tuned on, or those that figures are reported on.

    Those after which a reference is drawn are in neither.

    Raises:
        DataMissing: the data set is not there.
    """
    drawn_after = {one.file for one in traced_marks()}
    return [
        photo
        for photo in boxed_photos("flickrlogos27")
        if tuning == any(mark.brand in TUNING_BRANDS for mark in photo.marks) and photo.path.name not in drawn_after
    ]


def sample(photos: Sequence[Photo], limit: int | None) -> list[Photo]:
    """At most `limit` of the photos, drawn by chance and always the same ones, in their order."""
    if limit is None or limit >= len(photos):
        return list(photos)
    chosen = np.random.default_rng(0).choice(len(photos), limit, replace=False)
    return [photos[number] for number in sorted(chosen)]


def set_aside() -> frozenset[str]:
    """Names of the reported photos outside the sample that whole scans were compared on until hallmark-23.

    What was chosen by that sample fits it: these say how other photos fare. Nothing may be chosen by them.

    Raises:
        DataMissing: the data set is not there.
    """
    photos = real_photos(tuning=False)
    return frozenset(photo.path.name for photo in photos) - {photo.path.name for photo in sample(photos, COMPARED_ON)}


def plain_photos(name: str, *, limit: int | None = None, seed: int = 0) -> list[Photo]:
    """The photos of `clothing`, `catalogue` or `grocery` (in shops), whose marks nobody boxed.

    `limit` draws a sample by `seed`.

    Raises:
        DataMissing: the data set is not there.
    """
    paths = sorted((_folder(name) / FOLDERS.get(name, "images")).glob("*.jpg"))
    if limit is not None and limit < len(paths):
        chosen = np.random.default_rng(seed).choice(len(paths), limit, replace=False)
        paths = [paths[number] for number in sorted(chosen)]
    return [Photo(path) for path in paths]


def grocery_products() -> list[Product]:
    """The products of `grocery`, the studio picture first.

    Raises:
        DataMissing: the data set is not there.
    """
    return [product for product in load_products(_folder("grocery").parent) if product.kind == "product"]


def catalogue_brands() -> dict[str, str]:
    """What the title of each `catalogue` photo begins with, by file name: its brand, lower case without spaces.

    Raises:
        DataMissing: the data set is not there.
    """
    with (_folder("catalogue") / "labels.csv").open(encoding="utf-8", newline="") as lines:
        return {row["file"]: row["title"].lower().replace(" ", "") for row in csv.DictReader(lines)}


def _folder(name: str) -> Path:
    folder = data_folder() / name
    if not folder.is_dir():
        raise DataMissing(
            f"no data set {name} in {data_folder().resolve()}; set HALLMARK_DATA to the folder that has it"
        )
    return folder
