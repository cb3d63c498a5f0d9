from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from serve.loop.stock.recurring_marks import MOST_MARKS, SeenPicture, recurring_marks

Vectors = NDArray[np.float32]
NOTHING = np.zeros((0, 64), np.float32)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def mark(rng: np.random.Generator) -> Vectors:
    return unit(rng.normal(size=64))


def near(one: Vectors, rng: np.random.Generator) -> Vectors:
    """Another photo of the mark: a cosine of some 0.9."""
    return unit(one + 0.5 * mark(rng))


def picture(seller: str, *marks: Vectors, rng: np.random.Generator, whole: Vectors | None = None) -> SeenPicture:
    """A photo, other than all others unless `whole` is given, that shows the marks between two places of its own."""
    return SeenPicture(seller, np.stack([mark(rng) if whole is None else whole, mark(rng), *marks, mark(rng)]))


def places(found: Sequence[tuple[int, Vectors]], *, of: Vectors) -> list[float]:
    return [float(vector @ of) for _, vector in found]


def test_what_several_photos_show_is_found_and_nothing_else(rng: np.random.Generator) -> None:
    shown = mark(rng)
    pictures = [picture(f"S{n}", near(shown, rng), rng=rng) for n in range(6)]
    pictures += [picture("S9", rng=rng) for _ in range(10)]
    (found,) = recurring_marks(pictures, [], known=NOTHING)
    assert (found.photos, found.sellers) == (6, 6)
    assert sorted(number for number, _ in found.shown) == list(range(6))
    assert min(places(found.shown, of=shown)) > 0.7


def test_what_other_listings_show_as_well_is_no_mark_of_the_brand(rng: np.random.Generator) -> None:
    button = mark(rng)
    pictures = [picture(f"S{n}", near(button, rng), rng=rng) for n in range(6)]
    others = [picture("O", near(button, rng), rng=rng).vectors for _ in range(5)]
    others += [picture("O", rng=rng).vectors for _ in range(5)]
    assert recurring_marks(pictures, others, known=NOTHING) == []
    assert len(recurring_marks(pictures, others[5:], known=NOTHING)) == 1


def test_one_photo_says_a_thing_once_however_often_it_is_sent(rng: np.random.Generator) -> None:
    shown, whole = mark(rng), mark(rng)
    again = [picture(f"S{n}", near(shown, rng), rng=rng, whole=whole) for n in range(9)]
    assert recurring_marks(again, [], known=NOTHING) == []
    others = [picture(f"T{n}", near(shown, rng), rng=rng) for n in range(2)]
    (found,) = recurring_marks([*again, *others], [], known=NOTHING)
    assert found.photos == 3
    assert len(found.shown) == 3


def test_what_one_seller_shows_alone_is_the_shops_own(rng: np.random.Generator) -> None:
    watermark = mark(rng)
    pictures = [picture("the shop", near(watermark, rng), rng=rng) for _ in range(8)]
    assert recurring_marks(pictures, [], known=NOTHING) == []


def test_what_was_refused_is_not_found_again_and_hides_nothing_else(rng: np.random.Generator) -> None:
    shown, refused = mark(rng), mark(rng)
    pictures = [picture(f"S{n}", near(shown, rng), near(refused, rng), rng=rng) for n in range(5)]
    assert len(recurring_marks(pictures, [], known=NOTHING)) == 2
    (found,) = recurring_marks(pictures, [], known=refused[None])
    assert min(places(found.shown, of=shown)) > 0.6


def test_the_most_shown_come_first_and_no_more_than_so_many(rng: np.random.Generator) -> None:
    marks = [mark(rng) for _ in range(MOST_MARKS + 2)]
    pictures = [picture(f"S{n}", near(one, rng), rng=rng) for place, one in enumerate(marks) for n in range(3 + place)]
    found = recurring_marks(pictures, [], known=NOTHING)
    assert [one.photos for one in found] == [3 + place for place in reversed(range(2, MOST_MARKS + 2))]


def test_no_pictures_and_pictures_without_places_show_nothing(rng: np.random.Generator) -> None:
    assert recurring_marks([], [], known=NOTHING) == []
    bare = [SeenPicture(f"S{n}", mark(rng)[None]) for n in range(5)]
    assert recurring_marks(bare, [bare[0].vectors], known=NOTHING) == []
