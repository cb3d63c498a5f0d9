"""Words that are misspelt by one letter, found among many in a time that does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

FEWEST_MISSPELT: Final = 7
"""Letters of a word from which one may be missing, too many or in its neighbour's place."""

FEWEST_EXCHANGED: Final = 9
"""Letters of a word from which one may be another: "carrier" is no misspelt Cartier."""


class NearWords:
    """Words, by what is left of them without one letter (as SymSpell has it); never changes."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = {word for word in words if len(word) >= FEWEST_MISSPELT and word.isascii() and word.isalpha()}
        self._without: dict[str, set[str]] = {}
        for word in sorted(self._words):
            for shorter in _without_one(word):
                self._without.setdefault(shorter, set()).add(word)

    def near(self, text: str) -> list[str]:
        """The words that `text` misspells; the first letter is right."""
        if len(text) < FEWEST_MISSPELT - 1 or not text.isascii():
            return []
        found = set(self._without.get(text, ()))
        for shorter in _without_one(text):
            if shorter in self._words:
                found.add(shorter)
            found.update(word for word in self._without.get(shorter, ()) if _misspells(text, word))
        return sorted(word for word in found if word[0] == text[0] and word != text)


def _misspells(text: str, word: str) -> bool:
    """Whether `text`, which has as many letters as `word`, has one other, or two neighbours exchanged."""
    if len(text) != len(word):
        return False
    differ = [place for place, letter in enumerate(text) if letter != word[place]]
    if len(differ) == 1:
        return len(word) >= FEWEST_EXCHANGED
    return (
        len(differ) == 2
        and differ[1] == differ[0] + 1
        and text[differ[0]] == word[differ[1]]
        and (text[differ[1]] == word[differ[0]])
    )


def _without_one(word: str) -> Iterator[str]:
    return (word[:place] + word[place + 1 :] for place in range(len(word)))
