"""How a case ends without a complaint: what it leaves, and who is told."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from serve import audit
from serve.database.loop_tables import Case, ListingRecord
from serve.loop.cases import advance, view_case
from serve.loop.good_faith.blind_tests import conclude, is_blind_test
from serve.loop.push.deliveries import push
from serve.loop.standing import acquits, settle
from serve.loop.states import CaseAction, CaseState
from serve.loop.teaching.juries import call_off_juries
from serve.loop.teaching.labels import teach_judgement

SUPERSEDED: Final = "The seller sent other pictures or words; another case asks about them."

DROPPED: Final = "The known fake that the listing was found by counts no more; nothing else is suspected."

PERMITTED: Final = "The brand authorised the seller to use its photos; nothing else is suspected."

NO_COMPLAINT: Final = "No complaint by {day}; the listing's decision is now {decision}."

CLEARED_NOTHING: Final = "Judged while suspended, which clears nothing; the listing's decision is now {decision}."

RELEASED: Final = "Trust & safety released it; the listing's decision is now {decision}: {reason}"

NOTES: Final = (SUPERSEDED, DROPPED, PERMITTED, NO_COMPLAINT, CLEARED_NOTHING, RELEASED)
"""All that is noted; the console's sentences (serve/console/reasons.py) recognise each."""


def end_case(
    session: Session, case: Case, listing: ListingRecord, action: CaseAction, *, dropped: str = DROPPED
) -> None:
    """End `case` by `action` (expire, supersede or drop): a judgement `not_infringing` stands, if its author's word
    counts; anything else came to nothing. `dropped` is why, where it is dropped.

    Juries are called off, but for those about a case whose time is over: what they say helps to doubt it.

    The caller holds the listing's lock. Raises `NotAllowedError`.
    """
    advance(case, action)
    settle(session, listing)
    if action is CaseAction.SUPERSEDE:
        case.note = SUPERSEDED
    elif action is CaseAction.DROP:
        case.note = dropped
    elif case.state == CaseState.EXPIRED:
        case.note = NO_COMPLAINT.format(day=case.due_day, decision=listing.decision)
    elif not acquits(case):
        case.note = CLEARED_NOTHING.format(decision=listing.decision)
    if action is not CaseAction.EXPIRE:
        call_off_juries(session, case)
    conclude(session, case)
    if acquits(case) and not is_blind_test(session, case):
        teach_judgement(session, case)
    push(session, case.holder_id, f"case.{case.state}", view_case(session, case.id))
    decision = None if action is CaseAction.SUPERSEDE else listing.decision  # the new case will have its say
    audit.record(
        session, actor=audit.SYSTEM, action=f"case {case.state}", subject=case.id,
        content={"verdict": case.verdict, "decision": decision, "note": case.note},
    )  # fmt: skip
