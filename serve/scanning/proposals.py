"""Which places of a picture are looked at: the whole of it, what looks like marks, and the panels of a collage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from model.bundle import ModelBundle
from model.detector import SAME_BOX_IOU, distinct
from model.regions import Box, Region, RgbImage, whole_image

MAX_REGIONS, MAX_SOUGHT = 8, 11
"""Regions that are proposed, the whole image included, and where the listing names a brand. Each costs one embedding.
Lines that name brands come on top.
"""

REGIONS_PER_PANEL = 3
"""Regions that a panel of a collage adds, beside itself."""


def proposed(image: RgbImage, bundle: ModelBundle, *, panels: Sequence[Box], sought: bool = False) -> list[Region]:
    """The whole image, which may itself be a mark or a product photo, and the places that look most like marks.

    More of them where a mark is `sought`, for the listing names a brand. Each of the `panels` that the image shows is
    a region as the whole is: several are looked at for marks as well, one that stands in a frame instead of the whole.
    """
    most = (MAX_SOUGHT if sought else MAX_REGIONS) - 1
    whole, pictures = whole_image(image), [Region(panel, 1.0, "panel") for panel in panels]
    match panels:
        case []:
            places = bundle.detector.likeliest(image, most=most)
        case [panel]:
            places = _within(panel, image, bundle, most=most)
        case _:
            places = bundle.detector.likeliest(image, most=most)
            for panel in panels:
                places += _within(panel, image, bundle, most=REGIONS_PER_PANEL)
            places = distinct(places, iou=SAME_BOX_IOU)
    return [whole, *places, *pictures]


def _within(panel: Box, image: RgbImage, bundle: ModelBundle, *, most: int) -> list[Region]:
    """The places of a panel that look most like marks, in pixels of the image."""
    places = bundle.detector.likeliest(panel.crop(image), most=most)
    return [replace(one, box=one.box.moved(*panel.corner())) for one in places]
