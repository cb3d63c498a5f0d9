"""Pixels of any depth, with or without alpha, as 8-bit RGB on white, or a drawing on the ground on which it is seen.

All rounding is to the nearest value, so results equal the real-number formula rounded once (twice for 16 bits).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import RgbImage

_WHITE, _NEAR_BLACK = 255, 24
_ALIKE = 24  # of 255: what differs less from the ground in every channel does not stand out from it
_LOOKED_AT = 256  # pixels of the longer side at which it is asked what vanishes
_SEEN_SIDE = 0.8  # of the drawing's width or height that must be seen on white
_VANISHED = 0.6  # of the drawing's area that may vanish on white, at most
_ON_A_PLATE = 0.1  # of the drawing's area that a plate must carry
_STRIP_PIXELS = 1 << 18  # bounds the wide temporaries of the arithmetic to a few MB
_DEEP = 65_535

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
"""(height, width), (height, width, 3) in BGR or (height, width, 4) in BGRA; uint8 or uint16, full range."""

Lay = Callable[[Pixels], RgbImage]
"""What makes 8-bit RGB of `Pixels`: `rgb_on_white` or `rgb_of_drawing`."""


def decoded_by_opencv(file: bytes) -> Pixels | None:
    """The pixels of a PNG or WebP `file` as stored, palettes resolved; `None` where OpenCV cannot read it."""
    pixels = cv2.imdecode(np.frombuffer(file, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    return None if pixels is None else cast("Pixels", pixels)


def rgb_on_white(pixels: Pixels) -> RgbImage:
    """Grey, BGR or BGRA `pixels` (see `Pixels`) as 8-bit RGB, what is transparent composed on white."""
    if _has_alpha(pixels):
        return _composed(pixels, ground=_WHITE)
    shallow = pixels if pixels.dtype == np.uint8 else cv2.convertScaleAbs(pixels, alpha=1 / 257)
    conversion = cv2.COLOR_GRAY2RGB if pixels.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(shallow, conversion), dtype=np.uint8)


def rgb_of_drawing(pixels: Pixels) -> RgbImage:
    """As `rgb_on_white`, but on near-black where a part of what is drawn would vanish on white.

    A mark for dark grounds has its words in white; a brand sends it with nothing around it.
    """
    if _has_alpha(pixels) and _vanishes_on_white(pixels):
        return _composed(pixels, ground=_NEAR_BLACK)
    return rgb_on_white(pixels)


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


def _has_alpha(pixels: Pixels) -> bool:
    return pixels.ndim == 3 and pixels.shape[2] == 4


def _vanishes_on_white(bgra: Pixels) -> bool:
    """Whether so much of the drawing is lost on white that it looks like another one, and less on near-black.

    What is white inside other ink, such as letters on a badge, is not lost: only what lies at the transparent ground.
    Nor is a white plate that carries all the rest.
    """
    step = max(1, max(bgra.shape[:2]) // _LOOKED_AT)
    few = bgra[::step, ::step]
    small = few if few.dtype == np.uint8 else few // 257
    drawn = small[..., 3] > 127
    light = drawn & (small[..., :3].min(axis=2) >= _WHITE - _ALIKE)
    dark = drawn & (small[..., :3].max(axis=2) <= _NEAR_BLACK + _ALIKE)
    lost_on_white, lost_on_black = _beside(~drawn, light), _beside(~drawn, dark)
    if lost_on_white.sum() <= lost_on_black.sum():
        return False
    seen = drawn & ~lost_on_white
    if seen.sum() >= _ON_A_PLATE * drawn.sum() and not _beside(~drawn, seen).any():
        return False
    vanished = lost_on_white.sum() / drawn.sum()
    return bool(vanished >= _VANISHED or (_sides(seen) < _SEEN_SIDE * _sides(drawn)).any())


def _beside(ground: NDArray[np.bool_], parts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of the connected `parts` (h, w), those that touch the `ground` (h, w) or the picture's edge."""
    _, labels = cv2.connectedComponents(parts.astype(np.uint8))
    near = cv2.dilate(np.pad(ground, 1, constant_values=True).astype(np.uint8), np.ones((3, 3), np.uint8))[1:-1, 1:-1]
    touching = np.unique(labels[(near > 0) & parts])
    return np.asarray(np.isin(labels, touching) & parts, np.bool_)


def _sides(parts: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Height and width of the rectangle around `parts` (h, w); 0 where there are none."""
    spans = [np.flatnonzero(parts.any(axis=axis)) for axis in (1, 0)]
    return np.array([span[-1] - span[0] + 1 if len(span) else 0 for span in spans], np.int64)


def _composed(pixels: Pixels, *, ground: int) -> RgbImage:
    height, width = pixels.shape[:2]
    image = np.empty((height, width, 3), dtype=np.uint8)
    rows = max(1, _STRIP_PIXELS // width)
    compose = _composed_shallow if pixels.dtype == np.uint8 else _composed_deep
    for top in range(0, height, rows):
        image[top : top + rows] = compose(pixels[top : top + rows], ground)
    return image


def _composed_shallow(bgra: Pixels, ground: int) -> RgbImage:
    alpha = bgra[..., 3:].astype(np.uint16)
    total = bgra[..., 2::-1] * alpha + ground * (255 - alpha) + 128
    return ((total + (total >> 8)) >> 8).astype(np.uint8)  # exact rounded division by 255, all within 16 bits


def _composed_deep(bgra: Pixels, ground: int) -> RgbImage:
    alpha = bgra[..., 3:].astype(np.uint32)
    total = bgra[..., 2::-1] * alpha + 257 * ground * (_DEEP - alpha) + _DEEP // 2
    return ((total // _DEEP + 128) // 257).astype(np.uint8)
