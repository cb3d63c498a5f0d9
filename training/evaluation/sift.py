"""SIFT matching (Lowe 2004, with RootSIFT of Arandjelović and Zisserman 2012) as a baseline, fast enough to search.

Every picture is brought to the embedder's size and gives its strongest keypoints. A query's matches with all pictures
are counted at once by Lowe's ratio test; the pictures with the most are verified by RANSAC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocessing import resized
from model.regions import RgbImage

SIDE = 160
"""Longer side of the compared pictures, pixels."""

KEYPOINTS = 96
"""Strongest keypoints of a picture."""

RATIO = 0.8
"""Lowe's: the nearest descriptor must be this much nearer than the second."""

SHORTLIST = 20
"""Pictures a query that are verified geometrically."""

_FEWEST_MATCHES = 4
_REPROJECTION = 5.0
_BLOCK = 200_000


@dataclass(frozen=True, slots=True)
class Keypoints:
    """Places (n, 2) float32 in pixels of the picture at its working size, RootSIFT descriptors (n, 128) of length 1."""

    places: NDArray[np.float32]
    descriptors: NDArray[np.float32]


def fitted(picture: RgbImage, *, side: int = SIDE) -> RgbImage:
    """The picture with its longer side `side` px."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    return resized(picture, width=max(1, round(width * scale)), height=max(1, round(height * scale)))


def keypoints(picture: RgbImage, *, most: int = KEYPOINTS) -> Keypoints:
    """The strongest keypoints of the picture as it is."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    # A grey border lets keypoints of marks that touch the rim be found; OpenCV skips those near it.
    bordered = cv2.copyMakeBorder(grey, 8, 8, 8, 8, cv2.BORDER_REPLICATE)
    points, descriptors = cv2.SIFT_create(most).detectAndCompute(bordered, None)  # type: ignore[attr-defined]
    if descriptors is None:
        return Keypoints(np.empty((0, 2), np.float32), np.empty((0, 128), np.float32))
    places = np.array([point.pt for point in points], np.float32) - 8
    root = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9))
    return Keypoints(places[:most], root[:most].astype(np.float32))


def matched(query: Keypoints, other: Keypoints) -> NDArray[np.intp]:
    """Pairs (k, 2) of rows of both that pass the ratio test."""
    if len(query.places) == 0 or len(other.places) < 2:
        return np.empty((0, 2), np.intp)
    cosines = query.descriptors @ other.descriptors.T
    nearest = cosines.argmax(axis=1)
    first, second = np.sort(cosines, axis=1)[:, [-1, -2]].T
    rows = np.flatnonzero(_passes(first, second))
    return np.stack([rows, nearest[rows]], axis=1)


def homography(query: Keypoints, other: Keypoints) -> tuple[NDArray[np.float64] | None, int]:
    """The homography from `query` to `other` by RANSAC, and its inliers; None and 0 without one."""
    pairs = matched(query, other)
    if len(pairs) < _FEWEST_MATCHES:
        return None, 0
    cv2.setRNGSeed(0)
    source, target = query.places[pairs[:, 0]], other.places[pairs[:, 1]]
    found: tuple[Any, Any] = cv2.findHomography(source, target, cv2.RANSAC, _REPROJECTION)
    return (None, 0) if found[0] is None else (found[0], int(found[1].sum()))


class SiftGallery:
    """Pictures to be searched by SIFT matching."""

    def __init__(self, pictures: Sequence[RgbImage]) -> None:
        self._known = [keypoints(fitted(picture)) for picture in pictures]
        self._descriptors = np.zeros((len(pictures), KEYPOINTS, 128), np.float32)
        for row, one in zip(self._descriptors, self._known, strict=True):
            row[: len(one.descriptors)] = one.descriptors

    def similarities(self, query: RgbImage) -> NDArray[np.float32]:
        """(m,) float32: inliers for the `SHORTLIST` pictures with the most matches, for others a share below 1."""
        seen = keypoints(fitted(query))
        if len(seen.places) == 0:
            return np.zeros(len(self._known), np.float32)
        counts = self._counts(seen)
        similarities = counts / (KEYPOINTS + 1)
        for picture in np.argsort(-counts, kind="stable")[:SHORTLIST]:
            similarities[picture] += homography(seen, self._known[picture])[1]
        return similarities.astype(np.float32)

    def _counts(self, seen: Keypoints) -> NDArray[np.float64]:
        """Matches with each picture, in blocks that fit in memory. An absent descriptor has cosine 0."""
        counts = []
        step = max(1, _BLOCK // KEYPOINTS)
        for start in range(0, len(self._known), step):
            block = self._descriptors[start : start + step]
            cosines = (seen.descriptors @ block.reshape(-1, 128).T).reshape(len(seen.places), len(block), KEYPOINTS)
            first = cosines.max(axis=2)
            np.put_along_axis(cosines, cosines.argmax(axis=2, keepdims=True), -1.0, axis=2)
            counts.append(_passes(first, cosines.max(axis=2)).sum(axis=0))
        return np.concatenate(counts).astype(np.float64)


def _passes(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Lowe's test on cosines of the nearest and the second nearest: distances are √(2 − 2 cos)."""
    return np.asarray(2 - 2 * first < RATIO**2 * (2 - 2 * second))
