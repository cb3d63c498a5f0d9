from __future__ import annotations

import cv2
import numpy as np

from model.sift import matched
from training.evaluation.sift import SHORTLIST, SiftGallery, fitted, homography, keypoints


def blots(seed: int) -> np.ndarray:
    """A picture full of corners, no two alike."""
    rng = np.random.default_rng(seed)
    picture = np.full((160, 160, 3), 255, np.uint8)
    for _ in range(40):
        x, y = (int(value) for value in rng.integers(10, 130, 2))
        colour = tuple(int(value) for value in rng.integers(0, 200, 3))
        cv2.rectangle(picture, (x, y), (x + int(rng.integers(6, 24)), y + int(rng.integers(6, 24))), colour, -1)
    return picture


def test_a_turned_picture_finds_itself_among_others() -> None:
    turned = np.ascontiguousarray(np.rot90(blots(1)))
    similarities = SiftGallery([blots(0), blots(1), blots(2)]).similarities(turned)
    assert similarities.argmax() == 1
    assert similarities[1] > 10


def test_the_homography_says_where_the_picture_lies() -> None:
    moved = cv2.warpAffine(blots(3), np.array([[1, 0, 12], [0, 1, -7.0]]), (160, 160), borderValue=(255, 255, 255))
    matrix, inliers = homography(keypoints(blots(3)), keypoints(moved))
    assert inliers > 10
    assert matrix is not None
    np.testing.assert_allclose((matrix / matrix[2, 2])[:2, 2], [12, -7], atol=1.5)


def test_a_plain_picture_is_like_nothing() -> None:
    plain = np.full((50, 90, 3), 200, np.uint8)
    assert SiftGallery([blots(0), plain]).similarities(plain).tolist() == [0.0, 0.0]
    assert matched(keypoints(blots(0)), keypoints(plain)).shape == (0, 2)
    assert fitted(plain).shape == (89, 160, 3)


def test_pictures_with_one_keypoint_crowd_nothing_out() -> None:
    spot = np.full((160, 160, 3), 255, np.uint8)
    spot[80:100, :40] = 0
    assert len(keypoints(spot).places) == 1
    turned = np.ascontiguousarray(np.rot90(blots(1)))
    similarities = SiftGallery([*[spot] * (SHORTLIST + 5), blots(1)]).similarities(turned)
    assert similarities.argmax() == SHORTLIST + 5
    assert similarities[:-1].max() < 1


def test_counting_at_once_agrees_with_matching_one_by_one() -> None:
    pictures = [blots(seed) for seed in range(4)]
    seen = keypoints(blots(1))
    counts = SiftGallery(pictures)._counts(seen)
    assert counts.tolist() == [len(matched(seen, keypoints(picture))) for picture in pictures]
