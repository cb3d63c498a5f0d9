"""What honest sellers do to photos, in listings that name a brand: who is accused, and what is still found?

Photos in frames, beside others and on screens: garments without marks must stay without a finding, genuine marks
genuine, and smeared ones must be held up, whatever stands around them. Photos are of brands and garments that nothing
was tuned on, nor any network but the embedder trained (docs/training.md says on what); what is drawn around them is
other code, with other ranges, than what the network of tampered places learns from. And people whose faces were made
private, on studio photos that nothing was chosen on.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console

from benchmarks.command_line import parser_of, table_of_shares
from benchmarks.pictures import garment_photos, reported_marks, spread
from client.api import Hallmark, Json
from client.temporary import temporary_service
from model.encoding import jpeg
from model.preprocessing import resized
from model.regions import Box, RgbImage
from training.edits.smears import SMEARS, smear
from training.evaluation.datasets import Photo, plain_photos
from training.evaluation.references import other_brands, register_brands
from training.evaluation.report import quietly
from training.synthesis.logos import fetch_packages, load_logos

Way = Callable[[RgbImage, Sequence[RgbImage]], RgbImage]
"""(photo, other photos) → the picture that is sent."""


@dataclass(frozen=True)
class Size:
    """How much is scanned."""

    garments: int
    marks: int
    faces: int
    others: int


FULL = Size(garments=60, marks=48, faces=27, others=200)
QUICK = Size(garments=2, marks=2, faces=2, others=10)

FACES = Path(__file__).with_name("faces.csv")
"""Where the face is on studio photos of people, in pixels."""


def main() -> None:
    """Register, scan and print."""
    size = QUICK if parser_of(__doc__).parse_args().quick else FULL
    logos = load_logos(fetch_packages())
    photos, own = reported_marks(logos)
    marked = spread(photos, size.marks)
    unseen = garment_photos(tuning=False)
    garments, beside = unseen[: size.garments], [photo.read() for photo in unseen]
    with temporary_service() as api:
        register_brands(api, {**own, **other_brands(logos, count=size.others)}, progress=quietly)
        rows = {}
        for name, way in WAYS.items():
            send = _sender(api, way, beside)
            rows[name] = {
                **_garments(garments, sorted(own), send),
                **_marks(marked, send),
                **_smeared(marked, send),
            }
        private = _faces(api, sorted(own), count=size.faces)
    _show(rows, private, size=size)


def framed(photo: RgbImage, others: Sequence[RgbImage]) -> RgbImage:
    """A red border, an eighth of the longer side wide."""
    (height, width), wide = photo.shape[:2], max(photo.shape[:2]) // 8
    sheet = np.full((height + 2 * wide, width + 2 * wide, 3), (200, 40, 60), np.uint8)
    sheet[wide : wide + height, wide : wide + width] = photo
    return sheet


def on_white(photo: RgbImage, others: Sequence[RgbImage]) -> RgbImage:
    """In the middle of a white square, half as wide again as its longer side."""
    return _in_cell(photo, int(1.5 * max(photo.shape[:2])), int(max(photo.shape[:2])))


def on_its_blur(photo: RgbImage, others: Sequence[RgbImage]) -> RgbImage:
    """On a square, the rest of which is the photo itself, enlarged and blurred."""
    height, width = photo.shape[:2]
    side = int(1.2 * max(height, width))
    ground = cv2.GaussianBlur(resized(photo, width=side, height=side), (0, 0), side / 40)
    sheet, top, left = np.asarray(ground, np.uint8), (side - height) // 2, (side - width) // 2
    sheet[top : top + height, left : left + width] = photo
    return sheet


def four_in_one(photo: RgbImage, others: Sequence[RgbImage]) -> RgbImage:
    """Two by two, white gaps between."""
    return _tiled([photo, *others[:3]], columns=2, cell=420, gap=8)


def nine_in_one(photo: RgbImage, others: Sequence[RgbImage]) -> RgbImage:
    """Three by three without gaps, the photo in the middle."""
    return _tiled([*others[:4], photo, *others[4:8]], columns=3, cell=400, gap=0)


def on_a_screen(photo: RgbImage, others: Sequence[RgbImage]) -> RgbImage:
    """Between the bars of a telephone's screen, with the words of a shop."""
    wide = resized(photo, width=720, height=round(720 * photo.shape[0] / photo.shape[1]))
    above, below = np.full((140, 720, 3), 255, np.uint8), np.full((420, 720, 3), 255, np.uint8)
    for bar, lines in ((above, ("12:41    LTE  87%", "<  Details")), (below, ("24.90 EUR", "Free returns", "BUY NOW"))):
        for number, line in enumerate(lines):
            where = (30, 55 + number * 62)
            cv2.putText(bar, line, where, cv2.FONT_HERSHEY_SIMPLEX, 1.1, (40, 40, 40), 2, cv2.LINE_AA)
    return np.concatenate([above, wide, below])


def with_a_detail(photo: RgbImage, others: Sequence[RgbImage]) -> RgbImage:
    """In a corner a part of another photo, with a white rim."""
    made, side = photo.copy(), min(photo.shape[:2]) // 3
    made[-side:, -side:] = 255
    made[6 - side : -6, 6 - side : -6] = resized(others[0][60:260, 60:260], width=side - 12, height=side - 12)
    return made


WAYS: dict[str, Way] = {
    "as it is": lambda photo, others: photo,
    "in a coloured frame": framed,
    "on white": on_white,
    "on its own blur": on_its_blur,
    "four in one": four_in_one,
    "nine in one": nine_in_one,
    "on a screen": on_a_screen,
    "with a detail": with_a_detail,
}

Send = Callable[[RgbImage, int, str], Json]
"""(photo, its number, the brand that the listing names) → the answer."""


def _sender(api: Hallmark, way: Way, beside: Sequence[RgbImage]) -> Send:
    def send(photo: RgbImage, number: int, brand: str) -> Json:
        chosen = np.random.default_rng([7, number]).choice(len(beside), 8, replace=False)
        others = [beside[one] for one in chosen]
        return api.scan(jpeg(np.ascontiguousarray(way(photo, others))), listing={"brand_claimed": brand})

    return send


def _garments(photos: Sequence[Photo], brands: Sequence[str], send: Send) -> dict[str, float]:
    answers = [send(photo.read(), number, brands[number % len(brands)]) for number, photo in enumerate(photos)]
    accused = [any(one["kind"] != "genuine" for one in answer["findings"]) for answer in answers]
    held = [answer["decision"] != "allow" for answer in answers]
    return {"garments accused": float(np.mean(accused)), "garments held": float(np.mean(held))}


def _marks(photos: Sequence[Photo], send: Send) -> dict[str, float]:
    found = [_findings(send(photo.read(), number, photo.marks[0].brand), photo) for number, photo in enumerate(photos)]
    surest = [max(kinds, key=lambda one: one[1])[0] if kinds else None for kinds in found]
    accused = [kind in ("smear", "imitation") for kind in surest]
    return {"marks genuine": float(np.mean([kind == "genuine" for kind in surest])), "accused": float(np.mean(accused))}


def _smeared(photos: Sequence[Photo], send: Send) -> dict[str, float]:
    held = []
    for number, photo in enumerate(photos):
        rng, image = np.random.default_rng([5, number]), photo.read()
        tool, strength = str(rng.choice(sorted(SMEARS))), float(rng.uniform(0.4, 1))
        for mark in photo.marks:
            image = smear(image, mark.box, tool=tool, strength=strength, rng=rng)
        answer = send(image, number, photo.marks[0].brand)
        held.append(answer["decision"] != "allow" and bool(_findings(answer, photo)))
    return {"smears held": float(np.mean(held))}


def _faces(api: Hallmark, brands: Sequence[str], *, count: int) -> dict[str, float]:
    """The share of people whose photo is called a smear, by what was done to the face."""
    faces = people()[:count]
    shares = {}
    for way in ("as it is", "mosaic", "gaussian_blur", "emoji"):
        smeared = []
        for number, (photo, box) in enumerate(faces):
            rng, image = np.random.default_rng([6, number]), photo.read()
            if way in SMEARS:
                image = smear(image, box, tool=way, strength=0.9, rng=rng)
            answer = api.scan(jpeg(image), listing={"brand_claimed": brands[number % len(brands)]})
            smeared.append(any(one["kind"] == "smear" for one in answer["findings"]))
        shares[way.replace("_", " ")] = float(np.mean(smeared))
    return shares


def people() -> list[tuple[Photo, Box]]:
    """Studio photos of people, and where their faces are."""
    studio = {photo.path.name: photo for photo in plain_photos("catalogue")}
    with FACES.open(newline="") as file:
        return [(studio[row.pop("file")], Box(*map(float, row.values()))) for row in csv.DictReader(file)]


def _findings(answer: Json, photo: Photo) -> list[tuple[str, float]]:
    """Kind and surety of the findings of the brand that the photo shows."""
    return [
        (one["kind"], 1.0 - one["scores"]["unrelated"])
        for one in answer["findings"]
        if one["brand"] == photo.marks[0].brand
    ]


def _in_cell(photo: RgbImage, side: int, longer: int) -> RgbImage:
    """The photo, its longer side `longer` px, in the middle of a white square of `side` px."""
    scale, cell = longer / max(photo.shape[:2]), np.full((side, side, 3), 255, np.uint8)
    small = resized(photo, width=round(photo.shape[1] * scale), height=round(photo.shape[0] * scale))
    top, left = (side - small.shape[0]) // 2, (side - small.shape[1]) // 2
    cell[top : top + small.shape[0], left : left + small.shape[1]] = small
    return cell


def _tiled(photos: Sequence[RgbImage], *, columns: int, cell: int, gap: int) -> RgbImage:
    cells = [_in_cell(photo, cell, cell - gap) for photo in photos]
    rows = [np.concatenate(cells[start : start + columns], axis=1) for start in range(0, len(cells), columns)]
    return np.concatenate(rows)


def _show(rows: dict[str, dict[str, float]], faces: dict[str, float], *, size: Size) -> None:
    pictures = table_of_shares(
        f"{size.garments} garments, {size.marks} marks; the listing names a brand",
        ["how it is sent", *next(iter(rows.values()))],
        {name: row.values() for name, row in rows.items()},
    )
    people = table_of_shares(
        f"{size.faces} people: called a smear",
        ["the face", "share"],
        {name: [share] for name, share in faces.items()},
    )
    Console(width=110).print(pictures, people)
    print(json.dumps({"garments": size.garments, "marks": size.marks, "shares": rows, "faces": faces}))


if __name__ == "__main__":
    main()
