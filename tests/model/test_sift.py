import cv2
import numpy as np

from model.sift import keypoints, matched, mirrored_keypoints

PHOTO = cv2.resize(
    np.random.default_rng(1).integers(0, 256, (30, 40, 3), dtype=np.uint8), (400, 300), interpolation=cv2.INTER_CUBIC
)


def test_mirrored_keypoints_are_those_of_the_mirror_image() -> None:
    as_it_is, flipped = keypoints(PHOTO, most=500), keypoints(np.ascontiguousarray(PHOTO[:, ::-1]), most=500)
    turned = mirrored_keypoints(as_it_is, width=PHOTO.shape[1])
    pairs = matched(turned, flipped)
    off = np.linalg.norm(turned.places[pairs[:, 0]] - flipped.places[pairs[:, 1]], axis=1)
    assert len(pairs) > 0.8 * len(flipped.places)
    assert np.mean(off < 2) > 0.95
    assert len(matched(as_it_is, flipped)) < 0.2 * len(pairs)


def test_turned_twice_they_are_as_they_were() -> None:
    found = keypoints(PHOTO, most=200)
    again = mirrored_keypoints(mirrored_keypoints(found, width=400), width=400)
    assert np.allclose(again.places, found.places, atol=1e-3)
    assert np.array_equal(again.descriptors, found.descriptors)
