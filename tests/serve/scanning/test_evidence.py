from __future__ import annotations

import cv2

from serve.scanning.evidence import FONT, _lines

ROOM = 784
MADE_UNREADABLE = (
    "a place that takes 12 % of the photo was made unreadable, and another picture of the listing shows a mark of "
)


def lines(text: str, *, most: int = 2) -> list[str]:
    return _lines(text, room=ROOM, most=most, scale=0.43, thickness=1)


def test_reasons_are_shown_whole_where_they_fit_into_the_lines() -> None:
    for brand in ("Puma", "A Brand With A Name That Is Long Enough For Another Line"):
        assert " ".join(lines(MADE_UNREADABLE + brand)) == MADE_UNREADABLE + brand


def test_what_does_not_fit_ends_with_dots_and_nothing_leaves_the_picture() -> None:
    for text in ("x" * 500, "some words " * 60, MADE_UNREADABLE * 3):
        for most in (1, 2):
            shown = lines(text, most=most)
            assert len(shown) <= most
            assert shown[-1].endswith("...")
            assert all(cv2.getTextSize(line, FONT, 0.43, 1)[0][0] <= ROOM for line in shown)


def test_accents_are_left_out_and_what_the_font_lacks_is_a_question_mark() -> None:
    assert lines("Société Générale 匹克") == ["Societe Generale ??"]
