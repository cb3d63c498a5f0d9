"""Closings: trust & safety close a case whose time ran out without an answer that counts.

Either nothing follows, and whatever held its listing up for its sake does so no more, or the listing is taken off: a
doubt that is upheld at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import Case
from serve.loop.adjudication import Decision, take
from serve.loop.cases import CaseView, advance, lock_case, view_case
from serve.loop.complaints import ComplaintView
from serve.loop.doubts import NewDoubt, file_doubt, require_doubtful, require_nobody_complained, require_sold
from serve.loop.endings import RELEASED
from serve.loop.push.deliveries import push
from serve.loop.standing import ran_out, settle
from serve.loop.states import CaseAction, CaseState, ComplaintAction, NotAllowedError
from serve.loop.teaching.juries import call_off_juries
from serve.protocol.problems import Problem
from serve.text.wording import Reason


class NewRelease(BaseModel):
    """Why nothing follows from the case; the rights holder reads it."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


def release(database: Database, case_id: str, new: NewRelease, *, caller: Caller) -> CaseView:
    """Close the case without a sanction: it holds its listing up no more. Nothing is taught by it.

    Raises `Problem`: 404, or 409 unless its time ran out without an answer that counts, and nobody complained.
    """
    with database.write() as session:
        case, listing = lock_case(session, case_id)
        if audit.carried_out(session, case_id):
            return view_case(session, case_id)
        _require_unanswered(session, case)
        advance(case, CaseAction.RELEASE)
        settle(session, listing)
        case.note = RELEASED.format(decision=listing.decision, reason=new.reason)
        call_off_juries(session, case)
        view = view_case(session, case_id)
        push(session, case.holder_id, f"case.{case.state}", view)
        audit.record(
            session, actor=caller.key_id, action="case released", subject=case.id,
            content={"verdict": case.verdict, "decision": listing.decision, "reason": new.reason},
        )  # fmt: skip
        return view


def take_off(
    database: Database, case_id: str, new: NewDoubt, *, window: timedelta, caller: Caller
) -> ComplaintView:  # fmt: skip
    """Doubt the case and uphold that at once, both or neither: the listing is blocked, and its seller told why.

    `window` is how long the seller may answer. Raises `Problem` as `doubt` does.
    """
    with database.write() as session:
        case, listing = lock_case(session, case_id)
        complaint = file_doubt(session, case, listing, new, caller=caller)
        decision = Decision(outcome="upheld", reason=new.reason)
        return take(
            session, (complaint, case, listing), ComplaintAction.UPHOLD, decision, window=window, caller=caller
        )  # fmt: skip


def open_to(database: Database, case_id: str) -> frozenset[CaseAction]:
    """What trust & safety may do about the case now: doubt it, release it, both or neither."""
    with database.read() as session:
        case = session.get_one(Case, case_id)
        return frozenset(action for action, require in _REQUIRED.items() if _allows(require, session, case))


def _allows(require: Callable[[Session, Case], None], session: Session, case: Case) -> bool:
    try:
        require(session, case)
    except Problem:
        return False
    return True


def _require_unanswered(session: Session, case: Case) -> None:
    """Raises `Problem` (409) unless the case's time ran out without an answer that counts, and nobody complained."""
    require_sold(session, case)
    require_nobody_complained(session, case, action=CaseAction.RELEASE)
    if not ran_out(case):
        raise NotAllowedError("case", state=CaseState(case.state), action=CaseAction.RELEASE)


_REQUIRED: Final[Mapping[CaseAction, Callable[[Session, Case], None]]] = {
    CaseAction.DOUBT: require_doubtful,
    CaseAction.RELEASE: _require_unanswered,
}
