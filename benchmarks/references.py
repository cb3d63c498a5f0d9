"""What brand teams upload as their logo: is the mark still found on goods, and does a bad upload flood plain garments?

Real photos of the reported brands are scanned while each brand has nothing but its drawings as some team would send
them: as they are, on a sheet of versions, in a screenshot, small, inverted, beside a slogan. Garments without marks are
scanned for a brand that sent what no logo is: a letter, a frame, a photo of a shirt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
from rich.console import Console

from benchmarks.command_line import parser_of, table_of_shares
from benchmarks.pictures import garment_photos, reported_marks, spread
from benchmarks.turned import WAYS, right_first
from client.api import Hallmark
from client.temporary import temporary_service
from model.encoding import jpeg, png
from model.preprocessing import resized
from model.regions import RgbImage
from training.evaluation.datasets import Photo
from training.evaluation.references import as_uploaded, other_brands, register_brands
from training.evaluation.report import quietly
from training.synthesis.logos import fetch_packages, load_logos

Upload = Callable[[Sequence[RgbImage]], list[bytes]]
"""A brand's drawings on white, 256 px wide → the files that it sends."""


@dataclass(frozen=True)
class Size:
    """How much is scanned; `uploads` of the ways to upload and of the bad references, the first so many."""

    photos: int
    garments: int
    others: int
    uploads: int


FULL = Size(photos=60, garments=100, others=200, uploads=100)
QUICK = Size(photos=3, garments=3, others=5, uploads=4)

RED = (200, 16, 46)


def main() -> None:
    """Upload, scan and print."""
    size = QUICK if parser_of(__doc__).parse_args().quick else FULL
    logos = load_logos(fetch_packages())
    photos, known = reported_marks(logos)
    photos = spread(photos, size.photos)
    drawn = {
        brand: [picture for logo in known[brand] if (picture := as_uploaded(logo)) is not None]
        for brand in sorted({mark.brand for photo in photos for mark in photo.marks} & set(known))
    }
    unseen = garment_photos(tuning=False)
    garments, shirt = unseen[: size.garments], unseen[-1].read()
    with temporary_service() as api:
        register_brands(api, other_brands(logos, count=size.others), progress=quietly)
        ids = {brand: str(api.create_brand(brand)["id"]) for brand in [*drawn, BAD]}
        found = {}
        for name, upload in list(UPLOADS.items())[: size.uploads]:
            with uploaded(api, {ids[brand]: upload(pictures) for brand, pictures in drawn.items()}):
                found[name] = tuple(right_first(api, photos, WAYS["upright"], named=named) for named in (False, True))
        flooded = {}
        for name, picture in list(bad_references(shirt).items())[: size.uploads]:
            with uploaded(api, {ids[BAD]: [png(picture)]}):
                flooded[name] = tuple(_flooded(api, garments, named=named) for named in (False, True))
    _show(found, flooded, size=size)


BAD = "Acmewear"
"""The brand that sends what is no logo."""


@contextmanager
def uploaded(api: Hallmark, files: Mapping[str, Sequence[bytes]]) -> Iterator[None]:
    """The files as the only references of the brands with these ids, for a while."""
    kept = [
        (brand, str(api.add_reference(brand, file, kind="logo")["id"]))
        for brand, each in files.items()
        for file in each
    ]
    yield
    for brand, reference in kept:
        api.remove_reference(brand, reference)


def in_page(picture: RgbImage, *, times: float = 4.0) -> RgbImage:
    """In the middle of a white square, `times` as wide as its longer side."""
    height, width = picture.shape[:2]
    side = round(times * max(height, width))
    page = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    page[top : top + height, left : left + width] = picture
    return page


def shaded(picture: RgbImage) -> RgbImage:
    """Darker towards the corners, as a photographed page is."""
    y, x = (np.linspace(-0.5, 0.5, side) for side in picture.shape[:2])
    light = 1.0 - 0.28 * (y[:, None] ** 2 + x[None] ** 2) / 0.5
    return (picture * light[..., None]).astype(np.uint8)


def framed(picture: RgbImage) -> RgbImage:
    """In a thin grey frame."""
    return np.asarray(cv2.copyMakeBorder(picture, 3, 3, 3, 3, cv2.BORDER_CONSTANT, value=(90, 90, 90)), np.uint8)


def with_words(picture: RgbImage, words: str) -> RgbImage:
    """Words to the right of it, a third as high."""
    height = picture.shape[0]
    scale = height / 3 / 22
    (wide, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
    beside = np.full((height, wide + height // 3, 3), 255, np.uint8)
    where = (height // 6, round(height * 0.66))
    cv2.putText(beside, words, where, cv2.FONT_HERSHEY_SIMPLEX, scale, (70, 70, 70), 2, cv2.LINE_AA)
    return np.concatenate([picture, beside], axis=1)


def sheet(picture: RgbImage) -> RgbImage:
    """Four versions of it on one page: as it is, inverted, in white on red, in red."""
    ink = (255.0 - picture.min(axis=2))[..., None] / 255.0
    on_red, in_red = RED + ink * (np.array([255, 255, 255]) - RED), 255 + ink * (np.array(RED) - 255)
    cells = [_in_cell(one.astype(np.uint8)) for one in (picture, 255 - picture, on_red, in_red)]
    page = [np.concatenate(cells[start : start + 2], axis=1) for start in (0, 2)]
    return np.asarray(cv2.copyMakeBorder(np.concatenate(page), 30, 30, 30, 30, cv2.BORDER_CONSTANT, value=[255] * 3))


def _in_cell(picture: RgbImage) -> RgbImage:
    """On a plate of the colour of its corner, which lies on white."""
    scale = min(220 / picture.shape[1], 150 / picture.shape[0])
    small = resized(
        picture, width=max(1, round(picture.shape[1] * scale)), height=max(1, round(picture.shape[0] * scale))
    )
    cell = np.full((240, 340, 3), 255, np.uint8)
    cell[20:220, 20:320] = picture[0, 0]
    top, left = (240 - small.shape[0]) // 2, (340 - small.shape[1]) // 2
    cell[top : top + small.shape[0], left : left + small.shape[1]] = small
    return cell


def screenshot(picture: RgbImage) -> RgbImage:
    """On a page of a browser, with a heading above and a note below."""
    page = np.full((720, 1100, 3), (243, 244, 246), np.uint8)
    page[:64], page[190:550, 250:850] = (45, 48, 56), 255
    scale = min(520 / picture.shape[1], 300 / picture.shape[0])
    large = resized(picture, width=round(picture.shape[1] * scale), height=round(picture.shape[0] * scale))
    top, left = 370 - large.shape[0] // 2, 550 - large.shape[1] // 2
    page[top : top + large.shape[0], left : left + large.shape[1]] = large
    for line, at in (("Press and media: our logo", 140), ("The logo may not be altered. PNG SVG EPS", 620)):
        cv2.putText(page, line, (250, at), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (40, 40, 40), 2, cv2.LINE_AA)
    return page


def white_ink(picture: RgbImage) -> bytes:
    """A PNG of its ink in white, with nothing around it."""
    return png(np.dstack([np.full_like(picture, 255), 255 - picture.min(axis=2)]))


def turned(picture: RgbImage, *, degrees: float) -> RgbImage:
    """Turned on a white square."""
    page = in_page(picture, times=1.5)
    middle = (page.shape[1] / 2, page.shape[0] / 2)
    matrix = cv2.getRotationMatrix2D(middle, degrees, 1.0)
    return np.asarray(cv2.warpAffine(page, matrix, page.shape[1::-1], borderValue=(255, 255, 255)), np.uint8)


def _each(change: Callable[[RgbImage], RgbImage]) -> Upload:
    return lambda pictures: [png(np.ascontiguousarray(change(picture))) for picture in pictures]


def _small(picture: RgbImage, *, width: int) -> bytes:
    height = max(16, round(width * picture.shape[0] / picture.shape[1]))
    return jpeg(resized(picture, width=width, height=height), quality=60)


UPLOADS: dict[str, Upload] = {
    "as it is": _each(lambda picture: picture),
    "sheet of four versions": _each(sheet),
    "screenshot": _each(screenshot),
    "beside a slogan": _each(lambda picture: with_words(picture, "made for every day")),
    "one drawing alone": lambda pictures: [png(pictures[0])],
    "white, transparent": lambda pictures: [white_ink(picture) for picture in pictures],
    "inverted": _each(lambda picture: 255 - picture),
    "JPEG, 100 px": lambda pictures: [_small(picture, width=100) for picture in pictures],
    "JPEG, 64 px": lambda pictures: [_small(picture, width=64) for picture in pictures],
    "in a large page": _each(in_page),
    "in a shaded page": _each(lambda picture: shaded(in_page(picture))),
    "in a framed page": _each(lambda picture: framed(in_page(picture))),
    "turned by 15": _each(lambda picture: turned(picture, degrees=15)),
    "turned by 45": _each(lambda picture: turned(picture, degrees=45)),
}


def bad_references(shirt: RgbImage) -> dict[str, RgbImage]:
    """What is no logo; `shirt` is a photo of a garment."""
    page = np.full((256, 256, 3), 255, np.uint8)
    bars = np.repeat(np.random.default_rng(4).integers(0, 2, 60) * 255, 5).astype(np.uint8)
    return {
        "a photo of a garment": shirt,
        "a frame": np.asarray(cv2.rectangle(page.copy(), (20, 20), (236, 236), (80, 80, 80), 2)),
        "a disc": np.asarray(cv2.circle(page.copy(), (128, 128), 108, RED, -1)),
        "a letter": with_words(page[:, :8], "A")[:, 8:],
        "a line": np.asarray(cv2.rectangle(page[:70].copy(), (10, 30), (246, 40), (0, 0, 0), -1)),
        "three stripes": np.concatenate([np.full((35, 216, 3), 15 + 240 * (row % 2), np.uint8) for row in range(5)]),
        "a bar code": framed(np.repeat(np.tile(bars, (100, 1))[..., None], 3, axis=2)),
        "cloth": np.ascontiguousarray(shirt[shirt.shape[0] * 2 // 5 :][:80, shirt.shape[1] * 2 // 5 :][:, :80]),
    }


def _flooded(api: Hallmark, garments: Sequence[Photo], *, named: bool) -> float:
    """The share of the garments with a finding of the brand `BAD`, which the listing names or not."""
    listing = {"brand_claimed": BAD} if named else None
    answers = [api.scan(jpeg(photo.read()), listing=listing) for photo in garments]
    return float(np.mean([any(one["brand"] == BAD for one in answer["findings"]) for answer in answers]))


def _show(found: dict[str, tuple[float, ...]], flooded: dict[str, tuple[float, ...]], *, size: Size) -> None:
    for title, rows in (
        (f"{size.photos} photos: right brand first", found),
        (f"{size.garments} garments: a finding of the brand", flooded),
    ):
        Console(width=100).print(table_of_shares(title, ["the reference", "", "named by the listing"], rows))
    print(json.dumps({"photos": size.photos, "garments": size.garments, "right first": found, "flooded": flooded}))


if __name__ == "__main__":
    main()
