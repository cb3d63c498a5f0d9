"""How a copy of a photo shows light and dark: whether it is so over- or underexposed that a place of it had to vanish.

Who brightens a photo of a pale shirt may lose a pale print on it, and has wiped nothing. What happened to the rest of
the photo tells: where the copy lies on its reference, each level of brightness has become another one.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import Matrix
from model.regions import Box, RgbImage

_SIDE = 128  # pixels of the longer side at which brightness is compared
_LEVELS = 32
_LEAST_PIXELS = 8  # of one level, outside of the place
_AROUND = 0.2  # of the place's sides, which do not tell of the rest
_RANGE = (5, 95)  # percentiles of the place's brightness
_WHITE, _BLACK = 240, 15  # of 255
_LEAST_RANGE = 12.0  # of 255: what differs less in brightness differs in colour


def lost_by_exposure(image: RgbImage, matrix: Matrix, box: Box, *, picture: RgbImage) -> bool:
    """Whether all that lies at `box` had to become white, or black, going by the rest of the copy.

    `image` (RGB uint8) is the copy, which `matrix` lays on the reference's `picture`, in whose pixels `box` is.
    Brightness is the largest channel, which new hues leave as it is; of a place that hardly differs in brightness, and
    where the rest says nothing, it is False.
    """
    known = _brightness(picture)
    low, high = np.percentile(box.crop(known), _RANGE)
    if high - low < _LEAST_RANGE:
        return False
    height, width = known.shape
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(round(width * scale), 8), max(round(height * scale), 8))
    laid = np.diag([size[0] / width, size[1] / height, 1.0]) @ matrix
    seen = _brightness(np.asarray(cv2.warpPerspective(image, laid, size), np.uint8))
    shown = cv2.warpPerspective(np.full(image.shape[:2], 255, np.uint8), laid, size) == 255
    near = box.grown(_AROUND)
    hidden = Box(*(side * scale for side in near)).crop(shown)
    hidden[...] = False
    small = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    levels, become = _curve(small[shown], seen[shown])
    if len(levels) < 2:
        return False
    darker, lighter = np.interp((low, high), levels, become)
    return bool(min(darker, lighter) >= _WHITE or max(darker, lighter) <= _BLACK)


def _brightness(pixels: RgbImage) -> NDArray[np.uint8]:
    red, green, blue = cv2.split(pixels)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def _curve(known: NDArray[np.uint8], seen: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The levels of brightness that enough pixels have, and what half of these are at least in the copy."""
    level = known.astype(np.intp) * _LEVELS // 256
    there = np.flatnonzero(np.bincount(level, minlength=_LEVELS) >= _LEAST_PIXELS)
    become = [float(np.median(seen[level == one])) for one in there]
    return (there + 0.5) * 256 / _LEVELS, np.array(become)
