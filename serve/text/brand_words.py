"""The words that name brands: in what a seller writes, and in what is read in a photo.

A brand's words are its name, its aliases and its trademark words. Letters count whatever their case, accents and what
stands between them ("Coca-Cola" is COCA COLA). A listing that names a brand claims it; how sellers hide that they do,
`serve/text/naming.py` knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import case, select
from sqlalchemy.orm import Session

from model.calibration import Word
from model.simplified import is_chinese
from serve.database.tables import Brand, RightsHolder
from serve.text.denied_names import without_denied
from serve.text.letters import folded
from serve.text.listing import Listing
from serve.text.naming import How, WordsOfBrands, is_everyday, names_somebody
from serve.text.readable import readable
from serve.text.sounds import Heard
from serve.text.tokens import MOST_TOKENS
from serve.text.unspaced_words import UnspacedWords

FEWEST_NEAR = 5
"""Letters from which a word may be one letter off and still be recognised."""

FEWEST_NEAR_HAN = 3
"""The same of Chinese characters, each of which tells more."""

# The signs of the scripts of South Asia and Thai are no letters to regular expressions.
_TOKEN = re.compile(r"[\w\u0900-\u0e7f*#@•·]+(?:['’.&-][\w\u0900-\u0e7f*#@•·]+)*")
_APART = re.compile(r"[^\W_](?:[\W_]+[^\W_])+[\W_]*")


class Spelled(NamedTuple):
    """A brand's word as it was read: `word` is the brand's own, folded; `seen` what stands there."""

    brand_id: str
    word: str
    seen: str

    @property
    def kind(self) -> Word:
        """Whether it is the brand's word or one letter off, or two neighbours swapped."""
        return "exact" if self.word == self.seen else "near"


@dataclass(frozen=True, slots=True)
class BrandNames:
    """What a brand goes by: the name that findings carry, and every word that names it; and, if known, its `owner`."""

    name: str
    words: tuple[str, ...]
    owner: str | None = None

    @property
    def written(self) -> tuple[str, ...]:
        """Every word that names it, as the brand writes it."""
        return (self.name, *self.words)


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
        return sorted(filter(may_be_missed, self._owners))

    @cached_property
    def _unspaced(self) -> UnspacedWords:
        """The words of Chinese and Thai."""
        return UnspacedWords(filter(names_somebody, self._owners))

    @cached_property
    def _of_sellers(self) -> WordsOfBrands:
        """Every word, to be found in what sellers write."""
        return WordsOfBrands(self._owners)

    def __contains__(self, brand_id: str) -> bool:
        return brand_id in self._brands

    def name_of(self, brand_id: str) -> str | None:
        """The name of a brand; None of one that is not known."""
        names = self._brands.get(brand_id)
        return None if names is None else names.name

    def owner_of(self, brand_id: str) -> str:
        """Who owns a brand; where that is not known, the brand itself."""
        names = self._brands.get(brand_id)
        return brand_id if names is None or names.owner is None else names.owner

    def of(self, brand_id: str) -> list[str]:
        """The folded words of a brand, its name first; none of one that is not known."""
        return _words_of(self._brands.get(brand_id))

    def spelled(self, line: str) -> list[Spelled]:
        """The brands that a line of a photo spells, exactly or one letter off, longest word first."""
        found: dict[str, Spelled] = {}
        for text in self._pieces(line):
            for word in self._near(text):
                for brand_id in self._owners[word]:
                    known = found.get(brand_id)
                    if known is None or _worth(Spelled(brand_id, word, text)) > _worth(known):
                        found[brand_id] = Spelled(brand_id, word, text)
        return sorted(found.values(), key=lambda one: (_worth(one), one.brand_id), reverse=True)

    def stand_in(self, line: str) -> bool:
        """Whether a line of a photo spells a brand exactly; costs next to nothing, where `spelled` compares."""
        return any(text in self._owners for text in self._pieces(line))

    def is_word(self, word: str) -> bool:
        """Whether a folded word is one of any brand's."""
        return word in self._owners

    def is_written_apart(self, word: str) -> bool:
        """Whether a brand that a folded word names writes each letter of it by itself."""
        written = (one for brand_id in self.owners(word) for one in self._brands[brand_id].written)
        return any(folded(one) == word and _APART.fullmatch(one) for one in written)

    def owners(self, word: str) -> tuple[str, ...]:
        """The ids of the brands that a folded word names; none of a word that names nobody."""
        return self._owners.get(word, ())

    def named(self, text: str, *, near: bool) -> Iterator[tuple[str, How]]:
        """The words of brands that a seller's text names, and how (`WordsOfBrands.named_in`)."""
        return self._of_sellers.named_in(text, near=near)

    def heard(self, seen: str) -> list[Heard]:
        """The words of brands that a readable text hides behind what sounds alike, and where."""
        return self._of_sellers.heard_in(seen)

    def named_in(self, listing: Listing, *, most: int | None = None) -> list[str]:
        """The ids of the first `most` brands that a listing names (None: of all), in the order of `how_named`."""
        return list(self.how_named(listing))[:most]

    def how_named(self, listing: Listing) -> dict[str, How]:
        """The ids of the brands that a listing names, and how: first its claimed brand, then those whose names it
        hides, those that it names plainly, those that it names by everyday words, and those that it names only to deny
        them; of each sort those in the title first. Whoever hides a name denies nothing.

        Whatever the text says, the work grows with its length and not with the number of brands.
        """
        # A claimed brand is a name and nothing else, so the shortest ones count too.
        found = dict.fromkeys(self._owners.get(folded(listing.brand_claimed or ""), ()), How.CLAIMED)
        for word, how in self._undenied(listing.brand_claimed or "", near=True, prose=False):
            for brand_id in self._owners[word]:
                found[brand_id] = min(How.CLAIMED if how is not How.DENIED else how, found.get(brand_id, how))
        # Prose has too many words that are one letter off a name.
        for text, near in ((listing.title, True), (listing.description, False)):
            for word, how in self._undenied(text or "", near=near):
                for brand_id in self._owners[word]:
                    found[brand_id] = min(how, found.get(brand_id, how))
        return dict(sorted(found.items(), key=lambda one: one[1]))

    def _undenied(self, text: str, *, near: bool, prose: bool = True) -> Iterator[tuple[str, How]]:
        """As `WordsOfBrands.named_in`, where names that the text denies are told from others."""
        named = list(self._of_sellers.named_in(text, near=near, prose=prose))
        seen = readable(text) if named else ""
        left = without_denied(seen, lambda piece: self._deniable(piece, near=near))
        if left == seen:
            yield from named
            return
        yield from ((word, how if how is How.DISGUISED else How.DENIED) for word, how in named)
        yield from self._of_sellers.named_in(left, near=near, prose=prose)

    def _deniable(self, piece: str, *, near: bool) -> set[str]:
        """The words that a piece of text names and a denial may be about: who hides a name by its sound means it."""
        return {word for word, _ in self._of_sellers.named_in(piece, near=near, by_sound=False)}

    def _pieces(self, line: str) -> list[str]:
        return [*_runs(line), *self._unspaced.in_text(line)]

    def _near(self, text: str) -> list[str]:
        """The words that `text` is, or, long ones, that it misses by a letter or a swap, as no everyday word does."""
        if text in self._owners:
            return [text]
        if (not may_be_missed(text) and len(text) < FEWEST_NEAR - 1) or is_everyday(text):
            return []
        near = process.extract(text, self._long, scorer=OSA.distance, score_cutoff=1, limit=None)
        return [word for word, _, _ in near]


def may_be_missed(word: str) -> bool:
    """Whether a folded word is long enough to be recognised though a letter of it is another."""
    return len(word) >= (FEWEST_NEAR_HAN if is_chinese(word) else FEWEST_NEAR)


def names_of(brand: Brand) -> BrandNames:
    """What a stored brand goes by."""
    return BrandNames(brand.name, (*brand.aliases, *brand.words))


def stored_names(session: Session, brand_ids: Iterable[str] | None = None) -> dict[str, BrandNames]:
    """What each of the brands goes by, or every brand; an agency owns none of those for which it acts."""
    owner = case((RightsHolder.kind == "owner", RightsHolder.id))
    query = select(Brand, owner).join(RightsHolder, RightsHolder.id == Brand.holder_id)
    if brand_ids is not None:
        query = query.where(Brand.id.in_(list(brand_ids)))
    return {brand.id: replace(names_of(brand), owner=held_by) for brand, held_by in session.execute(query)}


def _runs(text: str) -> Iterable[str]:
    """Every run of one to `MOST_TOKENS` words of `text`, folded and put together, each once."""
    tokens = [token for token in map(folded, _TOKEN.findall(text)) if token]
    runs = (
        "".join(tokens[first:last])
        for first in range(len(tokens))
        for last in range(first + 1, min(first + MOST_TOKENS, len(tokens)) + 1)
    )
    return dict.fromkeys(run for run in runs if names_somebody(run))


def _words_of(names: BrandNames | None) -> list[str]:
    """The folded words of a brand, each once."""
    words = () if names is None else names.written
    return [word for word in dict.fromkeys(map(folded, words)) if word]


def _worth(one: Spelled) -> tuple[bool, int]:
    return one.kind == "exact", len(one.word)
