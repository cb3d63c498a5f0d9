"""Sheets of sample pictures, to see what the data engine makes before a network learns from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model.preprocessing import letterbox
from model.regions import RgbImage


def sheet(pictures: Sequence[RgbImage], *, columns: int, tile: int = 120) -> RgbImage:
    """The pictures letterboxed into tiles of `tile` px, row by row; raises `ValueError` when there are none."""
    if not pictures:
        raise ValueError("a sheet needs at least one picture")
    rows = -(-len(pictures) // columns)
    canvas = np.full((rows * tile, columns * tile, 3), 255, np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // columns * tile, number % columns * tile
        canvas[top : top + tile - 2, left : left + tile - 2] = letterbox(picture, size=tile - 2)
    return canvas
