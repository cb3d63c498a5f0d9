"""Listings: scanned, compared with known fakes, decided, stored, and asked about where the decision is `review`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated

import structlog
from pydantic import ConfigDict, Field, field_validator
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from model.encoding import png
from serve import audit, failpoints
from serve.database.engine import Database
from serve.database.loop_tables import Case, ListingImage, ListingRecord
from serve.database.tables import Brand
from serve.identifiers import new_id
from serve.loop.asking import ask
from serve.loop.cases import CaseView, ListingFinding, picture_key, view_case
from serve.loop.good_faith.covers import covers
from serve.loop.listing_pictures import PictureScans
from serve.loop.sellers.authorised_cases import ask_of_permitted_no_more
from serve.loop.sellers.sellers import brands_infringed, is_repeat_infringer
from serve.loop.standing import holding_cases, settle
from serve.loop.stock.fake_words import said_in
from serve.loop.stock.known_fakes import KnownFake, KnownFakes, ReadPicture
from serve.loop.stock.lapsed_fakes import ask_no_more
from serve.loop.stock.meanwhile import known_so_far, scan_again_if_more_is_known
from serve.loop.stock.stock_vectors import forget_earlier, in_stock
from serve.loop.stock.stock_vectors import keep as keep_vectors
from serve.loop.stock.unrecognised import follow_recognition
from serve.loop.teaching import labels
from serve.loop.texts.text_holds import TextHoldView, follow_text, view_held
from serve.pictures.decoding import Decode, DecoderPool
from serve.pictures.new_files import NewFiles
from serve.pictures.objects import ObjectMissingError, Objects, decode_stored
from serve.protocol.answers import Answer
from serve.protocol.problems import Problem, not_found
from serve.scanning.policy import strength
from serve.scanning.results import Decision, Finding, ScanResult
from serve.scanning.scans import Moment, ScanDesk, ScanWithVectors
from serve.text.listing import BrokenRule, SentListing

MOST_IMAGES = 12


log = structlog.get_logger(__name__)


class NewListing(SentListing):
    """A listing as the marketplace sends it; `id` is the marketplace's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=200)]
    seller: Annotated[str, Field(min_length=1, max_length=500)]

    @field_validator("id", "seller")
    @classmethod
    def _visible(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("must not be blank")
        return value


class ListingView(Answer):
    """A listing as it is stored."""

    id: str
    seller: str
    revision: Annotated[int, Field(description="Counts up when other pictures come")]
    images: int
    updated: datetime


class ListingResult(Answer):
    """What became of a listing that was sent."""

    listing: ListingView
    decision: Decision
    reasons: list[str]
    findings: list[ListingFinding]
    case: Annotated[CaseView | None, Field(description="The first of its `case_ids`")]
    case_ids: Annotated[
        list[str],
        Field(
            description="The cases of the findings that are held up, the strongest first, and then those of earlier "
            "pictures that hold the listing up still"
        ),
    ]
    scan_ids: Annotated[list[str], Field(description="One for each picture")]
    broken_rules: Annotated[
        list[BrokenRule], Field(description="Rules that the text breaks, whatever the policy makes of them")
    ]
    text_hold: Annotated[TextHoldView | None, Field(description="What holds the listing up for its text, if anything")]


@dataclass(frozen=True, slots=True)
class Looked:
    """What the scans of a listing's pictures found, and what of it its brands are asked about (`suspected`).

    `fakes` are the known fakes that it shows or names, by brand, and `watched` what is suspected of a repeat infringer.
    """

    moment: Moment
    examined: Sequence[ScanWithVectors]
    findings: Sequence[ListingFinding]
    suspected: Sequence[ListingFinding]
    fakes: Mapping[str, KnownFake]
    watched: Sequence[ListingFinding]

    @property
    def results(self) -> list[ScanResult]:
        """The answers of the scans, one for each picture."""
        return [one.result for one in self.examined]

    @property
    def model(self) -> str:
        """The name of the model that looked."""
        return self.examined[0].result.model

    @property
    def index_version(self) -> int:
        """The version of the index that they were looked for in."""
        return self.examined[0].result.index_version

    @property
    def decision(self) -> Decision:
        """What the policy makes of the findings."""
        return self.moment.policy.under(self.model).decide(self.findings)[0]

    @property
    def brand_ids(self) -> frozenset[str]:
        """The brands that something was found of."""
        return frozenset(one.brand_id for one in self.findings)

    def speaks_for(self, brand_id: str) -> bool:
        """Whether something beside a picture speaks for the brand: the text, the seller, or another picture."""
        return any(
            brand_id in (*one.brands_claimed, *one.known_fakes_of, *one.shown_beside, *one.infringed_before)
            for one in self.results
        )

    def shows_fake(self, brand_id: str) -> str | None:
        """The trait or complaint of the brand's known fake that the listing shows or names, if it does."""
        return self.fakes[brand_id].known_by if brand_id in self.fakes else None


class ListingDesk:
    """Takes listings in; safe to use from several threads."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        *,
        scans: ScanDesk,
        fakes: KnownFakes,
        decoder: DecoderPool,
        watch_repeat_infringers: bool,
    ) -> None:
        self._database = database
        self._objects = objects
        self._watch_repeat_infringers = watch_repeat_infringers
        self._scans = scans
        self._pictures = PictureScans(scans, fakes)
        self._fakes = fakes
        self._decoder = decoder

    def receive(
        self, new: NewListing, pictures: Sequence[bytes], *, actor: str, unless_after: datetime | None = None,
        decode: Decode | None = None,
    ) -> ListingResult:  # fmt: skip
        """Scan every picture, look for what brands know to be fake, decide, and store it all, or nothing.

        A listing that comes again replaces what was stored under its id, and is offered again where it was withdrawn.
        Raises `Problem`: of a picture that cannot be read, and 409 when the id is another seller's, or what is stored
        came after this, or after `unless_after`. `decode` is for pictures that are stored already.
        """
        arrived = datetime.now(UTC)
        with self._database.read() as session:
            known = known_so_far(session)
        seen = self._look(new, pictures, decode=decode or self._decoder.decode)
        broken = list(seen.moment.broken(seen.brand_ids))
        failpoints.reached(failpoints.SCANNED)
        with NewFiles(self._objects) as kept, self._database.write() as session:
            listing = _lock_or_make(session, new)
            if unless_after is None:
                _take_place(listing, new, pictures, arrived=arrived)
            elif (listing.updated, listing.withdrawn) != (unless_after, None):
                raise Problem(409, "listing-exists", "The listing was sent again or withdrawn meanwhile.")
            self._store(session, listing, new, pictures, seen=seen, kept=kept)
            suspected = self._ask(session, listing, seen, kept=kept, actor=actor)
            follow_text(session, listing, broken, policy=seen.moment.policy, actor=actor)
            follow_recognition(session, listing, named=seen.moment.sought.meant, findings=seen.findings)
            settle(session, listing)
            case_ids = list(dict.fromkeys([*suspected, *holding_cases(session, listing)]))
            case = view_case(session, case_ids[0]) if case_ids else None
            text_hold = view_held(session, listing)
        with self._database.write() as session:
            scan_again_if_more_is_known(
                session, listing, known=known, brand_ids=seen.brand_ids, policy_version=seen.moment.policy.version,
                index_version=seen.index_version, authorised=seen.moment.authorised,
            )  # fmt: skip
        return ListingResult(
            listing=ListingView(
                id=listing.marketplace_id, seller=listing.seller, revision=listing.revision, images=len(pictures),
                updated=listing.updated,
            ),
            decision=listing.decision,  # type: ignore[arg-type] # checked by the table
            reasons=listing.reasons,
            findings=list(seen.findings),
            case=case,
            case_ids=case_ids,
            scan_ids=[result.scan_id for result in seen.results],
            broken_rules=broken,
            text_hold=text_hold,
        )  # fmt: skip

    def look(self, listing: SentListing, pictures: Sequence[bytes]) -> Looked:
        """What would be found in stored `pictures` if such a listing came with them; only the scans are kept."""
        return self._look(listing, pictures, decode=decode_stored)

    def _look(self, listing: SentListing, pictures: Sequence[bytes], *, decode: Decode) -> Looked:
        seller = listing.seller or ""
        with self._database.read() as session:
            infringed = brands_infringed(session, seller)
        moment = self._scans.now(listing)
        said = said_in(_content(listing))
        told = self._fakes.told_by_words(moment.sought.claimed, said=said)
        examined = self._pictures.scan(pictures, moment=moment, infringed=infringed, told=told, decode=decode)
        findings = _findings([one.result for one in examined])
        held = moment.policy.under(examined[0].result.model).held(findings)
        fakes = self._known(findings, lambda number: decode(pictures[number]), said=said)
        passing = [one for one in findings if one not in held]
        watched = self._watched(seller, passing)
        suspected = [*held, *(one for one in passing if one.brand_id in fakes or one in watched)]
        return Looked(moment, examined, findings, suspected, fakes, watched)

    def rescan(self, listing_id: str) -> bool:
        """Have a stored listing scanned as if it were sent again, and say whether it was: not one that was sent or
        withdrawn meanwhile.

        Raises `ObjectMissingError` when a picture of it is gone.
        """
        with self._database.read() as session:
            listing = session.scalars(
                select(ListingRecord).where(ListingRecord.id == listing_id, in_stock())
            ).one_or_none()
            if listing is None:
                return False
            images = select(ListingImage.object_key).where(
                ListingImage.listing_id == listing_id, ListingImage.revision == listing.revision
            )
            keys = session.scalars(images.order_by(ListingImage.position)).all()
        # What was taken once is not held to what is asked of new ones since.
        new = NewListing.model_construct(id=listing.marketplace_id, seller=listing.seller, **listing.content)
        pictures = [self._objects.get(key) for key in keys]
        try:
            self.receive(
                new, pictures, actor=audit.SYSTEM, unless_after=listing.updated, decode=decode_stored
            )  # fmt: skip
        except Problem as problem:
            log.info("a listing was not scanned again", listing=listing_id, reason=problem.detail)
            return False
        return True

    def picture(self, case_id: str, number: int) -> bytes:
        """A picture of a case's listing as PNG, decoded anew: no byte of the seller's file is passed on.

        Raises `Problem` (404).
        """
        return self._decoded(picture_key(self._database, case_id, number))

    def label_picture(self, label_id: str) -> bytes:
        """The picture that a label is about, as PNG. Raises `Problem` (404)."""
        return self._decoded(labels.picture_key(self._database, label_id))

    def _decoded(self, key: str) -> bytes:
        try:
            return png(decode_stored(self._objects.get(key)))
        except ObjectMissingError as error:
            raise not_found("picture", key) from error

    def _store(
        self, session: Session, listing: ListingRecord, new: NewListing, pictures: Sequence[bytes], *, seen: Looked,
        kept: NewFiles,
    ) -> None:  # fmt: skip
        """Keep what came and what the scans found of it."""
        image_ids = self._store_pictures(session, listing, pictures, kept=kept)
        vectors = {image_id: one.vectors for image_id, one in zip(image_ids, seen.examined, strict=True)}
        keep_vectors(session, vectors, model=seen.model)
        failpoints.reached(failpoints.PICTURES_KEPT)
        listing.content = _content(new)
        listing.findings = [finding.model_dump(mode="json") for finding in seen.findings]
        listing.scanned = seen.decision
        listing.index_version = seen.index_version
        listing.updated = datetime.now(UTC)

    def _store_pictures(
        self, session: Session, listing: ListingRecord, pictures: Sequence[bytes], *, kept: NewFiles
    ) -> list[str]:
        """Keep the pictures as a new revision, unless they are those of the last one; returns their ids."""
        digests = _digests(pictures)
        fingerprint = _fingerprint(digests)
        if fingerprint == listing.fingerprint:
            same = select(ListingImage.id).where(
                ListingImage.listing_id == listing.id, ListingImage.revision == listing.revision
            )
            return list(session.scalars(same.order_by(ListingImage.position)))
        image_ids = []
        listing.fingerprint = fingerprint
        listing.revision += 1
        for position, (data, digest) in enumerate(zip(pictures, digests, strict=True)):
            image_id = new_id("image")
            image_ids.append(image_id)
            key = f"listings/{listing.id}/{image_id}"
            kept.put(key, data)
            session.add(
                ListingImage(
                    id=image_id, listing_id=listing.id, revision=listing.revision, position=position, sha256=digest,
                    object_key=key,
                )
            )  # fmt: skip
        session.flush()
        if listing.revision > 1:
            forget_earlier(session, listing)
        return image_ids

    def _known(self, findings: Sequence[ListingFinding], picture: ReadPicture, *, said: str) -> dict[str, KnownFake]:
        """The fake that the listing shows or names, by its brand, for each brand of the findings that knows it."""
        read = cache(picture)
        by_brand = _by_brand(findings)
        shown = {
            brand_id: self._fakes.shown(self._fakes.of_brand(brand_id), said=said, findings=of_brand, picture=read)
            for brand_id, of_brand in by_brand.items()
        }
        return {brand_id: fake for brand_id, fake in shown.items() if fake is not None}

    def _watched(self, seller: str, passing: Sequence[ListingFinding]) -> list[ListingFinding]:
        """Of what the policy lets pass, what seems other than genuine where the seller is a repeat infringer; not the
        photos that it may use.
        """
        doubtful = [one for one in passing if one.kind != "genuine" and not one.authorised]
        if not doubtful or not self._watch_repeat_infringers:
            return []
        with self._database.read() as session:
            return doubtful if is_repeat_infringer(session, seller) else []

    def _ask(
        self, session: Session, listing: ListingRecord, seen: Looked, *, kept: NewFiles, actor: str
    ) -> list[str]:  # fmt: skip
        """The ids of the cases that stand for what is suspected, the strongest finding's first.

        What the scan blocks is asked about too: nobody would learn otherwise whether the block was right.
        """
        by_brand = _by_brand(seen.suspected)
        # Two listings of the same brands lock their rights holders in one order, whatever was found first.
        in_order = select(Brand.id).where(Brand.id.in_(by_brand)).order_by(Brand.holder_id, Brand.id)
        case_ids: dict[str, str] = {}
        for brand_id in session.scalars(in_order).all():
            fake = seen.shows_fake(brand_id)
            case = ask(
                session, listing, findings=by_brand[brand_id], objects=kept, model=seen.model, actor=actor,
                known_fake=fake,
            )  # fmt: skip
            case_ids[brand_id] = case.id
            if fake is not None:
                audit.record(
                    session, actor=audit.SYSTEM, action=audit.KNOWN_FAKE, subject=case.id,
                    content={"fake": fake, "listing": listing.marketplace_id},
                )  # fmt: skip
            if any(one.brand_id == brand_id for one in seen.watched):
                audit.record(
                    session, actor=audit.SYSTEM, action="repeat infringer watched", subject=case.id,
                    content={"seller": listing.seller, "listing": listing.marketplace_id},
                )  # fmt: skip
        ask_no_more(session, listing, suspected={brand_id: seen.shows_fake(brand_id) for brand_id in by_brand})
        ask_of_permitted_no_more(session, listing, authorised=seen.moment.authorised, suspected=by_brand)
        return [case_ids[brand_id] for brand_id in by_brand]


def _content(listing: SentListing) -> dict[str, object]:
    """What is kept of what the seller says."""
    return listing.model_dump(mode="json", exclude={"id", "seller"}, exclude_none=True)


def _digests(pictures: Sequence[bytes]) -> list[bytes]:
    return [hashlib.sha256(data).digest() for data in pictures]


def _fingerprint(digests: Sequence[bytes]) -> bytes:
    return hashlib.sha256(b"".join(digests)).digest()


def _take_place(listing: ListingRecord, new: NewListing, pictures: Sequence[bytes], *, arrived: datetime) -> None:
    """Let what `arrived` take the place of what is stored: the listing counts from then, and is withdrawn no more.

    Raises `Problem` (409) where what is stored came after that, or was withdrawn after, and is not the same: two that
    overlap may end in any order.
    """
    is_same = (listing.content, listing.fingerprint) == (_content(new), _fingerprint(_digests(pictures)))
    is_offered_so = is_same and listing.withdrawn is None
    if not is_offered_so and listing.arrived is not None and listing.arrived > arrived:
        raise Problem(
            409, "listing-overtaken",
            "The listing was sent again or withdrawn after this; send it once more if this is newer.",
        )  # fmt: skip
    listing.arrived = max(arrived, listing.arrived or arrived)
    listing.withdrawn = None


def _by_brand(findings: Sequence[ListingFinding]) -> dict[str, list[ListingFinding]]:
    """The findings of each brand, in their order."""
    found: dict[str, list[ListingFinding]] = {}
    for one in findings:
        found.setdefault(one.brand_id, []).append(one)
    return found


def _findings(results: Sequence[ScanResult]) -> list[ListingFinding]:
    """The findings of all pictures, strongest first."""
    found = [
        ListingFinding(**finding.model_dump(), image=number, scan_id=result.scan_id)
        for number, result in enumerate(results)
        for finding in result.findings
    ]
    return sorted(found, key=_weakness)


def _weakness(finding: Finding) -> float:
    return -strength(finding)


def _lock_or_make(session: Session, new: NewListing) -> ListingRecord:
    """The listing's row, locked. Raises `Problem` (409)."""
    made = (
        insert(ListingRecord)
        .values(
            id=new_id("list"), marketplace_id=new.id, seller=new.seller, content={}, revision=0, fingerprint=b"",
            scanned="allow", decision="allow", reasons=[], findings=[],
        )
        .on_conflict_do_nothing(index_elements=[ListingRecord.marketplace_id])
    )  # fmt: skip
    found = select(ListingRecord).where(ListingRecord.marketplace_id == new.id).with_for_update()
    listing = None
    while listing is None:  # a withdrawn one may be forgotten while its lock is waited for
        session.execute(made)
        listing = session.scalars(found).one_or_none()
        if listing is not None and session.scalar(covers().where(Case.listing_id == listing.id).limit(1)) is not None:
            # A test pretends to be a listing of this id, which nobody had until now: it goes by another.
            listing.marketplace_id = f"{new.id} {listing.id}"
            session.flush()
            listing = None
    if listing.seller != new.seller:
        raise Problem(
            409, "listing-of-another-seller",
            "A listing with this id was sent for another seller; ids must be unique over all sellers.",
        )  # fmt: skip
    return listing
