import cv2
import numpy as np
import pytest
from drawn_marks import textured, trim

from model.agreeing_keypoints import agreeing, region_features
from model.alignment import REGION_SIDE, PreparedReference, prepare_reference, reference_corners

QUAD = np.array([[44, 40], [300, 60], [316, 236], [32, 216]], np.float32)
"""Where the photo shows the mark's corners, at twice the working size."""


def photographed(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, QUAD)
    return cv2.warpPerspective(picture, matrix, (2 * REGION_SIDE, 272), borderValue=(230, 230, 230))


def laid(quad: np.ndarray = QUAD) -> np.ndarray:
    """The matrix from the photo, at working size, that lays the mark on its reference."""
    return cv2.getPerspectiveTransform(quad / 2, reference_corners())


def found(region: np.ndarray, reference: PreparedReference, matrix: np.ndarray | None = None) -> int:
    return agreeing(region_features(region), reference, matrix=laid() if matrix is None else matrix)


def test_the_mark_in_perspective_agrees_with_its_reference_in_many_places():
    assert found(photographed(trim(textured(0))), prepare_reference(textured(0))) > 20


def test_another_mark_hardly_agrees_anywhere():
    assert found(photographed(trim(textured(1))), prepare_reference(textured(0))) <= 6


def test_its_negative_agrees_too():
    assert found(photographed(255 - trim(textured(0))), prepare_reference(textured(0))) > 20


def test_places_that_match_but_lie_elsewhere_do_not_agree():
    region, reference = photographed(trim(textured(0))), prepare_reference(textured(0))
    beside = laid(QUAD + np.float32([90, 0]))
    assert found(region, reference, beside) < 0.3 * found(region, reference)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (140, 200)])
def test_without_keypoints_nothing_agrees(shape):
    plain = np.full((*shape, 3), 77, np.uint8)
    assert found(plain, prepare_reference(textured(0))) == 0
    assert found(photographed(textured(0)), prepare_reference(plain)) == 0


def test_equal_pixels_agree_equally():
    region, reference = photographed(trim(textured(0))), prepare_reference(textured(0))
    assert len({found(region.copy(), reference) for _ in range(5)}) == 1
