"""Pixels of any depth, with or without alpha, as 8-bit RGB on white.

All rounding is to the nearest value, so results equal the real-number formula rounded once (twice for 16 bits).
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import RgbImage

_STRIP_PIXELS = 1 << 18  # bounds the wide temporaries of the arithmetic to a few MB
_DEEP = 65_535

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
"""(height, width), (height, width, 3) in BGR or (height, width, 4) in BGRA; uint8 or uint16, full range."""


def decoded_by_opencv(file: bytes) -> Pixels | None:
    """The pixels of a PNG or WebP `file` as stored, palettes resolved; `None` where OpenCV cannot read it."""
    pixels = cv2.imdecode(np.frombuffer(file, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    return None if pixels is None else cast("Pixels", pixels)


def rgb_on_white(pixels: Pixels) -> RgbImage:
    """Grey, BGR or BGRA `pixels` (see `Pixels`) as 8-bit RGB, what is transparent composed on white."""
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        return _composed(pixels)
    shallow = pixels if pixels.dtype == np.uint8 else cv2.convertScaleAbs(pixels, alpha=1 / 257)
    conversion = cv2.COLOR_GRAY2RGB if pixels.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(shallow, conversion), dtype=np.uint8)


def with_colour_key(pixels: Pixels, *, key_bgr: tuple[int, ...]) -> Pixels:
    """Grey or BGR `pixels` as BGRA in which the pixels that equal `key_bgr` (1 or 3 values) are transparent.

    This is what a PNG `tRNS` chunk means for grey and true colour (PNG specification, 11.3.2.1).
    """
    opaque = 255 if pixels.dtype == np.uint8 else _DEEP
    channels = pixels.reshape(*pixels.shape[:2], -1)
    keyed = np.ones(pixels.shape[:2], dtype=bool)
    for channel, value in enumerate(key_bgr):
        keyed &= channels[..., channel] == value
    bgr = np.repeat(channels, 3, axis=2) if channels.shape[2] == 1 else channels
    alpha = np.where(keyed, 0, opaque).astype(pixels.dtype)
    return np.dstack([bgr, alpha])


def _composed(pixels: Pixels) -> RgbImage:
    height, width = pixels.shape[:2]
    image = np.empty((height, width, 3), dtype=np.uint8)
    rows = max(1, _STRIP_PIXELS // width)
    compose = _composed_shallow if pixels.dtype == np.uint8 else _composed_deep
    for top in range(0, height, rows):
        image[top : top + rows] = compose(pixels[top : top + rows])
    return image


def _composed_shallow(bgra: Pixels) -> RgbImage:
    alpha = bgra[..., 3:].astype(np.uint16)
    total = bgra[..., 2::-1] * alpha + 255 * (255 - alpha) + 128
    return ((total + (total >> 8)) >> 8).astype(np.uint8)  # exact rounded division by 255, all within 16 bits


def _composed_deep(bgra: Pixels) -> RgbImage:
    alpha = bgra[..., 3:].astype(np.uint32)
    total = bgra[..., 2::-1] * alpha + _DEEP * (_DEEP - alpha) + _DEEP // 2
    return ((total // _DEEP + 128) // 257).astype(np.uint8)
