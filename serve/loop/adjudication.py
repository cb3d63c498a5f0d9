"""Adjudication: trust & safety uphold or dismiss a complaint, hear the seller's answer, and may reverse themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import Case, Complaint, CounterNotice, ListingRecord, Notice
from serve.jobs import defer
from serve.loop.cases import advance
from serve.loop.complaints import ComplaintView, lock_complaint, view_complaint
from serve.loop.follow_ups import look_again
from serve.loop.good_faith.blind_tests import conclude, is_blind_test
from serve.loop.good_faith.covers import is_pretended
from serve.loop.good_faith.credit import Evidence
from serve.loop.good_faith.reputation import lock_holder, note_evidence
from serve.loop.notices import tell_seller
from serve.loop.push.deliveries import push
from serve.loop.standing import settle
from serve.loop.states import (
    AGAINST_THE_SELLER,
    CaseAction,
    CaseState,
    ComplaintAction,
    ComplaintState,
    next_complaint_state,
)
from serve.loop.stock.stock_search import SEARCH_FOR_UPHELD, SEARCH_OF_SELLER
from serve.loop.teaching.labels import teach_complaint, withdraw
from serve.protocol.problems import Problem
from serve.text.wording import Reason

Outcome = Literal["upheld", "dismissed"]

ACTIONS: Final[dict[Outcome, ComplaintAction]] = {
    "upheld": ComplaintAction.UPHOLD,
    "dismissed": ComplaintAction.DISMISS,
}

EVIDENCE: Final[dict[str, Evidence]] = {
    ComplaintState.UPHELD: Evidence.UPHELD,
    ComplaintState.DISMISSED: Evidence.DISMISSED,
    ComplaintState.CONFIRMED: Evidence.CONFIRMED,
    ComplaintState.OVERTURNED: Evidence.OVERTURNED,
}
"""What each decision says of the rights holder, in place of what the one before said."""


class Step(BaseModel):
    """What trust & safety do about a complaint that they looked at."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    state: Annotated[
        ComplaintState | None,
        Field(description="The complaint's, as it was looked at; refused when it is in another by now"),
    ] = None


class Decision(Step):
    """How trust & safety decide; the reason is told to the seller."""

    outcome: Outcome


class Reversal(Step):
    """Why a decision was wrong; told to the seller."""


class Decided(NamedTuple):
    """A decision: when, into which state the complaint came, and the reason given."""

    moment: datetime
    state: ComplaintState
    reason: str


def decisions_on(database: Database, complaint_id: str) -> list[Decided]:
    """Every decision on a complaint in their order: the last is in force, reversed ones stand before it."""
    actions = {f"complaint {state}": ComplaintState(state) for state in EVIDENCE}
    with database.read() as session:
        steps = audit.steps_on(session, complaint_id, actions=list(actions))
    return [Decided(moment, actions[action], content["reason"]) for moment, action, content in steps]


def decide(
    database: Database, complaint_id: str, decision: Decision, *, window: timedelta, caller: Caller
) -> ComplaintView:
    """Decide a complaint that is filed, or one that the seller has answered.

    `window` is how long the seller may answer. Raises `Problem`: 404, or 409 when there is nothing to decide.
    """
    return _act(database, complaint_id, ACTIONS[decision.outcome], decision, window=window, caller=caller)


def reverse(
    database: Database, complaint_id: str, reversal: Reversal, *, window: timedelta, caller: Caller
) -> ComplaintView:
    """Turn a decision round: a dismissed complaint is upheld, an upheld one overturned, and one that was overturned
    confirmed, or upheld again where the seller has not answered yet.

    Raises `Problem`: 404, or 409 when nothing is decided.
    """
    return _act(database, complaint_id, ComplaintAction.REVERSE, reversal, window=window, caller=caller)


def _act(
    database: Database, complaint_id: str, action: ComplaintAction, step: Step, *, window: timedelta, caller: Caller
) -> ComplaintView:
    with database.write() as session:
        complaint, case, listing = lock_complaint(session, complaint_id)
        if audit.carried_out(session, complaint_id):
            return view_complaint(session, complaint_id)
        return take(session, (complaint, case, listing), action, step, window=window, caller=caller)


def take(
    session: Session, locked: tuple[Complaint, Case, ListingRecord], action: ComplaintAction, step: Step, *,
    window: timedelta, caller: Caller,
) -> ComplaintView:  # fmt: skip
    """Take a `step` about a complaint; the caller holds the locks of it, its case and its listing.

    `window` is how long the seller may answer where it is upheld. Raises `Problem` (409).
    """
    complaint, case, listing = locked
    before = ComplaintState(complaint.state)
    if step.state not in (None, before):
        raise Problem(
            409, "not-allowed-now", f"The complaint is {before} by now; look at it again.", extra={"state": before}
        )
    if action is ComplaintAction.REVERSE and before is ComplaintState.OVERTURNED and not _heard(session, complaint):
        action = ComplaintAction.REINSTATE
    complaint.state = next_complaint_state(before, action)
    complaint.reason, complaint.decided = step.reason, datetime.now(UTC)
    complaint.window_ends = complaint.decided + window if complaint.state == ComplaintState.UPHELD else None
    ends = case.state == CaseState.COMPLAINED
    if ends:
        advance(case, CaseAction.END)
    settle(session, listing)
    if is_blind_test(session, case):
        if ends:
            conclude(session, case)
    else:
        lock_holder(session, case.holder_id)
        withdraw(session, case.id)
        teach_complaint(session, case, complaint, counter_notice=before == ComplaintState.COUNTERED)
        note_evidence(session, case.holder_id, _evidence(complaint, case), subject=complaint.id)
        if complaint.state in AGAINST_THE_SELLER:
            defer(session, SEARCH_FOR_UPHELD, complaint_id=complaint.id)
            if before not in AGAINST_THE_SELLER:
                defer(session, SEARCH_OF_SELLER, complaint_id=complaint.id)
        elif before in AGAINST_THE_SELLER:
            look_again(session, case.holder_id)
    view = view_complaint(session, complaint.id)
    push(session, case.holder_id, f"complaint.{complaint.state}", view)
    audit.record(
        session, actor=caller.key_id, action=f"complaint {complaint.state}", subject=complaint.id,
        content={"before": before.value, "reason": step.reason},
    )  # fmt: skip
    if not is_pretended(session, case):
        _tell(session, complaint, case, before=before)
    return view


def _heard(session: Session, complaint: Complaint) -> bool:
    """Whether the seller answered the complaint."""
    return session.get(CounterNotice, complaint.id) is not None


def _evidence(complaint: Complaint, case: Case) -> Evidence | None:
    """What the decision says of the rights holder: of its complaint, or of its judgement that was doubted."""
    if complaint.party == "rights_holder":
        return EVIDENCE[complaint.state]
    if case.verdict != "not_infringing":
        return None
    return Evidence.SHIELDED if complaint.state in AGAINST_THE_SELLER else Evidence.CLEARED


def _tell(session: Session, complaint: Complaint, case: Case, *, before: ComplaintState) -> None:
    """Tell the seller, unless nothing has been held against them, as they were told, and nothing is now."""
    if complaint.state == ComplaintState.DISMISSED and before == ComplaintState.FILED:
        told = exists().where(Notice.complaint_id == complaint.id)
        if not session.scalar(select(told)):
            return
    tell_seller(session, complaint, case, subject=ComplaintState(complaint.state), reason=complaint.reason or "")
