"""Words of which some letters are masked, found among many by the letters that are left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


class MaskedWords:
    """Words by which letter stands where in them; never changes.

    Sellers may write tens of thousands of letters, and none of them may cost a look at every word. So the words of a
    length that have a letter in a place are the bits of one number, and those that have several letters are what the
    numbers have in common.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words: dict[int, list[str]] = {}
        self._having: dict[tuple[int, int, str], int] = {}
        for word in sorted(words):
            same_length = self._words.setdefault(len(word), [])
            bit = 1 << len(same_length)
            same_length.append(word)
            for place, letter in enumerate(word):
                key = len(word), place, letter
                self._having[key] = self._having.get(key, 0) | bit

    def matching(self, parts: Sequence[str]) -> Iterator[str]:
        """The words, in their order, that are the `parts` with one letter, whatever it is, between each two."""
        length, place = sum(map(len, parts)) + len(parts) - 1, 0
        words = self._words.get(length, [])
        left = (1 << len(words)) - 1
        for part in parts:
            for letter in part:
                if not left:
                    return
                left &= self._having.get((length, place, letter), 0)
                place += 1
            place += 1
        while left:
            lowest = left & -left
            yield words[lowest.bit_length() - 1]
            left ^= lowest
