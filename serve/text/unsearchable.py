"""Names that a search passes over: in letters that stand each by itself ("N i k e") or are drawn otherwise ("𝐍𝐢𝐤𝐞").

A line that is written so for the most part is decoration, and hides nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from serve.text.letters import folded
from serve.text.readable import readable
from serve.text.tokens import MOST_SPACED, MOST_TOKENS, NamesIn

FEWEST_SPACED: Final = 4
"""Letters of a name from which it may be spaced: a row of fewer is a row of sizes."""

_LETTER = r"(?<![^\W_])[A-Za-z](?![^\W_])"
_SPACED = re.compile(rf"{_LETTER}(?:(?:[^\w\n,;:!?|()\[\]]|_){{1,3}}{_LETTER}){{{FEWEST_SPACED - 1},}}")
_PLAIN = re.compile(r"[^\W\d_]{2,}")

_STYLES: Final = (
    (0x0250, 0x02B0), (0x1D00, 0x1D2C), (0x2100, 0x2150), (0x24B6, 0x24EA), (0x1D400, 0x1D800), (0x1F110, 0x1F18A)
)  # fmt: skip
"""Blocks of code points in which Latin letters stand that are drawn otherwise; wide ones are typed in East Asia."""

_DRAWN = "".join(
    chr(code)
    for first, behind in _STYLES
    for code in range(first, behind)
    if readable(chr(code)).isascii() and (code >= 0x1D00 or "SMALL CAPITAL" in unicodedata.name(chr(code), ""))
)
_WORD = re.compile(rf"(?<![A-Za-z{_DRAWN}])[A-Za-z]*[{_DRAWN}][A-Za-z{_DRAWN}]*")


def spaced_names(seen: str, named: NamesIn) -> Iterator[tuple[str, str]]:
    """The words whose letters stand each by itself in a text, as it is seen, and not together too; with what is there.

    The time it takes grows with the length of the text.
    """
    hidden = _hidden(seen, _SPACED, named)
    for line in seen.splitlines() if hidden else ():
        runs = [[letter.start() for letter in re.finditer(r"[A-Za-z]", run[0])] for run in _SPACED.finditer(line)]
        singles, plain = sum(map(len, runs)), len(_PLAIN.findall(line))
        for run, places in zip(_SPACED.finditer(line), runs, strict=True):
            letters = "".join(run[0][place] for place in places).lower()
            for first, length in _parts(len(letters), least=FEWEST_SPACED, most=MOST_SPACED):
                word = letters[first : first + length]
                if word in hidden and 0 < plain >= singles - length:
                    yield word, run[0][places[first] : places[first + length - 1] + 1]


def drawn_names(given: str, named: NamesIn) -> Iterator[tuple[str, str]]:
    """The words of which letters are drawn otherwise in a text, as it was given, and nowhere plainly; with what is
    there.

    The time it takes grows with the length of the text.
    """
    hidden = frozenset[str]() if given.isascii() else _hidden(given, _WORD, named)
    for line in given.splitlines() if hidden else ():
        words = list(_WORD.finditer(line))
        plain = len(_PLAIN.findall(_WORD.sub(" ", line)))
        for first, length in _parts(len(words), least=1, most=MOST_TOKENS):
            word = "".join(folded(readable(one[0])) for one in words[first : first + length])
            if word in hidden and plain > len(words) - length:
                yield word, line[words[first].start() : words[first + length - 1].end()]


def _hidden(text: str, written: re.Pattern[str], named: NamesIn) -> frozenset[str]:
    """The words that a text names only by what is `written` so."""
    if not written.search(text):
        return frozenset()
    return frozenset(named(text)).difference(named(written.sub(" ", text)))


def _parts(count: int, *, least: int, most: int) -> Iterator[tuple[int, int]]:
    """From the first on, each part of a row of `count`, and how long it is."""
    return ((first, length) for first in range(count) for length in range(least, min(most, count - first) + 1))
