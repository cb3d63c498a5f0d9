"""Complaints: a judgement `infringing` that the rights holder stands behind; filed, listed, read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import Case, Complaint, CounterNotice, ListingRecord
from serve.database.tables import RightsHolder
from serve.identifiers import new_id
from serve.loop.attachments import AttachmentView, SentFile, attach, attachments_of, digests_of
from serve.loop.cases import advance, lock_case
from serve.loop.good_faith.covers import is_pretended
from serve.loop.good_faith.rights_documents import require_rights
from serve.loop.judgements import require_in_time
from serve.loop.notices import tell_seller
from serve.loop.standing import lock_listing, settle
from serve.loop.states import CaseAction, ComplaintState
from serve.pictures.new_files import NewFiles
from serve.pictures.objects import Objects
from serve.protocol.answers import Answer
from serve.protocol.paging import Page, cursor_after, last_id
from serve.protocol.problems import not_found
from serve.text.wording import Note

Party = Literal["rights_holder", "platform"]

ACTS_AT_ONCE: Final = "A trusted rights holder complained; the listing is blocked until the complaint is decided."


class NewComplaint(BaseModel):
    """What the rights holder adds; the case's findings and their evidence belong to the complaint anyway."""

    model_config = ConfigDict(extra="forbid")

    statement: Note | None = None


class CounterNoticeView(Answer):
    """What the seller answered."""

    statement: str
    sent: datetime


class ComplaintView(Answer):
    """A complaint as it is sent."""

    id: str
    case_id: str
    brand_id: str
    listing_id: str
    party: Annotated[Party, Field(description="Whose it is: `platform` where trust & safety doubt a judgement")]
    state: ComplaintState
    statement: str | None
    reason: str | None
    filed: datetime
    decided: datetime | None
    window_ends: datetime | None
    counter_notice: CounterNoticeView | None
    files: list[AttachmentView]


def file_complaint(
    database: Database, objects: Objects, case_id: str, new: NewComplaint, files: Sequence[SentFile], *,
    prove_ownership: bool, caller: Caller,
) -> ComplaintView:  # fmt: skip
    """Turn the case's judgement into a complaint.

    Raises `Problem`: 404, 403 without proof of rights, or 409 unless the judgement is `infringing`.
    """
    with NewFiles(objects) as kept, database.write() as session:
        case, listing = lock_case(session, case_id)
        filed = session.scalar(select(Complaint.id).where(Complaint.case_id == case_id))
        if filed is not None and audit.carried_out(session, filed):
            return view_complaint(session, filed)
        require_rights(session, case.brand_id, caller=caller, of_owners=prove_ownership)
        advance(case, CaseAction.COMPLAIN)
        require_in_time(case)
        holder = session.get_one(
            RightsHolder, case.holder_id, with_for_update={"read": True}
        )  # its tier, until we commit
        complaint = Complaint(
            id=new_id("complaint"),
            case_id=case.id,
            state=ComplaintState.FILED,
            statement=new.statement,
            tier=holder.tier,
        )
        session.add(complaint)
        session.flush()
        attach(session, kept, complaint.id, files, party="rights_holder")
        settle(session, listing)
        audit.record(
            session, actor=caller.key_id, action="complaint filed", subject=complaint.id,
            content={"case": case.id, **digests_of(new.statement, files)},
        )  # fmt: skip
        if complaint.tier == "trusted" and not is_pretended(session, case):
            tell_seller(session, complaint, case, subject=ComplaintState.FILED, reason=ACTS_AT_ONCE)
        return view_complaint(session, complaint.id)


def list_complaints(
    database: Database, *, caller: Caller, state: ComplaintState | None = None, listing_id: str | None = None,
    seller: str | None = None, brand_id: str | None = None, limit: int, cursor: str | None,
) -> Page[ComplaintView]:  # fmt: skip
    """The complaints that `caller` sees, oldest first; `listing_id` and `seller` are the marketplace's own."""
    query = _viewed().where(Complaint.id > last_id(cursor, "complaint")).order_by(Complaint.id).limit(limit + 1)
    if caller.brand_ids is not None:
        query = query.where(Case.brand_id.in_(caller.brand_ids))
    wanted = {
        Complaint.state: state,
        Case.listing["id"].astext: listing_id,  # as it is shown: a cover may have given way
        Case.listing["seller"].astext: seller,
        Case.brand_id: brand_id,
    }
    query = query.where(*(column == value for column, value in wanted.items() if value is not None))
    with database.read() as session:
        rows = session.execute(query).all()
        files = attachments_of(session, [row[0].id for row in rows[:limit]])
        items = [_view(*row, files=files[row[0].id]) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor_after([row[0].id for row in rows], limit=limit))


def get_complaint(database: Database, complaint_id: str) -> ComplaintView:
    """One complaint. Raises `Problem` (404)."""
    with database.read() as session:
        return view_complaint(session, complaint_id)


def view_complaint(session: Session, complaint_id: str) -> ComplaintView:
    """One complaint as `session` sees it. Raises `Problem` (404)."""
    newest = _viewed().where(Complaint.id == complaint_id).execution_options(populate_existing=True)
    row = session.execute(newest).one_or_none()
    if row is None:
        raise not_found("complaint", complaint_id)
    return _view(*row, files=attachments_of(session, [complaint_id])[complaint_id])


def lock_complaint(session: Session, complaint_id: str) -> tuple[Complaint, Case, ListingRecord]:
    """The complaint, its case and its listing, locked until the transaction ends. Raises `Problem` (404)."""
    row = session.execute(
        select(Case.id, Case.listing_id).join(Complaint).where(Complaint.id == complaint_id)
    ).one_or_none()
    if row is None:
        raise not_found("complaint", complaint_id)
    listing = lock_listing(session, row.listing_id)
    case = session.get_one(Case, row.id, with_for_update=True, populate_existing=True)
    complaint = session.get_one(Complaint, complaint_id, with_for_update=True, populate_existing=True)
    return complaint, case, listing


def _viewed() -> Select[Complaint, Case, CounterNotice | None]:
    return (
        select(Complaint, Case, CounterNotice)
        .join(Case, Case.id == Complaint.case_id)
        .outerjoin(CounterNotice, CounterNotice.complaint_id == Complaint.id)
    )


def _view(
    complaint: Complaint, case: Case, counter: CounterNotice | None, *, files: list[AttachmentView]
) -> ComplaintView:
    return ComplaintView(
        id=complaint.id,
        case_id=case.id,
        brand_id=case.brand_id,
        listing_id=case.listing["id"],
        party=complaint.party,  # type: ignore[arg-type] # checked by the table
        state=ComplaintState(complaint.state),
        statement=complaint.statement,
        reason=complaint.reason,
        filed=complaint.created,
        decided=complaint.decided,
        window_ends=complaint.window_ends,
        counter_notice=None
        if counter is None
        else CounterNoticeView(statement=counter.statement, sent=counter.created),
        files=files,
    )
