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
"""Regions that a panel adds, beside itself."""


def proposed(image: RgbImage, bundle: ModelBundle, *, panels: Sequence[Box], sought: bool = False) -> list[Region]:
    """The whole image, which may itself be a mark or a product photo, and the places that look most like marks.

    More of them where a mark is `sought`, for the listing names a brand. Each of the `panels` that the image shows is a
    region as the whole is, and is looked at for marks as well.
    """
    most = MAX_SOUGHT if sought else MAX_REGIONS
    places = bundle.detector.likeliest(image, most=most - 1)
    if not panels:
        return [whole_image(image), *places]
    for panel in panels:
        for one in bundle.detector.likeliest(panel.crop(image), most=REGIONS_PER_PANEL):
            places.append(replace(one, box=one.box.moved(*panel.corner())))
    return [whole_image(image), *distinct(places, iou=SAME_BOX_IOU), *(Region(panel, 1.0, "panel") for panel in panels)]
