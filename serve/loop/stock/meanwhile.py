"""What comes while a listing is scanned, or held up: neither its scan knows it, nor does a search of the stock find it.

A search that begins after a listing was stored reads it. So whoever stored one looks once more at what there is by
then, and has the listing scanned again where that is more than the scan began with; and so does whoever frees one.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from serve.database.loop_tables import Case, Complaint, ListingRecord, Notice, Trait
from serve.database.tables import IndexChange, PolicyRecord
from serve.jobs import LongTask, defer
from serve.loop.follow_ups import has_lapsed
from serve.loop.states import AGAINST_THE_SELLER
from serve.scanning.authorised import brands_authorising

SCAN_AGAIN: Final = LongTask("scan a listing again")

FOLLOWED: Final = timedelta(seconds=2)
"""In which every process follows the newest policy and names."""


class KnownSoFar(NamedTuple):
    """The ids of the newest fake trait and of the newest notice, which upheld complaints leave; empty for none."""

    trait: str
    notice: str


def known_so_far(session: Session) -> KnownSoFar:
    """What a scan that begins now may compare a listing with."""
    trait, notice = select(func.max(Trait.id)), select(func.max(Notice.id))
    row = session.execute(select(trait.scalar_subquery(), notice.scalar_subquery())).one()
    return KnownSoFar(*(newest or "" for newest in row))


def scan_again_if_more_is_known(
    session: Session, listing: ListingRecord, *, known: KnownSoFar, brand_ids: Collection[str], policy_version: int,
    index_version: int, authorised: Collection[str],
) -> None:  # fmt: skip
    """Have the stored listing scanned again where a policy, names of brands or fakes came that its scan did not know,
    or where others of the brands whose photos it shows than `authorised` it then let the seller use them.

    Of upheld complaints, which come all the time, those count that are about `brand_ids`, of which something was found
    in it, or about the same seller; of traits all. `session` began after the listing was committed.
    """
    of_seller = exists().where(ListingRecord.id == Case.listing_id, ListingRecord.seller == listing.seller)
    upheld = (
        exists()
        .where(Notice.id > known.notice, Notice.subject.in_(AGAINST_THE_SELLER))
        .where(Complaint.id == Notice.complaint_id, Case.id == Complaint.case_id)
        .where(Case.brand_id.in_(brand_ids) | of_seller)
    )
    came = or_(
        exists().where(PolicyRecord.version > policy_version),
        exists().where(IndexChange.version > index_version, IndexChange.action.in_(("create", "rename"))),
        exists().where(Trait.id > known.trait),
        upheld,
        _has_lapsed_case(listing),
    )
    copied = {one["brand_id"] for one in listing.findings if one["kind"] == "copied_photo"}
    is_other = bool(copied) and copied & brands_authorising(session, listing.seller) != copied & set(authorised)
    if is_other or session.scalar(select(came)):
        defer(session, SCAN_AGAIN, at=datetime.now(UTC) + FOLLOWED, listing_id=listing.id)


def scan_again_if_a_fake_lapsed(session: Session, listing: ListingRecord) -> None:
    """Have the stored listing scanned again where the fake that a case of it was opened for counted no more by then."""
    if session.scalar(select(_has_lapsed_case(listing))):
        defer(session, SCAN_AGAIN, listing_id=listing.id)


def _has_lapsed_case(listing: ListingRecord) -> ColumnElement[bool]:
    of_these = (Case.listing_id == listing.id, Case.revision == listing.revision)
    return exists().where(*of_these, has_lapsed())


def scan_again_if_more_came(session: Session, listing: ListingRecord) -> None:
    """Have a listing that nothing holds up any more scanned again, where references, fakes or names of brands came
    since it was scanned: searches of the stock pass over what is held up.
    """
    of_seller = exists().where(ListingRecord.id == Case.listing_id, ListingRecord.seller == listing.seller)
    found = {finding["brand_id"] for finding in listing.findings}
    upheld = (
        exists()
        .where(Notice.created > listing.updated, Notice.subject.in_(AGAINST_THE_SELLER))
        .where(Complaint.id == Notice.complaint_id, Case.id == Complaint.case_id)
        .where(Case.brand_id.in_(found) | of_seller, Case.listing_id != listing.id)
    )
    came = or_(
        exists().where(IndexChange.version > (listing.index_version or 0), IndexChange.action != "remove"),
        exists().where(Trait.created > listing.updated),
        upheld,
    )
    if session.scalar(select(came)):
        defer(session, SCAN_AGAIN, at=datetime.now(UTC) + FOLLOWED, listing_id=listing.id)
