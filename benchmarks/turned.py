"""Photos turned and mirrored, and brands that register product photos beside their logo: what is still found?

Real photos of the reported brands are scanned upright, turned by quarters and mirrored, among other brands. Then each
brand registers other photos of its goods as products, and the photos are scanned again: what was found by the logo must
be found still. Studio photos that are registered come back turned, as copies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from benchmarks.command_line import parser_of, table_of_shares
from benchmarks.pictures import reported_marks, spread
from client.api import Hallmark, Json
from client.temporary import temporary_service
from model.encoding import jpeg
from model.regions import RgbImage
from training.evaluation.datasets import Photo, plain_photos
from training.evaluation.references import other_brands, register_brands
from training.evaluation.report import quietly
from training.synthesis.logos import fetch_packages, load_logos

WAYS: dict[str, Callable[[RgbImage], RgbImage]] = {
    "upright": lambda image: image,
    "turned by 90": lambda image: np.rot90(image, 1),
    "turned by 180": lambda image: np.rot90(image, 2),
    "turned by 270": lambda image: np.rot90(image, 3),
    "mirrored": lambda image: image[:, ::-1],
}


@dataclass(frozen=True)
class Size:
    """How much is scanned."""

    photos: int
    products_per_brand: int
    copies: int
    others: int


FULL = Size(photos=60, products_per_brand=8, copies=30, others=200)
QUICK = Size(photos=6, products_per_brand=2, copies=3, others=20)


def main() -> None:
    """Register, scan and print."""
    size = QUICK if parser_of(__doc__).parse_args().quick else FULL
    logos = load_logos(fetch_packages())
    photos, own = reported_marks(logos)
    asked = spread(photos, size.photos)
    studio = plain_photos("catalogue", limit=size.copies)
    with temporary_service() as api:
        register_brands(api, {**own, **other_brands(logos, count=size.others)}, progress=quietly)
        figures = {f"marks, {way}": right_first(api, asked, turn) for way, turn in WAYS.items()}
        figures["marks, named by the listing"] = right_first(api, asked, WAYS["upright"], named=True)
        _register_products(api, [one for one in photos if one not in asked], size=size)
        figures["marks, products registered too"] = right_first(api, asked, WAYS["upright"])
        figures["marks, products registered too, named"] = right_first(api, asked, WAYS["upright"], named=True)
        studio_brand = api.create_brand("Studio of the catalogue")["id"]
        for photo in studio:
            api.add_reference(studio_brand, jpeg(photo.read()), kind="product")
        figures |= {f"copies, {way}": _copied(api, studio, turn) for way, turn in WAYS.items()}
    _show(figures, photos=len(asked), copies=len(studio))


def right_first(
    api: Hallmark, photos: Sequence[Photo], turn: Callable[[RgbImage], RgbImage], *, named: bool = False
) -> float:
    """The share of the photos of which the surest finding is of the right brand."""
    right = []
    for photo in photos:
        brand = photo.marks[0].brand
        answer = api.scan(_sent(photo, turn), listing={"brand_claimed": brand} if named else None)
        right.append(surest(answer) in {mark.brand for mark in photo.marks})
    return float(np.mean(right))


def _copied(api: Hallmark, photos: Sequence[Photo], turn: Callable[[RgbImage], RgbImage]) -> float:
    """The share of the photos that are called copied."""
    answers = [api.scan(_sent(photo, turn)) for photo in photos]
    return float(np.mean([any(one["kind"] == "copied_photo" for one in answer["findings"]) for answer in answers]))


def _register_products(api: Hallmark, photos: Sequence[Photo], *, size: Size) -> None:
    """The first photos of each brand as its products."""
    ids = {one["name"]: one["id"] for one in json.loads(api.fetch("/v1/brands?limit=500"))["items"]}
    registered = dict.fromkeys(ids, 0)
    for photo in photos:
        brand = photo.marks[0].brand
        if registered[brand] < size.products_per_brand:
            api.add_reference(ids[brand], jpeg(photo.read()), kind="product")
            registered[brand] += 1


def _sent(photo: Photo, turn: Callable[[RgbImage], RgbImage]) -> bytes:
    return jpeg(np.ascontiguousarray(turn(photo.read())), quality=85)


def surest(answer: Json) -> str | None:
    """The brand of the finding that is surest to be a mark at all."""
    best = min(answer["findings"], key=lambda one: one["scores"]["unrelated"], default=None)
    return None if best is None else str(best["brand"])


def _show(figures: dict[str, float], *, photos: int, copies: int) -> None:
    title = f"{photos} photos, {copies} copies: right brand first; called a copy"
    rows = {name: [share] for name, share in figures.items()}
    Console(width=100).print(table_of_shares(title, ["what", "share"], rows))
    print(json.dumps({"photos": photos, "copies": copies, **figures}))


if __name__ == "__main__":
    main()
