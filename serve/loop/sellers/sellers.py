"""Sellers: what was found against them, and who went on after being told.

An *infringement* is a complaint that was upheld and still stands. It is a *repeat* when its pictures were sent after
the seller had been told of an earlier one that stands too: whoever sends ten fakes before the first word is told of is
no repeat infringer yet, and a decision that is overturned takes what it made a repeat with it. Listings that only
cover a blind test are nobody's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import CTE, func, select
from sqlalchemy.orm import Session

from serve.database.engine import Database
from serve.database.loop_tables import Case, Complaint, ListingImage, ListingRecord, Notice
from serve.database.tables import Brand
from serve.loop.good_faith.covers import covers, repeats_another
from serve.loop.states import AGAINST_THE_SELLER, FOR_THE_SELLER
from serve.protocol.answers import Answer
from serve.protocol.paging import Page, cursor_after, last_id
from serve.protocol.problems import not_found

Standing = Literal["clear", "infringer", "repeat_infringer"]


class SellerBrand(Answer):
    """What a seller did to one brand."""

    brand_id: str
    brand: str
    infringements: int
    last: Annotated[datetime, Field(description="When the seller was told of the last one")]


class SellerView(Answer):
    """A seller as it is sent."""

    seller: str
    standing: Standing
    listings: int
    blocked: Annotated[int, Field(description="Of the listings, those that are blocked now")]
    in_review: Annotated[int, Field(description="Of the listings, those that are under review now")]
    infringements: Annotated[int, Field(description="Upheld complaints that stand")]
    repeats: Annotated[int, Field(description="Of these, those sent after the seller was told of an earlier one")]
    cleared: Annotated[int, Field(description="Complaints that were dismissed or overturned")]
    brands: Annotated[list[SellerBrand], Field(description="Whose marks were infringed, most often first")]


def get_seller(database: Database, seller: str) -> SellerView:
    """What is known of a seller. Raises `Problem` (404) for one that sent no listing."""
    with database.read() as session:
        found = views_of(session, [seller])
    if not found:
        raise not_found("seller", seller)
    return found[0]


def list_infringers(
    database: Database, *, seller: str | None, repeated: bool, limit: int, cursor: str | None
) -> Page[SellerView]:
    """Sellers with an infringement, in the order of the first complaint that stands; of these, the repeat infringers
    where `repeated`, or one `seller`.
    """
    against = infringements()
    first = func.min(against.c.complaint_id)
    query = select(against.c.seller, first).group_by(against.c.seller).having(first > last_id(cursor, "complaint"))
    if repeated:
        query = query.having(func.count().filter(against.c.repeat) > 0)
    if seller is not None:
        query = query.where(against.c.seller == seller)
    with database.read() as session:
        rows = session.execute(query.order_by(first).limit(limit + 1)).all()
        items = views_of(session, [name for name, _ in rows[:limit]])
    return Page(items=items, next_cursor=cursor_after([complaint for _, complaint in rows], limit=limit))


def is_repeat_infringer(session: Session, seller: str) -> bool:
    """Whether the seller went on after it was told."""
    against = infringements()
    return (
        session.scalar(select(against.c.seller).where(against.c.seller == seller, against.c.repeat).limit(1))
        is not None
    )


def brands_infringed(session: Session, seller: str) -> list[str]:
    """The ids of the brands whose marks the seller was found to infringe, the one that was decided on last first."""
    query = (
        select(Case.brand_id)
        .join(ListingRecord, ListingRecord.id == Case.listing_id)
        .join(Complaint, Complaint.case_id == Case.id)
        .where(ListingRecord.seller == seller, Complaint.state.in_(AGAINST_THE_SELLER), ~repeats_another())
        .group_by(Case.brand_id)
    )  # asked for each listing that comes, so without what `infringements` reads beside
    return list(session.scalars(query.order_by(func.max(Complaint.decided).desc(), Case.brand_id)))


def infringements() -> CTE:
    """Each infringement: `complaint_id`, `seller`, `listing_id` (ours), `revision`, `brand_id`, when the seller was
    `told`, and whether it is a `repeat`.
    """
    told = (
        select(func.min(Notice.created))
        .where(Notice.complaint_id == Complaint.id, Notice.subject.in_(AGAINST_THE_SELLER))
        .scalar_subquery()
    )
    sent = (
        select(func.min(ListingImage.created))
        .where(ListingImage.listing_id == Case.listing_id, ListingImage.revision == Case.revision)
        .scalar_subquery()
    )
    standing = (
        select(
            Complaint.id.label("complaint_id"), ListingRecord.seller, Case.listing_id, Case.revision, Case.brand_id,
            told.label("told"), sent.label("sent"),
        )
        .join(Case, Case.id == Complaint.case_id)
        .join(ListingRecord, ListingRecord.id == Case.listing_id)
        .where(Complaint.state.in_(AGAINST_THE_SELLER), Case.listing_id.not_in(covers()))
        .cte("standing")
    )  # fmt: skip
    first_told = func.min(standing.c.told).over(partition_by=standing.c.seller)
    repeat = func.coalesce(standing.c.sent > first_told, False)
    return select(standing, repeat.label("repeat")).cte("infringements")


def views_of(session: Session, sellers: Collection[str]) -> list[SellerView]:
    """Of those that sent a listing, in the order of `sellers`."""
    listings = _listings(session, sellers)
    cleared = _cleared(session, sellers)
    brands, repeats = _brands(session, sellers)
    return [
        SellerView(
            seller=seller,
            standing=_standing(brands[seller], repeats=repeats[seller]),
            listings=sum(listings[seller].values()),
            blocked=listings[seller].get("block", 0),
            in_review=listings[seller].get("review", 0),
            infringements=sum(one.infringements for one in brands[seller]),
            repeats=repeats[seller],
            cleared=cleared[seller],
            brands=brands[seller],
        )
        for seller in sellers
        if seller in listings
    ]


def _standing(brands: Collection[SellerBrand], *, repeats: int) -> Standing:
    if repeats:
        return "repeat_infringer"
    return "infringer" if brands else "clear"


def _listings(session: Session, sellers: Collection[str]) -> dict[str, dict[str, int]]:
    """How many listings of each seller have each decision."""
    query = (
        select(ListingRecord.seller, ListingRecord.decision, func.count())
        .where(ListingRecord.seller.in_(sellers), ListingRecord.id.not_in(covers()))
        .group_by(ListingRecord.seller, ListingRecord.decision)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for seller, decision, count in session.execute(query):
        found[seller][decision] = count
    return found


def _cleared(session: Session, sellers: Collection[str]) -> dict[str, int]:
    """How many complaints against each seller were found wrong."""
    query = (
        select(ListingRecord.seller, func.count())
        .join(Case, Case.listing_id == ListingRecord.id)
        .join(Complaint, Complaint.case_id == Case.id)
        .where(
            ListingRecord.seller.in_(sellers), Complaint.state.in_(FOR_THE_SELLER), ListingRecord.id.not_in(covers())
        )
        .group_by(ListingRecord.seller)
    )
    return defaultdict(int, session.execute(query).all())


def _brands(session: Session, sellers: Collection[str]) -> tuple[dict[str, list[SellerBrand]], dict[str, int]]:
    """The brands that each seller infringed, most often first, and how many of its infringements are repeats."""
    against = infringements()
    count = func.count()
    query = (
        select(
            against.c.seller, Brand.id, Brand.name, count, func.max(against.c.told), count.filter(against.c.repeat)
        )
        .join(Brand, Brand.id == against.c.brand_id)
        .where(against.c.seller.in_(sellers))
        .group_by(against.c.seller, Brand.id, Brand.name)
        .order_by(count.desc(), Brand.id)
    )  # fmt: skip
    brands: dict[str, list[SellerBrand]] = defaultdict(list)
    repeats: dict[str, int] = defaultdict(int)
    for seller, brand_id, name, found, last, repeated in session.execute(query):
        brands[seller].append(SellerBrand(brand_id=brand_id, brand=name, infringements=found, last=last))
        repeats[seller] += repeated
    return brands, repeats
