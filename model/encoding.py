"""Pixels to picture files."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

FAST_COMPRESSION = 1
"""The PNG compression level that costs least time."""


def png(image: NDArray[np.uint8]) -> bytes:
    """`image`, (height, width, 3) RGB or (height, width, 4) RGBA uint8, as a PNG file."""
    return _encoded(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, FAST_COMPRESSION])


def jpeg(image: NDArray[np.uint8], *, quality: int = 90) -> bytes:
    """`image`, (height, width, 3) RGB uint8, as a baseline JPEG file; `quality` is 0..100."""
    return _encoded(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])


def _encoded(extension: str, image: NDArray[np.uint8], settings: list[int]) -> bytes:
    """The file; raises `ValueError` for a shape that is no picture."""
    if image.ndim != 3 or image.shape[2] not in (3, 4) or image.size == 0:
        raise ValueError(f"expected a picture of shape (height, width, 3 or 4), got {image.shape}")
    swap = cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    done, data = cv2.imencode(extension, cv2.cvtColor(image, swap), settings)
    if not done:
        raise ValueError(f"OpenCV could not write a {extension} of shape {image.shape}")
    return data.tobytes()
