"""Stored listings as they stand now: what the scan, rights holders and trust & safety made of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import select

from serve.database.engine import Database
from serve.database.loop_tables import Case, ListingRecord
from serve.loop.good_faith.covers import covers
from serve.protocol.answers import Answer
from serve.protocol.paging import Page, cursor_after, last_id
from serve.scanning.results import Decision


class StoredListing(Answer):
    """A stored listing with what holds for it now."""

    id: Annotated[str, Field(description="The marketplace's own")]
    seller: str
    decision: Decision
    reasons: list[str]
    revision: Annotated[int, Field(description="Counts up when other pictures come")]
    updated: Annotated[datetime, Field(description="When it was scanned last")]
    case_ids: Annotated[list[str], Field(description="Its cases, oldest first, also of earlier pictures")]
    withdrawn: Annotated[datetime | None, Field(description="Since when it is offered no more; null while it is")]


def list_listings(
    database: Database, *, listing_id: str | None, seller: str | None, decision: Decision | None,
    withdrawn: bool | None, limit: int, cursor: str | None,
) -> Page[StoredListing]:  # fmt: skip
    """Listings in the order in which they first came: one, those of a seller, those with a decision, those that are
    `withdrawn` or offered, or all.

    What only covers a blind test is nobody's listing.
    """
    query = select(ListingRecord).where(ListingRecord.id > last_id(cursor, "list"), ListingRecord.id.not_in(covers()))
    for column, wanted in (
        (ListingRecord.marketplace_id, listing_id),
        (ListingRecord.seller, seller),
        (ListingRecord.decision, decision),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if withdrawn is not None:
        query = query.where(ListingRecord.withdrawn.is_not(None) == withdrawn)
    with database.read() as session:
        rows = session.scalars(query.order_by(ListingRecord.id).limit(limit + 1)).all()
        cases: dict[str, list[str]] = {}
        of_them = select(Case.listing_id, Case.id).where(Case.listing_id.in_([row.id for row in rows[:limit]]))
        for listing, case in session.execute(of_them.order_by(Case.id)):
            cases.setdefault(listing, []).append(case)
    return Page(
        items=[
            StoredListing(
                id=row.marketplace_id, seller=row.seller,
                decision=row.decision,  # type: ignore[arg-type] # checked by the table
                reasons=row.reasons, revision=row.revision, updated=row.updated, case_ids=cases.get(row.id, []),
                withdrawn=row.withdrawn,
            )
            for row in rows[:limit]
        ],
        next_cursor=cursor_after([row.id for row in rows], limit=limit),
    )  # fmt: skip
