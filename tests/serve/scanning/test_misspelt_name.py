from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from model.reading import Line
from model.regions import Box, Region
from serve.scanning.misspelt_name import _was_compared


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
