"""Phrases and the texts in which they are looked for, written alike."""

from __future__ import annotations

import re
from typing import Final

from serve.text.letters import as_seen

FEWEST_LETTERS: Final = 4
"""Shorter phrases are parts of words."""

FEWEST_UNSPACED: Final = 2
"""Of Chinese characters or Hangul two make a word."""

_UNSPACED = re.compile(r"[\u3400-\u9fff\uac00-\ud7af]")
_SPACES = re.compile(r"[^\S\n]+")


def normalised(text: str) -> str:
    """`text`, whose accents are few, as a reader sees it, in lower case, wide and half letters as plain ones, and words
    of letters of several alphabets in Latin ones."""
    return _SPACES.sub(" ", as_seen(text)).casefold()


def says(text: str, phrase: str) -> bool:
    """Whether `phrase` stands in `text`, both `normalised`; a phrase that is too short stands nowhere."""
    fewest = FEWEST_UNSPACED if _UNSPACED.search(phrase) else FEWEST_LETTERS
    return len(phrase) >= fewest and phrase in text
