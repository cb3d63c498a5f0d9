"""Photos tilted before they are sent, as cameras and sellers tilt them: what is still named, and what held up?

Photos of brands that the listing names are scanned as they are, tilted on white, and tilted with their edges mirrored
outwards; with their marks as they are, and smeared by any tool and strength before the photo was tilted.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np
from rich.console import Console

from benchmarks.command_line import table_of_shares
from benchmarks.pictures import spread
from benchmarks.seller_edits import rotated
from client.api import Hallmark, Json
from client.temporary import temporary_service
from model.decode import decode
from model.encoding import jpeg
from model.regions import RgbImage
from training.evaluation.datasets import Photo, real_photos
from training.evaluation.references import Drawings, other_brands, register_brands
from training.evaluation.report import quietly
from training.evaluation.versions import drawings_in_use
from training.evaluation.whole_photos import Way, brands_in, listing_of, picture_of, top_brand
from training.synthesis.logos import fetch_packages, load_logos

DEGREES = (10.0, 20.0, 45.0)
QUALITY = 90

Tilt = Callable[[RgbImage], RgbImage]


def mirrored_outwards(photo: RgbImage, degrees: float) -> RgbImage:
    """Turned about its middle by `degrees`, half again as large, with what lies outside mirrored."""
    edge = max(photo.shape[:2]) // 2
    larger = cv2.copyMakeBorder(photo, edge, edge, edge, edge, cv2.BORDER_REFLECT)
    height, width = larger.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    tilted = cv2.warpAffine(larger, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    half = edge // 2
    return np.ascontiguousarray(tilted[half : height - half, half : width - half])


TILTS: dict[str, Tilt | None] = {
    "as they are": None,
    **{f"by {degrees:.0f} degrees on white": partial(rotated, degrees=degrees) for degrees in DEGREES},
    **{f"by {degrees:.0f} degrees, mirrored": partial(mirrored_outwards, degrees=degrees) for degrees in DEGREES},
}


def main() -> None:
    """Register, scan and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=60, help="so many, evenly of all")
    parser.add_argument("--others", type=int, default=100, help="so many other brands are registered")
    parser.add_argument("--tuning", action="store_true", help="photos to choose by instead of those reported on")
    asked = parser.parse_args()
    logos, photos = load_logos(fetch_packages()), real_photos(tuning=asked.tuning)
    own = drawings_in_use(sorted({mark.brand for photo in photos for mark in photo.marks}), logos)
    photos = [photo for photo in photos if brands_in(photo) & own.keys()]
    photos = spread(photos, asked.photos)
    with temporary_service() as api:
        register_brands(api, {**own, **other_brands(logos, count=asked.others)}, progress=quietly)
        _show(
            {
                name: [
                    share
                    for smeared in (False, True)
                    for share in _figures(api, photos, tilt, own=own, smeared=smeared)
                ]
                for name, tilt in TILTS.items()
            },
            photos=len(photos),
        )


def _figures(
    api: Hallmark, photos: Sequence[Photo], tilt: Tilt | None, *, own: Drawings, smeared: bool
) -> tuple[float, float]:
    """The shares of the photos that are named right, and held up."""
    way = Way(named=True, smeared=smeared)
    answers = [
        api.scan(_tilted(picture_of(photo, number, way=way), tilt), listing=listing_of(photo, number, own=own, way=way))
        for number, photo in enumerate(photos)
    ]
    right = [top_brand(answer) in brands_in(photo) for answer, photo in zip(answers, photos, strict=True)]
    return float(np.mean(right)), float(np.mean([_is_held(answer) for answer in answers]))


def _tilted(picture: bytes, tilt: Tilt | None) -> bytes:
    return picture if tilt is None else jpeg(tilt(decode(picture)), quality=QUALITY)


def _is_held(answer: Json) -> bool:
    return bool(answer["decision"] != "allow")


def _show(figures: dict[str, list[float]], *, photos: int) -> None:
    columns = ("tilted", "right brand first", "held up", "smeared: right brand first", "held up")
    Console(width=110).print(table_of_shares(f"{photos} photos, named by their listings", columns, figures))


if __name__ == "__main__":
    main()
