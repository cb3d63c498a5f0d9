"""The sweep: every stored listing's text read again, once the rules or the names of brands are others.

A listing whose text breaks a rule that holds it up now is held up, and one that is held up for none any more is freed.
What neither the rules nor the names changed for since the last sweep is not read again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from serve import audit
from serve.database.engine import Database
from serve.database.loop_tables import ListingRecord, TextHold, TextSweep
from serve.identifiers import new_id
from serve.jobs import Ending, LongTask, Task, defer_together
from serve.loop.standing import lock_listing, settle
from serve.loop.stock.stock_vectors import in_stock
from serve.loop.texts.text_holds import follow_text, text_of
from serve.scanning.policies import policy_in_force
from serve.scanning.policy import Policy
from serve.text.brand_words import BrandNames, BrandWords, stored_names
from serve.text.listing import BrokenRule
from serve.text.listing_rules import broken_rules

SWEEP: Final = LongTask("sweep the texts of the stock")

GATHERING: Final = timedelta(seconds=2)
"""How long a sweep waits for what else changes meanwhile."""

PAGE: Final = 500
"""Listings that are read at a time."""

log = structlog.get_logger(__name__)


def sweep_later(session: Session) -> None:
    """Have the texts of the stock read once, if there is any, for all who ask for it within a while."""
    if session.scalar(select(exists(select(ListingRecord.id)))):
        defer_together(session, SWEEP, after=GATHERING)


class TextSweeper:
    """The task; sweeps take turns."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ending = Ending()

    @property
    def tasks(self) -> dict[str, Task]:
        """What a `JobRunner` runs, by name."""
        return {SWEEP: self.sweep}

    def close(self) -> None:
        """Break off the sweep after the listing that it is at; it begins anew in another process, or later."""
        self._ending.begin()

    async def sweep(self) -> None:
        """Read all texts, unless they were read under these rules and names."""
        await asyncio.to_thread(self._sweep)

    def _sweep(self) -> None:
        policy = policy_in_force(self._database)
        with self._database.read() as session:
            names = stored_names(session)
            last = session.scalars(select(TextSweep).order_by(TextSweep.id.desc()).limit(1)).one_or_none()
        digest = _digest(policy, names)
        if last is not None and last.rules_sha256 == digest:
            return
        words = BrandWords(names)
        listings = changed = 0
        for page in self._pages():
            for listing, is_held in page:
                self._ending.look()
                listings += 1
                broken = _broken(listing, words, policy=policy)
                if broken or is_held:
                    changed += self._follow(listing, broken, policy=policy)
        with self._database.write() as session:
            session.add(
                TextSweep(
                    id=new_id("sweep"), rules_sha256=digest, policy_version=policy.version, listings=listings,
                    changed=changed,
                )
            )  # fmt: skip
            audit.record(
                session, actor=audit.SYSTEM, action="texts swept", subject=f"policy {policy.version}",
                content={"listings": listings, "changed": changed},
            )  # fmt: skip
        log.info("texts swept", listings=listings, changed=changed, policy=policy.version)

    def _follow(self, read: ListingRecord, broken: Sequence[BrokenRule], *, policy: Policy) -> bool:
        """Hold the listing up, or free it; says whether its hold changed. One that was sent again or
        withdrawn meanwhile is left.
        """
        with self._database.write() as session:
            listing = lock_listing(session, read.id)
            if listing.updated != read.updated or listing.withdrawn is not None:
                return False
            changed = follow_text(session, listing, broken, policy=policy, actor=audit.SYSTEM)
            if changed:
                settle(session, listing)
            return changed

    def _pages(self) -> Iterator[Sequence[tuple[ListingRecord, bool]]]:
        """The listings in the order of their ids, some at a time, with whether their text is held up."""
        last = ""
        while True:
            query = (
                select(ListingRecord, TextHold.id.is_not(None))
                .outerjoin(TextHold, (TextHold.listing_id == ListingRecord.id) & (TextHold.state == "held"))
                .where(ListingRecord.id > last, in_stock())
                .order_by(ListingRecord.id)
                .limit(PAGE)
            )
            with self._database.read() as session:
                page = [(listing, bool(held)) for listing, held in session.execute(query)]
            if not page:
                return
            yield page
            last = page[-1][0].id


def _digest(policy: Policy, names: Mapping[str, BrandNames]) -> bytes:
    """SHA-256 of what decides whether a text is held up."""
    told = [sorted(policy.listing_rules.items()), sorted((brand, *one.words, one.name) for brand, one in names.items())]
    return hashlib.sha256(json.dumps(told).encode()).digest()


def _broken(listing: ListingRecord, words: BrandWords, *, policy: Policy) -> list[BrokenRule]:
    """The rules that the text of a stored listing breaks and the policy holds it up for."""
    if not policy.listing_rules:
        return []
    shown = {finding["brand_id"] for finding in listing.findings}
    return policy.held_rules(broken_rules(text_of(listing.content), words, shown=shown))
