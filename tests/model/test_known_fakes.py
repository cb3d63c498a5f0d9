from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from model.known_fakes import (
    LEAST_SIMILARITY,
    PARTS,
    STANDS_OUT,
    known_fakes_shown,
    likeness_to_photos,
    may_be_photos,
    parts_of_photo,
)

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


def test_a_picture_like_any_half_of_a_fakes_photo_may_be_it() -> None:
    fake = np.concatenate([at(90), at(60), at(90, aside=60)])
    assert may_be_photos(at(90, aside=55), fake=fake, genuine=NONE).tolist() == [True]
    assert may_be_photos(at(0), fake=fake, genuine=NONE).tolist() == [False]


def test_halves_are_asked_where_the_whole_is_somewhat_alike() -> None:
    pictures, wholes = np.concatenate([at(40), at(90)]), np.concatenate([at(0), at(90)])
    halves = np.stack([at(50), at(0)])
    cosines = likeness_to_photos(pictures, wholes=wholes, halves=halves)
    assert np.degrees(np.arccos(cosines)).round(1).tolist() == [[10.0, 40.0], [90.0, 0.0]]
    assert likeness_to_photos(pictures, wholes=NONE, halves=np.zeros((0, PARTS - 1, 3), np.float32)).shape == (2, 0)


def test_the_photo_of_a_fake_that_copies_a_genuine_one_tells_nothing() -> None:
    assert may_be_photos(at(20), fake=at(21), genuine=GENUINE).tolist() == [False]
    assert may_be_photos(at(80), fake=at(81), genuine=GENUINE).tolist() == [True]


@pytest.mark.parametrize("shape", [(1, 1), (5, 8), (300, 200)])
def test_the_parts_of_a_photo_are_it_and_its_halves(shape: tuple[int, int]) -> None:
    photo = np.arange(shape[0] * shape[1] * 3, dtype=np.uint8).reshape(*shape, 3)
    parts = parts_of_photo(photo)
    assert len(parts) == PARTS
    assert np.array_equal(parts[0], photo)
    assert all(part.size for part in parts)
