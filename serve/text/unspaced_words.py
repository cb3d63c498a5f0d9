"""Words of scripts that put no space between words, found in a text: Chinese, Thai, kana and Hangul."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from operator import add

from serve.text.letters import folded
from serve.text.tokens import HAN

HAN_BEGINNING = 4
"""Letters by which a word of Chinese characters is found before it is compared as a whole."""

MOST_ATTACHED = 12
"""Letters of a word in kana or Hangul to which others are attached, at most."""

_UNSPACED = re.compile(rf"[{HAN}\u0e00-\u0e7f]")
"""Chinese characters and Thai letters, between whose words nothing stands."""

_ATTACHED = re.compile(r"[\u30a0-\u30ff]+|[\u3040-\u309f]+|[\uac00-\ud7af]+")
"""Katakana, hiragana and Hangul: particles and other words follow a word in the same run of letters."""


class UnspacedWords:
    """The words of Chinese and Thai among folded `words`; never changes. Each is found by its first `HAN_BEGINNING`
    letters, from the first on that is none of a script with spaces."""

    def __init__(self, words: Iterable[str]) -> None:
        self._begun: dict[str, list[str]] = {}
        for word in words:
            first = _UNSPACED.search(word)
            if first:
                self._begun.setdefault(word[first.start() :][:HAN_BEGINNING], []).append(word)
        self._lengths = {len(beginning) for beginning in self._begun}
        self._pairs = {beginning[:2] for beginning in self._begun if len(beginning) > 1}

    def in_text(self, text: str) -> list[str]:
        """Those that stand in `text`."""
        if not self._begun or not _UNSPACED.search(text):
            return []
        han = folded(text)
        starts = [start for start, pair in enumerate(map(add, han, han[1:])) if pair in self._pairs]
        pieces = {han[start : start + length] for length in self._lengths for start in starts}
        if 1 in self._lengths:
            pieces.update(han)
        begun = (word for piece in self._begun.keys() & pieces for word in self._begun[piece])
        return sorted(word for word in begun if word in han)


def beginnings(text: str) -> Iterator[str]:
    """What runs of kana and Hangul begin with, folded: the word, and what is attached to it left out."""
    for run in _ATTACHED.findall(text):
        for last in range(2, min(len(run), MOST_ATTACHED) + 1):
            yield folded(run[:last])
