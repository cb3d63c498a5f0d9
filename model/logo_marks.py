"""Where a picture that a brand uploaded as its logo shows the mark, when it shows more than that.

Brand teams send what they have: sheets of several versions, screenshots of a press page, a mark with a slogan beside
it, or in the middle of a framed or shaded page. What is plain is trimmed away elsewhere; here the detector says where
the marks are. A picture that is all one mark has none within it.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import at_size, content_bounds, fitted
from model.logo_places import Detect
from model.regions import Box, Region, RgbImage

LEAST_SCORE = 0.25
"""The detector's score that the surest mark needs. Chosen, as the shares below are, on the brands for tuning: their
drawings as they are, and on sheets, in screenshots, in frames and beside slogans."""

LEAST_OF_SUREST = 0.7
"""Share of the surest mark's score that another one needs: captions, slogans and signs of registration have less."""

SMALLEST_SHARE = 0.01
"""Share of the content's area that a mark needs: of what is smaller nothing can be seen."""

LARGEST_SHARE = 0.35
"""Share of the content's area from which a mark is the logo itself, or nearly so, and not one of several things."""

WHOLE_SHARE, WHOLE_OF_SUREST = 0.5, 0.5
"""Share of the content's area, and of the surest mark's score, from which a place says that all is one mark."""

LEAST_EDGES = 0.2
"""Share of the content's edges that the marks hold together: a registered sign beside a word is not the mark."""

SMALLEST_SIDE = 24
"""Pixels of a mark's shorter side, at least."""

MARGIN = 0.08
"""What is added on each side of a mark, as a share of its side: the detector's boxes are tight."""

_SAME_MARK = 0.5  # of the smaller
_ROOMS = (0.0, 0.05, 0.1, 0.15, 0.2)  # of a box's sides, around which it is asked whether anything crosses
_OTHER_COLOUR, _MOST_CROSSED = 40, 0.05  # of 255, and of the line around
_LOOKED_AT = 1024  # pixels of the longer side at which edges are counted
_EDGES = (60, 160)


def logo_marks(picture: RgbImage, *, detect: Detect) -> list[Box]:
    """The marks within the logo reference `picture` (RGB uint8), in its pixels, surest first, with their margin.

    None where it is one mark, or where the detector is sure of none.
    """
    regions = sorted(detect(picture), key=lambda one: -one.score)
    top, bottom, left, right = content_bounds(picture)
    area = float((bottom - top) * (right - left))
    if not regions or regions[0].score < LEAST_SCORE or _is_one_mark(regions, area):
        return []
    least = LEAST_OF_SUREST * regions[0].score
    marks: list[Box] = []
    for region in regions:
        box = region.box
        if region.score < least or min(box.width, box.height) < SMALLEST_SIDE:
            continue
        if not SMALLEST_SHARE * area <= box.area <= LARGEST_SHARE * area or not _stands_apart(picture, box):
            continue
        if all(box.intersection(other) < _SAME_MARK * min(box.area, other.area) for other in marks):
            marks.append(box)
    height, width = picture.shape[:2]
    found = [mark.grown(MARGIN).clipped(width=width, height=height) for mark in marks]
    return found if found and _share_of_edges(picture, found) >= LEAST_EDGES else []


def _stands_apart(picture: RgbImage, box: Box) -> bool:
    """Whether a line around the box, tight or loose, shows the ground alone: what crosses it is part of something.

    Where the picture ends, nothing crosses.
    """
    for room in _ROOMS:
        line = _line_around(picture, box.grown(room))
        if not len(line):
            return True
        if (np.abs(line - np.median(line, axis=0)).max(axis=1) > _OTHER_COLOUR).mean() <= _MOST_CROSSED:
            return True
    return False


def _line_around(picture: RgbImage, box: Box) -> NDArray[np.int16]:
    """(n, 3): the pixels on those sides of the box that lie in the picture."""
    height, width = picture.shape[:2]
    around = box.crop(picture).astype(np.int16)
    sides = (
        (box.y >= 1, around[0]),
        (box.y + box.height <= height - 1, around[-1]),
        (box.x >= 1, around[:, 0]),
        (box.x + box.width <= width - 1, around[:, -1]),
    )
    return np.concatenate([np.empty((0, 3), np.int16), *(side for is_inside, side in sides if is_inside)])


def _is_one_mark(regions: Sequence[Region], area: float) -> bool:
    least = WHOLE_OF_SUREST * regions[0].score
    return any(one.box.area >= WHOLE_SHARE * area and one.score >= least for one in regions)


def _share_of_edges(picture: RgbImage, marks: Sequence[Box]) -> float:
    """How much of what is drawn in the picture the marks hold, by the length of its edges, 0..1."""
    longer = max(picture.shape[:2])
    small = picture if longer <= _LOOKED_AT else at_size(picture, fitted(picture.shape, _LOOKED_AT))
    down, across = small.shape[0] / picture.shape[0], small.shape[1] / picture.shape[1]
    drawn = np.asarray(cv2.Canny(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), *_EDGES), np.uint8)
    within = np.zeros_like(drawn)
    for mark in marks:
        Box(mark.x * across, mark.y * down, mark.width * across, mark.height * down).crop(within)[:] = 1
    held, total = (cv2.countNonZero(edges) for edges in (drawn * within, drawn))
    return held / max(1, total)
