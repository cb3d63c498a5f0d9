"""Phrases and the texts in which they are looked for, written alike."""

from __future__ import annotations

import re
from typing import Final

from model.simplified import simplified
from serve.text.letters import as_seen
from serve.text.tokens import CJK, HAN

FEWEST_LETTERS: Final = 4
"""Shorter phrases are parts of words."""

FEWEST_UNSPACED: Final = 2
"""Of Chinese characters or Hangul two make a word."""

_UNSPACED = re.compile(rf"[{HAN}\uac00-\ud7af]")
_LETTER = rf"[^\W_{CJK}\u0e00-\u0e7f]"
"""A letter or digit of a script that puts spaces between words."""

_SPACES = re.compile(r"[^\S\n]+")


def normalised(text: str) -> str:
    """`text`, whose accents are few, as a reader sees it, in lower case, wide and half letters as plain ones, words
    of letters of several alphabets in Latin ones, and Chinese in the simplified script."""
    return simplified(_SPACES.sub(" ", as_seen(text)).casefold())


def is_too_short(phrase: str) -> bool:
    """Whether a `normalised` phrase stands nowhere, since others have its few letters as parts of words."""
    return len(phrase) < (FEWEST_UNSPACED if _UNSPACED.search(phrase) else FEWEST_LETTERS)


def says(text: str, phrase: str) -> bool:
    """Whether the words of `phrase` stand in `text`, both `normalised`; a phrase that is too short stands nowhere.

    In scripts that put spaces between words, what stands within a word is not said: "nothing" is not "thin".
    """
    if is_too_short(phrase) or phrase not in text:
        return False
    begins = f"(?<!{_LETTER})" if re.match(_LETTER, phrase) else ""
    ends = f"(?!{_LETTER})" if re.match(_LETTER, phrase[-1]) else ""
    return re.search(begins + re.escape(phrase) + ends, text) is not None
