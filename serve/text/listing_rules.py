"""What a listing's text must not do with brands' names: compare goods with theirs, offer copies, stack or hide them.

A seller who writes "same style as Nike", "Rolex replica" or "Nike Adidas Puma hoodie" has goods of another make found
by the names of brands. What a listing may say of brands stays allowed: that it fits their goods, that it is theirs,
that two of them made it together, that it is no copy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, get_args

from model.simplified import simplified
from serve.text.allowed_rows import may_stand
from serve.text.brand_words import BrandWords
from serve.text.clauses import SIGNS, STOP
from serve.text.compared import as_compared, in_small_letters
from serve.text.comparing_phrases import phrases_in, words_of_phrases
from serve.text.letters import as_seen, folded
from serve.text.listing import RULES, BrokenRule, Listing, Rule, Where
from serve.text.naming import How
from serve.text.sounds import Heard
from serve.text.tokens import HAN, word_list
from serve.text.unsearchable import drawn_names, spaced_names

TEXTS: Final[tuple[Where, ...]] = get_args(Where)

FEWEST_STACKED: Final = 3
"""Brands whose names stand one after the other, from which they are stacked."""

MOST_LETTERS: Final = 50_000
"""Letters of a text that are looked at: all that a listing may have."""

MOST_PHRASES: Final = 2_000
"""Phrases of a text beside which a name is looked for."""

TOGETHER: Final = 24
"""Words of a text among which a stack is looked for; it takes fewer than half of them."""

MOST_LOOKED_AT: Final = 100
"""Places of a text with names enough for a stack that are looked at word by word."""

LONGEST_NAME: Final = 4
"""Words of a brand's name, at most."""

SHORTEST_WITH_DIGITS: Final = 4
"""Letters and digits from which a word with digits in it may be a name that is hidden."""

NEAR_NAME: Final = 40
"""Letters on either side of a phrase among which it is looked for as a part of a longer name."""

MOST_SHOWN: Final = 80
"""Letters of the text that are shown, at most."""

_COMPARED_OBJECTS: Final = word_list("compared_objects.txt")
_SHORT_WORDS: Final = word_list("short_words.txt")

_CLAUSE_ENDS = re.compile(rf"{SIGNS}|{STOP}(?=\s+[^a-z\s])|(?<=\s)[•·●▪](?=\s)")
_ARTICLE = re.compile(
    r"(?:the|a|an|le|la|les|el|los|las|il|lo|der|die|das|den|dem|de|di|do|da|von|of)\s+|[ld]['’]", re.I
)
_EMOJI = r"\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_SIGNS_BEFORE = re.compile(rf"(?:[^\S\n]|[*_~^#\-\"'‘’‚“”„«»‹›「」『』《》<>()\[\]{{}}（）【】{_EMOJI}])+$")
"""What may stand between a name and a phrase behind it; stops and bullets part what a form has of the two."""

_SIGNS_BEHIND_LONG = re.compile(r"[^\w,;.!?\n|、，。；！？]*")
"""What may stand between a phrase and a name some words off."""

_SIGNS_BEHIND_SHORT = re.compile(r"(?:[^\S\n]|[*_#\-\"'‘’‚“”„«»‹›「『《<(\[{（【])*")
"""What may stand between a phrase and the name right behind it: a colon makes a field of a form of them."""

_EDGES = re.compile(r"^[^\w\u0900-\u0e7f@$€£]+|[^\w\u0900-\u0e7f*@$€£]+$")
"""Signs before and behind a word that are put for no letter of it."""

_BETWEEN_STACKED = re.compile(r"[\W_]*(?:and|und|et|y|e|i|и|en|or|oder|与|和|及)?[\W_]*", re.I)
_TWO_CAPITALS = re.compile(r"(?<![A-Za-z0-9.&'’-])[A-Z]{2}(?![A-Za-z0-9.&'’-])")
_HAN = re.compile(f"[{HAN}]")
_WORD = re.compile(r"[^\s,;|/#、，]+")


@dataclass(frozen=True, slots=True)
class _Text:
    """A text as it was `given`, as it is `seen`, and, letter for letter, as it is `compared`."""

    where: Where
    given: str
    seen: str
    compared: str


class _Names:
    """The words of a piece of text that name brands, and whose they are."""

    def __init__(self, words: BrandWords, *, claimed: str | None, shown: Collection[str]) -> None:
        self._words = words
        named = {brand for word, _ in words.named(claimed or "", near=True) for brand in words.owners(word)}
        self._spoken_for = named.union(shown)

    def in_piece(self, piece: str, *, near: bool = False, ordinary: bool = False) -> frozenset[str]:
        """The words that name brands; everyday ones where the listing claims their brand or its pictures show it, or
        all where `ordinary`.
        """
        named = self._words.named(piece, near=near)
        return frozenset(word for word, how in named if ordinary or how is not How.ORDINARY or self._is_meant(word))

    def beside(self, piece: str, *, near: bool = False) -> frozenset[str]:
        """The words that name brands in a piece of text beside a phrase: there two capitals ("LV") are a name too."""
        capitals = frozenset(map(folded, _TWO_CAPITALS.findall(piece))) - _SHORT_WORDS
        return self.in_piece(piece, near=near).union(filter(self._words.is_word, capitals))

    def _is_meant(self, word: str) -> bool:
        return not self._spoken_for.isdisjoint(self._words.owners(word))

    def disguised(self, piece: str) -> frozenset[str]:
        """The words that a piece of text hides."""
        return frozenset(word for word, how in self._words.named(piece, near=False) if how is How.DISGUISED)

    def heard(self, seen: str) -> list[Heard]:
        """The words that a text, as it is seen, hides behind what sounds alike, in their order, and where."""
        return sorted(self._words.heard(seen), key=lambda one: (one.start, one.end))

    def is_written_apart(self, word: str) -> bool:
        """Whether a brand itself spaces the letters of a word ("F.R.I.E.N.D.S")."""
        return self._words.is_written_apart(word)

    def without_codes(self, text: str) -> str:
        """`text` with what looks like a model's code in the place of a hidden name made of no letters."""
        return _WORD.sub(
            lambda found: "0" * len(found[0]) if _is_code(found[0]) and self.disguised(found[0]) else found[0], text
        )

    def brands(self, named: Iterable[str]) -> list[str]:
        """The ids of the brands whose words they are."""
        return sorted({brand for word in named for brand in self._words.owners(word)})

    def count(self, named: Iterable[str]) -> int:
        """How many brands that share neither word nor owner they name at least: allied ones may stand side by side."""
        counted, met = 0, set[str]()
        for word in sorted(named):
            owners = set(map(self._words.owner_of, self._words.owners(word)))
            counted += met.isdisjoint(owners)
            met |= owners
        return counted


def broken_rules(listing: Listing, words: BrandWords, *, shown: Collection[str] = ()) -> list[BrokenRule]:
    """The rules that a listing's text breaks: of each rule and text the first place, in the order of `RULES`.

    `shown` are the ids of brands of which something was found in its pictures: there "Puma replica" is no animal.
    The work grows with the length of the text, of which `MOST_LETTERS` count, and not with the number of brands.
    """
    names = _Names(words, claimed=listing.brand_claimed, shown=shown)
    texts = [_text(where, given) for where in TEXTS if (given := getattr(listing, where))]
    of_all = cache(lambda: frozenset[str]().union(*(names.in_piece(text.seen) for text in texts)))
    found = [
        one
        for text in texts
        for one in (*_said(text, names, of_all=of_all), *_stacked(text, names), *_hidden(text, names))
    ]
    return sorted(found, key=lambda one: RULES.index(one.rule))


class Told(NamedTuple):
    """A rule as sellers are told it: in words, by language (BCP 47), and by a title that breaks it."""

    example: str
    words: dict[str, str]


@cache
def rules_for_sellers() -> dict[Rule, Told]:
    """The rules in words for sellers, in the order of `RULES`."""
    told = json.loads(Path(__file__).with_name("rules_for_sellers.json").read_text(encoding="utf-8"))
    return {rule: Told(**told[rule]) for rule in RULES}


def _text(where: Where, given: str) -> _Text:
    given = given[:MOST_LETTERS]
    seen = as_seen(given)
    return _Text(where, given, seen, as_compared(seen, words_of_phrases()))


def _said(text: _Text, names: _Names, *, of_all: Callable[[], frozenset[str]]) -> Iterator[BrokenRule]:
    """What phrases say of brands, for each rule once; `of_all` gives the words by which the listing names brands."""
    found: set[Rule] = set()
    for phrase, match in islice(phrases_in(text.compared), MOST_PHRASES):
        if phrase.says in found:
            continue
        start, end = match.span()
        if phrase.place == "anywhere":
            named = of_all() or _beside(text.seen, start, end, names)
            if named and _is_of_name(text.seen, start, end, names):
                continue
        elif phrase.place == "before":
            named, end = _behind(text.seen, end, names, words_between=phrase.words_between)
        else:
            named, start = _in_front(text.seen, start, names, words_between=phrase.words_between)
        if named:
            found.add(phrase.says)
            yield _broken(phrase.says, text, start, end, brand_ids=names.brands(named))


def _beside(seen: str, start: int, end: int, names: _Names) -> frozenset[str]:
    """The words that name brands next to what stands from `start` to `end`, which names nobody but by two capitals."""
    if not _TWO_CAPITALS.search(seen[max(start - MOST_SHOWN, 0) : end + MOST_SHOWN]):  # as nearly everywhere
        return frozenset()
    behind, _ = _behind(seen, end, names, words_between=0)
    return behind or _in_front(seen, start, names, words_between=0)[0]


def _is_of_name(seen: str, start: int, end: int, names: _Names) -> bool:
    """Whether what stands from `start` to `end` is part of a longer name ("Replica Jazz")."""
    said, before, behind = folded(seen[start:end]), seen[max(start - NEAR_NAME, 0) : start], seen[end : end + NEAR_NAME]
    around = names.in_piece(before + seen[start:end] + behind, ordinary=True)
    longer = {word for word in around if said in word and said != word}
    return bool(longer) and not longer <= names.in_piece(f"{before} | {behind}", ordinary=True)


def _behind(seen: str, place: int, names: _Names, *, words_between: int) -> tuple[frozenset[str], int]:
    """The words that name brands in the clause from `place` on, near enough, and where they end."""
    signs = (_SIGNS_BEHIND_LONG if words_between else _SIGNS_BEHIND_SHORT).match(seen, place)
    place = signs.end() if signs else place
    clause = _CLAUSE_ENDS.split(seen[place : place + MOST_SHOWN], maxsplit=1)[0]
    article = _ARTICLE.match(clause)
    start = article.end() if article else 0
    for word in list(_WORD.finditer(clause, start))[: words_between + LONGEST_NAME]:
        window = _trimmed(clause[start : word.end()])
        named = names.beside(window, near=words_between > 0)
        if named and not words_between:
            named -= names.beside(window[1:])  # what is named without its first letter begins later
        if named:
            return named, place + word.end()
        if words_between and folded(word[0]) in _COMPARED_OBJECTS:
            break
    return frozenset(), place


def _in_front(seen: str, place: int, names: _Names, *, words_between: int) -> tuple[frozenset[str], int]:
    """The words that name a brand last in the clause before `place`, near enough, and where they begin."""
    begins = max(place - MOST_SHOWN, 0)
    signs = _SIGNS_BEFORE.search(seen[begins:place])
    last = begins + signs.start() if signs else place
    # A stop ends a sentence before a capital: that of the phrase is looked at as well.
    ends = [end.end() for end in _CLAUSE_ENDS.finditer(seen, begins, place + 1)]
    if any(last < end <= place and seen[end - 1] == "." for end in ends):
        return frozenset(), place
    begins = max((end for end in ends if end <= last), default=begins)
    written = [word.span() for word in _WORD.finditer(seen, begins, last)]
    for between in range(min(words_between + 1, len(written))):
        backwards = written[len(written) - between - 1 :: -1]
        for start, _ in backwards[:LONGEST_NAME]:
            window = _trimmed(seen[start : backwards[0][1]])
            named = names.beside(window)
            if not words_between:
                named -= names.beside(window[:-1])  # what is named without its last letter ends earlier
            if named:
                return named, start
    return frozenset(), place


def _trimmed(window: str) -> str:
    """A piece of text without the signs at its edges, such as quotation marks; those of a mask stay ("Nik*")."""
    trimmed = _EDGES.sub("", window)
    return trimmed.rstrip("*") if window.startswith("*") else trimmed


def _stacked(text: _Text, names: _Names) -> Iterator[BrokenRule]:
    """Names of `FEWEST_STACKED` brands or more with nothing said between them, most of them no everyday words."""
    if names.count(names.in_piece(text.seen, ordinary=True)) < FEWEST_STACKED:
        return
    seen = names.without_codes(text.seen)
    crowded = (
        together
        for together in _pieces(seen, names)
        if names.count(names.in_piece(seen[together[0][0] : together[-1][1]], ordinary=True)) >= FEWEST_STACKED
    )
    for together in islice(crowded, MOST_LOOKED_AT):
        for stack, start, end in _stacks(seen, together, names):
            plain = names.count(names.in_piece(seen[start:end]))
            enough = names.count(stack) >= FEWEST_STACKED and plain >= FEWEST_STACKED - 1
            if enough and not may_stand(seen, start, end):
                yield _broken("stacked_names", text, start, end, brand_ids=names.brands(stack))
                return


def _pieces(seen: str, names: _Names) -> Iterator[Sequence[tuple[int, int]]]:
    """The words of a text, `TOGETHER` at a time, each time half of them anew: from where to where each one stands."""
    written = [part for word in _WORD.finditer(seen) for part in _parts(word, names)]
    return (written[begins : begins + TOGETHER] for begins in range(0, len(written), TOGETHER // 2))


def _parts(word: re.Match[str], names: _Names) -> Iterator[tuple[int, int]]:
    """From where to where a word stands; one with Chinese characters in it is cut around the names in it."""
    start, end = word.span()
    named = names.in_piece(word[0], ordinary=True) if _HAN.search(word[0]) else ()
    heard = {one.start: one.end for one in names.heard(word[0])} if named else {}
    lengths, compared = sorted(set(map(len, named)), reverse=True), in_small_letters(simplified(word[0]))
    place = begun = 0
    while lengths and place < len(compared):
        length = next((len(part) for one in lengths if (part := compared[place : place + one]) in named), 0)
        length = max(length, heard.get(place, 0) - place)
        if length:
            if begun < place:
                yield start + begun, start + place
            yield start + place, start + place + length
            begun = place + length
        place += length or 1
    if start + begun < end:
        yield start + begun, end


def _stacks(seen: str, written: Sequence[tuple[int, int]], names: _Names) -> Iterator[tuple[set[str], int, int]]:
    """Names that follow each other among the `written` words: their own words, and from where to where they stand."""
    stack, start, end, number = set[str](), 0, 0, 0
    while number < len(written):
        named, count = _name_at(seen, written[number : number + LONGEST_NAME], names)
        first, last = written[number][0], written[number + count - 1][1]
        number += count
        if not named:
            continue
        if not (stack and _BETWEEN_STACKED.fullmatch(seen, end, first)):
            if stack:
                yield stack, start, end
            stack, start = set(), first
        stack |= named
        end = last
    yield stack, start, end


def _name_at(seen: str, written: Sequence[tuple[int, int]], names: _Names) -> tuple[frozenset[str], int]:
    """The words that name brands where the first of the `written` words begins, and of how many of these they are."""
    first = written[0][0]
    signs_alone = not _trimmed(seen[slice(*written[0])])
    if signs_alone or not names.in_piece(seen[first : written[-1][1]], ordinary=True):  # as nearly everywhere
        return frozenset(), 1
    for count in range(len(written), 0, -1):
        window = _trimmed(seen[first : written[count - 1][1]])
        named = names.in_piece(window, ordinary=True)
        if named - names.in_piece(window[1:], ordinary=True) and named - names.in_piece(window[:-1], ordinary=True):
            return named, count
    return frozenset(), 1


def _hidden(text: _Text, names: _Names) -> Iterator[BrokenRule]:
    """Names of which letters are masked, exchanged, spaced or drawn otherwise, or that something stands for that sounds
    alike.

    A code of a few letters and more digits is a model's.
    """
    given = names.without_codes(text.given)
    hidden, heard = names.disguised(given), names.heard(text.seen)
    if heard:
        brand_ids = names.brands(hidden.union(one.word for one in heard))
        yield _broken("hidden_name", text, heard[0].start, heard[0].end, brand_ids=brand_ids)
        return
    if hidden:
        start, end = _place_of(min(hidden), given, names)
        shown = text.given[start:end].strip()[:MOST_SHOWN]
        yield BrokenRule(rule="hidden_name", brand_ids=names.brands(hidden), where=text.where, text=shown)
        return
    passed_over = (*spaced_names(text.seen, names.in_piece), *drawn_names(text.given, names.in_piece))
    for word, shown in passed_over:
        if not names.is_written_apart(word):
            brand_ids = names.brands([word])
            yield BrokenRule(rule="hidden_name", brand_ids=brand_ids, where=text.where, text=shown[:MOST_SHOWN])
            return


def _place_of(hidden: str, given: str, names: _Names) -> tuple[int, int]:
    """From where to where in `given` the word stands that hides a name, or the words among which it is hidden."""
    for together in _pieces(given, names):
        start, end = together[0][0], together[-1][1]
        if hidden in names.disguised(given[start:end]):
            alone = (place for place in together if hidden in names.disguised(given[slice(*place)]))
            return next(alone, (start, end))
    return 0, len(given)


def _is_code(written: str) -> bool:
    """Whether it looks like the name of a model ("A505") rather than a word with digits in it ("N1ke")."""
    digits, letters = sum(map(str.isdigit, written)), sum(map(str.isalpha, written))
    return digits > 0 and (digits >= letters or digits + letters < SHORTEST_WITH_DIGITS)


def _broken(rule: Rule, text: _Text, start: int, end: int, *, brand_ids: list[str]) -> BrokenRule:
    shown = text.seen[start:end].strip()[:MOST_SHOWN]
    return BrokenRule(rule=rule, brand_ids=brand_ids, where=text.where, text=shown)
