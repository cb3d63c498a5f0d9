"""SIFT matching (Lowe 2004, with RootSIFT of Arandjelović and Zisserman 2012) as a baseline, fast enough to search.

Every picture is brought to the embedder's size and gives its strongest keypoints. A query's matches with all pictures
are counted at once by Lowe's ratio test; the pictures with the most are verified by RANSAC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model import sift
from model.preprocessing import resized
from model.regions import RgbImage
from model.sift import Keypoints

SIDE = 160
"""Longer side of the compared pictures, pixels."""

KEYPOINTS = 96
"""Strongest keypoints of a picture."""

SHORTLIST = 20
"""Pictures a query that are verified geometrically."""

_FEWEST_MATCHES = 4
_REPROJECTION = 5.0
_BLOCK = 200_000


def fitted(picture: RgbImage, *, side: int = SIDE) -> RgbImage:
    """The picture with its longer side `side` px."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    return resized(picture, width=max(1, round(width * scale)), height=max(1, round(height * scale)))


def keypoints(picture: RgbImage) -> Keypoints:
    """The strongest keypoints of the picture as it is."""
    return sift.keypoints(picture, most=KEYPOINTS)


def homography(query: Keypoints, other: Keypoints) -> tuple[NDArray[np.float64] | None, int]:
    """The homography from `query` to `other` by RANSAC, and its inliers; None and 0 without one."""
    pairs = sift.matched(query, other)
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
        """Matches with each picture, in blocks that fit in memory. An absent descriptor has cosine 0.

        A picture counts no more matches than it has keypoints: beside a single one everything passes the ratio test.
        """
        counts = []
        step = max(1, _BLOCK // KEYPOINTS)
        for start in range(0, len(self._known), step):
            block = self._descriptors[start : start + step]
            cosines = (seen.descriptors @ block.reshape(-1, 128).T).reshape(len(seen.places), len(block), KEYPOINTS)
            first = cosines.max(axis=2)
            np.put_along_axis(cosines, cosines.argmax(axis=2, keepdims=True), -1.0, axis=2)
            counts.append(sift.passes_ratio(first, cosines.max(axis=2)).sum(axis=0))
        most = [len(one.places) for one in self._known]
        return np.asarray(np.minimum(np.concatenate(counts), most), np.float64)
