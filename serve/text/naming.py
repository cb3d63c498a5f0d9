"""How a listing names brands: plainly, or so that a search for the name finds nothing.

Sellers who know that names are searched for mask a letter ("N*ke"), write another that looks like it ("N1ke"), space
the letters, misspell the word or attach another to it ("#nikeshoes"), or write a Chinese name as it sounds ("耐ke"). A
word that is a trademark and an everyday word too ("orange") is a name where it is written as one. Whoever registers
what goods are called ("running shoes") is named by it no more surely.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Final

from serve.text.letters import i_for_l
from serve.text.masked_words import MaskedWords
from serve.text.near_words import NearWords
from serve.text.readable import readable
from serve.text.sounds import Heard, SoundsOfNames
from serve.text.tokens import (
    HAN,
    Token,
    disguised_by_signs,
    disguised_runs,
    masked_parts,
    runs,
    signed_words,
    spaced,
    squeezed,
    tokens_of,
    word_list,
)
from serve.text.unspaced_words import UnspacedWords, beginnings

FEWEST_LETTERS: Final = 3
"""A word of fewer Latin letters names nobody but as a listing's claimed brand; of Chinese characters, two do."""

FEWEST_TO_ATTACH: Final = 4
"""Letters of a name from which a word of `ATTACHED` may be written to it without a space."""

FEWEST_IN_HASHTAG: Final = 5
"""Letters of a name from which a hashtag that begins with it is about it, whatever follows."""

FEWEST_WITH_L: Final = 4
"""Letters of a word from which a small L in it may be put for an I."""

GOODS: Final = word_list("goods_words.txt")
"""What goods are called, folded."""

ORDINARY: Final = word_list("ordinary_words.txt") | word_list("english_words.txt") | GOODS
"""Everyday words, many of them trademarks too, folded."""

FEWEST_OF_ORDINARY: Final = 3
"""Letters from which the parts are looked up of which a word is put together."""

ATTACHED: Final = word_list("attached_words.txt")
"""What sellers write to a name without a space, folded."""

LEAST_ATTACHED: Final = min(map(len, ATTACHED))
MOST_ATTACHED: Final = max(map(len, ATTACHED))

_HAN = re.compile(f"[{HAN}]")


class How(IntEnum):
    """How a brand is named; what says more of the photo comes first."""

    CLAIMED = 0
    DISGUISED = 1
    """Whoever hides a name means it."""
    PLAINLY = 2
    ORDINARY = 3
    """By a word that may mean something else."""
    DENIED = 4
    """Only to say that the goods are not the brand's (`serve/text/denied_names.py`)."""


class WordsOfBrands:
    """All words that name brands, folded, to be found in what sellers write; never changes."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(filter(names_somebody, words))
        self._beginnings = frozenset(word[:last] for word in self._words for last in range(1, len(word) + 1))
        self._unspaced = UnspacedWords(self._words)
        self._everyday = frozenset(filter(is_everyday, self._words))
        self._longest = max(map(len, self._words), default=0)
        self._near = NearWords(self._words - self._everyday)
        self._worth_hiding = frozenset(word for word in self._words if not names_goods(word))
        self._masked = MaskedWords(self._worth_hiding)
        self._sounds = SoundsOfNames(self._worth_hiding - self._everyday)

    def named_in(
        self, text: str, *, near: bool, prose: bool = True, by_sound: bool = True
    ) -> Iterator[tuple[str, How]]:
        """The words that `text` names, some of them several times, and how; with `near` misspelt ones as well, and
        with `by_sound` those hidden behind what sounds alike.

        Where it is not `prose`, an everyday word is a name however it is written.

        Whatever the text says, the work grows with its length and not with the number of words.
        """
        seen = readable(text)
        tokens = tokens_of(seen)
        signed = signed_words(seen)
        yield from ((word, How.DISGUISED) for word in self._disguised(tokens, signed))
        if by_sound:
            yield from ((heard.word, How.DISGUISED) for heard in self.heard_in(seen))
        yield from ((word, How.PLAINLY) for word in self._sounds.in_pinyin(tokens))
        capital = prose and _begins_with_capital(seen)
        for run, alone in runs(tokens, self._beginnings):
            if run not in self._words:
                continue
            if run not in self._everyday:
                yield run, How.PLAINLY
            elif alone is None or alone.written[0] == "#" or not (capital and alone.written.islower()):
                yield run, How.ORDINARY
        for word in (*self._written_together(tokens), *self._among_unspaced(seen)):
            yield word, How.ORDINARY if word in self._everyday else How.PLAINLY
        if near:
            for first, token in enumerate(tokens):
                for run in (token.plain, token.plain + "".join(one.plain for one in tokens[first + 1 : first + 2])):
                    if run not in self._words:
                        yield from ((word, How.PLAINLY) for word in self._near.near(run))

    def heard_in(self, seen: str) -> list[Heard]:
        """The Chinese names that a readable text hides behind what sounds alike, and where."""
        return self._sounds.hidden_in(seen)

    def _disguised(self, tokens: Sequence[Token], signed: Sequence[str]) -> Iterator[str]:
        yield from filter(self._worth_hiding.__contains__, disguised_runs(tokens, self._beginnings))
        for token in tokens:
            yield from self._with_l_for_i(token.plain)
        if not signed:
            return
        for meant in disguised_by_signs(signed):
            if meant in self._worth_hiding:
                yield meant
        for parts in dict.fromkeys(masked_parts(signed)):
            if _tells_enough(parts):
                yield from self._masked.matching(parts)

    def _with_l_for_i(self, plain: str) -> Iterator[str]:
        """The words that a small L is put into for an I ("Nlke"); neither they nor `plain` are everyday ones."""
        if "l" not in plain or not FEWEST_WITH_L <= len(plain) <= self._longest or plain in self._words:
            return
        for meant in i_for_l(plain):
            if meant in self._worth_hiding and meant not in self._everyday and not is_everyday(plain):
                yield meant

    def _written_together(self, tokens: Sequence[Token]) -> Iterator[str]:
        """Words whose letters are spaced or repeated, or that other words are attached to."""
        yield from filter(self._words.__contains__, spaced(tokens, self._beginnings))
        for token in tokens:
            yield from filter(self._words.__contains__, squeezed(token.plain))
            if len(token.plain) > FEWEST_TO_ATTACH:
                yield from self._before_attached(token)
                yield from self._behind_attached(token.plain)

    def _before_attached(self, token: Token) -> Iterator[str]:
        """The words that `token` begins with and others follow in it; everyday ones have too many compounds."""
        for cut in range(FEWEST_TO_ATTACH, len(token.plain)):
            first, rest = token.plain[:cut], token.plain[cut:]
            if first not in self._beginnings:
                return
            if first in self._words and first not in self._everyday:
                in_hashtag = cut >= FEWEST_IN_HASHTAG and token.written[0] == "#"
                if in_hashtag or rest in ATTACHED or rest in self._words or rest.isdigit():
                    yield first

    def _behind_attached(self, plain: str) -> Iterator[str]:
        """The word that stands in `plain` behind one that sellers attach."""
        for cut in range(LEAST_ATTACHED, min(MOST_ATTACHED, len(plain) - FEWEST_TO_ATTACH) + 1):
            if plain[:cut] in ATTACHED:
                rest = plain[cut:]
                if rest in self._words and rest not in self._everyday:
                    yield rest

    def _among_unspaced(self, text: str) -> Iterator[str]:
        yield from filter(self._words.__contains__, beginnings(text))
        yield from self._unspaced.in_text(text)


def names_somebody(word: str) -> bool:
    """Whether a folded word is long enough to be a name."""
    return len(word) >= FEWEST_LETTERS or (len(word) >= 2 and bool(_HAN.search(word)))


def is_everyday(word: str) -> bool:
    """Whether a folded word is of everyday language, or put together of such and ends in what goods are called."""
    return word in ORDINARY or names_goods(word)


def names_goods(word: str) -> bool:
    """Whether a folded word is what goods are called, or everyday words that end in it: nobody hides it."""
    return word in GOODS or any(
        word[cut:] in GOODS and _is_of_ordinary(word[:cut]) for cut in range(FEWEST_OF_ORDINARY, len(word) - 1)
    )


def _is_of_ordinary(letters: str) -> bool:
    """Whether `letters` are everyday words, one after the other."""
    ends = [0]
    for end in range(FEWEST_OF_ORDINARY, len(letters) + 1):
        if any(letters[start:end] in ORDINARY for start in ends if end - start >= FEWEST_OF_ORDINARY):
            ends.append(end)
    return ends[-1] == len(letters)


def _begins_with_capital(text: str) -> bool:
    """Whether the first letter that could be small is a capital: whoever writes it does not write names small."""
    return next((letter.isupper() for letter in text if letter.isupper() or letter.islower()), False)


def _tells_enough(parts: Sequence[str]) -> bool:
    """Whether a masked word of which `parts` are left names somebody: its first letter is there, and most others."""
    letters, masks = sum(map(len, parts)), len(parts) - 1
    return bool(parts[0]) and letters >= 2 and masks <= letters
