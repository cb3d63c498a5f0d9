"""Listings that are no longer offered: out of the stock at once, and forgotten after a while, as replaced pictures are.

What a case is about stays, with its pictures: its rights holder may still judge it, a complaint counts against the
seller, and labels teach. A listing that is sent again is offered again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import structlog
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import (
    BlindTest,
    Case,
    Label,
    ListingImage,
    ListingRecord,
    Suggestion,
    TextHold,
    Unrecognised,
)
from serve.loop.good_faith.covers import covers
from serve.loop.standing import settle
from serve.loop.stock.stock_vectors import forget_vectors
from serve.loop.texts.text_holds import end_with_listing
from serve.pictures.objects import Objects
from serve.protocol.answers import Answer
from serve.text.wording import Text

MOST_AT_ONCE: Final = 200
BATCH: Final = 200

ListingId = Annotated[Text, Field(min_length=1, max_length=200)]

log = structlog.get_logger(__name__)


class Withdrawal(BaseModel):
    """Listings that are offered no more."""

    model_config = ConfigDict(extra="forbid")

    listing_ids: Annotated[
        list[ListingId], Field(min_length=1, max_length=MOST_AT_ONCE, description="The marketplace's own ids")
    ]


class Withdrawn(Answer):
    """What became of a withdrawal; each listing counts by itself."""

    withdrawn: Annotated[list[str], Field(description="Ids of listings that are offered no more, now or since before")]
    unknown: Annotated[list[str], Field(description="Ids of which no listing is stored")]


def withdraw(database: Database, new: Withdrawal, *, caller: Caller) -> Withdrawn:
    """Take the listings out of the stock; of one that is out already nothing changes.

    A send that overlaps and arrived before this is refused; the first one of a listing is not known here yet.
    """
    ids = list(dict.fromkeys(new.listing_ids))
    arrived = datetime.now(UTC)
    known = {listing_id for listing_id in ids if _withdraw(database, listing_id, arrived=arrived, caller=caller)}
    return Withdrawn(
        withdrawn=[one for one in ids if one in known], unknown=[one for one in ids if one not in known]
    )  # fmt: skip


def _withdraw(database: Database, listing_id: str, *, arrived: datetime, caller: Caller) -> bool:
    """Whether there is such a listing, which then is offered no more, unless it was sent again after this arrived."""
    with database.write() as session:
        wanted = ListingRecord.marketplace_id == listing_id, ListingRecord.id.not_in(covers())
        listing = session.scalars(select(ListingRecord).where(*wanted).with_for_update()).one_or_none()
        if listing is None:
            return False
        came_later = listing.arrived is not None and listing.arrived > arrived
        if listing.withdrawn is not None or came_later or audit.carried_out(session, listing.id):
            return True
        listing.withdrawn = datetime.now(UTC)
        listing.arrived = max(arrived, listing.arrived or arrived)
        forget_vectors(session, listing)
        session.execute(delete(Unrecognised).where(Unrecognised.listing_id == listing.id))
        end_with_listing(session, listing, actor=caller.key_id)
        settle(session, listing)
        audit.record(
            session, actor=caller.key_id, action="listing withdrawn", subject=listing.id,
            content={"listing": listing.marketplace_id},
        )  # fmt: skip
        return True


def forget_withdrawn(database: Database, objects: Objects, *, days: int) -> int:
    """Remove the listings that were withdrawn more than `days` ago and that nothing rests on; returns how many."""
    before = datetime.now(UTC) - timedelta(days=days)
    forgotten, last = 0, ""
    while True:
        with database.write() as session:
            ids = _to_forget(session, before=before, last=last)
            session.execute(delete(TextHold).where(TextHold.listing_id.in_(ids)))
            session.execute(delete(ListingRecord).where(ListingRecord.id.in_(ids)))
        # Only now: a file that nothing refers to costs its space, and a listing without its files could not be shown.
        for listing_id in ids:
            objects.delete_folder(f"listings/{listing_id}")
        forgotten += len(ids)
        if len(ids) < BATCH:
            break
        last = ids[-1]
    if forgotten:
        log.info("withdrawn listings forgotten", listings=forgotten)
    return forgotten


def forget_replaced(database: Database, objects: Objects, *, days: int) -> int:
    """Remove the pictures that a listing has shown no more for `days` and that nothing rests on; returns how many.

    Cases, labels and open suggestions keep theirs.
    """
    before = datetime.now(UTC) - timedelta(days=days)
    newer = aliased(ListingImage)
    replaced = exists().where(
        newer.listing_id == ListingImage.listing_id, newer.revision > ListingImage.revision, newer.created < before
    )
    asked_about = exists().where(Case.listing_id == ListingImage.listing_id, Case.revision == ListingImage.revision)
    repeated = exists().where(
        BlindTest.source_id == Case.id, Case.listing_id == ListingImage.listing_id,
        BlindTest.source_revision == ListingImage.revision,
    )  # fmt: skip
    taught = exists().where(Label.image_id == ListingImage.id)
    wanted = select(ListingImage.id, ListingImage.object_key).where(
        replaced, ~asked_about, ~repeated, ~taught, ~_suggested(ListingImage.id)
    )
    forgotten = 0
    while True:
        with database.read() as session:
            gone = session.execute(wanted.limit(BATCH)).all()
        for _, key in gone:  # before their rows, by which a process that was killed meanwhile finds them again
            objects.delete(key)
        with database.write() as session:
            session.execute(delete(ListingImage).where(ListingImage.id.in_([image_id for image_id, _ in gone])))
        forgotten += len(gone)
        if len(gone) < BATCH:
            break
    if forgotten:
        log.info("replaced pictures forgotten", pictures=forgotten)
    return forgotten


def _suggested(image_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether the picture is among those of a suggestion that waits for an answer."""
    shown = func.jsonb_build_array(func.jsonb_build_object("image_id", image_id))
    return exists().where(Suggestion.state == "open", Suggestion.pictures.contains(shown))


def _to_forget(session: Session, *, before: datetime, last: str) -> list[str]:
    """The next ids, locked: whoever sends one of them again waits, and finds it gone."""
    suggested = exists().where(ListingImage.listing_id == ListingRecord.id, _suggested(ListingImage.id))
    asked_about = exists().where(Case.listing_id == ListingRecord.id)
    query = (
        select(ListingRecord.id)
        .where(ListingRecord.id > last, ListingRecord.withdrawn < before, ~asked_about, ~suggested)
        .order_by(ListingRecord.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(query))
