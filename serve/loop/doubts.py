"""Doubts: trust & safety see an infringement where the rights holder found none, did not know, or did not answer.

A doubt is a complaint of the platform's own, decided as any is. Whoever is suspended may have been shielding fakes:
what it cleared, or let expire, before and after, is listed to be looked at; so is what anybody judged as infringing and
did not complain of in time, or only a suspended one's word closed, which is for sale again.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import Case, Complaint, ListingRecord
from serve.database.tables import RightsHolder
from serve.identifiers import new_id
from serve.loop.cases import CaseView, advance, lock_case, page_of_cases
from serve.loop.complaints import ComplaintView, view_complaint
from serve.loop.good_faith.covers import is_pretended, repeats_another
from serve.loop.judgements import require_in_time
from serve.loop.standing import settle
from serve.loop.states import CaseAction, CaseState, ComplaintState, NotAllowedError, next_case_state
from serve.protocol.paging import Page
from serve.protocol.problems import Problem
from serve.text.wording import Reason


class NewDoubt(BaseModel):
    """Why trust & safety see it otherwise; the rights holder reads it."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


def doubt(database: Database, case_id: str, new: NewDoubt, *, caller: Caller) -> ComplaintView:
    """Make a case that trust & safety see otherwise a complaint of the platform's, to be decided as any is.

    Raises `Problem`: 404, or 409 where the rights holder may still complain itself, somebody has complained, or nobody
    sells anything.
    """
    with database.write() as session:
        case, listing = lock_case(session, case_id)
        filed = session.scalar(select(Complaint.id).where(Complaint.case_id == case_id))
        if filed is not None and audit.carried_out(session, filed):
            return view_complaint(session, filed)
        return view_complaint(session, file_doubt(session, case, listing, new, caller=caller).id)


def file_doubt(
    session: Session, case: Case, listing: ListingRecord, new: NewDoubt, *, caller: Caller
) -> Complaint:  # fmt: skip
    """The complaint that a doubt of the case makes; the caller holds the locks of both. Raises `Problem` (409)."""
    require_doubtful(session, case)
    advance(case, CaseAction.DOUBT)
    complaint = Complaint(
        id=new_id("complaint"), case_id=case.id, state=ComplaintState.FILED, statement=new.reason, party="platform"
    )
    session.add(complaint)
    session.flush()
    settle(session, listing)
    audit.record(
        session, actor=caller.key_id, action="case doubted", subject=complaint.id,
        content={"case": case.id, "verdict": case.verdict, "reason": new.reason},
    )  # fmt: skip
    return complaint


def require_doubtful(session: Session, case: Case) -> None:
    """Raises `Problem` (409) where the case cannot be doubted now."""
    require_sold(session, case)
    require_nobody_complained(session, case, action=CaseAction.DOUBT)
    next_case_state(CaseState(case.state), CaseAction.DOUBT)
    if case.ended is None:
        require_in_time(case)


def require_sold(session: Session, case: Case) -> None:
    """Raises `Problem` (409) for a repeat under a cover."""
    if is_pretended(session, case):
        raise Problem(409, "not-allowed-now", "The case repeats another one under a cover; nobody sells anything.")


def require_nobody_complained(session: Session, case: Case, *, action: CaseAction) -> None:
    """Raises `NotAllowedError` where there is a complaint about the case, which `action` is to do without."""
    if session.scalar(select(Complaint.id).where(Complaint.case_id == case.id)) is not None:
        raise NotAllowedError("case", state=CaseState(case.state), action=action)


def list_doubtful_cases(database: Database, *, limit: int, cursor: str | None) -> Page[CaseView]:
    """What rights holders who are suspended now cleared or let expire, and nobody complained of or released; oldest
    first.

    Repeats under a cover are left out.
    """
    suspended = select(RightsHolder.id).where(RightsHolder.tier == "suspended")
    cleared = (Case.verdict == "not_infringing") | (Case.state == CaseState.EXPIRED)
    return page_of_cases(
        database, Case.holder_id.in_(suspended), cleared, Case.state != CaseState.RELEASED, Complaint.id.is_(None),
        ~repeats_another(), limit=limit, cursor=cursor,
    )  # fmt: skip


def list_without_complaint(database: Database, *, limit: int, cursor: str | None) -> Page[CaseView]:
    """The cases that `lacks_complaint` is about, oldest first."""
    return page_of_cases(database, lacks_complaint(), limit=limit, cursor=cursor)


def lacks_complaint() -> ColumnElement[bool]:
    """Of cases: whether the rights holder judged that the listing infringes and nobody complained in time, or only a
    suspended one's word closed them, and the listing is offered still and not blocked. Repeats under a cover are left
    out.
    """
    offered = exists().where(
        ListingRecord.id == Case.listing_id, ListingRecord.withdrawn.is_(None), ListingRecord.decision != "block"
    )
    complained = exists().where(Complaint.case_id == Case.id)
    return and_(
        or_(
            and_(Case.state == CaseState.EXPIRED, Case.verdict == "infringing"),
            and_(Case.state == CaseState.CLOSED, Case.fallback.is_not(None)),
        ),
        offered.correlate(Case),
        ~complained.correlate(Case),
        ~repeats_another(),
    )
