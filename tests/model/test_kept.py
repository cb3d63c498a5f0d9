import gc
import weakref

import numpy as np

from model.alignment import PreparedReference, prepare_reference
from model.kept import Kept, Latest


def reference(red: int) -> PreparedReference:
    return prepare_reference(np.full((40, 40, 3), (red, 0, 0), np.uint8))


def test_an_answer_is_worked_out_once_for_each_reference() -> None:
    asked: list[int] = []
    kept = Kept(lambda one: asked.append(red := int(one.picture[0, 0, 0])) or red)
    first, second = reference(10), reference(20)
    assert [kept.of(one) for one in (first, second, first, second)] == [10, 20, 10, 20]
    assert asked == [10, 20]


def test_nothing_is_an_answer_too() -> None:
    asked: list[PreparedReference] = []
    kept = Kept(asked.append)
    one = reference(10)
    assert [kept.of(one), kept.of(one)] == [None, None]
    assert asked == [one]


def test_an_answer_goes_with_its_reference() -> None:
    kept, one = Kept(lambda reference: reference.frame.copy()), reference(10)
    answer = weakref.ref(kept.of(one))
    assert answer() is not None
    del one
    gc.collect()
    assert answer() is None


def test_the_answer_for_a_picture_is_kept_until_another_one_comes() -> None:
    asked: list[int] = []
    latest = Latest(lambda picture: asked.append(red := int(picture[0, 0, 0])) or red)
    first, second = (np.full((2, 2, 3), red, np.uint8) for red in (10, 20))
    assert [latest.of(one) for one in (first, first.copy(), second, first)] == [10, 10, 20, 10]
    assert asked == [10, 20, 10]


def test_a_picture_that_is_drawn_over_is_another_one() -> None:
    latest = Latest(lambda picture: int(picture[0, 0, 0]))
    picture = np.full((2, 2, 3), 10, np.uint8)
    assert latest.of(picture) == 10
    picture[...] = 20
    assert latest.of(picture) == 20
