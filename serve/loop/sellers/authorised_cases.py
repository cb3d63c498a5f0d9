"""What follows for stored listings when a brand authorises a seller to use its photos, or no longer does.

Listings whose copied photos say otherwise than the authorisation does now are scanned again
(`serve.loop.stock.stock_search`). Cases that nobody judged and that ask about nothing but such photos are dropped.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, cast, func, select
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.orm import Session

from serve.database.loop_tables import Case, ListingRecord
from serve.loop.cases import lock_case
from serve.loop.endings import PERMITTED, end_case
from serve.loop.states import CaseAction, CaseState
from serve.loop.stock.stock_vectors import in_stock
from serve.scanning.authorised import brands_authorising

ANOTHER_KIND: Final = '$[*] ? (@.kind != "copied_photo")'
"""Of a case's findings: one that is no copied photo (a path of SQL/JSON)."""


def listings_to_follow(session: Session, brand_id: str, *, seller: str, most: int) -> list[str]:
    """Our ids of the seller's newest listings whose copied photos say otherwise than the brand does now.

    Of those that pass without the authorisation there is nothing to free.
    """
    authorised = brand_id in brands_authorising(session, seller)
    copied: dict[str, Any] = {"brand_id": brand_id, "kind": "copied_photo"}
    says_so = ListingRecord.findings.contains([{**copied, "authorised": True}])
    wanted = and_(~says_so, ListingRecord.decision != "allow") if authorised else says_so
    query = select(ListingRecord.id).where(
        ListingRecord.seller == seller, in_stock(), ListingRecord.findings.contains([copied]), wanted
    )
    return list(session.scalars(query.order_by(ListingRecord.id.desc()).limit(most)))


def cases_to_drop(session: Session, brand_id: str, *, seller: str) -> list[str]:
    """The ids of the brand's cases about nothing but photos that the seller may use, those under a cover too.

    None where the brand does not authorise the seller. A test that went on would give itself away.
    """
    if brand_id not in brands_authorising(session, seller):
        return []
    query = select(Case.id).join(ListingRecord, ListingRecord.id == Case.listing_id)
    return list(
        session.scalars(query.where(ListingRecord.seller == seller, _asks_of_photos(brand_id)).order_by(Case.id))
    )


def drop(session: Session, case_id: str) -> None:
    """Drop a case, unless it was answered, asks about something else, or the seller is not authorised by now."""
    case, listing = lock_case(session, case_id)
    session.flush()
    if case.brand_id in brands_authorising(session, listing.seller):
        ask_of_permitted_no_more(session, listing, authorised=[case.brand_id], suspected=[])


def ask_of_permitted_no_more(
    session: Session, listing: ListingRecord, *, authorised: Collection[str], suspected: Collection[str]
) -> None:
    """Drop the listing's cases about nothing but photos of the `authorised` brands, unless one is `suspected` of more.

    The caller holds the listing's lock, and settles it.
    """
    for brand_id in sorted(set(authorised) - set(suspected)):
        asked = select(Case).where(Case.listing_id == listing.id, _asks_of_photos(brand_id)).order_by(Case.id)
        for case in session.scalars(asked.with_for_update(of=Case)).all():
            end_case(session, case, listing, CaseAction.DROP, dropped=PERMITTED)


def _asks_of_photos(brand_id: str) -> ColumnElement[bool]:
    """Of cases: whether one of the brand's was not judged yet and asks about copied photos alone."""
    asks_of_more = func.jsonb_path_exists(Case.findings, cast(ANOTHER_KIND, JSONPATH))
    waits = Case.state.in_((CaseState.OPEN, CaseState.UNSURE))
    return and_(Case.brand_id == brand_id, waits, Case.known_fake.is_(None), ~asks_of_more)
