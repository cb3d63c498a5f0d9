"""What is seen of one photo, each thing once and only where it is asked for: several brands may be suspected in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from model.agreeing_keypoints import region_features
from model.alignment import CROP_MARGIN, Features, Matrix, corners_in_region, working_size
from model.photo_copy import photo_size
from model.reading import Line
from model.regions import Box, RgbImage
from model.tampering import TamperedPatch, Tampering

_BELIEVABLE = (0.1, 4.0)  # area of an aligned mark over its region's; on 271 tuning marks it was 0.19 to 1.9


class SeenTampering:
    """Where a photo of these `panels` was tampered with, found when it is first asked for: most need not be asked."""

    def __init__(self, image: RgbImage, tampering: Tampering, *, panels: Sequence[Box]) -> None:
        self._image, self._tampering, self._panels = image, tampering, panels
        self._within: dict[Box, float] = {}

    @property
    def pictures(self) -> int:
        """How many pictures the photo shows side by side, at least one."""
        return max(len(self._panels), 1)

    @cached_property
    def places(self) -> list[TamperedPatch]:
        """The most tampered places, the surest first."""
        return self._tampering.places(self._image, panels=self._panels)

    def within(self, box: Box) -> float:
        """How surely `box` was tampered with, by a closer look."""
        if box not in self._within:
            self._within[box] = self._tampering.within(self._image, box, panels=self._panels)
        return self._within[box]


class SeenRegions:
    """A photo's regions, scaled once, and their keypoints, found once: several brands may be suspected in one.

    `lines` are those that were read in the photo. A region may show a mark that is turned by quarters, anticlockwise:
    it is turned back before it is compared.
    """

    def __init__(self, image: RgbImage, *, lines: Sequence[Line] = ()) -> None:
        self._image, self._lines = image, lines
        self._marks: dict[tuple[Box, int], RgbImage] = {}
        self._features: dict[tuple[Box, int], Features] = {}
        self._photos: dict[Box, RgbImage] = {}

    def mark(self, box: Box, *, quarters: int = 0) -> RgbImage:
        """What `box` and its margin show, turned back by `quarters`, at the size at which it is aligned."""
        if (box, quarters) not in self._marks:
            upright = self.mark(box) if quarters else working_size(self._shown(box))
            self._marks[box, quarters] = _turned_back(upright, quarters)
        return self._marks[box, quarters]

    def features(self, box: Box, *, quarters: int = 0) -> Features:
        """The keypoints of what `box` and its margin show, turned back by `quarters`."""
        if (box, quarters) not in self._features:
            self._features[box, quarters] = region_features(_turned_back(self._shown(box), quarters))
        return self._features[box, quarters]

    def place(self, box: Box, matrix: Matrix, *, quarters: int = 0) -> Box:
        """The bounding box, clipped to the image, of the mark that `matrix` takes from the pixels of `mark` to its
        reference; `box` itself where that would be implausibly small or large (it never was on the tuning photos).
        """
        mark, (height, width) = self.mark(box, quarters=quarters), self._shown(box).shape[:2]
        if quarters % 2:
            height, width = width, height
        corners = corners_in_region(matrix) * [width / mark.shape[1], height / mark.shape[0]]
        for _ in range(quarters):
            corners = np.stack([corners[:, 1], width - corners[:, 0]], axis=1)
            height, width = width, height
        if not np.isfinite(corners).all():
            return box
        corners += box.grown(CROP_MARGIN).corner()
        (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        height, width = self._image.shape[:2]
        inside = Box(left, top, right - left, bottom - top).clipped(width=width, height=height)
        least, most = _BELIEVABLE
        return inside if least * box.area <= inside.area <= most * box.area else box

    def lines(self, place: Box) -> list[Line]:
        """The lines of the photo that lie in `place`."""
        return [line for line in self._lines if line.lies_in(place)]

    def photo(self, box: Box) -> RgbImage:
        """What `box` shows, at the size at which it is compared with product photos."""
        if box not in self._photos:
            self._photos[box] = photo_size(box.crop(self._image))
        return self._photos[box]

    def _shown(self, box: Box) -> RgbImage:
        """What `box` and its margin show."""
        return box.grown(CROP_MARGIN).crop(self._image)


def _turned_back(picture: RgbImage, quarters: int) -> RgbImage:
    return np.ascontiguousarray(np.rot90(picture, -quarters)) if quarters else picture
