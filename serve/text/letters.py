"""Letters as they are compared: without case, accents and signs, and look-alikes taken for what they stand for."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from model.simplified import simplified
from serve.text.readable import readable

_LATIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
"""Letters of Latin alphabets that Unicode does not take apart."""

_SIGNS_SPELL = range(0x0900, 0x0E80)
"""Scripts of South Asia and Thai, in which signs are vowels and no accents."""

_WORD = re.compile(r"\w+")

_MOST_KEPT: Final = 0xFFFF
"""Codes up to which what is left of a letter is kept; texts of rare ones would fill the memory."""

_LOOK_ALIKES: Final = (
    ("АВСЕЁНКМОРТХУІЇЈЅԌԚԜИЯЗӀҮ", "abceehkmoptxyiijsgqwnr3ly"),
    ("авсеёнкмортхуіїјѕԁԛԝгпһьяиӏү", "abceehkmoptxyiijsdqwrnhbrnly"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧΛΣ", "abezhikmnoptyxae"),
    ("αβεηικνορτυχγωςϲϳ", "abenikvoptuxywscj"),
    ("ՕՍՏՈՀԼօսոհցզյ", "ousnhlouuhgqj"),
    ("ᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᏃ", "abcdeghijklmprstvwz"),
    ("ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "bpdtgkjczfmnlsrvhwxyaeiou"),
)
"""Letters of Cyrillic, Greek, Armenian, Cherokee and Lisu, and the Latin ones that they are drawn like (a part of UTS
#39's confusables) or put for. A capital may be drawn like another letter than its small one."""

_SIGNS: Final = "@$!|¡€£"

_IN_LATIN = str.maketrans("".join(letters for letters, _ in _LOOK_ALIKES), "".join(drawn for _, drawn in _LOOK_ALIKES))
_READ_AS = [_IN_LATIN | str.maketrans("0135" + _SIGNS, f"o{one}es" + f"as{one}{one}{one}el") for one in "il"]
_MORE_DIGITS = str.maketrans("46789", "agtbg")
"""Digits that are put for letters in longer words alone: many names of models are a few letters and digits."""

_FEWEST_WITH_MORE = 4

_PUT_FOR_LETTERS = re.compile(f"[013-9{re.escape(_SIGNS)}{''.join(letters for letters, _ in _LOOK_ALIKES)}]")
_A_LATIN_LETTER = re.compile(r"[A-Za-z]")

_FOR_CAPITAL_I = re.compile(r"(?:^|(?<=#))l|(?<=[A-Z])l(?=[A-Z]|$)")
"""A small L where a capital I would stand, which most typefaces draw alike: at the beginning, or among capitals."""

_FOR_SMALL_L = re.compile(r"(?<=[a-zI])I(?=[a-zI]|$)")
"""A capital I where a small L would stand: behind a small letter."""

_RIGHTS: Final = dict.fromkeys((0xA9, 0xAE, 0x2117, 0x2120, 0x2122), " ")
"""Signs that a name is protected, which are no letters of it: ™ would be read as TM."""


class _Folding(dict[int, str]):
    """What is left of each letter, by its code, once case is folded: found when it is first asked for."""

    def __missing__(self, code: int) -> str:
        # Letter by letter: accents that follow each other would be sorted, thousands of them in quadratic time.
        parts = unicodedata.normalize("NFKD", chr(code).translate(_LATIN)).casefold()
        left = simplified("".join(letter for letter in parts if letter.isalnum() or _is_vowel(letter)))
        if code <= _MOST_KEPT:
            self[code] = left
        return left


_FOLDING: Final = _Folding()


def folded(text: str) -> str:
    """Letters and digits alone, without case and accents; Chinese ones in the simplified script."""
    plain = text.casefold()
    if plain.isascii() and plain.isalnum():
        return plain
    return plain.translate(_FOLDING)


def disguised(word: str) -> list[str]:
    """What a `word`, as it is written, may be meant for, folded: letters of another alphabet, digits or signs stand
    among Latin letters, or a small L where a capital I would, or the reverse. Of what may be an I or an L the one comes
    first."""
    swapped = unswapped(word)
    if not (_A_LATIN_LETTER.search(word) and (swapped != word or _PUT_FOR_LETTERS.search(word))):
        return []
    spelled = [folded(one.translate(read_as)) for one in dict.fromkeys((word, swapped)) for read_as in _READ_AS]
    if len(word) >= _FEWEST_WITH_MORE:
        spelled += [one.translate(_MORE_DIGITS) for one in spelled]
    plain = folded(word)
    return [one for one in dict.fromkeys(spelled) if one != plain]


def i_for_l(word: str) -> set[str]:
    """What a folded `word` is meant for if one small L in it, or every one, is put for an I, which is as narrow."""
    parted = word.split("l")
    return {"i".join(parted), *(f"{'l'.join(parted[:cut])}i{'l'.join(parted[cut:])}" for cut in range(1, len(parted)))}


def drawn_in_latin(word: str) -> str | None:
    """The Latin word, small, that a `word` all of other letters is drawn like; None where there is none."""
    latin = word.translate(_IN_LATIN)
    return latin if latin.isascii() and latin.isalpha() and not _A_LATIN_LETTER.search(word) else None


def may_be_swapped(word: str) -> bool:
    """Whether a small L stands in `word` where a capital I would, or the reverse."""
    return bool(_FOR_CAPITAL_I.search(word) or _FOR_SMALL_L.search(word))


def unswapped(word: str) -> str:
    """`word` with a capital I for each such small L, and the reverse."""
    return _FOR_CAPITAL_I.sub("I", _FOR_SMALL_L.sub("l", word))


def in_latin(word: str) -> str:
    """`word` in Latin letters, if it has any; what is drawn like none stays."""
    return word.translate(_IN_LATIN) if _A_LATIN_LETTER.search(word) else word


def _is_vowel(letter: str) -> bool:
    return ord(letter) in _SIGNS_SPELL and unicodedata.category(letter) in ("Mc", "Mn")


def as_seen(text: str) -> str:
    """`text` as a reader sees it; wide letters are plain ones, and words of several alphabets in Latin letters."""
    seen = readable(text)
    if seen.isascii():
        return seen
    return _WORD.sub(lambda word: in_latin(word[0]), unicodedata.normalize("NFKC", seen.translate(_RIGHTS)))
