from __future__ import annotations

import numpy as np
import pytest

from model.regions import Box
from training.edits.anything import changed_anyhow

BOX = Box(60, 40, 80, 50)


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (160, 220, 3), dtype=np.uint8)


def test_only_the_place_is_changed_and_each_time_otherwise(photo: np.ndarray) -> None:
    other = np.zeros((90, 120, 3), np.uint8)
    seen = set()
    for seed in range(40):
        changed = changed_anyhow(photo, BOX, other=other, rng=np.random.default_rng(seed))
        inside = BOX.crop(changed)
        assert np.mean(inside != BOX.crop(photo)) > 0.1
        outside = changed.copy()
        BOX.grown(0.12).crop(outside)[:] = BOX.grown(0.12).crop(photo)
        np.testing.assert_array_equal(outside, photo)
        seen.add(inside.tobytes())
    assert len(seen) == 40


def test_one_seed_one_change(photo: np.ndarray) -> None:
    first, again = (changed_anyhow(photo, BOX, other=photo, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_a_place_without_room_stays_as_it_is(photo: np.ndarray) -> None:
    same = changed_anyhow(photo, Box(10, 10, 1, 1), other=photo, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(same, photo)
