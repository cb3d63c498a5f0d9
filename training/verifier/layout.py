"""How an edited mark lies on the genuine one, and where the two differ: what a pair teaches beside its label."""

from __future__ import annotations

from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import FRAME_SIDE, reference_corners
from training.synthesis.logos import RgbaImage

MAP_SIDE = 32
"""Cells along the side of a map of changes; the frame's margin has cells too."""

_DIFFERS = 60
_TRIAL_SIDE = 64

Corners = NDArray[np.float32]
"""Top left, top right, bottom right, bottom left as (x, y): (4, 2)."""

Span = tuple[float, float]


def rectangle(shape: tuple[int, ...]) -> Corners:
    """The corners of a picture of `shape` (h, w, …)."""
    height, width = shape[:2]
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def genuine_corners(genuine: RgbaImage, edited: RgbaImage) -> Corners:
    """Where the genuine drawing's corners would lie in the pixels of `edited`.

    An edit that moves a part outwards or takes one away changes the extent of what is drawn, and both are trimmed to
    their content, so the parts that stayed have moved. Of the ways in which one or two sides stayed in place, at the
    genuine proportions or not, the one with the most equal pixels is taken.
    """
    height, width = edited.shape[:2]
    spans_x, spans_y = _spans(genuine.shape[1], width), _spans(genuine.shape[0], height)
    wanted = genuine.shape[1] / genuine.shape[0]
    best, most = rectangle(edited.shape), -1.0
    for first, second in product([(0.0, float(width)), *spans_x], [(0.0, float(height)), *spans_y]):
        for x, y in _completed(first, second, size=(width, height), proportions=wanted):
            corners = np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]], np.float32)
            equal = 1.0 - float(_differing(genuine, edited, corners, side=_TRIAL_SIDE).mean())
            if equal > most + 1e-3:
                best, most = corners, equal
    return best


def _spans(genuine: int, edited: int) -> list[Span]:
    """The genuine extent at its own size, its start or its end in place."""
    return [] if genuine == edited else [(0.0, float(genuine)), (float(edited - genuine), float(edited))]


def _completed(x: Span, y: Span, *, size: tuple[int, int], proportions: float) -> list[tuple[Span, Span]]:
    """The two spans, and what keeps the genuine proportions with one of them and one side of the other in place."""
    width, height = size
    wide = (y[1] - y[0]) * proportions
    tall = (x[1] - x[0]) / proportions
    found = [(x, y), ((0.0, wide), y), ((width - wide, float(width)), y)]
    return [*found, (x, (0.0, tall)), (x, (height - tall, float(height)))]


def changed_by_edit(genuine: RgbaImage, edited: RgbaImage, corners: Corners) -> NDArray[np.uint8]:
    """Share of each cell of the frame that the edit changed, (MAP_SIDE, MAP_SIDE), 0..255."""
    inner = reference_corners()
    to_frame = cv2.getPerspectiveTransform(corners, inner)
    laid = [
        _warped(_premultiplied(picture), matrix, FRAME_SIDE)
        for picture, matrix in (
            (genuine, cv2.getPerspectiveTransform(rectangle(genuine.shape), inner)),
            (edited, to_frame),
        )
    ]
    return as_map(_difference(laid[0], laid[1]))


def changed_by_smear(before: NDArray[np.uint8], after: NDArray[np.uint8], corners: Corners) -> NDArray[np.uint8]:
    """The same for a smear: the reference's `corners` in the photos before and after it."""
    matrix = cv2.getPerspectiveTransform(corners, reference_corners())
    changed = np.abs(before.astype(np.int16) - after).max(axis=-1) > 12
    laid = cv2.warpPerspective(changed.astype(np.uint8), matrix, (FRAME_SIDE, FRAME_SIDE))
    return as_map(laid > 0)


def as_map(changed: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Pixels of the frame to the share of each cell, 0..255."""
    plane = changed.astype(np.uint8) * 255
    return np.asarray(cv2.resize(plane, (MAP_SIDE, MAP_SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _differing(genuine: RgbaImage, edited: RgbaImage, corners: Corners, *, side: int) -> NDArray[np.bool_]:
    square = rectangle((side, side))
    one, other = (
        _warped(_premultiplied(picture), cv2.getPerspectiveTransform(there, square), side)
        for picture, there in ((genuine, rectangle(genuine.shape)), (edited, corners))
    )
    return _difference(one, other)


def _warped(picture: RgbaImage, matrix: NDArray[Any], side: int) -> RgbaImage:
    return np.asarray(cv2.warpPerspective(picture, matrix, (side, side), flags=cv2.INTER_AREA), np.uint8)


def _premultiplied(rgba: RgbaImage) -> NDArray[np.uint8]:
    """Colours on grey, and alpha: what is not drawn is equal."""
    share = rgba[..., 3:].astype(np.float32) / 255
    return np.dstack([rgba[..., :3] * share + 127 * (1 - share), rgba[..., 3:]]).astype(np.uint8)


def _difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where two pictures of `_premultiplied` differ; outside both (zeros after a warp) nothing is drawn."""
    a, b = (
        np.where(picture[..., 3:] == 0, np.uint8(127), picture[..., :3]).astype(np.int16) for picture in (one, other)
    )
    drawn = np.abs(one[..., 3].astype(np.int16) - other[..., 3]) / 2
    return np.asarray(np.maximum(np.abs(a - b).max(axis=-1), drawn) > _DIFFERS)
