"""The words of a text, as they are written and folded, and what they may be meant for."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from serve.text.letters import disguised, drawn_in_latin, folded, may_be_swapped

MOST_TOKENS: Final = 4
"""Words in a row that make one of a brand's, at most."""

MOST_SPACED: Final = 20
"""Letters that stand each by itself and make a brand's word, at most."""

HAN: Final = "\u3400-\u9fff"
"""Chinese characters."""

CJK: Final = f"\u3040-\u30ff{HAN}\uac00-\ud7af"
"""Kana, Chinese characters and Hangul: a Latin word may stand between them without a space."""

# The signs of the scripts of South Asia and Thai are no letters to regular expressions.
_WORD = re.compile(rf"#?(?:[^\W_{CJK}]|[\u0900-\u0e7f])+|[{CJK}]+")
_SIGNED = re.compile(r"[\w\u0900-\u0e7f*#@•·$!|¡€£]+(?:['’.&?-][\w\u0900-\u0e7f*#@•·$!|¡€£]+)*")
_SIGN = re.compile(r"[*#@•·$!|¡€£_.?]")
_MASK = re.compile(r"[*#@•·]")
_MASK_OR_STOP = re.compile(r"[*#@•·_.?]")
_FOR_A_LETTER = re.compile(r"[@$!|¡€£]")
_LATIN_LETTER = re.compile(r"[A-Za-z]")
_TRIPLED = re.compile(r"(.)\1\1+")

FEWEST_WITH_STOP: Final = 5
"""Letters from which a word may have a stop or a line in the place of one; shorter ones are abbreviations."""


NamesIn = Callable[[str], Collection[str]]
"""Gives the words of a piece of text that name brands."""


class Token(NamedTuple):
    """A word as it is `written`, with the # before it, if any, its letters folded, and what it may be meant for."""

    written: str
    plain: str
    meant: tuple[str, ...]

    def read(self, way: int) -> str:
        """What it is meant for, in one `way` of several; its plain letters where there is nothing else."""
        return self.meant[way % len(self.meant)] if self.meant else self.plain


def tokens_of(text: str) -> list[Token]:
    """The words of a readable `text`; between Latin letters and Chinese characters, kana or Hangul one ends.

    A word drawn like a Latin one, all in letters of another alphabet, may be meant for it where most words are Latin.
    """
    tokens = [_token(written) for written in _WORD.findall(text)]
    return tokens if text.isascii() or not _is_mostly_latin(tokens) else list(map(_as_drawn, tokens))


def runs(tokens: Sequence[Token], beginnings: Container[str]) -> Iterator[tuple[str, Token | None]]:
    """Every run of one to `MOST_TOKENS` words, folded and put together, that is one of `beginnings`, of which each but
    the first letter's has its own; with the word where it is one alone."""
    for first, token in enumerate(tokens):
        run = token.plain
        if run not in beginnings:
            continue
        yield run, token
        for other in tokens[first + 1 : first + MOST_TOKENS]:
            run += other.plain
            if run not in beginnings:
                break
            yield run, None


def spaced(tokens: Sequence[Token], beginnings: Container[str]) -> Iterator[str]:
    """What more than `MOST_TOKENS` letters in a row spell that stand each by itself, if it is one of `beginnings`."""
    for first in range(len(tokens) - MOST_TOKENS):
        run = ""
        for token in tokens[first : first + MOST_SPACED] if len(tokens[first].plain) == 1 else ():
            run += token.plain
            if len(token.plain) != 1 or run not in beginnings:
                break
            if len(run) > MOST_TOKENS:
                yield run


def disguised_runs(tokens: Sequence[Token], beginnings: Container[str]) -> Iterator[str]:
    """What runs of words are meant for, one of them at least disguised by digits or other letters, that are among
    `beginnings`."""
    for place, token in enumerate(tokens):
        for way in range(len(token.meant)):
            for first in range(max(place - MOST_TOKENS + 1, 0), place + 1):
                run = ""
                for number, other in enumerate(tokens[first : first + MOST_TOKENS], first):
                    run += other.read(way)
                    if run not in beginnings:
                        break
                    if number >= place:
                        yield run


def signed_words(text: str) -> list[str]:
    """The words of `text` with the signs in them."""
    return _SIGNED.findall(text) if _SIGN.search(text) else []


def disguised_by_signs(words: Sequence[str]) -> Iterator[str]:
    """What signed `words` are meant for, alone and with the word before or behind."""
    for place, word in enumerate(words):
        if not _FOR_A_LETTER.search(word):
            continue
        for meant in disguised(word):
            yield meant
            if place:
                yield folded(words[place - 1]) + meant
            if place + 1 < len(words):
                yield meant + folded(words[place + 1])


def masked_parts(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """What is left of signed `words` of which letters are masked, alone and with the word before or behind, in which
    letters may be masked as well."""
    for place, word in enumerate(words):
        if _MASK.search(word):
            parts = tuple(map(folded, _MASK.split(word)))
            yield parts
            if place and not _MASK.search(words[place - 1]):
                yield folded(words[place - 1]) + parts[0], *parts[1:]
            if place + 1 < len(words):
                first, *more = map(folded, _MASK.split(words[place + 1]))
                yield *parts[:-1], parts[-1] + first, *more
        elif _MASK_OR_STOP.search(word) and len(word) >= FEWEST_WITH_STOP:
            parts = tuple(map(folded, _MASK_OR_STOP.split(word)))
            if len(parts) == 2 and all(parts):
                yield parts


def squeezed(word: str) -> Iterator[str]:
    """A word in which a letter stands three times or more, with it twice and once."""
    if _TRIPLED.search(word):
        yield _TRIPLED.sub(r"\1\1", word)
        yield _TRIPLED.sub(r"\1", word)


def word_list(name: str) -> frozenset[str]:
    """The folded words of a list that lies beside this file."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return frozenset(folded(word) for line in lines if not line.startswith("#") for word in line.split())


def _is_mostly_latin(tokens: Sequence[Token]) -> bool:
    """Whether more words are in Latin letters than in others; numbers are in neither."""
    latin = sum(_LATIN_LETTER.search(token.written) is not None for token in tokens)
    return latin > sum(not token.written.isascii() and not _LATIN_LETTER.search(token.written) for token in tokens)


def _as_drawn(token: Token) -> Token:
    """The word, which may be meant for the Latin one that it is drawn like, if it is."""
    latin = None if token.written.isascii() else drawn_in_latin(token.written)
    return token if latin is None else token._replace(meant=(*token.meant, latin))


def _token(written: str) -> Token:
    if written.isascii() and written.isalpha():  # most are
        return Token(written, written.lower(), tuple(disguised(written)) if may_be_swapped(written) else ())
    return Token(written, folded(written), tuple(disguised(written)))
