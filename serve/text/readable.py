"""Text as a reader sees it: without mark-up and what is not seen; what is drawn as a Latin letter is one."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>")
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "big",
        "em",
        "font",
        "i",
        "mark",
        "s",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "u",
        "wbr",
    ]
)
"""Elements that do not part what stands before them from what stands after."""

_PERCENT = re.compile(r"%([46][1-9A-Fa-f]|[57][0-9Aa])")
"""Latin letters as addresses write them."""

_BACKWARDS = re.compile("\u202e([^\u202c\u202e\n]*)\u202c?")
"""What is shown from right to left, whatever it is."""

_LATIN_BY_NAME = re.compile(
    r"(?:NEGATIVE )?(?:SQUARED |CIRCLED )?"
    r"LATIN (?:(CAPITAL)|SMALL)? ?LETTER (?:SMALL CAPITAL |DOTLESS |SCRIPT |BARRED )?([A-Z])"
    r"(?: WITH [A-Z ]+)?"
)
"""How Unicode names letters that are Latin ones, drawn otherwise. It takes no stroke and no hook from a letter."""

_DRAWN: Final = (
    (0x0180, 0x02B0), (0x1D00, 0x1DC0), (0x1E00, 0x1F00), (0x2100, 0x2150), (0x2460, 0x2500), (0x2C60, 0x2C80),
    (0xA720, 0xA800), (0xFF01, 0xFF5F), (0x1D400, 0x1D800), (0x1F110, 0x1F190),
)  # fmt: skip
"""Blocks of code points in which such letters stand, and wide and mathematical ones."""

_SENTENCES: Final = (0xFDFA, 0xFDFB)
"""Blessings that are drawn as one letter and taken apart as 18 and 8, which name no brand: in a description they would
be most of what is read."""

_UNSEEN: Final = (
    (0x00AD, 0x00AE), (0x0300, 0x0370), (0x061C, 0x061D), (0x115F, 0x1161), (0x17B4, 0x17B6), (0x180B, 0x180F),
    (0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x200B, 0x2010), (0x202A, 0x202F), (0x2060, 0x2070), (0x20D0, 0x2100),
    (0x3164, 0x3165), (0xFE00, 0xFE10), (0xFE20, 0xFE30), (0xFEFF, 0xFF00), (0xFFA0, 0xFFA1), (0xE0000, 0xE0200),
)  # fmt: skip
"""Code points that nothing is drawn for, and accents and strokes that belong to no letter once text is composed."""


def readable(text: str) -> str:
    """What a reader of the listing's page sees of `text`, in form NFC; letters keep their case.

    The time it takes grows with the length of `text` and with nothing else.
    """
    if "<" in text:
        text = _TAG.sub(lambda tag: "" if tag[2].lower() in _INLINE else " ", text)
    if "&" in text:
        text = html.unescape(text)
    if "%" in text:
        text = _PERCENT.sub(lambda letter: chr(int(letter[1], 16)), text)
    if text.isascii():
        return text
    return _BACKWARDS.sub(lambda shown: shown[1][::-1], text).translate(_AS_SEEN)


def _as_seen() -> Iterator[tuple[int, str | None]]:
    for first, behind in _DRAWN:
        for code in range(first, behind):
            letter = _plain(chr(code))
            if letter is not None:
                yield code, letter
    for first, behind in _UNSEEN:
        yield from dict.fromkeys(range(first, behind)).items()
    yield from dict.fromkeys(_SENTENCES, " ").items()


def _plain(letter: str) -> str | None:
    """The Latin letter, digit or sign that `letter` is drawn as; None for what is none, or is taken apart as it is."""
    alike = unicodedata.normalize("NFKC", letter)
    if len(alike) == 1 and alike.isascii():
        return alike
    named = _LATIN_BY_NAME.fullmatch(unicodedata.name(letter, ""))
    if named is None or unicodedata.decomposition(letter):
        return None
    return named[2] if named[1] else named[2].lower()


_AS_SEEN: Final = dict(_as_seen())
