from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from model.known_fakes import LEAST_SIMILARITY, STANDS_OUT, known_fakes_shown

NONE = np.zeros((0, 3), np.float32)
GENUINE = np.array([[1.0, 0.0, 0.0]], np.float32)


def at(degrees: float, *, aside: float = 0.0) -> NDArray[np.float32]:
    """A vector so far from the genuine one, and from the plane in which others are."""
    a, b = np.radians([degrees, aside])
    return np.array([[np.cos(a) * np.cos(b), np.sin(a) * np.cos(b), np.sin(b)]], np.float32)


@pytest.mark.parametrize(
    ("mark", "fake", "told"),
    [
        (at(60), at(60), True),
        (at(60), at(80), True),
        (at(60), at(60 + np.degrees(np.arccos(LEAST_SIMILARITY)) + 1), False),
        (at(0), at(60), False),
        (at(20), at(20), False),
        (at(np.degrees(np.arccos(1 - STANDS_OUT)) + 1), at(np.degrees(np.arccos(1 - STANDS_OUT)) + 1), True),
    ],
    ids=["the fake", "nearly", "less than nearly", "genuine", "a fake like the genuine mark", "a little less like it"],
)
def test_what_is_nearly_a_fake_that_stands_out_is_told(
    mark: NDArray[np.float32], fake: NDArray[np.float32], told: bool
) -> None:
    assert known_fakes_shown(mark, fakes=fake, genuine=GENUINE).tolist() == [[told]]


def test_a_mark_nearer_to_the_genuine_one_than_to_the_fake_is_not_told() -> None:
    mark, fake = at(25), at(55)
    assert float((mark @ fake.T)[0, 0]) > LEAST_SIMILARITY
    assert not known_fakes_shown(mark, fakes=fake, genuine=GENUINE).any()
    assert known_fakes_shown(mark, fakes=fake, genuine=at(90, aside=90)).all()


def test_without_anything_to_compare_nothing_is_told_and_without_references_the_fake_alone_counts() -> None:
    assert known_fakes_shown(at(60), fakes=NONE, genuine=GENUINE).shape == (1, 0)
    assert known_fakes_shown(NONE, fakes=at(60), genuine=GENUINE).shape == (0, 1)
    assert known_fakes_shown(at(0), fakes=at(0), genuine=NONE).tolist() == [[True]]
