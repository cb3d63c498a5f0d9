"""Blind tests: cases whose answer is known, and repeats of earlier ones, slipped into a rights holder's queue.

To the rights holder such a case is like any other: it is opened by the same code, pushed, judged, complained about and
decided in the same way. What it showed counts only once it is over, so that the credit does not give it away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import BlindTest, Case, ListingImage, ListingRecord
from serve.identifiers import new_id
from serve.loop.cases import ListingFinding, compressed_anew, copy_case, lock_case, open_case
from serve.loop.good_faith.credit import Evidence
from serve.loop.good_faith.disputes import open_dispute
from serve.loop.good_faith.reputation import note_evidence
from serve.loop.sellers.sellers import brands_infringed
from serve.loop.states import CaseState
from serve.loop.teaching.labels import teach_blind_test
from serve.pictures.new_files import NewFiles
from serve.pictures.objects import ObjectMissingError, Objects
from serve.protocol.answers import Answer
from serve.protocol.paging import Page, cursor_after, last_id
from serve.protocol.problems import Problem, not_found, unprocessable
from serve.scanning.authorised import brands_authorising
from serve.scanning.sought import Speaks
from serve.text.listing import SentListing
from serve.text.wording import Name

Truth = Literal["genuine", "fake"]

RIGHT: Final[dict[Truth, str]] = {"genuine": "not_infringing", "fake": "infringing"}


class Cover(SentListing):
    """The listing that a repeat pretends to be; what it leaves out is as in the listing that it repeats."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[Name, Field(description="In the form of the marketplace's own ids; not in use yet")]
    seller: Name


class NewBlindTest(BaseModel):
    """A test: an open case whose answer is known, or, with `cover`, a repeat of a case under another listing."""

    model_config = ConfigDict(extra="forbid")

    case_id: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
    truth: Annotated[Truth | None, Field(description="What is known; without it, a repeat must agree with itself")] = (
        None
    )
    cover: Cover | None = None


class Seen(Protocol):
    """What a scan of a listing's pictures came to."""

    @property
    def suspected(self) -> Sequence[ListingFinding]:
        """What brands are asked about."""

    def speaks_for(self, brand_id: str) -> bool:
        """Whether something beside a picture speaks for the brand."""

    def shows_fake(self, brand_id: str) -> str | None:
        """The trait or complaint of the brand's known fake that the listing shows or names, if it does."""


Look = Callable[[SentListing, Sequence[bytes]], Seen]
"""Scans the pictures of a listing, as if it came with them."""


@dataclass(frozen=True, slots=True)
class Retaken:
    """The pictures of a case's `revision`, compressed anew, the `findings` that its brand would be asked about, and the
    `known_fake` that they show.

    No findings where they are of other kinds than the case asks about, as another model may see them.
    """

    revision: int
    pictures: Sequence[bytes]
    findings: Sequence[ListingFinding]
    known_fake: str | None


class BlindTestView(Answer):
    """A test as trust & safety see it."""

    id: str
    case_id: str
    source_id: Annotated[str | None, Field(description="The case that it repeats")]
    truth: Truth | None
    outcome: Annotated[Evidence | None, Field(description="What it showed; null until its case is over with an answer")]
    created: datetime


def make_blind_test(
    database: Database, objects: Objects, new: NewBlindTest, *, look: Look, model: str, caller: Caller
) -> BlindTestView:
    """Slip a test into the queue; `look` tells what a scan finds under the cover, `model` is the one that serves.

    Raises `Problem`: 404, 409 (case not open or changed meanwhile, cover in use), 422 (no expectation).
    """
    retaken = None if new.cover is None else _retaken(database, objects, new.case_id, cover=new.cover, look=look)
    with NewFiles(objects) as kept, database.write() as session:
        made = audit.made_before(session, "blind test made")
        if made is not None:
            return _view(session.get_one(BlindTest, made))
        source, listing = lock_case(session, new.case_id)
        test = BlindTest(id=new_id("test"), truth=new.truth)
        if new.cover is None or retaken is None:
            _require_untested(session, source, truth=new.truth)
            test.case_id = source.id
        else:
            cover = _cover(session, source, listing, cover=new.cover, retaken=retaken, kept=kept)
            test.case_id = _repeat(
                session, source, cover, retaken=retaken, files=kept, model=model, actor=caller.key_id
            )
            test.source_id, test.source_revision = source.id, source.revision
            test.source_model = model if retaken.findings else _proposer(session, source)
        session.add(test)
        session.flush()
        session.refresh(test)
        audit.record(
            session, actor=caller.key_id, action="blind test made", subject=test.id,
            content={"case": test.case_id, "source": test.source_id, "truth": test.truth},
        )  # fmt: skip
        return _view(test)


def list_blind_tests(database: Database, *, limit: int, cursor: str | None) -> Page[BlindTestView]:
    """All tests, oldest first."""
    query = select(BlindTest).where(BlindTest.id > last_id(cursor, "test")).order_by(BlindTest.id).limit(limit + 1)
    with database.read() as session:
        rows = session.scalars(query).all()
    return Page(
        items=[_view(row) for row in rows[:limit]], next_cursor=cursor_after([row.id for row in rows], limit=limit)
    )


def is_blind_test(session: Session, case: Case) -> bool:
    """Whether the case is one: what it shows is then said by `conclude`, and a complaint about it is no evidence."""
    return session.scalar(select(BlindTest.id).where(BlindTest.case_id == case.id)) is not None


def void_blind_test(session: Session, case: Case) -> None:
    """Forget that the case is a test, if it is one: its pictures change, and nothing is known of the new ones."""
    test = session.scalars(select(BlindTest).where(BlindTest.case_id == case.id).with_for_update()).one_or_none()
    if test is None:
        return
    session.delete(test)
    session.flush()
    audit.record(
        session, actor=audit.SYSTEM, action="blind test void", subject=test.id,
        content={"case": case.id, "truth": test.truth, "reason": "the seller sent other pictures"},
    )  # fmt: skip


def conclude(session: Session, case: Case) -> None:
    """Count what a test showed, once its case is over; of any other case, and without a clear answer, nothing.

    What was said of the source is compared while that is about the pictures that the test repeats.
    """
    test = session.scalars(select(BlindTest).where(BlindTest.case_id == case.id).with_for_update()).one_or_none()
    if test is not None and test.truth is not None:
        model = test.source_model or case.model
        teach_blind_test(session, case, test.id, infringes=test.truth == "fake", model=model)
    if test is None or case.verdict not in RIGHT.values():
        return
    source = _comparable(session, test)
    contradicts = source is not None and source.verdict != case.verdict
    if test.truth is not None:
        right = case.verdict == RIGHT[test.truth]  # type: ignore[index] # checked by the table
        evidence = Evidence.AGREES if right else Evidence.DISAGREES
    elif source is not None:
        evidence = Evidence.CONTRADICTS if contradicts else Evidence.CONSISTENT
    else:
        return
    test.outcome = evidence
    if source is not None and contradicts:
        open_dispute(session, case, source)
    note_evidence(session, case.holder_id, evidence, subject=test.id)


def _comparable(session: Session, test: BlindTest) -> Case | None:
    """The case that `test` repeats, where it has a clear answer about the same pictures."""
    source = None if test.source_id is None else session.get_one(Case, test.source_id)
    if source is None or source.revision != test.source_revision or source.verdict not in RIGHT.values():
        return None
    return source


def _retaken(database: Database, objects: Objects, case_id: str, *, cover: Cover, look: Look) -> Retaken:
    """The case's pictures compressed anew, and what a scan finds in them under `cover`. Raises `Problem` (404, 422)."""
    with database.read() as session:
        source = session.get(Case, case_id)
        if source is None:
            raise not_found("case", case_id)
        of_source = (ListingImage.listing_id == source.listing_id, ListingImage.revision == source.revision)
        keys = session.scalars(select(ListingImage.object_key).where(*of_source).order_by(ListingImage.position)).all()
    try:
        pictures = [compressed_anew(objects.get(key)) for key in keys]
    except ObjectMissingError as error:
        raise not_found("picture of the case", case_id) from error
    said = {"id": cover.id, "seller": cover.seller, **_content(source, cover)}
    seen = look(Cover.model_construct(**said), pictures)
    found = [one for one in seen.suspected if one.brand_id == source.brand_id]
    known_fake = seen.shows_fake(source.brand_id)
    if {one.kind for one in found} == {finding["kind"] for finding in source.findings}:
        return Retaken(source.revision, pictures, found, known_fake)
    if any(finding["claimed"] for finding in source.findings) and not seen.speaks_for(source.brand_id):
        raise unprocessable(
            "cover-tells",
            "The case's findings say that the listing speaks for the brand, and under this cover nothing does; give it "
            "words, or a seller, as in the case.",
        )
    return Retaken(source.revision, pictures, [], known_fake)


def _content(source: Case, cover: Cover) -> dict[str, Any]:
    """What the listing says that `source` is repeated under: its own words, and the cover's in their place."""
    own = {name: value for name, value in source.listing.items() if name not in ("id", "seller")}
    return {**own, **cover.model_dump(mode="json", exclude={"id", "seller"}, exclude_none=True)}


def _repeat(
    session: Session, source: Case, cover: ListingRecord, *, retaken: Retaken, files: NewFiles, model: str, actor: str
) -> str:
    """The id of a new case about `cover`, which asks about what was found, or what `source` asked where nothing was.

    A case of the scan's own findings is made as every case is, so that nothing in it tells that it was seen before.
    """
    try:
        if retaken.findings:
            return open_case(
                session, cover, findings=retaken.findings, objects=files, model=model, actor=actor,
                known_fake=retaken.known_fake,
            ).id  # fmt: skip
        return copy_case(
            session, source, cover, files=files, model=model, actor=actor, known_fake=retaken.known_fake
        ).id
    except ObjectMissingError as error:
        raise not_found("picture of the case", source.id) from error


def _proposer(session: Session, case: Case) -> str:
    """The model that found what `case` asks about; a repeat itself names the one that serves, as new cases do."""
    found_by = session.scalar(select(BlindTest.source_model).where(BlindTest.case_id == case.id))
    return found_by or case.model


def _require_untested(session: Session, case: Case, *, truth: Truth | None) -> None:
    """Raises `Problem` where the case cannot become a test: 422 without a truth, 409 unless it is open and none yet."""
    if truth is None:
        raise unprocessable(
            "blind-test-truth", "Say what is known of the case (`truth`), or give a `cover` to repeat it."
        )
    if case.state != CaseState.OPEN:
        raise Problem(409, "not-allowed-now", f"The case is {case.state}; only an open one can become a test.")
    if is_blind_test(session, case):
        raise Problem(409, "not-allowed-now", "The case is a blind test already; give a `cover` to repeat it.")


def _cover(
    session: Session, source: Case, listing: ListingRecord, *, cover: Cover, retaken: Retaken, kept: NewFiles
) -> ListingRecord:
    """A new listing with the pictures of `source` as `retaken`. Raises `Problem`: 409, 422 (`cover-tells`)."""
    if source.revision != retaken.revision:
        raise Problem(409, "other-pictures", "The seller sent other pictures meanwhile; look at them, and ask again.")
    if source.listing.get("url") and cover.url is None:
        raise unprocessable("cover-tells", "The case's listing has an address; give the cover one of its own (`url`).")
    if _tells_of_seller(source) and source.brand_id not in brands_infringed(session, cover.seller):
        raise unprocessable(
            "cover-tells",
            "The case says that its seller infringed marks of the brand before; give the cover a seller who did.",
        )
    copies_photo = any(finding["kind"] == "copied_photo" for finding in source.findings)
    if copies_photo and source.brand_id in brands_authorising(session, cover.seller):
        raise unprocessable(
            "cover-tells",
            "The brand authorised the cover's seller to use its photos, and is not asked about them; give the cover "
            "another seller.",
        )
    if session.scalar(select(ListingRecord.id).where(ListingRecord.marketplace_id == cover.id)) is not None:
        raise Problem(409, "listing-exists", f"A listing has the id {cover.id!r}; a cover needs one of its own.")
    made = ListingRecord(
        id=new_id("list"), marketplace_id=cover.id, seller=cover.seller, revision=1, fingerprint=listing.fingerprint,
        content=_content(source, cover), scanned="review", decision="review", reasons=[], findings=[],
    )  # fmt: skip
    session.add(made)
    session.flush()
    for position, picture in enumerate(retaken.pictures):
        image_id = new_id("image")
        key = f"listings/{made.id}/{image_id}"
        kept.put(key, picture)
        session.add(
            ListingImage(
                id=image_id, listing_id=made.id, revision=1, position=position,
                sha256=hashlib.sha256(picture).digest(),
                object_key=key,
            )
        )  # fmt: skip
    session.flush()
    return made


def _tells_of_seller(case: Case) -> bool:
    """Whether a finding of the case rests on what its seller did before, which its reasons then say."""
    return any(Speaks.SELLER in reason for finding in case.findings for reason in finding["reasons"])


def _view(test: BlindTest) -> BlindTestView:
    return BlindTestView(
        id=test.id,
        case_id=test.case_id,
        source_id=test.source_id,
        truth=test.truth,  # type: ignore[arg-type] # checked by the table
        outcome=None if test.outcome is None else Evidence(test.outcome),
        created=test.created,
    )
