"""What stands between plain bars, with words on them or without: shops and telephones lay them along a picture's sides.

A bar is of one colour all along a side and ends along a straight line; each side may have one, of a colour of its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.ground import Rows
from model.regions import RgbImage

MOST = 0.4
"""Of the picture's side that one bar may take."""

LEAST_STRAIGHT = 0.7
"""Share of the line at which a bar ends that must be of another colour."""

_LEAST = 0.03  # of the picture's side: less is a rim
_OF_ITS_COLOUR = 0.35  # share of each of its lines: the rest is words
_BEGINS = 0.9  # of the first of them
_SAME_COLOUR = 24  # of 255, in every channel
_BLURRED = 3  # lines in which it may end, for scaling blurs it
_NEAR = 6  # lines beside it: their blurred gradients are partly the bar's


def within_bars(picture: RgbImage) -> Rows:
    """First row, row after the last, first column, column after the last of what is well inside the bars of `picture`,
    about 256 px large; all of it where there are none.
    """
    height, width = picture.shape[:2]
    top, below = _bar(picture), _bar(picture[::-1])
    rows = picture[top : height - below].transpose(1, 0, 2)
    return top, height - below, _bar(rows), width - _bar(rows[::-1])


def _bar(picture: RgbImage) -> int:
    """How many of the first rows are one."""
    most, least = int(len(picture) * MOST), max(int(len(picture) * _LEAST), 2)
    if most < least:
        return 0
    alike = _alike(picture[: most + _BLURRED], np.median(picture[1], axis=0))
    if alike[1] < _BEGINS:
        return 0
    ends = np.flatnonzero(alike[1:] < _OF_ITS_COLOUR)
    end = int(ends[0]) + 1 if len(ends) else len(alike)
    if not least <= end <= most or alike[end : end + _BLURRED].min() > 1 - LEAST_STRAIGHT:
        return 0
    return end + _NEAR


def _alike(rows: RgbImage, colour: NDArray[np.float64]) -> NDArray[np.float64]:
    """(h,): the share of each row that is of the `colour`."""
    return np.asarray((np.abs(rows - colour).max(axis=-1) <= _SAME_COLOUR).mean(axis=1))
