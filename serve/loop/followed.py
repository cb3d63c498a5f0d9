"""What follows when a fake counts as known or counts no more, and when a rights holder's tier changes: jobs, by name,
and who asks for them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.database.loop_tables import Trait
from serve.database.tables import Brand
from serve.jobs import LongTask, defer

SEARCH: Final = LongTask("search the stock for a trait")

LOOK_AGAIN: Final = LongTask("look again at cases of fakes that count no more")
"""Of one rights holder (`holder_id`)."""

LOWER: Final = "lower the complaints of one who is trusted no more"
"""Of one rights holder (`holder_id`)."""


def look_again(session: Session, holder_id: str) -> None:
    """Have the open cases looked at again of which the rights holder was asked for a fake that counts no more."""
    defer(session, LOOK_AGAIN, holder_id=holder_id)


def follow_tier(session: Session, holder_id: str, *, before: str, after: str) -> None:
    """Have followed that the rights holder's tier is another.

    What blocks since it was trusted is only held up once it is not. What its fake traits held up is looked at again
    when it is suspended; when it is no more, the stock is searched for them.
    """
    if before == "trusted" and after != before:
        defer(session, LOWER, holder_id=holder_id)
    if after == "suspended" and after != before:
        look_again(session, holder_id)
    if before == "suspended" and after != before:
        of_holder = select(Trait.id).join(Brand, Brand.id == Trait.brand_id).where(Brand.holder_id == holder_id)
        for trait_id in session.scalars(of_holder.where(Trait.removed.is_(None)).order_by(Trait.id)):
            defer(session, SEARCH, trait_id=trait_id)
