"""Versions of a mark that photos show and no package of logos draws: traced from one picture each.

A brand uploads the versions of its mark that are in use. Packages draw today's alone: in the photos that figures are
reported on, every mark of Adidas, Intel and Yahoo and nearly every one of Starbucks is another version. `versions.csv`
names, for each version that at least five marks show, the largest picture that shows it whole, from the front and at
least 140 px wide. The trace has flat colours and no more of the photo, like the vector drawings beside it.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence

import cv2
import numpy as np
import vtracer
from PIL import Image

from model.regions import RgbImage
from training.evaluation.datasets import boxed_photos, traced_marks
from training.evaluation.references import drawings_of
from training.synthesis.logos import Logo

TRACED_SIDE = 1024
"""Pixels of the longer side that a mark is enlarged to, so that its edges become smooth."""

_ROOM = 0.04
_SMOOTHED = 7
_SPECKLE = 12


def drawings_in_use(brands: Sequence[str], logos: Sequence[Logo]) -> dict[str, list[Logo]]:
    """The drawings of each brand (`drawings_of`), and after them those of its versions in use that were traced.

    Raises `DataMissing` without the photos.
    """
    found = drawings_of(brands, logos)
    for brand, versions in traced_versions().items():
        if brand in brands:
            found[brand] = [*found.get(brand, []), *versions]
    return found


def traced_versions() -> dict[str, list[Logo]]:
    """The traced versions by brand. Raises `DataMissing` without the photos."""
    photos = {photo.path.name: photo for photo in boxed_photos("flickrlogos27")}
    found: dict[str, list[Logo]] = defaultdict(list)
    for one in traced_marks():
        mark = photos[one.file].marks[one.mark]
        svg = traced(mark.box.grown(_ROOM).crop(photos[one.file].read()), colours=one.colours)
        found[one.brand].append(Logo(one.brand, f"{one.brand} {one.version}", "traced", svg, monochrome=False))
    return dict(found)


def traced(picture: RgbImage, *, colours: int) -> str:
    """The picture as an SVG document of so many flat colours, by k-means and `vtracer`."""
    scale = max(1.0, TRACED_SIDE / max(picture.shape[:2]))
    large = cv2.medianBlur(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), _SMOOTHED)
    flat = Image.fromarray(np.asarray(large, np.uint8)).quantize(
        colours, method=Image.Quantize.MAXCOVERAGE, kmeans=8, dither=Image.Dither.NONE
    )
    file = io.BytesIO()
    flat.convert("RGBA").save(file, "PNG")
    return str(vtracer.convert_raw_image_to_svg(file.getvalue(), img_format="png", filter_speckle=_SPECKLE))
