"""Chinese names that are hidden behind what sounds like them: other characters ("香奶儿" for 香奈儿), or pinyin in the
place of some ("香奈er") or of all ("xiangnaier").

A name of two characters is hidden by pinyin alone, since too many pairs sound alike, and what stands exactly as a name
hides none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate, compress, count
from operator import and_, itemgetter
from typing import Final, NamedTuple

from serve.text.syllables import (
    HAN_LETTER,
    LAST_KEPT,
    LETTERS,
    LONGEST_SYLLABLE,
    all_in_pinyin,
    as_pinyin,
    half_in_pinyin,
    readings_of,
)
from serve.text.tokens import HAN, Token

FEWEST_HEARD: Final = 3
"""Characters of a name from which others may sound like some of them."""

FEWEST_LETTERS: Final = 2
"""Letters of pinyin that count as much as the character that they are put for."""

MOST_SYLLABLES: Final = 20
"""Syllables of a name that stand as words in a row, at most."""

BITS: Final = 2048
"""Names among which a place of a text is told at once to begin none; of more, several share a bit."""

_PARTICLES: Final = frozenset("不自是的了在有和与我你他她它就也都很最更没")
"""Characters that mean themselves wherever they sound like one of a name: "西门自提" is no 西门子."""

_NAME = re.compile(rf"[{HAN}]{{2,}}")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]+")
_GAP: Final = frozenset(" .*_-·•~'’")
"""Signs of which one may stand beside pinyin that is put for a character."""

_ANY: Final = -1


class Heard(NamedTuple):
    """A name's `word` in a text by its sound, and from where to where it stands there."""

    word: str
    start: int
    end: int


class _Node:
    """Where names that sound alike so far go on: by the readings of their next character, and by each of these; the
    `words` that end here, and the bits of all. Every name has one place in the tree, however many readings it has.
    """

    __slots__ = ("bits", "by_readings", "by_syllable", "words")

    def __init__(self) -> None:
        self.by_readings: dict[tuple[str, ...], _Node] = {}
        self.by_syllable: dict[str, list[_Node]] = {}
        self.words: list[str] = []
        self.bits = 0

    def with_next(self, readings: tuple[str, ...], *, bit: int) -> _Node:
        """Where the name of a `bit` goes on whose next character has these `readings`."""
        if readings not in self.by_readings:
            node = self.by_readings[readings] = _Node()
            for syllable in readings:
                self.by_syllable.setdefault(syllable, []).append(node)
        self.by_readings[readings].bits |= bit
        return self.by_readings[readings]

    def heard_as(self, syllables: tuple[str, ...]) -> Iterable[_Node]:
        """Where the names go on of which the next character may be read as one of `syllables`, each once."""
        if len(syllables) == 1:
            return self.by_syllable.get(syllables[0], ())
        return {node for syllable in syllables for node in self.by_syllable.get(syllable, ())}


class _Way(NamedTuple):
    """A name as far as it was heard in a text: its `node` in the tree, the `place` in the text behind it, the pinyin of
    a word that ends there that is the `rest` of it, and what was `heard` for each of its characters.
    """

    node: _Node
    place: int
    rest: str = ""
    heard: tuple[str, ...] = ()


class _Standing(dict[str, int]):
    """The names in which a letter may stand for the character in one place, each name by a bit."""

    def __init__(self, *, first: bool) -> None:
        super().__init__()
        self._first = first
        self.by_syllable: dict[str, int] = {}

    def __missing__(self, letter: str) -> int:
        bits = _ANY if not self._first and (letter in _GAP or _LATIN.match(letter)) else 0
        for syllable in LETTERS[letter].readings:
            bits |= self.by_syllable.get(syllable, 0)
        if letter <= LAST_KEPT:
            self[letter] = bits
        return bits


class SoundsOfNames:
    """The Chinese ones among folded `words`, by their sounds; never changes.

    They are a tree of sounds. At most places of a text three characters tell that none begins there; from the
    others some steps into the tree do, whose branches are sounds: there are some 400, however many names there are.
    """

    def __init__(self, words: Collection[str]) -> None:
        self._words = words
        self._root = _Node()
        self._first, self._second, self._third = (_Standing(first=place == 0) for place in range(FEWEST_HEARD))
        self._of_two: dict[str, set[str]] = {}
        self._syllables_of_two = set[str]()
        self._in_pinyin: dict[str, list[str]] = {}
        for number, word in enumerate(sorted(filter(_NAME.fullmatch, words))):
            if len(word) < FEWEST_HEARD:
                self._take_of_two(word)
            else:
                self._take(word, bit=1 << number % BITS)
        self._begun = {syllable[:2] for syllable in self._root.by_syllable}
        self._beginnings = frozenset(name[:last] for name in self._in_pinyin for last in range(1, len(name) + 1))

    def _take_of_two(self, word: str) -> None:
        for syllable, both in half_in_pinyin(word):
            if syllable not in self._words:
                self._syllables_of_two.add(syllable)
                self._of_two.setdefault(both, set()).add(word)

    def _take(self, word: str, *, bit: int) -> None:
        node, read = self._root, readings_of(word)
        for readings in read:
            node = node.with_next(readings, bit=bit)
        node.words.append(word)
        for place, readings in zip((self._first, self._second, self._third), read, strict=False):
            for syllable in readings:
                place.by_syllable[syllable] = place.by_syllable.get(syllable, 0) | bit
        for name in all_in_pinyin(word):
            self._in_pinyin.setdefault(name, []).append(word)

    def hidden_in(self, text: str) -> list[Heard]:
        """The names that a readable text hides behind what sounds like some of their characters, and where; none within
        another name that stands as it is."""
        if not HAN_LETTER.search(text):
            return []
        found = [
            one
            for place, names in self._places(text)
            for one in self._follow(text, place, _Way(self._root, place), among=names)
        ]
        for latin in _LATIN.finditer(text):
            rest = as_pinyin(latin[0])
            if rest[:2] in self._begun or rest[0] in self._begun:
                found += self._follow(text, latin.start(), _Way(self._root, latin.end(), rest))
            if rest in self._syllables_of_two:
                found += self._of_two_beside(text, *latin.span(), rest)
        as_they_are = sorted((heard.start, heard.end) for heard, hidden in found if not hidden)
        reached = [0, *accumulate((end for _, end in as_they_are), max)]
        return sorted(
            {
                heard
                for heard, hidden in found
                if hidden and heard.end > reached[bisect_right(as_they_are, heard.start, key=itemgetter(0))]
            }
        )

    def in_pinyin(self, tokens: Sequence[Token]) -> Iterator[str]:
        """The names of which the whole pinyin stands in a text, in one word or several in a row."""
        for first, token in enumerate(tokens):
            run = ""
            for other in tokens[first : first + MOST_SYLLABLES] if token.plain in self._beginnings else ():
                run += other.plain
                if run not in self._beginnings:
                    break
                yield from self._in_pinyin.get(run, ())

    def _places(self, text: str) -> list[tuple[int, int]]:
        """The places at which a name may begin with a character: the next two sound like its own; with the bits of the
        names that may."""
        letters = [*text, "", ""]
        begun = [*map(and_, map(self._first.__getitem__, letters), map(self._second.__getitem__, letters[1:]))]
        return [
            (place, names)
            for place in compress(count(), begun)
            if (names := begun[place] & self._third[letters[place + 2]])
        ]

    def _follow(self, text: str, start: int, way: _Way, *, among: int = _ANY) -> list[tuple[Heard, bool]]:
        """The names, of those whose bits are in `among`, that are heard from `start` on, along a `way` that begins
        there, and whether they are hidden. No word in Latin letters goes on behind a name or begins before it.
        """
        found: list[tuple[Heard, bool]] = []
        ways = [way]
        while ways:
            way = ways.pop()
            for word in () if way.rest else way.node.words:
                hidden = _hides(word, way.heard)
                if hidden is not None:
                    found.append((Heard(word, start, way.place), hidden))
            ways += self._further(text, way, among=among)
        return found

    def _further(self, text: str, way: _Way, *, among: int) -> list[_Way]:
        """Where a way goes on by one more syllable: a character that is read so, or the next letters of pinyin."""
        node, place, rest, heard = way
        if not rest and node.by_syllable:
            place = _over_gap(text, place) if heard else place
            plain, readings = LETTERS[text[place : place + 1]]
            if readings:
                following = (after for after in node.heard_as(readings) if after.bits & among)
                return [_Way(after, place + 1, heard=(*heard, plain)) for after in following]
            if latin := _LATIN.match(text, place):
                place, rest = latin.end(), as_pinyin(latin[0])
        return [
            _Way(after, place, rest[length:], (*heard, rest[:length]))
            for length in range(1, min(len(rest), LONGEST_SYLLABLE) + 1)
            for after in node.by_syllable.get(rest[:length], ())
        ]

    def _of_two_beside(self, text: str, start: int, end: int, syllable: str) -> Iterator[tuple[Heard, bool]]:
        """The names of two characters of which one stands beside a `syllable`, which is how the other sounds."""
        before, behind = text[start - 1 : start], text[end : end + 1]
        for word in self._of_two.get(LETTERS[before].plain + syllable, ()):
            yield Heard(word, start - 1, end), True
        for word in () if before.isdigit() else self._of_two.get(syllable + LETTERS[behind].plain, ()):
            yield Heard(word, start, end + 1), True


def _hides(word: str, heard: Sequence[str]) -> bool | None:
    """Whether characters and pinyin that sound like a name hide it; None where too little of it stands as it is, False
    where all of it does."""
    if "".join(heard) == word:
        return False
    if any(one in _PARTICLES and one != letter for letter, one in zip(word, heard, strict=True)):
        return None
    as_they_are = sum(map(str.__eq__, word, heard))
    pinyin_put = [one for one in heard if one.isascii()]
    enough = as_they_are * 2 >= len(word)
    if pinyin_put and min(map(len, pinyin_put)) >= FEWEST_LETTERS:
        enough = as_they_are > 0
    return True if enough else None


def _over_gap(text: str, place: int) -> int:
    """The place behind a sign beside Latin letters; `place` where none stands there."""
    if text[place : place + 1] not in _GAP or place + 1 >= len(text):
        return place
    return place + 1 if _LATIN.match(text, place - 1) or _LATIN.match(text, place + 1) else place
