import numpy as np
import pytest

from model.ground import bounds, distance, smooth_share, stands_out


def _pictures():
    rng = np.random.default_rng(3)
    for _ in range(60):
        height, width = rng.integers(1, 40, 2)
        ground = rng.integers(0, 256, 3)
        near = ground + rng.normal(0, rng.choice([0, 8, 20]), (height, width, 3))
        yield np.clip(near, 0, 255).astype(np.uint8), ground


def test_what_stands_out_is_what_the_slow_truth_says():
    for picture, ground in _pictures():
        for colour in (ground, ground + 0.5):
            far = np.abs(picture.astype(np.int16) - colour).max(axis=-1)
            assert np.array_equal(stands_out(picture, colour, tolerance=24) > 0, far > 24)


def test_the_distance_is_what_the_slow_truth_says():
    for picture, ground in _pictures():
        far = np.abs(picture.astype(np.int16) - ground).max(axis=-1)
        assert np.array_equal(distance(picture, tuple(ground.tolist())), far)


def test_a_ground_that_grows_darker_is_smooth_and_a_shelf_is_not():
    fading = np.repeat(np.linspace(200, 150, 160).astype(np.uint8)[:, None], 120, axis=1)[..., None].repeat(3, axis=2)
    shelf = fading.copy()
    shelf[:, ::12] = 30
    assert smooth_share(fading) == 1.0
    assert smooth_share(shelf) < 0.5
    cut_below = fading.copy()
    cut_below[-4:] = shelf[-4:]
    assert 0.75 < smooth_share(cut_below) < 0.95


@pytest.mark.parametrize("place", [(0, 0), (3, 7), (11, 19)])
def test_the_rectangle_is_around_all_content(place):
    content = np.zeros((12, 20), np.uint8)
    assert bounds(content) is None
    content[place] = 255
    assert bounds(content) == (place[0], place[0] + 1, place[1], place[1] + 1)
    content[5, 9] = 255
    rows, columns = sorted((place[0], 5)), sorted((place[1], 9))
    assert bounds(content) == (rows[0], rows[1] + 1, columns[0], columns[1] + 1)
