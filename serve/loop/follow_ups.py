"""What follows when a fake counts as known or counts no more, when a seller is authorised or no longer is, and when a
rights holder's tier changes: jobs, by name, and who asks for them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from serve.database.loop_tables import Case, Complaint, Trait
from serve.database.tables import AuthorisedSeller, Brand, RightsHolder
from serve.jobs import LongTask, defer
from serve.loop.states import FOR_THE_SELLER, CaseState

SEARCH: Final = LongTask("search the stock for a trait")

LOOK_AGAIN: Final = LongTask("look again at cases of fakes that count no more")
"""Of one rights holder (`holder_id`)."""

FOLLOW_AUTHORISATION: Final = LongTask("look again at listings of a seller whom a brand authorised, or no longer does")
"""Of one brand (`brand_id`) and one `seller`."""

LOWER: Final = "lower the complaints of one who is trusted no more"
"""Of one rights holder (`holder_id`)."""


def counts_no_more() -> ColumnElement[bool]:
    """Of cases: whether they were opened for a known fake that counts no more: its trait was taken back, its rights
    holder suspended, or its complaint overturned.
    """
    suspended = exists().where(RightsHolder.id == Case.holder_id, RightsHolder.tier == "suspended")
    of_trait = exists().where(Trait.id == Case.known_fake, or_(Trait.removed.is_not(None), suspended))
    overturned = exists().where(Complaint.id == Case.known_fake, Complaint.state.in_(FOR_THE_SELLER))
    return or_(of_trait, overturned)


def has_lapsed() -> ColumnElement[bool]:
    """Of cases: whether `counts_no_more` holds, and nobody judged them yet."""
    return and_(Case.state.in_((CaseState.OPEN, CaseState.UNSURE)), counts_no_more())


def look_again(session: Session, holder_id: str) -> None:
    """Have the open cases looked at again of which the rights holder was asked for a fake that counts no more."""
    defer(session, LOOK_AGAIN, holder_id=holder_id)


def follow_tier(session: Session, holder_id: str, *, before: str, after: str) -> None:
    """Have followed that the rights holder's tier is another.

    What blocks since it was trusted is only held up once it is not. What its fake traits held up is looked at again
    when it is suspended; when it is no more, the stock is searched for them. The sellers that it authorised are
    authorised by nobody while it is suspended.
    """
    if before == "trusted" and after != before:
        defer(session, LOWER, holder_id=holder_id)
    if after == "suspended" and after != before:
        look_again(session, holder_id)
    if before == "suspended" and after != before:
        of_holder = select(Trait.id).join(Brand, Brand.id == Trait.brand_id).where(Brand.holder_id == holder_id)
        for trait_id in session.scalars(of_holder.where(Trait.removed.is_(None)).order_by(Trait.id)):
            defer(session, SEARCH, trait_id=trait_id)
    if after != before and "suspended" in (before, after):
        authorised = (
            select(AuthorisedSeller.brand_id, AuthorisedSeller.seller).join(Brand).where(Brand.holder_id == holder_id)
        )
        for brand_id, seller in session.execute(authorised.order_by(AuthorisedSeller.id)).all():
            defer(session, FOLLOW_AUTHORISATION, brand_id=brand_id, seller=seller)
