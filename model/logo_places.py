"""Where a product reference shows its logo: the places that are compared when the photo turns up as a copy."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from model.alignment import content_bounds
from model.regions import Box, Region, RgbImage

MOST_PLACES = 4
"""Places of one reference, the detector's surest; each costs a comparison in every scan that finds the photo copied."""

LARGEST_SHARE = 0.25
"""Share of the content's area from which a region is the product rather than a logo on it."""

SMALLEST_SIDE = 10
"""Pixels of a place's shorter side below which nobody could tell what was done to it."""

LEAST_CONTRAST = 5.0
"""Standard deviation (of 255) that a place needs: where there is next to nothing to see, nothing can be wiped."""

_SAME_PLACE = 0.5


def logo_places(picture: RgbImage, regions: Sequence[Region]) -> list[Box]:
    """The logo places among the detector's `regions` of `picture` (RGB uint8), in its pixels, surest first.

    At most `MOST_PLACES`; none is the whole product, without contrast, or half inside another one.
    """
    top, bottom, left, right = content_bounds(picture)
    largest = LARGEST_SHARE * (bottom - top) * (right - left)
    places: list[Box] = []
    for region in sorted(regions, key=lambda one: -one.score):
        box = region.box
        if len(places) == MOST_PLACES:
            break
        if (
            min(box.width, box.height) < SMALLEST_SIDE
            or box.area > largest
            or _contrast(box.crop(picture)) < (LEAST_CONTRAST)
        ):
            continue
        if all(box.intersection(other) < _SAME_PLACE * min(box.area, other.area) for other in places):
            places.append(box)
    return places


def _contrast(patch: RgbImage) -> float:
    grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
    return float(np.std(grey))
