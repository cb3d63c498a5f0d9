"""The stock searched for a fake trait: which stored listings show the brand's mark as the fake's picture does, or say
the trait's words? Each opens a case, as if the scan had held it up. A suspended rights holder's traits search nothing.

Looked at are the newest allowed listings in which a scan found the brand's mark. A mark is told to be the fake's when
it is nearly the one in the picture, and more like that one than like any genuine reference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import select

from model.bundle import ModelBundle
from model.regions import Box, RgbImage
from serve.database.engine import Database
from serve.database.loop_tables import Label, ListingImage, ListingRecord, Trait
from serve.database.tables import Brand, RightsHolder
from serve.loop import audit
from serve.loop.cases import ListingFinding, ask
from serve.loop.standing import lock_listing, settle
from serve.objects import ObjectMissingError, Objects

SEARCH: Final = "search the stock for a trait"
"""The task's name."""

MOST: Final = 2_000
"""Listings that are looked at; each costs a few milliseconds."""

LEAST_SIMILARITY: Final = 0.85
"""Cosine from which a mark may be the fake's."""

LEAST_LETTERS: Final = 4
"""Shorter words are parts of others."""

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
    """The task. `bundle` gives the model that serves; `decode` reads stored pictures, which were safe at upload."""

    def __init__(
        self, database: Database, objects: Objects, *, decode: Callable[[bytes], RgbImage],
        bundle: Callable[[], ModelBundle],
    ) -> None:  # fmt: skip
        self._database = database
        self._objects = objects
        self._decode = decode
        self._bundle = bundle

    async def search(self, trait_id: str) -> None:
        """Search the stock for the trait; what was found before opens no second case."""
        await asyncio.to_thread(self._search, trait_id)

    def _search(self, trait_id: str) -> None:
        with self._database.read() as session:
            trait = session.get(Trait, trait_id)
            if trait is None or trait.removed is not None:
                return
            holder = session.get_one(RightsHolder, session.get_one(Brand, trait.brand_id).holder_id)
            if holder.tier == "suspended":
                return
            brand_id, words, object_key = trait.brand_id, (trait.text or "").casefold(), trait.object_key
            boxes = list(
                session.scalars(select(Label.box).where(Label.trait_id == trait_id, Label.withdrawn.is_(None)))
            )
        bundle = self._bundle()
        fakes = None
        if object_key is not None and boxes:
            picture = self._decode(self._objects.get(object_key))
            fakes = bundle.embedder.embed([Box(*box).crop(picture) for box in boxes])
        worded = len(words) >= LEAST_LETTERS
        found = [
            stored
            for stored in self._stock(brand_id)
            if (worded and words in stored.said) or (fakes is not None and self._alike(stored, fakes, bundle=bundle))
        ]
        for stored in found:
            self._open(stored, trait_id=trait_id, model=bundle.name)
        log.info("stock searched", trait=trait_id, found=len(found))

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
                    f"{one.content.get('title') or ''}\n{one.content.get('description') or ''}".casefold(),
                    [ListingFinding.model_validate(row) for row in one.findings if row["brand_id"] == brand_id],
                    keys[one.id, one.revision],
                )
                for one in listings
            ]

    def _alike(self, stored: Stored, fakes: NDArray[np.float32], *, bundle: ModelBundle) -> bool:
        """Whether one of the listing's marks is the one of `fakes` (n, d)."""
        marks = [
            Box(*finding.box).crop(self._decode(self._objects.get(stored.object_keys[finding.image])))
            for finding in stored.findings
        ]
        nearest = (bundle.embedder.embed(marks) @ fakes.T).max(axis=1)
        genuine = np.array([finding.similarity for finding in stored.findings])
        return bool(((nearest >= LEAST_SIMILARITY) & (nearest > genuine)).any())

    def _open(self, stored: Stored, *, trait_id: str, model: str) -> None:
        try:
            with self._database.write() as session:
                listing = lock_listing(session, stored.listing_id)
                if listing.revision != stored.revision or listing.decision != "allow":
                    return
                case = ask(
                    session, listing, findings=stored.findings, objects=self._objects, model=model, actor=audit.SYSTEM
                )
                settle(session, listing)
                audit.record(
                    session, actor=audit.SYSTEM, action="trait found listing", subject=case.id,
                    content={"trait": trait_id, "listing": listing.marketplace_id},
                )  # fmt: skip
        except ObjectMissingError:
            log.warning("the scan's evidence is gone; the listing must be scanned anew", listing=stored.listing_id)
