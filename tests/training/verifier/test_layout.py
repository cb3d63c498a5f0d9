import numpy as np
import pytest

from model.alignment import FRAME_SIDE, reference_corners
from training.verifier.layout import MAP_SIDE, changed_by_edit, changed_by_smear, genuine_corners, rectangle


def mark(*, left: int = 0) -> np.ndarray:
    """A red bar and a blue one beside it, 60 × 100, with `left` more pixels of room at the left."""
    picture = np.zeros((60, 100 + left, 4), np.uint8)
    picture[:, left : left + 40] = (200, 20, 30, 255)
    picture[10:50, left + 60 :] = (20, 30, 200, 255)
    return picture


def test_a_mark_that_did_not_grow_fills_its_rectangle():
    assert genuine_corners(mark(), mark()) == pytest.approx(rectangle((60, 100)))


def test_what_was_added_at_the_left_moves_the_genuine_part_to_the_right():
    grown = mark(left=30)
    grown[20:30, :20] = (10, 10, 10, 255)
    corners = genuine_corners(mark(), grown)
    assert corners[:, 0] == pytest.approx([30, 130, 130, 30], abs=2)
    assert corners[:, 1] == pytest.approx([0, 0, 60, 60], abs=2)


def test_only_the_part_that_was_edited_counts_as_changed():
    edited = mark()
    edited[10:50, 60:] = 0
    changed = changed_by_edit(mark(), edited, rectangle(edited.shape))
    assert changed.shape == (MAP_SIDE, MAP_SIDE)
    low, high = (reference_corners()[[0, 2], 0] * MAP_SIDE / FRAME_SIDE).astype(int)
    middle = (low + high) // 2
    assert changed[:, :middle].max() == 0
    assert changed[middle, high - 4] == 255


def test_a_smear_is_where_the_photo_changed():
    before = np.full((80, 80, 3), 100, np.uint8)
    after = before.copy()
    after[20:60, 20:40] = 0
    corners = np.array([[20, 20], [60, 20], [60, 60], [20, 60]], np.float32)
    changed = changed_by_smear(before, after, corners)
    assert changed[MAP_SIDE // 2, 6] == 255
    assert changed[MAP_SIDE // 2, -6] == 0
