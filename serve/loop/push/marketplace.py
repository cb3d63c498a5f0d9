"""The marketplace as a receiver: it is pushed each change of what holds for a listing, and each notice to a seller.

Changes are read from the audit log by a job, as the feed reads them, and told in the order of their commits. What came
before the webhook was set is not pushed; the feed has it.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from serve.database.engine import Database
from serve.database.loop_tables import Webhook
from serve.jobs import Task, defer, defer_together
from serve.loop.listing_decisions import decisions_after
from serve.loop.push.deliveries import MARKETPLACE, push

TELL: Final = "tell the marketplace"

SOON: Final = timedelta(seconds=1)
"""In which changes are told together."""

AT_ONCE: Final = 200
"""Changes that one job tells."""


def tell_later(session: Session) -> None:
    """Have a job tell the marketplace, if it has a webhook, what `session` changed, once that has committed."""
    if session.get(Webhook, MARKETPLACE) is not None:
        defer_together(session, TELL, after=SOON)


class MarketplaceTeller:
    """The task; of several one runs at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def tasks(self) -> dict[str, Task]:
        """What a `JobRunner` runs, by name."""
        return {TELL: self.tell}

    async def tell(self) -> None:
        """Push the changes that were not pushed yet."""
        await asyncio.to_thread(self._tell)

    def _tell(self) -> None:
        with self._database.write() as session:
            webhook = session.get(Webhook, MARKETPLACE, with_for_update=True)
            if webhook is None:
                return
            new = decisions_after(session, webhook.told or 0, limit=AT_ONCE)
            for decision in new:
                push(session, MARKETPLACE, "listing.decided", decision)
                webhook.told = decision.number
            if len(new) == AT_ONCE:
                defer(session, TELL, one_at_a_time=TELL)
