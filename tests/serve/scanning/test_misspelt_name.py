from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from model.reading import Line, Reading
from model.regions import Box, Region
from serve.scanning.misspelt_name import _misses, _was_compared


@pytest.mark.parametrize(("line", "compared"), [(Box(60, 90, 60, 20), True), (Box(60, 170, 60, 20), False)])
def test_only_what_lies_in_the_place_of_a_mark_was_laid_on_its_words(line: Box, compared: bool) -> None:
    """The region that a mark was found in may be the whole photo."""
    mark: Any = SimpleNamespace(
        suspect=SimpleNamespace(region=Region(Box(0, 0, 400, 300), 1.0)),
        place=Box(40, 60, 96, 96),
        reference=SimpleNamespace(prepared=None),
    )
    bundle: Any = SimpleNamespace(reader=SimpleNamespace(known=lambda _reference: "umbrella"))
    assert _was_compared(Line("ADOBAS", line, 0.99), [mark], bundle) == compared


@pytest.mark.parametrize(
    ("name", "seen", "confidence", "misses"),
    [
        ("umbra", "umbro", 0.97, True),
        ("puma", "FUMA", 0.995, True),
        ("puma", "FUMA", 0.97, False),
        ("nike", "like", 0.995, False),
        ("nike", "like it", 0.995, False),
    ],
)
def test_a_name_of_four_letters_is_missed_beyond_doubt_and_by_no_everyday_word(
    name: str, seen: str, confidence: float, misses: bool
) -> None:
    line = Line(seen, Box(0, 0, 80, 20), confidence)
    assert _misses(Reading.of(name, line), line) == misses
