"""The stock, searched for what came after it.

For a new reference: stored listings that show something like it, or name its brand, are scanned as if they were sent
again. For a fake trait, and for an upheld complaint: which stored listings show the brand's mark as the fake's picture
does, or say the trait's words? Each opens a case, as if the scan had held it up; a suspended rights holder's traits
search nothing. Once a seller is found to infringe a brand's marks, its other listings are scanned again for them, and
once a brand lets a seller use its photos, or no longer does, those that show them.

Looked at are the newest allowed listings; for a fake, those in which a scan found the brand's mark. Of the others those
whose pictures are most like the fake's photo are scanned again, which knows the photo when it sees it, and so are those
that name the brand and have a trait's words: the scan looks for the mark that they hide.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
import structlog
from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from model.bundle import ModelBundle
from model.known_fakes import LEAST_PHOTO_SIMILARITY
from model.regions import RgbImage
from serve import audit
from serve.database.engine import Database
from serve.database.loop_tables import ListingImage, ListingRecord
from serve.database.tables import IndexChange, Reference, ReferenceVector, ScanRecord
from serve.genuine.references import SEARCH_STOCK, search_stock
from serve.jobs import Ending, LongTask, Task
from serve.loop.asking import ask
from serve.loop.cases import ListingFinding
from serve.loop.follow_ups import FOLLOW_AUTHORISATION, LOOK_AGAIN, SEARCH
from serve.loop.listings import ListingDesk
from serve.loop.sellers.authorised_cases import cases_to_drop, drop, listings_to_follow
from serve.loop.sellers.sellers import infringements
from serve.loop.standing import lock_listing, settle
from serve.loop.stock.fake_words import said_in
from serve.loop.stock.known_fakes import KnownFake, KnownFakes
from serve.loop.stock.lapsed_fakes import (
    follow_source,
    listings_of_lapsed,
    listings_that_name_lapsed,
    repeats_of_lapsed,
)
from serve.loop.stock.listings_naming import naming, naming_and_saying
from serve.loop.stock.meanwhile import SCAN_AGAIN, scan_again_if_a_fake_lapsed
from serve.loop.stock.stock_vectors import (
    DESCRIBE,
    alike,
    describe_later,
    describe_missing,
    in_stock,
    lacks_vectors,
    likeness,
)
from serve.loop.stock.unrecognised import search_later
from serve.models.registry import serving_model
from serve.pictures.objects import ObjectMissingError, Objects

SEARCH_FOR_UPHELD: Final = LongTask("search the stock for an upheld complaint")

SEARCH_OF_SELLER: Final = LongTask("search a seller's listings")
"""For what an upheld complaint says that the seller infringed."""

MOST_SEEN: Final = 500_000
"""Pictures that are looked at for a reference, some 10 µs each."""

FOLLOWING: Final = timedelta(seconds=1)
"""In which a process follows a switch of models."""

MOST: Final = 2_000
"""Listings that are looked at; each that may show what is sought costs some 10 ms."""

MOST_PHOTOS: Final = 50
"""Listings without a finding of the brand that are scanned again for a fake's photo; one that was cut and compressed
anew is among the most alike.
"""

EVER: Final = 2**62
"""An index version that no listing was scanned at yet."""

ROUNDED: Final = 0.01
"""By how much the cosines of stored vectors, of regions as the upload saw them, may be off."""

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
    """The tasks. `bundle` gives the model that serves; `decode` reads stored pictures, which were safe at upload."""

    def __init__(
        self, database: Database, objects: Objects, *, listings: ListingDesk, fakes: KnownFakes,
        decode: Callable[[bytes], RgbImage], bundle: Callable[[], ModelBundle],
    ) -> None:  # fmt: skip
        self._database = database
        self._objects = objects
        self._listings = listings
        self._fakes = fakes
        self._decode = decode
        self._bundle = bundle
        self._ending = Ending()

    @property
    def tasks(self) -> dict[str, Task]:
        """What a `JobRunner` runs, by name."""
        return {
            SEARCH: self.search,
            SEARCH_FOR_UPHELD: self.search_for_complaint,
            SEARCH_OF_SELLER: self.search_of_seller,
            LOOK_AGAIN: self.look_again,
            FOLLOW_AUTHORISATION: self.follow_authorisation,
            SEARCH_STOCK: self.search_for_reference,
            DESCRIBE: self.describe,
            SCAN_AGAIN: self.scan_again,
        }

    def start(self) -> None:
        """Have described what the model that serves has not seen, as after a change of the setting `model`."""
        bundle = self._bundle()
        missing = self._fakes.lack_photos(bundle=bundle)
        with self._database.write() as session:
            if missing or lacks_vectors(session, model=bundle.name):
                describe_later(session)

    def close(self) -> None:
        """Break off what is being searched, after the listing that it is at; another process begins anew."""
        self._ending.begin()

    async def scan_again(self, listing_id: str) -> None:
        """Scan a listing again, of which the scan did not know what came meanwhile."""
        await asyncio.to_thread(self._scan_again, [listing_id])

    async def look_again(self, holder_id: str) -> None:
        """Scan again what is held up for fakes that count no more, of whose brands the rights holder was asked."""
        await asyncio.to_thread(self._look_again, holder_id)

    def _look_again(self, holder_id: str) -> None:
        with self._database.read() as session:
            listings, repeats = listings_of_lapsed(session, holder_id), repeats_of_lapsed(session, holder_id)
        again = self._scan_again(listings)
        for repeat in repeats:
            with self._database.write() as session:
                follow_source(session, repeat)
        with self._database.read() as session:
            left = listings_that_name_lapsed(session, holder_id)
        for listing_id in left:
            with self._database.write() as session:
                settle(session, lock_listing(session, listing_id))
        log.info("looked again at cases of fakes that count no more", rights_holder=holder_id, scanned_again=again)

    async def follow_authorisation(self, brand_id: str, seller: str) -> None:
        """Scan again what a brand's authorisation of a seller frees, or frees no more, and drop what it answers."""
        await asyncio.to_thread(self._follow_authorisation, brand_id, seller)

    def _follow_authorisation(self, brand_id: str, seller: str) -> None:
        with self._database.read() as session:
            listings = listings_to_follow(session, brand_id, seller=seller, most=MOST)
        again = self._scan_again(listings)
        with self._database.read() as session:
            left = cases_to_drop(session, brand_id, seller=seller)  # what nobody scans again, as of earlier pictures
        for case_id in left:
            with self._database.write() as session:
                drop(session, case_id)
        log.info("authorisation followed", brand=brand_id, scanned_again=again, dropped=len(left))

    async def describe(self) -> None:
        """Make the vectors of the model that serves for what of the stock, and of the fakes' photos, has none."""
        await asyncio.to_thread(self._describe)

    def _describe(self) -> None:
        bundle = self._bundle()
        if not self._follows(bundle):
            with self._database.write() as session:
                describe_later(session, after=FOLLOWING)
            return
        made = self._describe_missing(bundle)
        self._fakes.remember_all(bundle=bundle, look=self._ending.look)
        log.info("stock described", pictures=made, model=bundle.name)

    def _describe_missing(self, bundle: ModelBundle) -> int:
        return describe_missing(self._database, self._objects, bundle=bundle, look=self._ending.look)

    def _follows(self, bundle: ModelBundle) -> bool:
        """Whether `bundle`, which serves in this process, serves in all: else a switch is still to be followed."""
        with self._database.read() as session:
            return serving_model(session) in (None, bundle.name)

    async def search_for_reference(self, reference_id: str) -> None:
        """Search the stock for the reference and all others of its brand that it was not searched for yet."""
        await asyncio.to_thread(self._search_for_reference, reference_id)

    def _search_for_reference(self, reference_id: str) -> None:
        with self._database.read() as session:
            reference = session.get(Reference, reference_id)
        if reference is None or reference.searched is not None or reference.status != "active":
            return
        bundle = self._bundle()
        if not self._follows(bundle):  # a new reference may have vectors of the new model alone
            with self._database.write() as session:
                search_stock(session, reference_id, after=FOLLOWING)
            return
        self._search_for_references(reference.brand_id, bundle=bundle)

    def _search_for_references(self, brand_id: str, *, bundle: ModelBundle) -> None:
        self._describe_missing(bundle)
        with self._database.read() as session:
            newest = session.scalar(select(func.max(IndexChange.version))) or 0
            sought = self._not_searched_for(session, brand_id)
            found = self._unseen(session, sought, brand_id=brand_id, bundle=bundle)
        rescanned = self._scan_again(found)
        with self._database.write() as session:
            # One that went and came back meanwhile is to be searched for again.
            came_back = exists().where(IndexChange.reference_id == Reference.id, IndexChange.version > newest)
            searched = update(Reference).where(Reference.id.in_(sought), ~came_back)
            session.execute(searched.values(searched=func.now()))
            search_later(session, brand_id)
            audit.record(
                session, actor=audit.SYSTEM, action="stock searched", subject=brand_id,
                content={"references": sorted(sought), "scanned_again": rescanned, "model": bundle.name},
            )  # fmt: skip
        log.info("stock searched", brand=brand_id, references=len(sought), scanned_again=rescanned)

    def _scan_again(self, listing_ids: Iterable[str]) -> int:
        """How many of the listings were scanned again."""
        scanned = 0
        for listing_id in listing_ids:
            self._ending.look()
            try:
                scanned += self._listings.rescan(listing_id)
            except ObjectMissingError:
                log.error("a picture of the listing is gone; it cannot be scanned again", listing=listing_id)
        return scanned

    def _not_searched_for(self, session: Session, brand_id: str) -> list[str]:
        return list(
            session.scalars(
                select(Reference.id).where(
                    Reference.brand_id == brand_id, Reference.status == "active", Reference.searched.is_(None)
                )
            )
        )

    def _unseen(self, session: Session, sought: Sequence[str], *, brand_id: str, bundle: ModelBundle) -> list[str]:
        """The listings to scan again, the most alike first, then those that name the brand; at most `MOST`."""
        vectors = select(ReferenceVector.vector).where(
            ReferenceVector.reference_id.in_(sought), ReferenceVector.model == bundle.name
        )
        stored = [np.frombuffer(vector, "<f4") for vector in session.scalars(vectors)]
        before = session.scalar(select(func.max(IndexChange.version)).where(IndexChange.reference_id.in_(sought))) or 0
        if not stored:
            return []
        similar = alike(
            session, np.stack(stored), model=bundle.name, least=bundle.calibration.candidate_similarity, before=before,
            most=MOST_SEEN,
        )  # fmt: skip
        named = naming(session, brand_id, before=before, most=MOST)
        return list(dict.fromkeys([*sorted(similar, key=lambda one: -similar[one]), *named]))[:MOST]

    async def search(self, trait_id: str) -> None:
        """Search the stock for the trait; what was found before opens no second case."""
        await asyncio.to_thread(self._search, trait_id)

    async def search_for_complaint(self, complaint_id: str) -> None:
        """Search the stock for what an upheld complaint is about; a decision that was turned round searches nothing."""
        await asyncio.to_thread(self._search_for_complaint, complaint_id)

    def _search(self, trait_id: str) -> None:
        fake = self._fakes.of_trait(trait_id)
        self._search_for([] if fake is None else [fake], known_by=trait_id)

    def _search_for_complaint(self, complaint_id: str) -> None:
        self._search_for(self._fakes.of_complaint(complaint_id), known_by=complaint_id)

    async def search_of_seller(self, complaint_id: str) -> None:
        """Scan the seller's listings again for the marks that an upheld complaint says it infringed."""
        await asyncio.to_thread(self._search_of_seller, complaint_id)

    def _search_of_seller(self, complaint_id: str) -> None:
        with self._database.read() as session:
            of_seller = self._of_seller(session, complaint_id)
        again = self._scan_again(of_seller)
        log.info("the seller's listings searched", complaint=complaint_id, scanned_again=again)

    def _of_seller(self, session: Session, complaint_id: str) -> list[str]:
        """The newest allowed listings of whom the complaint was upheld against that show nothing of its brand.

        None where the seller had been told of another complaint of the brand's that stands: they were scanned for that
        one, and those that came since as they came.
        """
        against = infringements()
        found = session.execute(select(against).where(against.c.complaint_id == complaint_id)).one_or_none()
        if found is None:
            return []
        earlier = select(against.c.complaint_id).where(
            against.c.seller == found.seller, against.c.brand_id == found.brand_id, against.c.told < found.told
        )
        if session.scalars(earlier).first() is not None:
            return []
        query = (
            select(ListingRecord.id)
            .where(
                ListingRecord.seller == found.seller,
                ListingRecord.decision == "allow",
                in_stock(),
                ~ListingRecord.findings.contains([{"brand_id": found.brand_id}]),
            )
            .order_by(ListingRecord.id.desc())
            .limit(MOST)
        )
        return list(session.scalars(query))

    def _search_for(self, fakes: Sequence[KnownFake], *, known_by: str) -> None:
        """Open a case for each stored listing that shows one of the `fakes`, all of one brand."""
        if not fakes:
            return
        bundle = self._bundle()
        self._fakes.remember(fakes, bundle=bundle)
        stock = self._stock(fakes[0].brand_id)
        likely = self._likely(fakes, stock)
        words = [fake.by_words for fake in fakes]
        found = [one for one in stock if self._shows(fakes if one.listing_id in likely else words, one)]
        for stored in found:
            self._open(stored, known_by=known_by)
        pictured = self._like_photos(fakes, bundle=bundle, but={one.listing_id for one in stock})
        again = self._scan_again(dict.fromkeys([*pictured, *self._told_by_words(fakes)]))
        log.info("stock searched", known_by=known_by, found=len(found), scanned_again=again)

    def _shows(self, fakes: Sequence[KnownFake], stored: Stored) -> bool:
        """Whether the listing shows or names one of the `fakes`; one whose picture is gone shows none."""
        self._ending.look()
        try:
            shown = self._fakes.shown(fakes, said=stored.said, findings=stored.findings, picture=self._reader(stored))
        except ObjectMissingError:
            log.error("a picture of the listing is gone; nothing is found in it", listing=stored.listing_id)
            return False
        return shown is not None

    def _like_photos(self, fakes: Sequence[KnownFake], *, bundle: ModelBundle, but: Set[str]) -> list[str]:
        """The allowed listings, `but` some, whose pictures are most like the fakes' photos, the most alike first."""
        photos = self._fakes.photos(fakes, bundle=bundle)
        if not len(photos):
            return []
        with self._database.read() as session:
            similar = alike(
                session, photos, model=bundle.name, least=LEAST_PHOTO_SIMILARITY - ROUNDED, before=EVER, most=MOST_SEEN
            )
        return sorted(similar.keys() - but, key=lambda one: -similar[one])[:MOST_PHOTOS]

    def _told_by_words(self, fakes: Sequence[KnownFake]) -> list[str]:
        """The newest allowed listings that name the brand and have the words of one of the `fakes`, but show nothing of
        it.
        """
        words = [fake.words for fake in fakes]
        with self._database.read() as session:
            return naming_and_saying(session, fakes[0].brand_id, words, most=MOST, look=self._ending.look)

    def _likely(self, fakes: Sequence[KnownFake], stock: Sequence[Stored]) -> set[str]:
        """The listings that may show one of the `fakes`, by the vectors kept of the stock, or of which none are."""
        bundle = self._bundle()
        shown = self._fakes.vectors(fakes, bundle=bundle)
        if not len(shown):
            return set()
        ids = [one.listing_id for one in stock]
        with self._database.read() as session:
            alike_to = likeness(session, shown, model=bundle.name, listings=ids)
        return {one for one in ids if alike_to.get(one, 1.0) >= LEAST_PHOTO_SIMILARITY - ROUNDED}

    def _reader(self, stored: Stored) -> Callable[[int], RgbImage]:
        return lambda number: self._decode(self._objects.get(stored.object_keys[number]))

    def _stock(self, brand_id: str) -> Sequence[Stored]:
        """The newest allowed listings with a finding of the brand."""
        query = (
            select(ListingRecord)
            .where(
                ListingRecord.decision == "allow",
                in_stock(),
                ListingRecord.findings.contains([{"brand_id": brand_id}]),
            )
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

    def _open(self, stored: Stored, *, known_by: str) -> None:
        """Open a case about what the scan found; scan anew where another model found it, or evidence is forgotten."""
        model = self._bundle().name
        with self._database.read() as session:
            scans = {finding.scan_id for finding in stored.findings}
            found_by = set(session.scalars(select(ScanRecord.model).where(ScanRecord.id.in_(scans))))
        if found_by != {model}:
            self._scan_again([stored.listing_id])
            return
        try:
            with self._database.write() as session:
                listing = lock_listing(session, stored.listing_id)
                is_as_read = listing.revision == stored.revision and listing.withdrawn is None
                if not is_as_read or listing.decision != "allow":
                    return
                case = ask(
                    session, listing, findings=stored.findings, objects=self._objects, model=model,
                    actor=audit.SYSTEM, known_fake=known_by,
                )  # fmt: skip
                settle(session, listing)
                audit.record(
                    session, actor=audit.SYSTEM, action=audit.KNOWN_FAKE, subject=case.id,
                    content={"fake": known_by, "listing": listing.marketplace_id},
                )  # fmt: skip
            with self._database.write() as session:
                scan_again_if_a_fake_lapsed(session, listing)
        except ObjectMissingError:
            self._scan_again([stored.listing_id])
