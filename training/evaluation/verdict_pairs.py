"""Pairs to measure verdicts on that nothing was fitted to: real photos, smeared or not, and real imitations."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from model.alignment import CROP_MARGIN
from model.regions import Box, RgbImage
from training.edits.smears import HELD_OUT_SMEARS, SMEARS, smear
from training.evaluation.datasets import DataMissing
from training.logos import Logo
from training.verification_pairs import Pair, clean_reference
from training.verifier_release import Drawn

_UNKNOWN_PLACE = np.full((4, 2), np.nan, np.float32)


def smeared_photos(data: Path, logos: Sequence[Logo], *, seed: int, smears_each: int = 1) -> Drawn:
    """FlickrLogos-27 boxes as they are (`genuine`) and smeared (`smear`), beside the vector logos of their brands.

    Every box is paired with each drawing of its brand; a version of the mark that no drawing shows cannot agree with
    any, which is part of the figure. Smears alternate between tools seen and unseen in fitting, strengths 0 to 0.85.
    """
    rng = np.random.default_rng(seed)
    pictures, brands = _references(logos)
    known = set(brands)
    tools = list(SMEARS)
    pairs: list[Pair] = []
    for row in _rows(data / "flickrlogos27" / "boxes.csv"):
        brand = row["brand"].lower().replace(" ", "")
        if brand not in known:
            continue
        photo = _picture(next((data / "flickrlogos27").rglob(row["file"])))
        x1, y1, x2, y2 = (float(row[name]) for name in ("x1", "y1", "x2", "y2"))
        box = Box(x1, y1, x2 - x1, y2 - y1)
        if min(box.width, box.height) < 20:
            continue
        pairs.append(_pair(photo, box, brand=brand))
        for _ in range(smears_each):
            tool = str(rng.choice(HELD_OUT_SMEARS if rng.random() < 0.4 else tools))
            strength = float(rng.uniform(0, 0.85))
            edited = smear(photo, box, tool=tool, strength=strength, rng=rng)
            pairs.append(_pair(edited, box, brand=brand, edit=tool, strength=strength))
    return Drawn(pairs, pictures, brands)


def web_imitations(data: Path) -> Drawn:
    """Real imitations and genuine pictures of the same brands, beside the clean references that came with them."""
    folder = data / "imitations_web"
    rows = _rows(folder / "labels.csv")
    references = [row for row in rows if row["kind"] == "reference"]
    pairs = []
    for row in rows:
        if row["kind"] == "reference":
            continue
        picture = _picture(folder / row["file"])
        height, width = picture.shape[:2]
        pairs.append(
            Pair(picture, row["brand"], -1, _UNKNOWN_PLACE, row["kind"], f"{row['style']} {row['how']}", width / height)
        )
    return Drawn(pairs, [_picture(folder / row["file"]) for row in references], [row["brand"] for row in references])


def _references(logos: Sequence[Logo]) -> tuple[list[RgbImage], list[str]]:
    return [clean_reference(logo) for logo in logos], [logo.brand for logo in logos]


def _pair(photo: RgbImage, box: Box, *, brand: str, edit: str = "", strength: float = 0.0) -> Pair:
    region = np.ascontiguousarray(box.grown(CROP_MARGIN).crop(photo))
    return Pair(region, brand, -1, _UNKNOWN_PLACE, "smear" if edit else "genuine", edit, strength)


def _rows(file: Path) -> list[dict[str, str]]:
    if not file.is_file():
        raise DataMissing(f"{file} is missing: set HALLMARK_DATA to the folder that holds {file.parent.name}/")
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def _picture(file: Path) -> RgbImage:
    read = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
    if read is None:
        raise ValueError(f"cannot be read as a picture: {file}")
    return np.asarray(read, np.uint8)
