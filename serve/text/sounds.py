"""Chinese names that are hidden behind what sounds like them: other characters ("香奶儿" for 香奈儿), or pinyin in the
place of some ("香奈er") or of all ("xiangnaier").

Tones do not count, and a character sounds in every way in which it may be read. A name of two characters is hidden by
pinyin alone, since too many pairs sound alike, and what stands exactly as a name hides none.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, chain, compress, count, islice, product
from operator import and_, itemgetter
from typing import Final, NamedTuple

from pypinyin import Style, lazy_pinyin, pinyin

from model.simplified import simplified
from serve.text.tokens import Token, word_list

FEWEST_HEARD: Final = 3
"""Characters of a name from which others may sound like some of them."""

FEWEST_SYLLABLES: Final = 3
"""Syllables of a name from which it is known in pinyin alone."""

MOST_SYLLABLES: Final = 20
"""Syllables of a name that stand as words in a row, at most."""

FEWEST_IN_PINYIN: Final = 7
"""Letters from which such a name is known: shorter ones are words of other languages."""

FEWEST_LETTERS: Final = 2
"""Letters of a syllable that stands for one of two characters."""

LONGEST_SYLLABLE: Final = 6

BITS: Final = 1024
"""Names among which a place of a text is told at once to begin none; of more, several share a bit."""

MOST_READINGS: Final = 16
"""Ways to read a name that are known, at most."""

_OTHER_WORDS: Final = word_list("pinyin_words.txt") | word_list("english_words.txt")
"""Syllables that stand beside Chinese characters as words of their own."""

_PARTICLES: Final = frozenset("不自是的了在有和与我你他她它就也都很最更没")
"""Characters that mean themselves wherever they sound like one of a name: "西门自提" is no 西门子."""

_NAME = re.compile(r"[\u3400-\u9fff]{2,}")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]+")
_GAP: Final = frozenset(" .*_-·•~'’")
"""Signs of which one may stand beside pinyin that is put for a character."""

_ANY: Final = -1
_LAST_KEPT: Final = "\uffff"
"""The last letter of which is kept what it is: texts of rare ones would fill the memory."""

_ROUND_U = str.maketrans("üǖǘǚǜ", "vvvvv")


class Heard(NamedTuple):
    """A name's `word` in a text by its sound, and from where to where it stands there."""

    word: str
    start: int
    end: int


class _Node:
    """The names that go on alike from here on, by their next syllable."""

    __slots__ = ("following", "words")

    def __init__(self) -> None:
        self.following: dict[str, _Node] = {}
        self.words: list[str] = []


class _Letter(NamedTuple):
    """A Chinese character in the simplified script, and the syllables, without tones, that it may be read as; none of
    what is no Chinese character."""

    plain: str
    syllables: tuple[str, ...]


class _Letters(dict[str, _Letter]):
    """What each letter is, found when it is first asked for."""

    def __missing__(self, letter: str) -> _Letter:
        plain = simplified(letter)
        read = pinyin(plain, style=Style.NORMAL, heteronym=True)[0] if _HAN.match(plain) else []
        found = _Letter(plain, tuple(one for one in read if one.isascii() and one.isalpha()))
        if letter <= _LAST_KEPT:
            self[letter] = found
        return found


class _Standing(dict[str, int]):
    """The names in which a letter may stand for the character in one place, each name by a bit."""

    def __init__(self, *, first: bool) -> None:
        super().__init__()
        self._first = first
        self.by_syllable: dict[str, int] = {}

    def __missing__(self, letter: str) -> int:
        bits = _ANY if not self._first and (letter in _GAP or _LATIN.match(letter)) else 0
        for syllable in _LETTERS[letter].syllables:
            bits |= self.by_syllable.get(syllable, 0)
        if letter <= _LAST_KEPT:
            self[letter] = bits
        return bits


_LETTERS: Final = _Letters()


class SoundsOfNames:
    """The Chinese ones among folded `words`, by their sounds; never changes.

    They are the ways through a tree of syllables. At most places of a text three characters tell that none begins
    there; from the others some steps into the tree do, however many names there are.
    """

    def __init__(self, words: Collection[str]) -> None:
        self._words = words
        self._root = _Node()
        self._first, self._second, self._third = (_Standing(first=place == 0) for place in range(FEWEST_HEARD))
        self._beside: dict[str, set[str]] = {}
        self._beside_others = set[str]()
        self._in_pinyin: dict[str, list[str]] = {}
        for number, word in enumerate(sorted(filter(_NAME.fullmatch, words))):
            self._take(word, bit=1 << number % BITS)
        self._initials = {syllable[0] for syllable in self._root.following}
        self._beginnings = frozenset(name[:last] for name in self._in_pinyin for last in range(1, len(name) + 1))

    def _take(self, word: str, *, bit: int) -> None:
        if len(word) < FEWEST_HEARD:
            for syllable, both in _half_in_pinyin(word):
                if syllable not in self._words:
                    self._beside_others.add(syllable)
                    self._beside.setdefault(both, set()).add(word)
            return
        for syllables in _ways_to_read(word):
            node = self._root
            for syllable in syllables:
                node = node.following.setdefault(syllable, _Node())
            node.words.append(word)
            for place, syllable in zip((self._first, self._second, self._third), syllables, strict=False):
                place.by_syllable[syllable] = place.by_syllable.get(syllable, 0) | bit
        for name in _ways_in_pinyin(word):
            self._in_pinyin.setdefault(name, []).append(word)

    def hidden_in(self, text: str) -> list[Heard]:
        """The names that a readable text hides behind what sounds like some of their characters, and where; none within
        another name that stands as it is."""
        if not _HAN.search(text):
            return []
        found = [one for place in self._places(text) for one in self._from(text, place)]
        for latin in _LATIN.finditer(text):
            rest = as_pinyin(latin[0])
            if rest[0] in self._initials:
                found += self._from(text, *latin.span(), rest)
            if rest in self._beside_others:
                found += self._beside_pinyin(text, *latin.span(), rest)
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

    def _places(self, text: str) -> list[int]:
        """The places at which a name may begin with a character: the next two sound like its own."""
        letters = [*text, "", ""]
        begun = [*map(and_, map(self._first.__getitem__, letters), map(self._second.__getitem__, letters[1:]))]
        return [place for place in compress(count(), begun) if begun[place] & self._third[letters[place + 2]]]

    def _from(self, text: str, start: int, place: int | None = None, rest: str = "") -> list[tuple[Heard, bool]]:
        """The names that are heard from `start` on, and whether they are hidden: a character stands there, or
        the pinyin `rest`, which ends at `place`. No word in Latin letters goes on behind a name or begins before it."""
        found: list[tuple[Heard, bool]] = []
        ways: list[tuple[_Node, int, str, tuple[str, ...]]] = [
            (self._root, start if place is None else place, rest, ())
        ]
        while ways:
            node, place, rest, heard = ways.pop()
            if not rest:
                for word in node.words:
                    hidden = _hides(word, heard)
                    if hidden is not None:
                        found.append((Heard(word, start, place), hidden))
                if not node.following:
                    continue
                plain, syllables = _LETTERS[text[place : place + 1]]
                if heard and plain in _GAP:
                    place = _over_gap(text, place)
                    plain, syllables = _LETTERS[text[place : place + 1]]
                for syllable in syllables:
                    if syllable in node.following:
                        ways.append((node.following[syllable], place + 1, "", (*heard, plain)))
                latin = None if syllables else _LATIN.match(text, place)
                if not latin:
                    continue
                place, rest = latin.end(), as_pinyin(latin[0])
            for length in range(1, min(len(rest), LONGEST_SYLLABLE) + 1):
                syllable = rest[:length]
                if syllable in node.following:
                    ways.append((node.following[syllable], place, rest[length:], (*heard, syllable)))
        return found

    def _beside_pinyin(self, text: str, start: int, end: int, syllable: str) -> Iterator[tuple[Heard, bool]]:
        """The names of two characters of which one stands beside a `syllable`, which is how the other sounds."""
        before, behind = text[start - 1 : start], text[end : end + 1]
        for word in self._beside.get(_LETTERS[before].plain + syllable, ()):
            yield Heard(word, start - 1, end), True
        for word in () if before.isdigit() else self._beside.get(syllable + _LETTERS[behind].plain, ()):
            yield Heard(word, start, end + 1), True


def as_pinyin(written: str) -> str:
    """Latin letters as pinyin without tones is written; a rounded U is a V."""
    small = written.lower()
    if small.isascii():
        return small
    parts = unicodedata.normalize("NFKD", small.translate(_ROUND_U))
    return "".join(letter for letter in parts if letter.isalpha())


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


@lru_cache(maxsize=100_000)
def _ways_to_read(word: str) -> tuple[tuple[str, ...], ...]:
    """As which syllables a name may be read: as the word that it is, and character by character."""
    ways = (_as_word(word), *islice(product(*(_LETTERS[letter].syllables for letter in word)), MOST_READINGS))
    return tuple(way for way in dict.fromkeys(ways) if len(way) == len(word))


@lru_cache(maxsize=100_000)
def _ways_in_pinyin(word: str) -> tuple[str, ...]:
    """How a name is written in pinyin alone, if that is long enough; a rounded U as a V or without its dots."""
    ways = _ways_to_read(word)[:2] if len(word) >= FEWEST_SYLLABLES else ()
    names = [name for name in map("".join, ways) if len(name) >= FEWEST_IN_PINYIN]
    return tuple(dict.fromkeys(chain(names, (name.replace("v", "u") for name in names))))


def _half_in_pinyin(word: str) -> Iterator[tuple[str, str]]:
    """The syllables of either character of a name of two, and the name with it, where that is no word of its own."""
    first, second = tuple(word)
    yield from ((one, first + one) for one in _LETTERS[second].syllables if _may_stand_for(one))
    yield from ((one, one + second) for one in _LETTERS[first].syllables if _may_stand_for(one))


def _may_stand_for(syllable: str) -> bool:
    return len(syllable) >= FEWEST_LETTERS and syllable not in _OTHER_WORDS


def _as_word(word: str) -> tuple[str, ...]:
    """The syllables of a name as the word that it is, of which a dictionary may know how it is read."""
    return tuple(one for one in lazy_pinyin(word) if one.isascii() and one.isalpha())
