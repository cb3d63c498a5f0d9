"""Judgements: what the rights holder says of a case, alone or many at once, taken back while nothing followed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from serve import audit
from serve.access.keys import Caller
from serve.access.ownership import sees
from serve.database.engine import Database
from serve.database.loop_tables import Case
from serve.database.tables import RightsHolder
from serve.jobs import defer
from serve.loop.cases import ANNOUNCE, CaseView, Verdict, advance, lock_case, view_case
from serve.loop.good_faith.rights_documents import require_rights
from serve.loop.standing import settle
from serve.loop.states import ASKED, CaseAction, CaseState, next_case_state
from serve.protocol.answers import Answer
from serve.protocol.problems import Problem, not_found
from serve.text.wording import Note

MOST_AT_ONCE: Final = 200

ACTIONS: Final[dict[Verdict, CaseAction]] = {
    "infringing": CaseAction.JUDGE_INFRINGING,
    "not_infringing": CaseAction.JUDGE_NOT_INFRINGING,
    "unsure": CaseAction.JUDGE_UNSURE,
}

MOST_TAGS: Final = 20
LONGEST_TAG: Final = 200
"""Letters of a tag, which may be the words of a fake trait."""

Tag = Annotated[Note, StringConstraints(min_length=1, max_length=LONGEST_TAG)]

Tags = Annotated[list[Tag], Field(max_length=MOST_TAGS, description="Which fake traits show")]


class Judgement(BaseModel):
    """What the rights holder says."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    reason: Note | None = None
    tags: Tags = []
    revision: Annotated[
        int | None, Field(ge=1, description="The case's, as it was looked at; refused when it shows other pictures now")
    ] = None


class JudgementOfCase(Judgement):
    """A judgement among several."""

    case_id: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]


class Judgements(BaseModel):
    """Several judgements, of different cases; each counts by itself."""

    model_config = ConfigDict(extra="forbid")

    judgements: Annotated[list[JudgementOfCase], Field(min_length=1, max_length=MOST_AT_ONCE)]

    @field_validator("judgements")
    @classmethod
    def _each_once(cls, value: list[JudgementOfCase]) -> list[JudgementOfCase]:
        """The second of two on one case could not be told from the first, sent again after its answer was lost."""
        cases = [one.case_id for one in value]
        twice = sorted({case for case in cases if cases.count(case) > 1})
        if twice:
            raise ValueError(f"expected each case once, got twice: {', '.join(twice)}")
        return value


class JudgementOutcome(Answer):
    """What became of one judgement among several: the case's state, or why it was refused."""

    case_id: str
    status: Annotated[int, Field(description="The HTTP status that it would have got alone")]
    state: CaseState | None = None
    code: str | None = None
    detail: str | None = None


def judge(database: Database, case_id: str, judgement: Judgement, *, prove_ownership: bool, caller: Caller) -> CaseView:
    """Record the judgement.

    Raises `Problem`: 404, 403 without proof of rights, or 409 when the case is answered already or over.
    """
    with database.write() as session:
        case, listing = lock_case(session, case_id)
        if audit.carried_out(session, case_id):
            return view_case(session, case_id)
        require_rights(session, case.brand_id, caller=caller, of_owners=prove_ownership)
        require_in_time(case)
        if judgement.revision not in (None, case.revision):
            raise Problem(
                409, "other-pictures", "The seller has sent other pictures or another order since; look again.",
                extra={"revision": case.revision},
            )  # fmt: skip
        advance(case, ACTIONS[judgement.verdict])
        case.verdict, case.reason, case.tags = judgement.verdict, judgement.reason, judgement.tags
        case.judged, case.tier = datetime.now(UTC), session.get_one(RightsHolder, case.holder_id).tier
        settle(session, listing)
        audit.record(
            session, actor=caller.key_id, action="case judged", subject=case.id,
            content={
                "verdict": judgement.verdict, "reason": judgement.reason, "tags": judgement.tags,
                "revision": case.revision,
            },
        )  # fmt: skip
        return view_case(session, case_id)


def judge_many(
    database: Database, judgements: Sequence[JudgementOfCase], *, prove_ownership: bool, caller: Caller
) -> list[JudgementOutcome]:
    """Record each judgement by itself; one that is refused does not hold up the others."""
    return [_outcome(database, one, prove_ownership=prove_ownership, caller=caller) for one in judgements]


def retract(database: Database, case_id: str, *, prove_ownership: bool, caller: Caller) -> CaseView:
    """Take the judgement back: the case is open again.

    Raises `Problem`: 404, 403 without proof of rights, or 409 once something followed.
    """
    with database.write() as session:
        case, listing = lock_case(session, case_id)
        require_rights(session, case.brand_id, caller=caller, of_owners=prove_ownership)
        _require_retractable(session, case)
        advance(case, CaseAction.RETRACT)
        before, case.verdict, case.reason, case.tags, case.judged, case.tier = case.verdict, None, None, [], None, None
        settle(session, listing)
        if case.reminded is None and datetime.now(UTC) >= case.announced:
            defer(session, ANNOUNCE, case_id=case.id)
        audit.record(
            session, actor=caller.key_id, action="judgement retracted", subject=case.id, content={"verdict": before}
        )
        return view_case(session, case_id)


def is_retractable(database: Database, case_id: str) -> bool:
    """Whether the case's judgement may be taken back now, by whoever has proved its rights."""
    with database.read() as session:
        try:
            _require_retractable(session, session.get_one(Case, case_id))
        except Problem:
            return False
        return True


def _require_retractable(session: Session, case: Case) -> None:
    """Raises `Problem` (409) where the case's judgement cannot be taken back now."""
    require_in_time(case)
    if case.state not in ASKED and _asked_besides(session, case):
        raise Problem(
            409, "not-allowed-now",
            "The seller has sent other pictures since, and another case asks about them: judge that one.",
            extra={"state": case.state},
        )  # fmt: skip
    next_case_state(CaseState(case.state), CaseAction.RETRACT)


def require_in_time(case: Case) -> None:
    """Raises `Problem` (409) when the case's time is over, though its expiry has not been carried out yet."""
    if datetime.now(UTC) >= case.expires:
        raise Problem(409, "too-late", f"The last day for an answer to {case.id} was {case.due_day}.")


def _asked_besides(session: Session, case: Case) -> bool:
    """Whether another case asks about the listing for the same brand."""
    others = select(Case.id).where(
        Case.listing_id == case.listing_id, Case.brand_id == case.brand_id, Case.id != case.id, Case.state.in_(ASKED)
    )
    return session.scalar(others.limit(1)) is not None


def _outcome(database: Database, one: JudgementOfCase, *, prove_ownership: bool, caller: Caller) -> JudgementOutcome:
    try:
        _require_own(database, one.case_id, caller=caller)
        judgement = Judgement.model_validate(one.model_dump(exclude={"case_id"}))
        view = judge(database, one.case_id, judgement, prove_ownership=prove_ownership, caller=caller)
    except Problem as problem:
        return JudgementOutcome(
            case_id=one.case_id, status=problem.status_code, code=problem.code, detail=problem.detail
        )
    return JudgementOutcome(case_id=one.case_id, status=200, state=view.state)


def _require_own(database: Database, case_id: str, *, caller: Caller) -> None:
    """What `Permit` does for a path, for a case that a body names. Raises `Problem` (404)."""
    if not sees(database, caller, "case_id", case_id):
        raise not_found("case", case_id)
