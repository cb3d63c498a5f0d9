"""Cases that were opened for a known fake which counts no more: its trait was taken back, its rights holder suspended,
or its complaint overturned.

Their listings are scanned again (`serve.loop.stock.stock_search`). Of what the scan itself, or another known fake,
holds up the brand is asked still; any other such case that nobody judged is dropped, and holds nothing up.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.database.loop_tables import BlindTest, Case, ListingRecord
from serve.loop.cases import lock_case
from serve.loop.endings import end_case
from serve.loop.follow_ups import counts_no_more, has_lapsed
from serve.loop.good_faith.covers import repeats_another
from serve.loop.states import UNDER_WAY, CaseAction, CaseState


def listings_of_lapsed(session: Session, holder_id: str) -> list[str]:
    """Our ids of the listings that are held up for such fakes; those that cover a blind test are none."""
    query = select(Case.listing_id).where(Case.holder_id == holder_id, has_lapsed(), ~repeats_another())
    return list(session.scalars(query.order_by(Case.listing_id)))


def listings_that_name_lapsed(session: Session, holder_id: str) -> list[str]:
    """Our ids of the listings with cases that go on and were opened for such fakes, judged or not: what those say of
    the fake is to be said no more.
    """
    go_on = (Case.holder_id == holder_id, Case.state.in_(UNDER_WAY), counts_no_more(), ~repeats_another())
    return list(session.scalars(select(Case.listing_id).where(*go_on).order_by(Case.listing_id)))


def repeats_of_lapsed(session: Session, holder_id: str) -> list[str]:
    """The ids of the cases under a cover that repeat one which such a fake opened."""
    query = select(Case.id).where(Case.holder_id == holder_id, has_lapsed(), repeats_another())
    return list(session.scalars(query.order_by(Case.id)))


def follow_source(session: Session, case_id: str) -> None:
    """Have what repeats a case under a cover, which nobody scans, do as that case did, once it was looked at again: go
    on for what it is asked for now, or be dropped, as it is where that was judged and cannot say.
    """
    case, listing = lock_case(session, case_id)
    if session.scalar(select(Case.id).where(Case.id == case_id, has_lapsed())) is None:
        return  # answered meanwhile
    source_id = session.scalars(select(BlindTest.source_id).where(BlindTest.case_id == case_id)).one()
    goes_on = select(Case).where(Case.id == source_id, Case.state == CaseState.OPEN, ~counts_no_more())
    source = session.scalars(goes_on).one_or_none()
    if source is None:
        end_case(session, case, listing, CaseAction.DROP)
    else:
        case.known_fake = source.known_fake


def ask_no_more(session: Session, listing: ListingRecord, *, suspected: Mapping[str, str | None]) -> None:
    """Drop the listing's cases of fakes that count no more. Where something else of their brand is `suspected` (by the
    known fake that it shows, or None), they are asked for that.

    The caller holds the listing's lock, and settles it.
    """
    lapsed = select(Case).where(Case.listing_id == listing.id, Case.revision == listing.revision, has_lapsed())
    for case in session.scalars(lapsed.order_by(Case.holder_id, Case.id).with_for_update(of=Case)).all():
        if case.brand_id in suspected:
            case.known_fake = suspected[case.brand_id]
        else:
            end_case(session, case, listing, CaseAction.DROP)
