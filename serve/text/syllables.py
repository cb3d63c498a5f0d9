"""How Chinese names are read: the syllables of their characters, and the pinyin that may be written for them.

Tones do not count, and a character sounds in every way in which it may be read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from pypinyin import Style, lazy_pinyin, pinyin

from model.simplified import simplified
from serve.text.tokens import HAN, word_list

LONGEST_SYLLABLE: Final = 6
"""Letters."""

FEWEST_SYLLABLES: Final = 3
"""Syllables of a name from which it is known in pinyin alone."""

FEWEST_IN_PINYIN: Final = 7
"""Letters from which such a name is known: shorter ones are words of other languages."""

FEWEST_BESIDE: Final = 2
"""Letters of a syllable that stands for one of two characters."""

LAST_KEPT: Final = "\uffff"
"""The last letter of which is kept what it is: texts of rare ones would fill the memory."""

HAN_LETTER: Final = re.compile(f"[{HAN}]")

_OTHER_WORDS: Final = word_list("pinyin_words.txt") | word_list("english_words.txt")
"""Syllables that stand beside Chinese characters as words of their own."""

_ROUND_U = str.maketrans("üǖǘǚǜ", "vvvvv")


class Letter(NamedTuple):
    """A character in the simplified script, and the syllables that it may be read as; none unless it is Chinese."""

    plain: str
    readings: tuple[str, ...]


class _Letters(dict[str, Letter]):
    """What each letter is, found when it is first asked for."""

    def __missing__(self, letter: str) -> Letter:
        plain = simplified(letter)
        read = pinyin(plain, style=Style.NORMAL, heteronym=True)[0] if HAN_LETTER.match(plain) else []
        found = Letter(plain, tuple(one for one in read if one.isascii() and one.isalpha()))
        if letter <= LAST_KEPT:
            self[letter] = found
        return found


LETTERS: Final = _Letters()
"""By letter, of which the empty one is no Chinese character."""


def as_pinyin(written: str) -> str:
    """Latin letters as pinyin without tones is written; a rounded U is a V."""
    small = written.lower()
    if small.isascii():
        return small
    parts = unicodedata.normalize("NFKD", small.translate(_ROUND_U))
    return "".join(letter for letter in parts if letter.isalpha())


def readings_of(name: str) -> list[tuple[str, ...]]:
    """What each character of a `name` may be read as, in the word that the name is and by itself."""
    alone, together = [LETTERS[letter].readings for letter in name], _as_word(name)
    if len(together) != len(name):
        return alone
    return [tuple(dict.fromkeys((one, *others))) for one, others in zip(together, alone, strict=True)]


def all_in_pinyin(name: str) -> Iterator[str]:
    """How a `name` is written in pinyin alone, if that is long enough; a rounded U as a V or without its dots."""
    by_letter = tuple(one for letter in name for one in LETTERS[letter].readings[:1])
    for syllables in dict.fromkeys((_as_word(name), by_letter)):
        written = "".join(syllables)
        if len(syllables) == len(name) >= FEWEST_SYLLABLES and len(written) >= FEWEST_IN_PINYIN:
            yield from dict.fromkeys((written, written.replace("v", "u")))


def half_in_pinyin(name: str) -> Iterator[tuple[str, str]]:
    """The syllables of either character of a `name` of two, and the name with it, where that is no word of its own."""
    first, second = tuple(name)
    yield from ((one, first + one) for one in LETTERS[second].readings if _may_stand_for(one))
    yield from ((one, one + second) for one in LETTERS[first].readings if _may_stand_for(one))


def _may_stand_for(syllable: str) -> bool:
    return len(syllable) >= FEWEST_BESIDE and syllable not in _OTHER_WORDS


@lru_cache(maxsize=100_000)
def _as_word(name: str) -> tuple[str, ...]:
    """The syllables of a name as the word that it is, of which a dictionary may know how it is read."""
    return tuple(one for one in lazy_pinyin(name) if one.isascii() and one.isalpha())
