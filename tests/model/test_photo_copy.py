import cv2
import numpy as np
import pytest

from model.alignment import prepare_reference
from model.photo_copy import photo_match


def product(seed: int, *, shift: int = 0) -> np.ndarray:
    """A drawn product on white: a body, a strap and a print, 300 × 240."""
    rng = np.random.default_rng(seed)
    photo = np.full((300, 240, 3), 255, np.uint8)
    body = (np.array([[50, 80], [190, 70], [205, 260], [40, 265]]) + rng.normal(0, 14, (4, 2))).astype(np.int32)
    cv2.fillPoly(photo, [body], tuple(int(v) for v in rng.integers(40, 160, 3)), cv2.LINE_AA)
    for _ in range(14):
        x, y = (int(v) for v in rng.integers([60, 100], [180, 240]))
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        cv2.circle(photo, (x + shift, y), int(rng.integers(4, 18)), colour, -1, cv2.LINE_AA)
    cv2.ellipse(photo, (120, 80), (40, 55), 0, 180, 360, (60, 60, 60), 6, cv2.LINE_AA)
    return photo


def recoloured(photo: np.ndarray) -> np.ndarray:
    hsv = cv2.cvtColor(photo, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 60) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def recompressed(photo: np.ndarray) -> np.ndarray:
    small = cv2.resize(photo, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    return cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)


COPIES = {
    "same": lambda photo: photo,
    "cropped": lambda photo: photo[60:280, 20:200],
    "flipped": lambda photo: photo[:, ::-1],
    "recoloured": recoloured,
    "recompressed": recompressed,
    "all": lambda photo: recompressed(recoloured(photo[:, ::-1][50:290, 20:225])),
}


@pytest.mark.parametrize("how", COPIES)
def test_a_reused_photo_is_found(how):
    photo = product(1)
    match = photo_match(np.ascontiguousarray(COPIES[how](photo)), prepare_reference(photo))
    assert match.probability > 0.9
    assert match.mirrored == (how in ("flipped", "all"))
    assert match.aligned is not None
    assert match.difference is not None
    assert match.difference.shape == match.aligned.shape[:2]
    assert ("mirrored" in match.reasons) == match.mirrored
    if how == "cropped":
        assert match.overlap < 0.9


@pytest.mark.parametrize("seed", range(2, 8))
def test_another_product_is_no_copy(seed):
    match = photo_match(product(seed), prepare_reference(product(1)))
    assert match.probability < 0.01
    assert match.aligned is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (40, 3)])
def test_tiny_pictures_are_no_copy(shape):
    assert photo_match(np.full((*shape, 3), 128, np.uint8), prepare_reference(product(1))).probability < 0.01


def test_equal_pictures_give_equal_matches():
    photo, reference = recompressed(product(3)), prepare_reference(product(3))
    first, second = photo_match(photo, reference), photo_match(photo, reference)
    assert first.correlation == second.correlation
    assert first.reasons == second.reasons
