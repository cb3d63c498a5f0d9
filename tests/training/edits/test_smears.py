import numpy as np
import pytest

from model.regions import Box
from training.edits.smears import HELD_OUT_SMEARS, SMEARS, TRAINING_SMEARS, smear

BOX = Box(60, 50, 120, 60)


@pytest.fixture
def photo():
    image = np.full((180, 240, 3), 200, np.uint8)
    for column in range(60, 180, 12):
        image[50:110, column : column + 6] = (20, 40, 160)
    return image


def contrast(image: np.ndarray, truth: np.ndarray) -> float:
    """How much of the stripes' pattern is left in the box, 1 for the untouched photo."""
    a = BOX.crop(truth).astype(float).mean(axis=-1)
    b = BOX.crop(image).astype(float).mean(axis=-1)
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / (a * a).sum())


@pytest.mark.parametrize("tool", SMEARS)
def test_a_smear_stays_in_its_box_and_keeps_the_input(tool, photo):
    before = photo.copy()
    for strength in (0.0, 0.5, 1.0):
        edited = smear(photo, BOX, tool=tool, strength=strength, rng=np.random.default_rng(1))
        assert edited.shape == photo.shape
        assert edited.dtype == np.uint8
        outside = np.ones(photo.shape[:2], bool)
        outside[40:120, 44:196] = False
        assert (edited[outside] == photo[outside]).all()
    assert (photo == before).all()


@pytest.mark.parametrize("tool", SMEARS)
def test_a_full_smear_leaves_nothing_to_read(tool, photo):
    left = [
        contrast(smear(photo, BOX, tool=tool, strength=1.0, rng=np.random.default_rng(seed)), photo)
        for seed in range(4)
    ]
    assert np.median(np.abs(left)) < 0.35


@pytest.mark.parametrize("tool", SMEARS)
def test_a_weak_smear_changes_the_mark_and_leaves_some_of_it(tool, photo):
    edited = [smear(photo, BOX, tool=tool, strength=0.0, rng=np.random.default_rng(seed)) for seed in range(6)]
    changed = [(np.abs(e.astype(int) - photo).max(axis=-1)[50:110, 60:180] > 25).mean() for e in edited]
    assert min(changed) > 0.04
    assert np.mean(changed) > 0.12
    assert np.mean(changed) < 0.85


def test_the_same_seed_gives_the_same_picture(photo):
    for tool in SMEARS:
        first, second = (smear(photo, BOX, tool=tool, strength=0.6, rng=np.random.default_rng(3)) for _ in range(2))
        assert (first == second).all()


def test_a_box_of_one_pixel_is_left_alone(photo):
    assert (smear(photo, Box(5, 5, 1, 1), tool="mosaic", strength=1, rng=np.random.default_rng(0)) == photo).all()


def test_a_strength_outside_its_range_is_refused(photo):
    with pytest.raises(ValueError, match=r"0\.\.1"):
        smear(photo, BOX, tool="mosaic", strength=1.5, rng=np.random.default_rng(0))


def test_some_tools_are_kept_out_of_fitting():
    assert len(HELD_OUT_SMEARS) >= 5
    assert not set(TRAINING_SMEARS) & set(HELD_OUT_SMEARS)
    assert set(TRAINING_SMEARS) | set(HELD_OUT_SMEARS) == set(SMEARS)
