import numpy as np
import pytest

from training.edits import emoji as module
from training.edits.emoji import KEPT_OUT_SET, TRAINING_SETS, drawn_emoji, emoji, unseen_emoji
from training.edits.smears import HELD_OUT_SMEARS, SMEARS


@pytest.fixture
def sets_taken_from(monkeypatch):
    """The names of the sets that emoji are drawn of, in order."""
    taken = []

    def watched(of, number):
        taken.append(of)
        return drawn_emoji(of, number)

    monkeypatch.setattr(module, "drawn_emoji", watched)
    return taken


def test_training_never_sees_the_set_that_is_kept_out(sets_taken_from):
    for seed in range(12):
        emoji(np.full((40, 90, 3), 128, np.uint8), 0.7, np.random.default_rng(seed))
    assert set(sets_taken_from) == set(TRAINING_SETS)
    assert KEPT_OUT_SET not in TRAINING_SETS
    assert SMEARS["unseen_emoji"] is unseen_emoji
    assert "unseen_emoji" in HELD_OUT_SMEARS


def test_the_measure_takes_that_set_alone(sets_taken_from):
    unseen_emoji(np.full((40, 90, 3), 128, np.uint8), 0.7, np.random.default_rng(0))
    assert set(sets_taken_from) == {KEPT_OUT_SET}


@pytest.mark.parametrize("of", (*TRAINING_SETS, KEPT_OUT_SET))
def test_every_emoji_can_be_drawn_and_is_one_of_its_kind(of):
    drawings = [drawn_emoji(of, number) for number in range(240)]
    assert all(drawing.shape == (192, 192, 4) for drawing in drawings)
    assert min((drawing[..., 3] > 127).mean() for drawing in drawings) > 0.03
    assert len({drawing.tobytes() for drawing in drawings}) > 230
    assert (drawn_emoji(of, 240) == drawings[0]).all()


@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_no_emoji_is_cut_off_by_the_rim(strength):
    """A straight cut along the edited place would tell where it is, whatever lies on it."""
    ground = np.full((60, 60, 3), 7, np.uint8)
    changed = np.zeros((60, 60), float)
    for seed in range(40):
        edited = emoji(ground.copy(), strength, np.random.default_rng(seed))
        changed += np.abs(edited.astype(int) - ground).max(axis=-1) > 8
    rim = np.concatenate([changed[0], changed[-1], changed[:, 0], changed[:, -1]])
    assert rim.mean() < 0.15 * changed[25:35, 25:35].mean()
