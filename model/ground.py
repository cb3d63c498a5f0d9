"""What stands out from a plain ground, and where: pictures have up to 40 megapixels, so nothing wider than they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import RgbImage

Rows = tuple[int, int, int, int]
"""First row, row after the last, first column, column after the last."""


def stands_out(picture: RgbImage, ground: Sequence[float] | NDArray[Any], *, tolerance: float) -> NDArray[np.uint8]:
    """255 where any channel is further than `tolerance` from the colour `ground`, 0 elsewhere, (h, w)."""
    colour = np.asarray(ground, np.float64)
    least, most = np.ceil(colour - tolerance), np.floor(colour + tolerance)
    return np.asarray(cv2.bitwise_not(cv2.inRange(picture, least, most)), np.uint8)


def bounds(content: NDArray[np.uint8]) -> Rows | None:
    """The rectangle around what is not 0 in `content` (h, w); None where all is."""
    left, top, width, height = cv2.boundingRect(content)
    return None if width == 0 else (top, top + height, left, left + width)


def distance(picture: RgbImage, ground: tuple[int, int, int]) -> NDArray[np.uint8]:
    """How far each pixel is from the colour `ground`, by the channel that is furthest, (h, w), 0..255."""
    table = np.abs(np.arange(256)[:, None, None] - np.asarray(ground)).astype(np.uint8)
    red, green, blue = cv2.split(cv2.LUT(picture, table))
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def smooth_share(picture: RgbImage) -> float:
    """The share, 0..1, of the border of `picture` where no channel changes by a level a pixel, once it is blurred."""
    soft = cv2.GaussianBlur(picture, (0, 0), _BLUR)
    across, down = (cv2.Sobel(soft, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1)))
    changes = (np.abs(across) + np.abs(down)).max(axis=2)
    border = (changes[:_BORDER], changes[-_BORDER:], changes[:, :_BORDER], changes[:, -_BORDER:])
    return float((np.concatenate([side.ravel() for side in border]) < 1.0).mean())


_BLUR = 1.5  # sigma, pixels: more than compression leaves
_BORDER = 4  # pixels
