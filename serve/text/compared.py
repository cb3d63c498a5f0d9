"""Text as phrases are looked for in it: in small letters without accents, and what is written so that no filter reads
it ("r e p l i c a", "rep1ica", "REPLlCA", "rep.lica") as a reader takes it.

Every letter keeps its place, so that what is found can be shown as the seller wrote it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from typing import Final

from serve.text.letters import i_for_l, may_be_swapped, unswapped

FILLING: Final = "\0"
"""What stands behind a word that was put together, in as many places as the signs between its letters took."""

FEWEST_PARTED: Final = 5
"""Letters from which a word with signs in it is put together; shorter ones may be two words, or an ending."""

MOST_SWAPPED: Final = 20
"""Letters of a word in which an L may be put for an I: no word of a phrase is longer, and each L is tried by itself."""

_WITH_DIGITS = re.compile(r"(?<![a-z])[a-z]+(?:[01345][a-z]+)+")
_READ_WITH_L, _READ_WITH_I = (str.maketrans("01345", letters) for letters in ("oleas", "oieas"))
_LATIN_WORD = re.compile(r"[A-Za-z]+")
_SPELLED = re.compile(r"(?<!\w)[a-z]([^\w\s]|[^\S\n])[a-z](?:\1[a-z]){2,}(?!\w)")
_PARTED = re.compile(r"(?<!\w)[a-z]+(?:[._~*'’-][a-z]+)+(?!\w)")
_NO_LETTER = re.compile(r"[^a-z]")


def as_compared(seen: str, words: Container[str]) -> str:
    """`seen`, as it is compared with phrases of these `words` (`in_small_letters`), letter for letter as long."""
    small = in_small_letters(_unswapped(seen, words))
    small = _WITH_DIGITS.sub(lambda word: _without_digits(word[0], words), small)
    small = _SPELLED.sub(lambda word: _put_together(word[0]), small)
    return _PARTED.sub(lambda word: _put_together(word[0]) if _is_parted(word[0], words) else word[0], small)


def in_small_letters(seen: str) -> str:
    """`seen` in small letters without accents, each letter in its place."""
    return seen.lower() if seen.isascii() else "".join(map(_bare, seen))


def _unswapped(seen: str, words: Container[str]) -> str:
    """`seen` with a capital I for each small L, and the reverse, where that makes one of the `words`."""
    return _LATIN_WORD.sub(lambda word: _meant_by(word[0], words), seen)


def _meant_by(word: str, words: Container[str]) -> str:
    small = word.lower()
    if len(word) > MOST_SWAPPED or small in words or not ("l" in word or may_be_swapped(word)):
        return word
    return next((meant for meant in (unswapped(word).lower(), *sorted(i_for_l(small))) if meant in words), word)


def _without_digits(word: str, words: Container[str]) -> str:
    """A `word` with the letters that its digits are put for: of a 1 the L of a phrase ("rep1ica"), or else an I."""
    with_l = word.translate(_READ_WITH_L)
    return with_l if with_l in words else word.translate(_READ_WITH_I)


def _is_parted(written: str, words: Container[str]) -> bool:
    """Whether a word with signs in it is one of the `words` without them."""
    letters = _NO_LETTER.sub("", written)
    return len(letters) >= FEWEST_PARTED and letters in words


def _put_together(written: str) -> str:
    return _NO_LETTER.sub("", written).ljust(len(written), FILLING)


def _bare(letter: str) -> str:
    """A letter of an alphabet, small and without accents; others as they are."""
    if not ("\u00c0" <= letter <= "\u058f" or "\u1e00" <= letter <= "\u1fff"):
        small = letter.lower()
    else:
        small = unicodedata.normalize("NFD", letter)[0].lower().replace("ı", "i").replace("ł", "l").replace("ø", "o")
    return small if len(small) == 1 else letter
