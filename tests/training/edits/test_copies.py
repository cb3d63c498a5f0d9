import numpy as np
import pytest
from drawn_garment import PLACE, product

from model.regions import Box
from training.edits.copies import LEAST_CONTRAST, marked_product, reused
from training.synthesis.logos import load_logos

LOGOS = load_logos()[:40]


@pytest.mark.parametrize("seed", range(6))
def test_a_mark_is_seen_on_the_product(seed):
    photo, rng = product(), np.random.default_rng(seed)
    marked, box = marked_product(photo, LOGOS[seed], rng=rng)
    changed = np.abs(marked.astype(int) - photo).max(axis=-1) > 0
    assert changed.any()
    grown = box.grown(0.3)
    outside = changed.copy()
    grown.crop(outside[..., None])[...] = False
    assert not (outside & (np.abs(marked.astype(int) - photo).max(axis=-1) > 40)).any(), "only the mark changed"
    dark, light = np.percentile(box.crop(marked).reshape(-1, 3), (5, 95), axis=0)
    assert (light - dark).max() >= LEAST_CONTRAST


@pytest.mark.parametrize("seed", range(12))
def test_the_matrix_says_where_each_pixel_went(seed):
    photo = np.full((300, 260, 3), 255, np.uint8)
    photo[60:260, 40:220] = (90, 120, 60)
    keep = Box(100, 140, 40, 30)
    keep.crop(photo)[...] = (20, 20, 20)
    done = reused(photo, rng=np.random.default_rng(seed), keep=keep)
    centre = done.matrix @ np.array([120, 155, 1.0])
    x, y = (centre[:2] / centre[2]).round().astype(int)
    height, width = done.picture.shape[:2]
    assert 0 <= x < width
    assert 0 <= y < height
    assert done.picture[y, x].astype(int).max() < 110, "the dark place is where the matrix says"
    body = done.matrix @ np.array([60, 80, 1.0])
    x, y = (body[:2] / body[2]).round().astype(int)
    if 0 <= x < width and 0 <= y < height:
        assert done.picture[y, x].astype(int).sum() > done.picture.reshape(-1, 3).astype(int).sum(axis=1).min()


def test_what_must_be_shown_stays_inside_the_crop():
    photo = product()
    for seed in range(30):
        done = reused(photo, rng=np.random.default_rng(seed), keep=PLACE)
        corners = (
            np.array([[PLACE.x, PLACE.y, 1], [PLACE.x + PLACE.width, PLACE.y + PLACE.height, 1.0]]) @ done.matrix.T
        )
        assert corners[:, :2].min() >= -1.5
        assert corners[:, 0].max() <= done.picture.shape[1] + 1
        assert corners[:, 1].max() <= done.picture.shape[0] + 1


def test_equal_seeds_give_equal_copies():
    first, second = (reused(product(), rng=np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first.picture, second.picture)
    assert np.array_equal(first.matrix, second.matrix)
