"""Marks that are drawn for the tests."""

from __future__ import annotations

import cv2
import numpy as np

from model.alignment import content_bounds


def textured(seed: int = 0) -> np.ndarray:
    """A mark with many corners: dark and coloured blocks on white, 200 × 140."""
    rng = np.random.default_rng(seed)
    picture = np.full((140, 200, 3), 255, np.uint8)
    for _ in range(40):
        x, y, w, h = (int(v) for v in rng.integers([5, 5, 8, 8], [170, 110, 30, 30]))
        cv2.rectangle(picture, (x, y), (x + w, y + h), tuple(int(c) for c in rng.integers(0, 200, 3)), -1)
    return picture


def trim(picture: np.ndarray) -> np.ndarray:
    """The picture without the plain ground around what it shows."""
    top, bottom, left, right = content_bounds(picture)
    return np.ascontiguousarray(picture[top:bottom, left:right])
