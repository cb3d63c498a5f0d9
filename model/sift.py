"""SIFT keypoints (Lowe 2004) with RootSIFT descriptors (Arandjelović and Zisserman 2012), and which of them agree."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import RgbImage

RATIO = 0.8
"""Lowe's: the nearest descriptor must be this much nearer than the second."""

_BORDER = 8
_CELLS, _GRADIENTS = 4, 8  # of a descriptor


@dataclass(frozen=True, slots=True)
class Keypoints:
    """Places (n, 2) float32 in pixels of the picture, RootSIFT descriptors (n, 128) float32 of length 1."""

    places: NDArray[np.float32]
    descriptors: NDArray[np.float32]


def keypoints(picture: RgbImage, *, most: int, least_contrast: float = 0.04) -> Keypoints:
    """The `most` strongest keypoints of the picture as it is, of at least `least_contrast` (0..1)."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    # A grey border lets keypoints of marks that touch the rim be found; OpenCV skips those near it.
    bordered = cv2.copyMakeBorder(grey, _BORDER, _BORDER, _BORDER, _BORDER, cv2.BORDER_REPLICATE)
    detector = cv2.SIFT_create(most, contrastThreshold=least_contrast)  # type: ignore[attr-defined]
    points, descriptors = detector.detectAndCompute(bordered, None)
    if descriptors is None:
        return Keypoints(np.empty((0, 2), np.float32), np.empty((0, 128), np.float32))
    places = np.array([point.pt for point in points], np.float32) - _BORDER
    root = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9))
    return Keypoints(places[:most], root[:most].astype(np.float32))


def mirrored_keypoints(found: Keypoints, *, width: int) -> Keypoints:
    """The keypoints of the picture, `width` pixels wide, as its mirror image shows them, without finding them anew.

    The mirror turns about the order of the 4 × 4 cells across the keypoint's direction, and that of the 8 gradients.
    """
    places = np.stack([width - 1 - found.places[:, 0], found.places[:, 1]], axis=1)
    cells = found.descriptors.reshape(-1, _CELLS, _CELLS, _GRADIENTS)[:, ::-1, :, -np.arange(_GRADIENTS) % _GRADIENTS]
    return Keypoints(places.astype(np.float32), np.ascontiguousarray(cells.reshape(found.descriptors.shape)))


def matched(query: Keypoints, other: Keypoints) -> NDArray[np.intp]:
    """Pairs (k, 2) of rows of both that pass the ratio test."""
    if len(query.places) == 0 or len(other.places) < 2:
        return np.empty((0, 2), np.intp)
    cosines = query.descriptors @ other.descriptors.T
    nearest = cosines.argmax(axis=1)
    first, second = np.partition(cosines, -2, axis=1)[:, [-1, -2]].T
    rows = np.flatnonzero(passes_ratio(first, second))
    return np.stack([rows, nearest[rows]], axis=1)


def passes_ratio(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Lowe's test on cosines of the nearest and the second nearest: distances are √(2 − 2 cos)."""
    return np.asarray(2 - 2 * first < RATIO**2 * (2 - 2 * second))
