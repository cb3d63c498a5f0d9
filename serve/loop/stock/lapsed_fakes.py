"""Cases that were opened for a known fake which counts no more: its trait was taken back, its rights holder suspended,
or its complaint overturned.

Their listings are scanned again (`serve.loop.stock.stock_search`). Of what the scan itself, or another known fake,
holds up the brand is asked still; any other such case that nobody judged is dropped, and holds nothing up.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from serve.database.loop_tables import Case, Complaint, ListingRecord, Trait
from serve.database.tables import RightsHolder
from serve.loop.endings import end_case
from serve.loop.good_faith.blind_tests import repeats_another
from serve.loop.standing import lock_listing
from serve.loop.states import FOR_THE_SELLER, CaseAction, CaseState
from serve.loop.stock.known_fakes import KnownFake

NOT_JUDGED = (CaseState.OPEN, CaseState.UNSURE)


def _has_lapsed() -> ColumnElement[bool]:
    """Of cases: whether nobody judged it yet, and the known fake that it was opened for counts no more."""
    suspended = exists().where(RightsHolder.id == Case.holder_id, RightsHolder.tier == "suspended")
    of_trait = exists().where(Trait.id == Case.known_fake, or_(Trait.removed.is_not(None), suspended))
    overturned = exists().where(Complaint.id == Case.known_fake, Complaint.state.in_(FOR_THE_SELLER))
    return and_(Case.state.in_(NOT_JUDGED), or_(of_trait, overturned))


def listings_of_lapsed(session: Session, holder_id: str) -> list[str]:
    """Our ids of the listings that are held up for such fakes; those that cover a blind test are none."""
    query = select(Case.listing_id).where(Case.holder_id == holder_id, _has_lapsed(), ~repeats_another())
    return list(session.scalars(query.order_by(Case.listing_id)))


def covers_of_lapsed(session: Session, holder_id: str) -> list[str]:
    """The ids of the listings that cover a blind test, which repeats a case that such a fake opened."""
    query = select(Case.listing_id).where(Case.holder_id == holder_id, _has_lapsed(), repeats_another())
    return list(session.scalars(query.order_by(Case.listing_id)))


def drop_repeat(session: Session, listing_id: str) -> None:
    """Drop what repeats a case under the cover of the listing, which nobody scans."""
    ask_no_more(session, lock_listing(session, listing_id), suspected=frozenset(), fakes={})


def ask_no_more(
    session: Session, listing: ListingRecord, *, suspected: Set[str], fakes: Mapping[str, KnownFake]
) -> None:
    """Drop the listing's cases of fakes that count no more. Where something else of their brand is `suspected`, be it
    another known fake (`fakes`, by brand), they are asked for that.

    The caller holds the listing's lock, and settles it.
    """
    lapsed = select(Case).where(Case.listing_id == listing.id, Case.revision == listing.revision, _has_lapsed())
    for case in session.scalars(lapsed.order_by(Case.holder_id, Case.id).with_for_update(of=Case)).all():
        if case.brand_id in suspected:
            case.known_fake = fakes[case.brand_id].known_by if case.brand_id in fakes else None
        else:
            end_case(session, case, listing, CaseAction.DROP)
