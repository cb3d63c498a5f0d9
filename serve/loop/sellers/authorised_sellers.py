"""Sellers whom a brand authorised: its own dealers, who use its official photos by right.

A scan that starts once the answer arrived knows the authorisation (`serve/scanning/authorised.py`). What was found
before is followed by a job (`authorised_cases.py`), when an authorisation is given, when it is taken back, and when its
last day is over.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.tables import AuthorisedSeller, Brand, RightsHolder
from serve.identifiers import new_id
from serve.jobs import defer
from serve.loop.follow_ups import FOLLOW_AUTHORISATION
from serve.loop.good_faith.rights_documents import Day, require_rights
from serve.protocol.answers import Answer
from serve.protocol.paging import Page, cursor_after, last_id
from serve.protocol.problems import not_found, unprocessable
from serve.scanning.authorised import authorisations
from serve.text.wording import Note, Text

LATEST: Final = date(2999, 12, 31)
"""The last day that an authorisation may name; one without a day never ends."""


def _not_blank(seller: str) -> str:
    if not seller.strip():
        raise ValueError("must not be blank")
    return seller


Seller = Annotated[Text, Field(max_length=500), AfterValidator(_not_blank)]
"""A seller by the marketplace's own name for it, as listings have it."""


class NamedSeller(BaseModel):
    """A seller that a form names."""

    model_config = ConfigDict(extra="forbid")

    seller: Seller


class NewAuthorisation(BaseModel):
    """What is said of an authorisation."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[Note | None, Field(description="For the brand's own use")] = None
    until: Annotated[
        Day | None, Field(le=LATEST, description="The last day on which it counts; null: until it is taken back")
    ] = None


class AuthorisedSellerView(Answer):
    """An authorisation as it is sent."""

    brand_id: str
    seller: str
    note: str | None
    until: date | None
    in_force: Annotated[
        bool, Field(description="Whether it counts: it has not ended, and the rights holder is not suspended")
    ]
    created: datetime


def authorise(
    database: Database, brand_id: str, seller: str, new: NewAuthorisation, *, caller: Caller, prove_ownership: bool
) -> AuthorisedSellerView:
    """Let the seller use the brand's photos, or change what is said of that; effective when this returns.

    Raises `Problem`: 404, 403 without proof of rights, 422 (`expired`) for a day that is over.
    """
    with database.write() as session:
        holder = _holder(session, brand_id, caller=caller, prove_ownership=prove_ownership)
        if new.until is not None and new.until < datetime.now(ZoneInfo(holder.time_zone)).date():
            raise unprocessable("expired", f"{new.until} is over; name a later day, or none.")
        # Whoever takes the brand's row goes first: of two who authorise a seller at once the second finds the row.
        row = session.scalars(_of(brand_id, seller)).one_or_none()
        if row is None:
            row = AuthorisedSeller(id=new_id("authorisation"), brand_id=brand_id, seller=seller)
            session.add(row)
        elif (row.note, row.until) == (new.note, new.until):
            return _view(session, row)
        row.note, row.until = new.note, new.until
        session.flush()
        _follow(session, row)
        if new.until is not None:
            ended = datetime.combine(new.until + timedelta(days=1), time.min, ZoneInfo(holder.time_zone))
            _follow(session, row, at=ended.astimezone(UTC))
        audit.record(
            session, actor=caller.key_id, action="seller authorised", subject=row.id,
            content={
                "brand": brand_id, "seller": seller, "note": new.note,
                "until": None if new.until is None else new.until.isoformat(),
            },
        )  # fmt: skip
        return _view(session, row)


def list_authorised(database: Database, brand_id: str, *, limit: int, cursor: str | None) -> Page[AuthorisedSellerView]:
    """The sellers that the brand authorised, oldest first, those whose last day is over too. Raises `Problem` (404)."""
    query = (
        authorisations()
        .where(AuthorisedSeller.brand_id == brand_id, AuthorisedSeller.id > last_id(cursor, "authorisation"))
        .order_by(AuthorisedSeller.id)
        .limit(limit + 1)
    )
    with database.read() as session:
        if session.get(Brand, brand_id) is None:
            raise not_found("brand", brand_id)
        rows = session.execute(query).all()
    return Page(
        items=[_told(row, counts=counts) for row, counts in rows[:limit]],
        next_cursor=cursor_after([row.id for row, _ in rows], limit=limit),
    )


def take_back(database: Database, brand_id: str, seller: str, *, caller: Caller, prove_ownership: bool) -> None:
    """Let the seller use the brand's photos no more; effective when this returns.

    Raises `Problem`: 404, 403 without proof of rights.
    """
    with database.write() as session:
        _holder(session, brand_id, caller=caller, prove_ownership=prove_ownership)
        row = session.scalars(_of(brand_id, seller)).one_or_none()
        if row is None:
            raise not_found("authorised seller", seller)
        session.delete(row)
        _follow(session, row)
        audit.record(
            session, actor=caller.key_id, action="seller no longer authorised", subject=row.id,
            content={"brand": brand_id, "seller": seller},
        )  # fmt: skip


def _holder(session: Session, brand_id: str, *, caller: Caller, prove_ownership: bool) -> RightsHolder:
    """The rights holder of the brand, whose row is locked: who authorises and who takes back take turns.

    Raises `Problem`: 404, 403 where `caller` has not proved that it may act for the brand.
    """
    brand = session.get(Brand, brand_id, with_for_update={"key_share": True})
    if brand is None:
        raise not_found("brand", brand_id)
    require_rights(session, brand_id, caller=caller, of_owners=prove_ownership)
    return session.get_one(RightsHolder, brand.holder_id)


def _of(brand_id: str, seller: str) -> Select[AuthorisedSeller]:
    return select(AuthorisedSeller).where(AuthorisedSeller.brand_id == brand_id, AuthorisedSeller.seller == seller)


def _follow(session: Session, row: AuthorisedSeller, *, at: datetime | None = None) -> None:
    defer(session, FOLLOW_AUTHORISATION, at=at, brand_id=row.brand_id, seller=row.seller)


def _view(session: Session, row: AuthorisedSeller) -> AuthorisedSellerView:
    session.refresh(row)
    _, counts = session.execute(authorisations().where(AuthorisedSeller.id == row.id)).one()
    return _told(row, counts=counts)


def _told(row: AuthorisedSeller, *, counts: bool) -> AuthorisedSellerView:
    return AuthorisedSellerView(
        brand_id=row.brand_id, seller=row.seller, note=row.note, until=row.until, in_force=counts, created=row.created
    )
