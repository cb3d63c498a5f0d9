"""The words that name brands: in what a seller writes, and in what is read in a photo.

A brand's words are its name, its aliases and its trademark words. Letters count whatever their case, accents and what
stands between them ("Coca-Cola" is COCA COLA). A listing that names a brand claims it; so does one that masks a letter
of it ("N*ke") or writes another that looks like it ("N1ke"), as sellers do who know that names are searched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein
from sqlalchemy import select
from sqlalchemy.orm import Session

from model.calibration import Word
from serve.database.tables import Brand
from serve.scanning.results import Listing
from serve.text.letters import disguised, folded
from serve.text.masked_words import MaskedWords

FEWEST_LETTERS = 3
"""A word of fewer Latin letters names nobody but as a listing's claimed brand; of Chinese characters, two do."""

FEWEST_NEAR = 5
"""Letters from which a word may be one letter off and still be recognised."""

MOST_TOKENS = 4
"""Words in a row that make one of a brand's, at most."""

HAN_BEGINNING = 4
"""Letters by which a word of Chinese characters is found before it is compared as a whole."""

MOST_ATTACHED = 12
"""Letters of a word in kana or Hangul to which others are attached, at most."""

_UNSPACED = re.compile(r"[\u3400-\u9fff\u0e00-\u0e7f]")
"""Chinese characters and Thai letters, between whose words nothing stands."""

_ATTACHED = re.compile(r"[\u30a0-\u30ff]+|[\u3040-\u309f]+|[\uac00-\ud7af]+")
"""Katakana, hiragana and Hangul: particles and other words follow a word in the same run of letters."""

_HAN = re.compile(r"[\u3400-\u9fff]")
# The signs of the scripts of South Asia and Thai are no letters to regular expressions.
_TOKEN = re.compile(r"[\w\u0900-\u0e7f*#@•·]+(?:['’.&-][\w\u0900-\u0e7f*#@•·]+)*")
_MASK = re.compile(r"[*#@•·]")


class Spelled(NamedTuple):
    """A brand's word as it was read: `word` is the brand's own, folded; `seen` what stands there."""

    brand_id: str
    word: str
    seen: str

    @property
    def kind(self) -> Word:
        """Whether it is the brand's word or one letter off."""
        return "exact" if self.word == self.seen else "near"


@dataclass(frozen=True, slots=True)
class BrandNames:
    """What a brand goes by: the name that findings carry, and every word that names it."""

    name: str
    words: tuple[str, ...]


class BrandWords:
    """The words of all brands; never changes."""

    def __init__(self, brands: Mapping[str, BrandNames] | None = None) -> None:
        self._brands: dict[str, BrandNames] = {}
        self._owners: dict[str, tuple[str, ...]] = {}
        self._take(brands or {})

    def with_brands(self, brands: Mapping[str, BrandNames]) -> BrandWords:
        """The same words but for those of `brands`, which are new or changed; costs about a copy of a dictionary."""
        changed = BrandWords()
        changed._brands, changed._owners = dict(self._brands), dict(self._owners)
        changed._take(brands)
        return changed

    def _take(self, brands: Mapping[str, BrandNames]) -> None:
        for brand_id, names in brands.items():
            for word in _words_of(self._brands.get(brand_id)):
                others = tuple(one for one in self._owners[word] if one != brand_id)
                if others:
                    self._owners[word] = others
                else:
                    del self._owners[word]
            for word in _words_of(names):
                self._owners[word] = tuple(sorted((*self._owners.get(word, ()), brand_id)))
            self._brands[brand_id] = names

    @cached_property
    def _long(self) -> list[str]:
        """The words that may be one letter off."""
        return sorted(word for word in self._owners if len(word) >= FEWEST_NEAR)

    @cached_property
    def _han(self) -> dict[str, list[str]]:
        """The words of Chinese and Thai, between which nothing stands, by their first `HAN_BEGINNING` letters."""
        found: dict[str, list[str]] = {}
        for word in self._owners:
            if _UNSPACED.search(word) and _names_somebody(word):
                found.setdefault(word[:HAN_BEGINNING], []).append(word)
        return found

    @cached_property
    def _masked(self) -> MaskedWords:
        """Every word, to be found by some of its letters."""
        return MaskedWords(word for word in self._owners if _names_somebody(word))

    def __contains__(self, brand_id: str) -> bool:
        return brand_id in self._brands

    def spelled(self, line: str) -> list[Spelled]:
        """The brands that a line of a photo spells, exactly or one letter off, longest word first."""
        found: dict[str, Spelled] = {}
        for text in (*_runs(line), *self._han_in(line)):
            for word in self._near(text):
                for brand_id in self._owners[word]:
                    known = found.get(brand_id)
                    if known is None or _worth(Spelled(brand_id, word, text)) > _worth(known):
                        found[brand_id] = Spelled(brand_id, word, text)
        return sorted(found.values(), key=lambda one: (_worth(one), one.brand_id), reverse=True)

    def named_in(self, listing: Listing, *, most: int | None = None) -> list[str]:
        """The ids of the first `most` brands that a listing names (None: of all), each once: as its claimed brand, in
        the title, in the text.

        Whatever the text says, the work grows with its length and not with the number of brands.
        """
        # A claimed brand is a name and nothing else, so the shortest ones count too.
        found = dict.fromkeys(self._owners.get(folded(listing.brand_claimed or ""), ())[:most])
        for text in (listing.brand_claimed, listing.title, listing.description):
            for brand_id in self._named(text or ""):
                found.setdefault(brand_id)
                if len(found) == most:
                    return list(found)
        return list(found)

    def _named(self, text: str) -> Iterator[str]:
        for run in _runs(text):
            yield from self._owners.get(run, ())
            for meant in disguised(run):
                yield from self._owners.get(meant, ())
        for beginning in _attached(text):
            yield from self._owners.get(beginning, ())
        for word in self._han_in(text):
            yield from self._owners[word]
        masked = (token for token in _TOKEN.findall(text) if _MASK.search(token))
        for parts in dict.fromkeys(tuple(map(folded, _MASK.split(token))) for token in masked):
            if _tells_enough(parts):
                for word in self._masked.matching(parts):
                    yield from self._owners[word]

    def _han_in(self, text: str) -> list[str]:
        """The words of Chinese and Thai that stand in `text`."""
        if not self._han or not _UNSPACED.search(text):
            return []
        han = folded(text)
        lengths = range(2, HAN_BEGINNING + 1)
        pieces = {han[start : start + length] for length in lengths for start in range(len(han))}
        begun = (word for piece in self._han.keys() & pieces for word in self._han[piece])
        return sorted(word for word in begun if word in han)

    def _near(self, text: str) -> list[str]:
        """The words that `text` is, or, long ones, that it misses by one letter."""
        if text in self._owners:
            return [text]
        if len(text) < FEWEST_NEAR - 1:
            return []
        near = process.extract(text, self._long, scorer=Levenshtein.distance, score_cutoff=1, limit=None)
        return [word for word, _, _ in near]


def names_of(brand: Brand) -> BrandNames:
    """What a stored brand goes by."""
    return BrandNames(brand.name, (*brand.aliases, *brand.words))


def stored_names(session: Session, brand_ids: Iterable[str] | None = None) -> dict[str, BrandNames]:
    """What each of the brands goes by, or every brand."""
    query = select(Brand)
    if brand_ids is not None:
        query = query.where(Brand.id.in_(list(brand_ids)))
    return {brand.id: names_of(brand) for brand in session.scalars(query)}


def _runs(text: str) -> Iterable[str]:
    """Every run of one to `MOST_TOKENS` words of `text`, folded and put together, each once."""
    tokens = [token for token in map(folded, _TOKEN.findall(text)) if token]
    runs = (
        "".join(tokens[first:last])
        for first in range(len(tokens))
        for last in range(first + 1, min(first + MOST_TOKENS, len(tokens)) + 1)
    )
    return dict.fromkeys(run for run in runs if _names_somebody(run))


def _attached(text: str) -> Iterable[str]:
    """What runs of kana and Hangul begin with, folded, each once: the word, and what is attached to it left out."""
    beginnings = (
        folded(run[:last]) for run in _ATTACHED.findall(text) for last in range(2, min(len(run), MOST_ATTACHED) + 1)
    )
    return dict.fromkeys(one for one in beginnings if _names_somebody(one))


def _words_of(names: BrandNames | None) -> list[str]:
    """The folded words of a brand, each once."""
    words = () if names is None else (names.name, *names.words)
    return [word for word in dict.fromkeys(map(folded, words)) if word]


def _names_somebody(word: str) -> bool:
    return len(word) >= FEWEST_LETTERS or (len(word) >= 2 and bool(_HAN.search(word)))


def _tells_enough(parts: Sequence[str]) -> bool:
    """Whether a masked word of which `parts` are left names somebody: its first letter is there, and most others."""
    letters, masks = sum(map(len, parts)), len(parts) - 1
    return bool(parts[0]) and letters >= 2 and masks <= letters


def _worth(one: Spelled) -> tuple[bool, int]:
    return one.kind == "exact", len(one.word)
