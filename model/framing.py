"""The one picture in a frame: on a plain sheet, or on a blur that fills it up to another shape, as feeds want it.

What lies around it is smooth, it begins and ends along straight lines, and there is detail all over it: a mark that
was wiped out on plain ground has none.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocessing import at_most
from model.regions import Box, RgbImage

SIDE = 256
"""Pixels of the longer side of the picture, as it is looked at."""

LEAST_STRAIGHT = 0.6
"""Share of a side of the picture that is not smooth along one line or beside it."""

LEAST_SHARE = 0.2
"""Of the whole: what is smaller is shown on plain ground rather than framed."""

LEAST_DETAILED = 0.5
"""Of the parts of the picture, those that must not be smooth.

Of garments, packages and photos with marks for tuning, in drawn frames, 98 in 100 have 0.5 to 0.95; of smeared marks on
plain ground, which have straight sides too, half have less.
"""

_PARTS, _DETAIL = 8, 0.05  # parts across and down, and the share of one that must not be smooth
_SMOOTH, _BUSY_SHARE = 2.5, 0.02  # of 255 from a pixel to those around it, and of a line in which more of them differ
_FEWEST_LINES = 16
_LEAST_FRAME, _RIM = 3, 4  # lines of the frame beside a side, and of the picture in which the side is seen
_HALO = 2  # lines of the frame that differ from those around them, for the picture does


def framed_picture(image: RgbImage) -> Box | None:
    """The picture that stands alone in a frame in `image` (height, width, 3), in its pixels; None where none does.

    There is frame on two sides at least, and all sides with frame beside them but one are straight: where the picture
    shows what the frame does, its side is not seen.
    """
    height, width = image.shape[:2]
    small = at_most(image, side=SIDE)
    busy = _busy(small)
    columns = _span(busy)
    rows = _span(busy[:, slice(*columns)].T)
    if min(rows[1] - rows[0], columns[1] - columns[0]) < _FEWEST_LINES:
        return None
    shown = (rows[1] - rows[0]) * (columns[1] - columns[0]) / busy.size
    sides = [*_sides(busy, rows, columns), *_sides(busy.T, columns, rows)]
    straight = sum(side >= LEAST_STRAIGHT for side in sides)
    if shown < LEAST_SHARE or straight < max(2, len(sides) - 1):
        return None
    if _detailed(busy[slice(*rows), slice(*columns)]) < LEAST_DETAILED:
        return None
    across, down = width / small.shape[1], height / small.shape[0]
    (top, bottom), (left, right) = _without_halo(rows, len(small)), _without_halo(columns, small.shape[1])
    return Box(left * across, top * down, (right - left) * across, (bottom - top) * down)


def _without_halo(lines: tuple[int, int], most: int) -> tuple[int, int]:
    """The lines of `most` between which the picture lies, without those of the frame that it changes."""
    first, last = lines
    return first + _HALO * (first >= _LEAST_FRAME), last - _HALO * (most - last >= _LEAST_FRAME)


def _busy(small: RgbImage) -> NDArray[np.bool_]:
    """(h, w): where brightness changes from a pixel to those around it; compressed colours run over."""
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.0)) > _SMOOTH)


def _span(busy: NDArray[np.bool_]) -> tuple[int, int]:
    """From the first to behind the last column that is not smooth."""
    columns = np.flatnonzero(busy.mean(axis=0) > _BUSY_SHARE) if busy.size else np.zeros(0, np.int64)
    return (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, 0)


def _detailed(busy: NDArray[np.bool_]) -> float:
    """The share of its parts that show detail, 0..1."""
    parts = cv2.resize(busy.astype(np.float32), (_PARTS, _PARTS), interpolation=cv2.INTER_AREA)
    return float((parts >= _DETAIL).mean())


def _sides(busy: NDArray[np.bool_], rows: tuple[int, int], columns: tuple[int, int]) -> list[float]:
    """How straight the upper and the lower side are, 0..1 each, where there is frame beside them."""
    shown, (top, bottom) = busy[:, slice(*columns)], rows
    found = []
    if top >= _LEAST_FRAME:
        found.append(float(shown[top : top + _RIM].any(axis=0).mean()))
    if len(busy) - bottom >= _LEAST_FRAME:
        found.append(float(shown[bottom - _RIM : bottom].any(axis=0).mean()))
    return found
