from __future__ import annotations

import cv2
import numpy as np
import pytest

from serve.scanning.evidence import INK, PAPER, SMALL, _lines, _write

ROOM = 784
MADE_UNREADABLE = (
    "a place that takes 12 % of the photo was made unreadable, and another picture of the listing shows a mark of "
)


def lines(text: str, *, most: int = 2) -> list[str]:
    return _lines(text, room=ROOM, most=most, size=SMALL)


def drawn(text: str) -> np.ndarray:
    canvas = np.full((40, ROOM, 3), PAPER, np.uint8)
    _write(canvas, text, (8, 25), INK, size=SMALL)
    return canvas


def test_reasons_are_shown_whole_where_they_fit_into_the_lines() -> None:
    for brand in ("Puma", "A Brand With A Name That Is Long Enough For Another Line"):
        assert " ".join(lines(MADE_UNREADABLE + brand)) == MADE_UNREADABLE + brand


@pytest.mark.parametrize("text", ["x" * 500, "some words " * 60, MADE_UNREADABLE * 3, "帅师" * 200])
@pytest.mark.parametrize("most", [1, 2])
def test_what_does_not_fit_ends_with_dots_and_nothing_leaves_the_picture(text: str, most: int) -> None:
    shown = lines(text, most=most)
    assert len(shown) <= most
    assert shown[-1].endswith("...")
    face = cv2.FontFace("sans")
    assert all(cv2.getTextSize((0, 0), line, (0, 0), face, SMALL)[2] <= ROOM for line in shown)


@pytest.mark.parametrize("letters", ["é", "师", "帅", "ナ", "이", "Ж"])
def test_letters_of_other_scripts_are_drawn(letters: str) -> None:
    blank, lacking = drawn(""), drawn("\ue000")
    assert (drawn(letters) != blank).any()
    assert (drawn(letters) != lacking).any()
