from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from model.reading import Line, stacks
from model.regions import Box, Region
from serve.scanning.written_words import LIKE_WORDS, overlooked, written_in
from serve.text.brand_words import BrandNames, BrandWords

WORDS = BrandWords({"face": BrandNames("The North Face", ()), "north": BrandNames("Nordsee", ())})


def below_each_other(*texts: str) -> list[Line]:
    lines = [Line(text, Box(0, 34 * number, 100, 30)) for number, text in enumerate(texts)]
    return [*lines, *stacks(lines)]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["THE", "NORTH", "FACE"], [("THE NORTH FACE", "face", "exact")]),
        (["THE NORTH", "FAKE"], [("THE NORTH FAKE", "face", "near")]),
        (["THE NORTH FACE", "1966"], [("THE NORTH FACE", "face", "exact")]),
        (["NORDSEE", "THE NORTH FACE"], [("NORDSEE", "north", "exact"), ("THE NORTH FACE", "face", "exact")]),
        (["SUMMER", "SALE"], []),
    ],
)
def test_lines_below_each_other_spell_a_name_that_none_of_them_spells_alone(
    texts: list[str], found: list[tuple[str, str, str]]
) -> None:
    written = written_in(below_each_other(*texts), words=WORDS)
    assert [(one.line.text, word.brand_id, word.kind) for one in written for word in one.spelled] == found


def test_the_place_of_such_a_name_is_that_of_all_its_lines() -> None:
    (one,) = written_in(below_each_other("THE", "NORTH", "FACE"), words=WORDS)
    assert one.region.box == Box(0, 0, 100, 98)


def read_in(*boxes: Box, looks: list[float], lines: list[Line] | None = None) -> list[Box]:
    """The boxes that are read by themselves in a picture with such regions."""
    read: list[Box] = []
    bundle: Any = SimpleNamespace(reader=SimpleNamespace(line_in=lambda _image, box: read.append(box)))
    regions = [Region(box, 1.0) for box in boxes]
    picture = np.zeros((300, 300, 3), np.uint8)
    assert overlooked(picture, regions, np.array(looks, np.float32), lines=lines or [], bundle=bundle) == []
    return read


SIDE_BY_SIDE = [Box(0, 50 * number, 100, 40) for number in range(5)]


def test_the_three_likest_to_words_are_read_by_themselves() -> None:
    first, second, third, fourth, fifth = SIDE_BY_SIDE
    assert read_in(*SIDE_BY_SIDE, looks=[2, 4, LIKE_WORDS - 0.1, 3, 1]) == [second, fourth, first]
    assert read_in(third, fifth, looks=[LIKE_WORDS, LIKE_WORDS - 0.1]) == [third]


def test_what_was_found_as_a_line_is_not_read_again() -> None:
    first, second, *_ = SIDE_BY_SIDE
    assert read_in(first, second, looks=[2, 2], lines=[Line("ADIDAS", Box(10, 5, 60, 30))]) == [second]
    assert read_in(first, first.grown(0.1), looks=[2, 1]) == [first]


def test_no_line_is_as_high_as_it_is_wide() -> None:
    assert read_in(Box(0, 0, 80, 80), looks=[2]) == []
