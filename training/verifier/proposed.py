"""What a detector proposes on photos of goods: wheels, folds, buttons, prints, and marks of brands nobody asks for.

Most of what a scan compares is of this kind, and nobody draws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from model.alignment import CROP_MARGIN
from model.regions import Region, RgbImage
from training.photo_files import read_photo
from training.synthesis.products import Product
from training.verifier.pairs import NOWHERE, UNCHANGED, Pair, reduced

PROPOSED = "proposed"
"""The edit of such a pair."""

_EACH, _PLACES = 3, 7  # taken, of so many likeliest ones of a photo
_SMALLEST = 12  # pixels of the region's shorter side


class Likeliest(Protocol):
    """What `model.detector.Detector.likeliest` does."""

    def __call__(self, image: RgbImage, *, most: int) -> Sequence[Region]:
        """At most so many places of the image, the likeliest first."""
        ...


def proposed_pairs(products: Sequence[Product], *, likeliest: Likeliest, most: int, seed: int) -> list[Pair]:
    """At most `most` unrelated pairs whose references are chosen later: likely places of photos of the `products`."""
    rng = np.random.default_rng(seed)
    photos = [path for product in products for path in product.photos]
    pairs: list[Pair] = []
    for number in rng.permutation(len(photos)):
        if len(pairs) >= most:
            break
        photo = read_photo(photos[number])
        places = list(likeliest(photo, most=_PLACES))
        for place in rng.permutation(len(places))[:_EACH]:
            region = reduced(places[place].box.grown(CROP_MARGIN).crop(photo))
            if min(region.shape[:2]) >= _SMALLEST:
                pairs.append(Pair(region, "", -1, NOWHERE, "unrelated", PROPOSED, 0.0, UNCHANGED))
    return pairs[:most]
