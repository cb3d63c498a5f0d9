"""The stock searched for a fake trait: which stored listings show the brand's mark as the fake's picture does, or say
the trait's words? Each opens a case, as if the scan had held it up. A suspended rights holder's traits search nothing.

Looked at are the newest allowed listings in which a scan found the brand's mark.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import select

from model.regions import RgbImage
from serve.database.engine import Database
from serve.database.loop_tables import ListingImage, ListingRecord
from serve.loop import audit
from serve.loop.asking import ask
from serve.loop.cases import ListingFinding
from serve.loop.known_fakes import KnownFakes, said_in
from serve.loop.standing import lock_listing, settle
from serve.objects import ObjectMissingError, Objects

SEARCH: Final = "search the stock for a trait"
"""The task's name."""

MOST: Final = 2_000
"""Listings that are looked at; each costs some 10 ms."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stored:
    """A listing as it was read: its id, what it says, the brand's findings, and where their pictures lie."""

    listing_id: str
    revision: int
    said: str
    findings: list[ListingFinding]
    object_keys: dict[int, str]


class StockSearch:
    """The task. `model` names the model that serves; `decode` reads stored pictures, which were safe at upload."""

    def __init__(
        self, database: Database, objects: Objects, *, fakes: KnownFakes, decode: Callable[[bytes], RgbImage],
        model: Callable[[], str],
    ) -> None:  # fmt: skip
        self._database = database
        self._objects = objects
        self._fakes = fakes
        self._decode = decode
        self._model = model

    async def search(self, trait_id: str) -> None:
        """Search the stock for the trait; what was found before opens no second case."""
        await asyncio.to_thread(self._search, trait_id)

    def _search(self, trait_id: str) -> None:
        fake = self._fakes.of_trait(trait_id)
        if fake is None:
            return
        found = [
            one
            for one in self._stock(fake.brand_id)
            if self._fakes.shown([fake], said=one.said, findings=one.findings, picture=self._reader(one)) is not None
        ]
        for stored in found:
            self._open(stored, trait_id=trait_id)
        log.info("stock searched", trait=trait_id, found=len(found))

    def _reader(self, stored: Stored) -> Callable[[int], RgbImage]:
        return lambda number: self._decode(self._objects.get(stored.object_keys[number]))

    def _stock(self, brand_id: str) -> Sequence[Stored]:
        """The newest allowed listings with a finding of the brand."""
        query = (
            select(ListingRecord)
            .where(ListingRecord.decision == "allow", ListingRecord.findings.contains([{"brand_id": brand_id}]))
            .order_by(ListingRecord.id.desc())
            .limit(MOST)
        )
        with self._database.read() as session:
            listings = session.scalars(query).all()
            pictures = select(ListingImage).where(ListingImage.listing_id.in_([one.id for one in listings]))
            keys: dict[tuple[str, int], dict[int, str]] = {}
            for image in session.scalars(pictures):
                keys.setdefault((image.listing_id, image.revision), {})[image.position] = image.object_key
            return [
                Stored(
                    one.id,
                    one.revision,
                    said_in(one.content),
                    [ListingFinding.model_validate(row) for row in one.findings if row["brand_id"] == brand_id],
                    keys[one.id, one.revision],
                )
                for one in listings
            ]

    def _open(self, stored: Stored, *, trait_id: str) -> None:
        try:
            with self._database.write() as session:
                listing = lock_listing(session, stored.listing_id)
                if listing.revision != stored.revision or listing.decision != "allow":
                    return
                case = ask(
                    session, listing, findings=stored.findings, objects=self._objects, model=self._model(),
                    actor=audit.SYSTEM,
                )  # fmt: skip
                settle(session, listing)
                audit.record(
                    session, actor=audit.SYSTEM, action="known fake found listing", subject=case.id,
                    content={"fake": trait_id, "listing": listing.marketplace_id},
                )  # fmt: skip
        except ObjectMissingError:
            log.warning("the scan's evidence is gone; the listing must be scanned anew", listing=stored.listing_id)
