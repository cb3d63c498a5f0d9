"""Listings that name a brand and in which it was not recognised well: unknown versions of its mark hide here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from serve.database.loop_tables import ListingRecord, MarkSearch, Unrecognised
from serve.jobs import LongTask, defer
from serve.scanning.results import Finding

SEARCH_MARKS: Final = LongTask("search listings for marks that no reference shows")

WELL: Final = 0.6
"""Cosine of a mark and its reference from which it is recognised well, even where no listing names the brand."""

GATHERING: Final = timedelta(hours=1)
"""So long a search waits for more listings that name the brand."""


def follow_recognition(
    session: Session, listing: ListingRecord, *, named: Collection[str], findings: Sequence[Finding]
) -> None:
    """Keep which of the brands (ids) that the listing names were not recognised well, and have them searched for.

    What seems other than genuine was recognised: the brand is asked about it at any rate.
    """
    recognised = {one.brand_id for one in findings if one.similarity >= WELL or one.kind != "genuine"}
    lacking = sorted(set(named) - recognised)
    gone = Unrecognised.listing_id == listing.id
    session.execute(delete(Unrecognised).where(gone, Unrecognised.brand_id.not_in(lacking)))
    for brand_id in lacking:
        row = insert(Unrecognised).values(brand_id=brand_id, listing_id=listing.id)
        session.execute(row.on_conflict_do_nothing())
        search_later(session, brand_id, after=GATHERING)


def search_later(session: Session, brand_id: str, *, after: timedelta = timedelta(0)) -> None:
    """Have the brand's unrecognised listings searched in a while, unless they will be as soon without it."""
    due = datetime.now(UTC) + after
    planned = session.get(MarkSearch, brand_id)
    if planned is not None and planned.due is not None and planned.due <= due:
        return
    row = insert(MarkSearch).values(brand_id=brand_id, due=due)
    session.execute(row.on_conflict_do_update(index_elements=[MarkSearch.brand_id], set_={"due": due}))
    # Not one at a time: of such jobs one that is planned for later holds up those that are due.
    defer(session, SEARCH_MARKS, at=due, brand_id=brand_id)
