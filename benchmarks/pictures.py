"""The pictures that the benchmarks send: real product photos where they are, drawn ones elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import skimage

from model.decode import decode
from model.encoding import jpeg, png
from model.regions import RgbImage
from training.evaluation.datasets import Photo, is_for_tuning, plain_photos, real_photos
from training.evaluation.references import Drawings
from training.evaluation.versions import drawings_in_use
from training.refusals import DataMissing
from training.synthesis.logos import Logo, load_logos, rasterise

Item = TypeVar("Item")

GROUNDS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg")
"""Photos that come with scikit-image."""

INKS = ("#111111", "#d62728", "#1f5fbf", "#2ca02c", "#7f3fbf")


def reported_marks(logos: Sequence[Logo]) -> tuple[list[Photo], Drawings]:
    """The photos of the reported brands whose mark is among `logos`, and those brands' drawings in use."""
    photos = real_photos(tuning=False)
    own = drawings_in_use(sorted({mark.brand for photo in photos for mark in photo.marks}), logos)
    return [photo for photo in photos if photo.marks[0].brand in own], own


def garment_photos(*, tuning: bool) -> list[Photo]:
    """Photos of garments, hardly any with a mark: those for tuning, or those that are reported on."""
    return [photo for photo in plain_photos("clothing") if is_for_tuning(photo.path) == tuning]


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """`count` of the items, evenly of all; all where there are fewer."""
    return list(items[:: max(1, len(items) // count)][:count])


def listing_photos(*, count: int, side: int, seed: int) -> tuple[str, list[bytes]]:
    """`count` JPEG files of side × side pixels, and where they come from."""
    rng = np.random.default_rng(seed)
    try:
        photos = plain_photos("catalogue", limit=count, seed=seed)
        source, images = "catalogue photos", [photo.read() for photo in photos]
    except DataMissing:
        source, images = "photos of scikit-image with a logo drawn on", _drawn_photos(count, rng)
    return source, [jpeg(_square(image, side)) for image in images]


def reference_pictures(*, count: int) -> Iterator[tuple[str, bytes]]:
    """`count` brands' clean logos as (brand, PNG): each vector logo in several inks where there are too few."""
    logos = load_logos(None)
    for number in range(count):
        ink, logo = divmod(number, len(logos))
        yield f"{logos[logo].brand} {number}", png(_clean(logos[logo], colour=INKS[ink % len(INKS)]))


def _clean(logo: Logo, *, colour: str) -> RgbImage:
    drawn = rasterise(logo, width=256, colour=colour, background=(255, 255, 255))
    return np.ascontiguousarray(drawn[..., :3])


def _drawn_photos(count: int, rng: np.random.Generator) -> list[RgbImage]:
    grounds = [decode((Path(skimage.__file__).parent / "data" / name).read_bytes()) for name in GROUNDS]
    logos = load_logos(None)
    images = []
    for number in range(count):
        image = _square(grounds[number % len(grounds)], 600)
        mark = rasterise(logos[int(rng.integers(len(logos)))], width=160, colour=None, background=None)
        height, width = mark.shape[:2]
        if height < image.shape[0] and width < image.shape[1]:
            top, left = (int(rng.integers(size)) for size in (image.shape[0] - height, image.shape[1] - width))
            place = image[top : top + height, left : left + width]
            alpha = mark[..., 3:] / 255.0
            place[:] = (place * (1 - alpha) + mark[..., :3] * alpha).astype(np.uint8)
        images.append(image)
    return images


def _square(image: RgbImage, side: int) -> RgbImage:
    """The middle square of `image`, scaled to side × side pixels."""
    height, width = image.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    square = image[top : top + edge, left : left + edge]
    return np.asarray(cv2.resize(square, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
