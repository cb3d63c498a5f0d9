"""Cases: opened for the brand of a finding, listed, read.

Which case stands for a listing that is sent again is `serve.loop.asking`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import Session

from model.encoding import jpeg
from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import Case, Complaint, ListingImage, ListingRecord
from serve.database.tables import Brand, RightsHolder
from serve.identifiers import new_id
from serve.jobs import defer
from serve.loop.push.deliveries import push
from serve.loop.standing import lock_listing
from serve.loop.states import UNDER_WAY, CaseAction, CaseState, next_case_state
from serve.loop.working_days import due_date
from serve.pictures.new_files import NewFiles
from serve.pictures.objects import ObjectMissingError, Objects, decode_stored
from serve.protocol.answers import Answer
from serve.protocol.paging import Page, cursor_after, last_id
from serve.protocol.problems import not_found
from serve.scanning.evidence import taken_anew
from serve.scanning.results import Finding, Probability
from serve.scanning.scans import evidence_key

ANNOUNCE: Final = "announce the end of a case"
EXPIRE: Final = "end a case"
"""The tasks (serve/loop/deadlines.py) that a new case has waiting for it."""

COPY_QUALITY: Final = 92
"""Of the JPEG files of pictures that are shown once more; nothing is seen of it."""

Verdict = Literal["infringing", "not_infringing", "unsure"]


class ListingFinding(Finding):
    """A finding in one of a listing's pictures."""

    image: Annotated[int, Field(ge=0, description="Which picture of the listing, from 0")]
    scan_id: str


class CaseFinding(Finding):
    """A finding as its case shows it; the evidence is the case's own copy.

    Its strength is kept and not sent: a repeat that an earlier model found has none, which would give it away. Nor is
    whether the seller was authorised: that of a repeat is another.
    """

    strength: Annotated[Probability | None, Field(exclude=True)] = None
    authorised: Annotated[bool, Field(exclude=True)] = False
    image: Annotated[int, Field(ge=0, description="Which picture of the listing, from 0")]


class CaseListing(Answer):
    """What the seller said when the case opened."""

    id: str
    seller: str
    title: str | None = None
    description: str | None = None
    brand_claimed: str | None = None
    category: str | None = None
    price: float | None = None
    url: str | None = None


class CaseView(Answer):
    """A case as it is sent."""

    id: str
    brand_id: str
    brand: str
    state: CaseState
    verdict: Verdict | None
    reason: str | None
    tags: list[str]
    listing: CaseListing
    findings: list[CaseFinding]
    pictures: Annotated[list[str], Field(description="Paths of the listing's pictures")]
    known_fake: Annotated[
        str | None,
        Field(description="The fake trait or the upheld complaint by which it was found, if it was"),
    ]
    model: str
    opened: datetime
    due: Annotated[date, Field(description="The last working day on which an answer counts")]
    expires: datetime
    time_zone: Annotated[str, Field(description="The rights holder's, in which `due` is a day; its IANA name")]
    revision: Annotated[int, Field(description="Counts up when the seller sends other pictures")]
    calendar: Annotated[str, Field(description="What the working days were read from")]
    note: str | None
    complaint_id: str | None
    ended: datetime | None
    withdrawn: Annotated[
        datetime | None,
        Field(description="Of a case that goes on: since when the marketplace offers the listing no more"),
    ]


def advance(case: Case, action: CaseAction) -> None:
    """Take `case` to its next state. Raises `NotAllowedError`."""
    case.state = next_case_state(CaseState(case.state), action)
    if case.state not in UNDER_WAY:
        case.ended = case.ended or datetime.now(UTC)


def list_cases(
    database: Database, *, caller: Caller, brand_id: str | None = None, state: CaseState | None = None,
    listing_id: str | None = None, limit: int, cursor: str | None,
) -> Page[CaseView]:  # fmt: skip
    """The cases that `caller` sees, oldest first; `listing_id` is the marketplace's own."""
    wanted: list[ColumnElement[bool]] = []
    if listing_id is not None:
        wanted.append(Case.listing["id"].astext == listing_id)  # as it is shown: a cover may have given way
    if brand_id is not None:
        wanted.append(Case.brand_id == brand_id)
    if caller.brand_ids is not None:
        wanted.append(Case.brand_id.in_(caller.brand_ids))
    if state is not None:
        wanted.append(Case.state == state)
    return page_of_cases(database, *wanted, limit=limit, cursor=cursor)


def page_of_cases(
    database: Database, *wanted: ColumnElement[bool], limit: int, cursor: str | None
) -> Page[CaseView]:  # fmt: skip
    """The cases for which all that is `wanted` holds, of them or of their complaints, oldest first."""
    query = _viewed().where(Case.id > last_id(cursor, "case"), *wanted).order_by(Case.id).limit(limit + 1)
    with database.read() as session:
        rows = session.execute(query).all()
    return Page(
        items=[_view(row) for row in rows[:limit]],
        next_cursor=cursor_after([row[0].id for row in rows], limit=limit),
    )


def cases_by_id(database: Database, case_ids: Collection[str]) -> dict[str, CaseView]:
    """Those of the cases that there are, by id."""
    with database.read() as session:
        return {row[0].id: _view(row) for row in session.execute(_viewed().where(Case.id.in_(case_ids)))}


def get_case(database: Database, case_id: str) -> CaseView:
    """One case. Raises `Problem` (404)."""
    with database.read() as session:
        return view_case(session, case_id)


def view_case(session: Session, case_id: str) -> CaseView:
    """One case as `session` sees it. Raises `Problem` (404)."""
    row = session.execute(_viewed().where(Case.id == case_id)).one_or_none()
    if row is None:
        raise not_found("case", case_id)
    return _view(row)


def lock_case(session: Session, case_id: str) -> tuple[Case, ListingRecord]:
    """The case and its listing, locked until the transaction ends. Raises `Problem` (404)."""
    listing_id = session.scalar(select(Case.listing_id).where(Case.id == case_id))
    if listing_id is None:
        raise not_found("case", case_id)
    listing = lock_listing(session, listing_id)
    return session.get_one(Case, case_id, with_for_update=True, populate_existing=True), listing


def picture_key(database: Database, case_id: str, number: int) -> str:
    """Where the file of the case's picture `number` lies in the object store. Raises `Problem` (404)."""
    query = (
        select(ListingImage.object_key)
        .join(Case, (Case.listing_id == ListingImage.listing_id) & (Case.revision == ListingImage.revision))
        .where(Case.id == case_id, ListingImage.position == number)
    )
    with database.read() as session:
        key = session.scalar(query)
    if key is None:
        raise not_found("picture", f"{case_id}/{number}")
    return key


def evidence(database: Database, objects: Objects, case_id: str, number: int) -> bytes:
    """The picture that shows why, PNG. Raises `Problem` (404)."""
    with database.read() as session:
        keys = session.scalar(select(Case.evidence).where(Case.id == case_id)) or []
    try:
        return objects.get(keys[number])
    except (IndexError, ObjectMissingError) as error:
        raise not_found("evidence", f"{case_id}/{number}") from error


def copy_case(
    session: Session, source: Case, listing: ListingRecord, *, files: NewFiles, model: str, actor: str,
    known_fake: str | None,
) -> Case:  # fmt: skip
    """A new case about `listing` that asks what `source` asked; `model` is the one that serves, `known_fake` what the
    listing shows, if it does.
    """

    def show(case: Case) -> None:
        copies = [taken_anew(files.get(key), quality=COPY_QUALITY) for key in source.evidence]
        _show(case, listing, source.findings, copies, files=files, model=model)
        case.known_fake = known_fake

    return _open_case(session, listing, brand_id=source.brand_id, show=show, actor=actor)


def compressed_anew(picture: bytes) -> bytes:
    """The same picture in another file (JPEG), so that nobody tells by its bytes that it was seen before."""
    return jpeg(decode_stored(picture), quality=COPY_QUALITY)


def open_case(
    session: Session, listing: ListingRecord, *, findings: Sequence[ListingFinding], objects: Objects | NewFiles,
    model: str, actor: str, known_fake: str | None,
) -> Case:  # fmt: skip
    """A new case about the listing's pictures and the `findings` in them, all of one brand, and the `known_fake` (a
    trait or a complaint) by which it was found, if it was.
    """

    def show(case: Case) -> None:
        show_findings(case, listing, findings=findings, objects=objects, model=model)
        case.known_fake = known_fake

    return _open_case(session, listing, brand_id=findings[0].brand_id, show=show, actor=actor)


def _open_case(
    session: Session, listing: ListingRecord, *, brand_id: str, show: Callable[[Case], None], actor: str
) -> Case:
    """A new case; `show` puts into it what it asks about."""
    brand = session.get_one(Brand, brand_id)
    case = Case(
        id=new_id("case"),
        listing_id=listing.id,
        brand_id=brand.id,
        holder_id=brand.holder_id,
        state=CaseState.OPEN,
        tags=[],
        created=datetime.now(UTC),
    )
    show(case)
    allow_time(session, case)
    session.add(case)
    session.flush()
    push(session, case.holder_id, "case.opened", view_case(session, case.id))
    audit.record(
        session, actor=actor, action="case opened", subject=case.id,
        content={
            "listing": listing.marketplace_id, "revision": listing.revision, "brand": brand.id,
            "due": case.due_day.isoformat(), "calendar": case.calendar,
        },
    )  # fmt: skip
    return case


def allow_time(session: Session, case: Case) -> None:
    """Give the rights holder its working days from now on to answer what the case asks."""
    holder = session.get_one(RightsHolder, case.holder_id)
    due = due_date(datetime.now(UTC), country=holder.country, time_zone=holder.time_zone)
    case.due_day, case.announced, case.expires, case.calendar = due.day, due.announced, due.expires, due.calendar
    case.reminded = None
    defer(session, ANNOUNCE, at=case.announced, case_id=case.id)
    defer(session, EXPIRE, at=case.expires, case_id=case.id)


def show_findings(
    case: Case, listing: ListingRecord, *, findings: Sequence[ListingFinding], objects: Objects | NewFiles, model: str
) -> None:
    """Make the case ask about these findings; their evidence is copied, since scans are forgotten after a while."""
    numbers = [int(one.evidence.rpartition("/")[2].removesuffix(".png")) for one in findings]
    copies = [objects.get(evidence_key(one.scan_id, number)) for one, number in zip(findings, numbers, strict=True)]
    shown = [one.model_dump(mode="json", exclude={"scan_id"}) for one in findings]
    _show(case, listing, shown, copies, files=objects, model=model)


def _show(
    case: Case, listing: ListingRecord, findings: Sequence[dict[str, Any]], copies: Sequence[bytes], *,
    files: Objects | NewFiles, model: str,
) -> None:  # fmt: skip
    """Make the case ask about `findings`, with `copies` as their evidence.

    Each copy has a place of its own: until the transaction has committed, the case has the evidence that it had.
    """
    case.evidence = [f"cases/{case.id}/{new_id('file')}.png" for _ in copies]
    for key, copy in zip(case.evidence, copies, strict=True):
        files.put(key, copy)
    case.findings = [
        {**finding, "evidence": f"/v1/cases/{case.id}/evidence/{number}.png"} for number, finding in enumerate(findings)
    ]
    case.model = model
    case.revision = listing.revision
    show_listing(case, listing)


def show_listing(case: Case, listing: ListingRecord) -> None:
    """Have the case show what the seller says of the listing now."""
    case.listing = {"id": listing.marketplace_id, "seller": listing.seller, **listing.content}


def _viewed() -> Select[Case, str, str, str | None, int, datetime | None]:
    pictures = (
        select(func.count())
        .where(ListingImage.listing_id == Case.listing_id, ListingImage.revision == Case.revision)
        .correlate(Case)
        .scalar_subquery()
    )
    return (
        select(Case, Brand.name, RightsHolder.time_zone, Complaint.id, pictures, ListingRecord.withdrawn)
        .join(Brand, Brand.id == Case.brand_id)
        .join(RightsHolder, RightsHolder.id == Case.holder_id)
        .join(ListingRecord, ListingRecord.id == Case.listing_id)
        .outerjoin(Complaint, Complaint.case_id == Case.id)
    )


def _view(row: Row[Case, str, str, str | None, int, datetime | None]) -> CaseView:
    """What a row of `_viewed` tells."""
    case, brand, time_zone, complaint_id, pictures, withdrawn = row
    return CaseView(
        id=case.id,
        brand_id=case.brand_id,
        brand=brand,
        state=CaseState(case.state),
        verdict=case.verdict,  # type: ignore[arg-type] # checked by the table
        reason=case.reason,
        tags=case.tags,
        listing=CaseListing.model_validate(case.listing),
        findings=[CaseFinding.model_validate(one) for one in case.findings],
        pictures=[f"/v1/cases/{case.id}/pictures/{number}.png" for number in range(pictures)],
        known_fake=case.known_fake,
        model=case.model,
        opened=case.created,
        due=case.due_day,
        expires=case.expires,
        time_zone=time_zone,
        revision=case.revision,
        calendar=case.calendar,
        note=case.note,
        complaint_id=complaint_id,
        ended=case.ended,
        # What covers a blind test is never withdrawn: in time that would give it away.
        withdrawn=None if case.ended else withdrawn,
    )
