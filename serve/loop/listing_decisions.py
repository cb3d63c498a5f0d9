"""The feed of decisions: each change of what holds for a listing, in the order in which the changes were committed.

It is read from the audit log, whose writers take turns: whoever keeps the last number that was listed misses none.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from serve import audit
from serve.database.engine import Database
from serve.database.loop_tables import AuditEntry, AuditHead, ListingRecord
from serve.loop.good_faith.covers import covers
from serve.protocol.answers import Answer
from serve.protocol.paging import ResumablePage, cursor_after, cursor_of, last_number
from serve.scanning.results import Decision


class ListingDecision(Answer):
    """What holds for a listing from a moment on."""

    listing_id: Annotated[str, Field(description="The marketplace's own id")]
    seller: str
    decision: Decision
    before: Annotated[Decision, Field(description="What held until then; `allow` before the listing first came")]
    reasons: list[str]
    revision: Annotated[int, Field(description="That of the listing's pictures")]
    moment: datetime
    number: Annotated[int, Field(description="Counts up; of two changes of one listing, the one with the larger holds")]


class DecisionPage(ResumablePage[ListingDecision]):
    """A page of decisions."""


def list_decisions(database: Database, *, limit: int, cursor: str | None) -> DecisionPage:
    """Changes, oldest first; none of what only covers a blind test. Raises `Problem` (422)."""
    with database.read() as session:
        newest = session.execute(select(AuditHead.number)).scalar_one()
        found = decisions_after(session, last_number(cursor, most=newest), limit=limit + 1)
    numbers = [str(one.number) for one in found]
    items = found[:limit]
    return DecisionPage(
        items=items,
        next_cursor=cursor_after(numbers, limit=limit),
        resume_cursor=cursor_of(numbers[len(items) - 1]) if items else cursor,
    )


def decisions_after(session: Session, number: int, *, limit: int) -> list[ListingDecision]:
    """The first changes whose step in the audit log comes after `number`; none of what only covers a blind test."""
    query = (
        select(AuditEntry, ListingRecord)
        .join(ListingRecord, ListingRecord.id == AuditEntry.subject)
        .where(AuditEntry.action == audit.DECIDED, AuditEntry.number > number, ListingRecord.id.not_in(covers()))
        .order_by(AuditEntry.number)
        .limit(limit)
    )
    return [_view(entry, listing) for entry, listing in session.execute(query)]


def _view(entry: AuditEntry, listing: ListingRecord) -> ListingDecision:
    content = json.loads(entry.content)
    told = {name: content[name] for name in ("before", "decision", "reasons", "revision")}
    return ListingDecision(
        listing_id=listing.marketplace_id, seller=listing.seller, moment=entry.moment, number=entry.number, **told
    )
