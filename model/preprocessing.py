"""From a piece of a photo to what a network takes: a square of uint8 pixels. Normalisation is part of the networks."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import RgbImage

FILL = 127
"""The grey of the bars around a letterboxed picture; the networks map it to 0."""


def resized(image: RgbImage, *, width: int, height: int) -> RgbImage:
    """`image` at `width` × `height` px: averaged when it shrinks (no aliasing), linear when it grows.

    A large picture is halved, pixel by pixel averaged, until less than a factor of 2 is left, and that is interpolated:
    within a grey level or two of averaging in one step, at a quarter of the time.
    """
    while image.shape[0] >= 2 * height and image.shape[1] >= 2 * width:
        tall, wide = image.shape[0] // 2, image.shape[1] // 2
        image = np.asarray(cv2.resize(image[: 2 * tall, : 2 * wide], (wide, tall), interpolation=cv2.INTER_AREA))
    long_and_thin = image.shape[0] > 2 * height or image.shape[1] > 2 * width
    interpolation = cv2.INTER_AREA if long_and_thin else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)


def at_most(image: RgbImage, *, side: int) -> RgbImage:
    """`image` with its longer side at most `side` px, its shape kept; the same array where it is small enough."""
    height, width = image.shape[:2]
    if max(height, width) <= side:
        return image
    scale = side / max(height, width)
    return resized(image, width=max(1, round(width * scale)), height=max(1, round(height * scale)))


def letterbox(image: RgbImage, *, size: int) -> RgbImage:
    """`image` with its shape kept, centred in a (size, size, 3) square; the bars are the grey `FILL`.

    Raises `ValueError` when `image` is not a (height, width, 3) uint8 picture of at least 1×1.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"expected a (height, width, 3) uint8 picture, got shape {image.shape} of {image.dtype}")
    height, width = image.shape[:2]
    scale = size / max(height, width)
    high, wide = max(1, round(height * scale)), max(1, round(width * scale))
    square = np.full((size, size, 3), FILL, np.uint8)
    top, left = (size - high) // 2, (size - wide) // 2
    square[top : top + high, left : left + wide] = resized(image, width=wide, height=high)
    return square


def batch(images: Sequence[RgbImage], *, size: int) -> NDArray[np.uint8]:
    """Letterboxed `images` as one (n, size, size, 3) uint8 array; n may be 0."""
    squares = np.empty((len(images), size, size, 3), np.uint8)
    for square, image in zip(squares, images, strict=True):
        square[:] = letterbox(image, size=size)
    return squares
