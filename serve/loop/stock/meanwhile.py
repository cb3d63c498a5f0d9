"""What comes while a listing is scanned: neither that scan knows it, nor does a search of the stock find the listing.

A search that begins after a listing was stored reads it. So whoever stored one looks once more at what there is by
then, and has the listing scanned again where that is more than the scan began with.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from serve.database.loop_tables import Notice, Trait
from serve.database.tables import IndexChange, PolicyRecord
from serve.jobs import LongTask, defer

SCAN_AGAIN: Final = LongTask("scan a listing again")

FOLLOWED: Final = timedelta(seconds=2)
"""In which every process follows the newest policy and names."""


class KnownFakesSoFar(NamedTuple):
    """The newest fake trait and the newest notice, which every upheld complaint leaves."""

    trait: str | None
    notice: str | None


def known_so_far(session: Session) -> KnownFakesSoFar:
    """What a scan that begins now may compare a listing with."""
    trait, notice = select(func.max(Trait.id)), select(func.max(Notice.id))
    row = session.execute(select(trait.scalar_subquery(), notice.scalar_subquery())).one()
    return KnownFakesSoFar(*row)


def scan_again_if_more_is_known(
    session: Session, listing_id: str, *, fakes: KnownFakesSoFar, policy_version: int, index_version: int
) -> None:
    """Have the stored listing scanned again where fakes, a policy or names of brands came that its scan did not know.

    `session` began after the listing was committed.
    """
    renamed = select(exists().where(IndexChange.version > index_version, IndexChange.action == "rename"))
    newest = session.scalar(select(func.max(PolicyRecord.version))) or 0
    if known_so_far(session) != fakes or newest > policy_version or session.scalar(renamed):
        defer(session, SCAN_AGAIN, at=datetime.now(UTC) + FOLLOWED, listing_id=listing_id)
