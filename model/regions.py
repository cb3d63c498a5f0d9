"""Boxes and regions, in pixels of an upright image (after EXIF orientation)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

RgbImage = NDArray[np.uint8]
"""An image of shape (height, width, 3), dtype uint8, RGB, values 0..255, C-contiguous."""


class Box(NamedTuple):
    """An axis-aligned box: left, top, width and height in pixels; `(x, y)` may be fractional."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Square pixels."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    def intersection(self, other: Box) -> float:
        """Square pixels that both boxes cover."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(width, 0.0) * max(height, 0.0)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        shared = self.intersection(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def grown(self, fraction: float) -> Box:
        """The box with `fraction` of its width and height added on every side."""
        dx, dy = self.width * fraction, self.height * fraction
        return Box(self.x - dx, self.y - dy, self.width + 2 * dx, self.height + 2 * dy)

    def corner(self) -> tuple[int, int]:
        """Left and top of the pixels that `crop` takes."""
        return max(int(np.floor(self.x)), 0), max(int(np.floor(self.y)), 0)

    def moved(self, x: float, y: float) -> Box:
        """The box `x` pixels further right and `y` further down."""
        return self._replace(x=self.x + x, y=self.y + y)

    def clipped(self, *, width: int, height: int) -> Box:
        """The part of the box inside an image of `width` × `height` pixels; its sides may be 0."""
        left, top = min(max(self.x, 0.0), width), min(max(self.y, 0.0), height)
        right = min(max(self.x + self.width, left), width)
        bottom = min(max(self.y + self.height, top), height)
        return Box(left, top, right - left, bottom - top)

    def crop(self, image: RgbImage) -> RgbImage:
        """The pixels under the box, at least 1×1, as a view of `image`."""
        height, width = image.shape[:2]
        left = min(max(int(np.floor(self.x)), 0), width - 1)
        top = min(max(int(np.floor(self.y)), 0), height - 1)
        right = min(max(int(np.ceil(self.x + self.width)), left + 1), width)
        bottom = min(max(int(np.ceil(self.y + self.height)), top + 1), height)
        return image[top:bottom, left:right]


@dataclass(frozen=True, slots=True)
class Region:
    """A place that may hold a mark.

    `score` is the confidence, 0..1, of what found it: the detector, or, of a `tampered` place, what saw that. The whole
    image is always a region, and a panel of a collage and a line of words may be one; nothing had to doubt those, and
    their score is 1.
    """

    box: Box
    score: float
    origin: Literal["detected", "tampered", "whole", "panel", "line"] = "detected"

    @property
    def detected(self) -> float | None:
        """The detector's confidence, or None where it was not asked."""
        return self.score if self.origin == "detected" else None

    @property
    def is_a_picture(self) -> bool:
        """Whether it is all of a picture, alone or in a collage."""
        return self.origin in ("whole", "panel")


def whole_image(image: RgbImage) -> Region:
    """The region that covers all of `image`."""
    height, width = image.shape[:2]
    return Region(Box(0, 0, width, height), 1.0, "whole")
