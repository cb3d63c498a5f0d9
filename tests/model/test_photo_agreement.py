import cv2
import numpy as np
import pytest
from drawn_garment import product

from model.photo_agreement import NAMES, agreement
from model.photo_copy import load_copy_weights
from model.released import bundle_folder

WEIGHTS = load_copy_weights(bundle_folder() / "photo_copy.json")
KNOWN = np.ascontiguousarray(cv2.resize(product(), (216, 256), interpolation=cv2.INTER_AREA))
EVERYWHERE = np.ones(KNOWN.shape[:2], np.bool_)


def recoloured(photo: np.ndarray) -> np.ndarray:
    hsv = cv2.cvtColor(photo, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 60) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def bent(photo: np.ndarray) -> np.ndarray:
    """Each place moved by up to 3 pixels: another shot of it."""
    y, x = np.mgrid[: photo.shape[0], : photo.shape[1]].astype(np.float32)
    return cv2.remap(photo, x + 3 * np.sin(y / 12), y + 3 * np.cos(x / 12), cv2.INTER_LINEAR, borderValue=(255,) * 3)


def redressed(photo: np.ndarray) -> np.ndarray:
    """The same outline with another pattern inside it."""
    out, rng = photo.copy(), np.random.default_rng(3)
    for _ in range(60):
        x, y = (int(value) for value in rng.integers([45, 45], [170, 225]))
        cv2.circle(out, (x, y), 7, tuple(int(value) for value in rng.integers(0, 256, 3)), -1, cv2.LINE_AA)
    return out


def probability(seen: np.ndarray, inside: np.ndarray = EVERYWHERE) -> float:
    numbers = agreement(KNOWN, np.ascontiguousarray(seen), inside)
    assert numbers is not None
    assert numbers.shape == (len(NAMES),)
    return WEIGHTS.probability(numbers)


@pytest.mark.parametrize(
    "edit",
    [
        lambda photo: photo,
        recoloured,
        lambda photo: 255 - photo,
        lambda photo: cv2.GaussianBlur(photo, (0, 0), 1.0),
        lambda photo: cv2.imdecode(cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR),
    ],
)
def test_the_same_photograph_agrees(edit):
    assert probability(edit(KNOWN)) > 0.9


@pytest.mark.parametrize("other", [bent, redressed, lambda photo: bent(recoloured(photo))])
def test_another_photograph_of_the_same_outline_does_not(other):
    assert probability(other(KNOWN)) < 0.1


def test_what_may_not_be_compared_does_not_count():
    changed, inside = KNOWN.copy(), EVERYWHERE.copy()
    changed[64:192, 32:176] = redressed(KNOWN)[64:192, 32:176]
    inside[60:196, 28:180] = False
    assert probability(changed) < 0.5
    assert probability(changed, inside) > 0.9


def test_a_recolouring_of_a_part_leaves_colours_unexplained():
    part = KNOWN.copy()
    part[128:] = recoloured(KNOWN)[128:]
    whole, local = (agreement(KNOWN, seen, EVERYWHERE) for seen in (recoloured(KNOWN), part))
    assert whole is not None
    assert local is not None
    assert local[NAMES.index("colour")] > whole[NAMES.index("colour")] + 0.3


@pytest.mark.parametrize("shape", [(256, 216), (8, 256), (1, 1)])
def test_without_structure_nothing_can_be_said(shape):
    plain = np.full((*shape, 3), 200, np.uint8)
    assert agreement(plain, plain, np.ones(shape, np.bool_)) is None
    assert agreement(KNOWN, KNOWN, ~EVERYWHERE) is None
