"""How many places of a region agree with a reference: keypoints that match and lie on each other.

The verifier's networks learnt from drawn marks, and so did the vectors. Keypoints learnt nothing, so that they agree on
marks that real photos show otherwise than drawings do, and hardly ever on another brand's.
"""

from __future__ import annotations

import cv2
import numpy as np

from model.alignment import (
    PICTURE_SIDE,
    Features,
    Matrix,
    PreparedReference,
    at_size,
    fitted,
    orb_features,
    picture_to_frame,
    working_dimensions,
)
from model.regions import RgbImage

NEAR = 12.0
"""Pixels of the reference's picture, whose longer side is `PICTURE_SIDE`, within which two places are one."""


def region_features(region: RgbImage) -> Features:
    """The keypoints of `region` (any size), found at the size of a reference's picture.

    Their places are pixels of its `working_size`, in which it is aligned.
    """
    enlarged = at_size(region, fitted(region.shape, PICTURE_SIDE))
    found = orb_features(np.asarray(cv2.cvtColor(enlarged, cv2.COLOR_RGB2GRAY), np.uint8))
    width, height = working_dimensions(region)
    scale = np.array([width / enlarged.shape[1], height / enlarged.shape[0]], np.float32)
    return Features(found.places * scale, found.descriptors)


def agreeing(seen: Features, reference: PreparedReference, *, matrix: Matrix) -> int:
    """How many keypoints are each other's most alike (Hamming) and within `NEAR` of each other; at least 0.

    `matrix` takes the region's places to the reference's frame.
    """
    known = reference.features
    if min(len(seen.places), len(known.places)) == 0:
        return 0
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(seen.descriptors, known.descriptors)
    to_picture = np.linalg.inv(picture_to_frame(reference)) @ matrix
    laid = cv2.perspectiveTransform(seen.places[None].astype(np.float64), to_picture)[0]
    off = laid[[match.queryIdx for match in matches]] - known.places[[match.trainIdx for match in matches]]
    return int((np.hypot(off[:, 0], off[:, 1]) < NEAR).sum())
