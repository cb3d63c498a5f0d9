"""Which pixels of a product photo are the product, and not the plain ground that a seller may have exchanged."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import RgbImage

MOST = 0.97
"""Share of the picture from which on the product fills it: there is no ground to speak of."""

_SAME_AS_GROUND = 16  # of 255, in every channel
_LEAST_RIM = 0.3  # share of the rim's pixels that must show the ground
_NEAR = 6  # pixels beside the outline: their blurred gradients are partly the ground's


def product_inside(picture: RgbImage) -> NDArray[np.bool_] | None:
    """(h, w): the pixels well inside the product, as a plain ground of the one colour of most of the rim leaves it.

    `picture` is trimmed to its content, about 256 px large. None where no such ground shows, or nothing else.
    """
    rim = np.zeros(picture.shape[:2], np.bool_)
    rim[[0, -1]] = rim[:, [0, -1]] = True
    colour = _commonest(picture[rim])
    alike = np.abs(picture.astype(np.int16) - colour).max(axis=-1) <= _SAME_AS_GROUND
    if alike[rim].mean() < _LEAST_RIM:
        return None
    _, parts = cv2.connectedComponents(alike.astype(np.uint8), connectivity=4)
    ground = np.isin(parts, np.unique(parts[rim & alike]))
    product = cv2.morphologyEx((~ground).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    if product.mean() > MOST:
        return None
    size = 2 * _NEAR + 1
    inside = cv2.erode(product, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), borderValue=1) > 0
    return inside if inside.any() else None


def _commonest(colours: NDArray[np.uint8]) -> NDArray[np.int16]:
    """The median of those colours (n, 3) that share the commonest of 8 × 8 × 8 cells."""
    cells = (colours // 32).astype(np.int32) @ np.array([64, 8, 1])
    return np.asarray(np.median(colours[cells == np.bincount(cells).argmax()], axis=0), np.int16)
