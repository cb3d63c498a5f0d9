import cv2
import numpy as np
import pytest
from drawn_garment import product

from training.edits.other_shots import HEIGHT, WIDTH, Figure, another_colour, another_shot


def cloth(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 200, (90, 80, 3)).astype(np.uint8)


FIGURE = Figure(cloth(1), cloth(2), cloth(3), shape=5)


def changed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.abs(one.astype(int) - other).max(axis=-1) > 12


def test_another_garment_changes_nothing_but_the_garment():
    before, after, top = FIGURE.drawn(), FIGURE.wearing(cloth(4)).drawn(), FIGURE.top_mask()
    assert before.shape == (HEIGHT, WIDTH, 3)
    around = cv2.dilate(top.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert changed(before, after)[top].mean() > 0.6
    assert not changed(before, after)[~around].any()


def test_another_colour_stays_inside_and_keeps_the_folds():
    photo, mask = FIGURE.drawn(), FIGURE.top_mask()
    dyed = another_colour(photo, mask, np.random.default_rng(0))
    assert np.array_equal(dyed[~mask], photo[~mask])
    assert np.abs(dyed[mask].mean(axis=0) - photo[mask].mean(axis=0)).max() > 10
    assert np.corrcoef(dyed[mask].mean(axis=1), photo[mask].mean(axis=1))[0, 1] > 0.8


@pytest.mark.parametrize("moved", [0.003, 0.012])
def test_another_shot_moves_places_by_about_so_much(moved):
    photo, rng = product(), np.random.default_rng(2)
    seen = another_shot(photo, rng, moved=moved)
    assert seen.shape == photo.shape
    flow = cv2.calcOpticalFlowFarneback(
        *(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (photo, seen)), np.zeros((480, 400, 2), np.float32),
        0.5, 3, 15, 5, 5, 1.1, 0,
    )  # fmt: skip
    inside = flow[80:420, 90:310]
    assert 0.4 < float(np.sqrt((inside**2).sum(axis=-1).mean() / 2)) / (moved * 480) < 1.6


def test_equal_random_numbers_give_equal_shots():
    one, other = (another_shot(product(), np.random.default_rng(7), moved=0.01) for _ in range(2))
    assert np.array_equal(one, other)
