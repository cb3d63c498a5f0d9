"""Which listings of the stock name a brand: they may show a mark that no reference showed, or hide it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select
from sqlalchemy.orm import Session

from model.simplified import ways_to_write
from serve.database.loop_tables import ListingRecord
from serve.loop.stock.fake_words import said_in
from serve.loop.stock.stock_vectors import BATCH, in_stock, unseen
from serve.text.brand_words import BrandWords, stored_names
from serve.text.letters import folded
from serve.text.listing import Listing
from serve.text.phrases import is_too_short, says

SAID: Final = ("title", "description", "brand_claimed")
"""What of a listing's content may name a brand."""

BETWEEN_LETTERS: Final = "[\u0300-\u036f[:space:][:punct:]]+"
"""What may stand between letters, and accents once they stand apart: a regular expression of PostgreSQL."""


def naming(session: Session, brand_id: str, *, before: int, most: int) -> list[str]:
    """The ids of the `most` newest allowed listings last scanned before `before` that name the brand, as scans have it.

    One that masks or exchanges letters of its words is not found: the database looks first for these letters in a row.
    """
    names = stored_names(session, [brand_id])
    letters = {folded(word) for brand in names.values() for word in (brand.name, *brand.words)} - {""}
    if not letters:
        return []
    said = func.concat_ws(" ", *(ListingRecord.content[field].astext for field in SAID))
    plain = func.regexp_replace(func.normalize(said, literal_column("NFKD")), BETWEEN_LETTERS, "", "g")
    words = BrandWords(names)
    rows = session.execute(_newest(or_(*(_stands_in(plain, word) for word in letters)), *unseen(before)))
    named = (row.id for row in rows if words.named_in(Listing.model_validate(row.content)))
    return list(islice(named, most))


def naming_and_saying(
    session: Session, brand_id: str, phrases: Sequence[str], *, most: int, look: Callable[[], None]
) -> list[str]:
    """The ids of the `most` newest allowed listings in which nothing of the brand was found, and that name it and say
    one of the `phrases` (`normalised`).

    Every text is read, in some 30 µs (a long Chinese one in 0.2 ms), for the database knows no masked letters. `look`
    is called in between, and may break it off.
    """
    if all(is_too_short(phrase) for phrase in phrases):
        return []
    names = BrandWords(stored_names(session, [brand_id]))

    def tells(content: dict[str, object]) -> bool:
        look()
        said = said_in(content)
        return any(says(said, phrase) for phrase in phrases) and bool(names.named_in(Listing.model_validate(content)))

    shows_nothing = ~ListingRecord.findings.contains([{"brand_id": brand_id}])
    rows = session.execute(_newest(ListingRecord.decision == "allow", in_stock(), shows_nothing))
    return list(islice((row.id for row in rows if tells(row.content)), most))


def _stands_in(plain: ColumnElement[str], word: str) -> ColumnElement[bool]:
    """Whether the letters of a folded word stand in a row, Chinese ones in either script."""
    ways = [ways_to_write(letter) for letter in word]
    if all(len(one) == 1 for one in ways):
        return plain.icontains(word)
    return plain.regexp_match("".join(one if len(one) == 1 else f"[{one}]" for one in ways), flags="i")


def _newest(*conditions: ColumnElement[bool]) -> Select[str, dict[str, object]]:
    """The ids and contents of the listings of which all `conditions` are true, the newest first, some at a time."""
    query = select(ListingRecord.id, ListingRecord.content).where(*conditions)
    return query.order_by(ListingRecord.id.desc()).execution_options(yield_per=BATCH)
