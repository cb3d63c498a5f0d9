"""Letters as they are compared: without case, accents and signs, and look-alikes taken for what they stand for."""

from __future__ import annotations

import re
import unicodedata

_LATIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
"""Letters of Latin alphabets that Unicode does not take apart."""

_SIGNS_SPELL = range(0x0900, 0x0E80)
"""Scripts of South Asia and Thai, in which signs are vowels and no accents."""

_LOOK_ALIKES = str.maketrans(
    "авсеёнкмортхуіїјѕԁԛԝαβεηικνορτυχ",
    "abceehkmoptxyiijsdqwabenikvoptux",
)
"""Cyrillic and Greek letters, and the Latin ones that they are drawn like (a part of UTS #39's confusables)."""

_DIGITS = [str.maketrans("0135", f"o{one}es") for one in "il"]

_FROM_ELSEWHERE, _A_DIGIT = re.compile(r"[\u0370-\u03ff\u0400-\u052f]"), re.compile(r"[0135]")
_A_LATIN_LETTER = re.compile(r"[a-z]")


def folded(text: str) -> str:
    """Letters and digits alone, without case and accents."""
    plain = text.casefold()
    if not plain.isascii():
        # Letter by letter: accents that follow each other would be sorted, thousands of them in quadratic time.
        plain = "".join(unicodedata.normalize("NFKD", letter) for letter in plain.translate(_LATIN))
    return "".join(letter for letter in plain if letter.isalnum() or _is_vowel(letter))


def disguised(word: str) -> list[str]:
    """What a folded `word` may be meant for, where letters of another alphabet or digits stand among Latin ones."""
    if not _A_LATIN_LETTER.search(word):
        return []
    latin = word.translate(_LOOK_ALIKES) if _FROM_ELSEWHERE.search(word) else word
    spelled = [latin.translate(digits) for digits in _DIGITS] if _A_DIGIT.search(latin) else []
    return [one for one in dict.fromkeys((latin, *spelled)) if one != word]


def _is_vowel(letter: str) -> bool:
    return ord(letter) in _SIGNS_SPELL and unicodedata.category(letter) in ("Mc", "Mn")
