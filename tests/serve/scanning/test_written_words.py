from __future__ import annotations

import pytest

from model.reading import Line, stacks
from model.regions import Box
from serve.scanning.written_words import written_in
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
