"""Phrases and the texts in which they are looked for, written alike."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from serve.text.letters import in_latin
from serve.text.readable import readable

FEWEST_LETTERS: Final = 4
"""Shorter phrases are parts of words."""

FEWEST_UNSPACED: Final = 2
"""Of Chinese characters or Hangul two make a word."""

_UNSPACED = re.compile(r"[\u3400-\u9fff\uac00-\ud7af]")
_WORD = re.compile(r"\w+")
_SPACES = re.compile(r"[^\S\n]+")


def alike(text: str) -> str:
    """`text`, whose accents are few, as a reader sees it, in lower case, wide and half letters as plain ones, and words
    of letters of several alphabets in Latin ones."""
    seen = readable(text)
    if not seen.isascii():
        seen = _WORD.sub(lambda word: in_latin(word[0]), unicodedata.normalize("NFKC", seen))
    return _SPACES.sub(" ", seen).casefold()


def says(text: str, phrase: str) -> bool:
    """Whether `phrase` stands in `text`, both written `alike`; a phrase that is too short stands nowhere."""
    fewest = FEWEST_UNSPACED if _UNSPACED.search(phrase) else FEWEST_LETTERS
    return len(phrase) >= fewest and phrase in text
