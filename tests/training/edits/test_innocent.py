import cv2
import numpy as np
import pytest

from training.edits.innocent import INNOCENT_PHOTOS, engraved, inverted, outlined, with_glare, with_qr_code


@pytest.fixture
def mark():
    rgba = np.zeros((80, 120, 4), np.uint8)
    rgba[20:60, 20:100] = (200, 30, 40, 255)
    return rgba


@pytest.mark.parametrize("variant", [engraved, inverted, outlined])
def test_a_variant_draws_where_the_mark_is(variant, mark):
    made = variant(mark, np.random.default_rng(0))
    assert made.dtype == np.uint8
    rows, columns = np.nonzero(made[..., 3] > 60)
    margin = (made.shape[0] - 80) // 2
    assert abs(rows.min() - margin - 20) <= 3
    assert abs(columns.max() - margin - 99) <= 3


def test_inverted_turns_dark_to_light(mark):
    mark[..., :3] = 0
    assert inverted(mark, np.random.default_rng(0))[40, 60, :3].min() > 240


@pytest.mark.parametrize("name", INNOCENT_PHOTOS)
def test_a_photo_keeps_its_size_and_its_content(name):
    photo = np.full((90, 120, 3), 210, np.uint8)
    photo[30:60, 40:80] = (30, 60, 150)
    made = INNOCENT_PHOTOS[name](photo, np.random.default_rng(2))
    assert made.shape == photo.shape
    assert made.dtype == np.uint8
    assert made[45, 60].mean() + 40 < made[5, 110].mean()
    assert (made != photo).any()


def test_a_glare_makes_no_pixel_darker_and_leaves_most_of_the_photo():
    photo = np.random.default_rng(0).integers(0, 200, (120, 160, 3)).astype(np.uint8)
    shown = with_glare(photo, np.random.default_rng(1)).astype(int) - photo
    assert shown.min() >= 0
    assert shown.max() > 40
    assert np.mean(shown.max(axis=-1) > 10) < 0.5


def test_a_qr_code_can_be_read_and_hides_nothing():
    photo = np.full((400, 500, 3), (90, 140, 60), np.uint8)
    shown = next(
        one
        for one in (with_qr_code(photo, np.random.default_rng(seed), hides=lambda _: False) for seed in range(9))
        if (one != photo).any(axis=-1).mean() > 0.05
    )
    assert cv2.QRCodeDetector().detectAndDecode(shown)[0]
    assert with_qr_code(photo, np.random.default_rng(0), hides=lambda _: True) is photo
