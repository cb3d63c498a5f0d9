"""The life of a case and of a complaint, as two tables: (state, action) → the next state. Nothing else is allowed.

case       open → infringing ─ complain → complained ─ end → closed
                → not_infringing ─ expire → closed
                → unsure
           each answer may be retracted until something follows; without an answer that stands, `expired`;
           open and unsure ones are `dropped` when the known fake that they were opened for counts no more, or the
           seller may use the photos that they ask about;
           `not_infringing` and `unsure` are superseded, and closed, by a case about other pictures, and may be
           doubted by trust & safety → complained; what ended without a complaint may be doubted and stays as it ended,
           and where no answer counts, trust & safety may release it → released

complaint  filed → dismissed ─ reverse → upheld
                 → upheld ─ answer → countered → confirmed | overturned
           upheld and confirmed ─ reverse → overturned ─ reverse → confirmed
                                               overturned before the seller was heard ─ reinstate → upheld
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from serve.protocol.problems import Problem


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    INFRINGING = "infringing"
    NOT_INFRINGING = "not_infringing"
    UNSURE = "unsure"
    COMPLAINED = "complained"
    CLOSED = "closed"
    EXPIRED = "expired"
    DROPPED = "dropped"
    RELEASED = "released"


class CaseAction(StrEnum):
    """What may happen to a case."""

    JUDGE_INFRINGING = "judge as infringing"
    JUDGE_NOT_INFRINGING = "judge as not infringing"
    JUDGE_UNSURE = "judge as unsure"
    RETRACT = "retract the judgement of"
    COMPLAIN = "file a complaint on"
    DOUBT = "doubt"
    END = "end"
    EXPIRE = "expire"
    SUPERSEDE = "supersede"
    DROP = "drop"
    RELEASE = "release"


class ComplaintState(StrEnum):
    """Where a complaint stands."""

    FILED = "filed"
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    COUNTERED = "countered"
    CONFIRMED = "confirmed"
    OVERTURNED = "overturned"


class ComplaintAction(StrEnum):
    """What may happen to a complaint."""

    UPHOLD = "uphold"
    DISMISS = "dismiss"
    ANSWER = "answer with a counter-notice"
    REVERSE = "reverse the decision on"
    REINSTATE = "reinstate the decision on"


CASE: Final[Mapping[tuple[CaseState, CaseAction], CaseState]] = {
    (CaseState.OPEN, CaseAction.JUDGE_INFRINGING): CaseState.INFRINGING,
    (CaseState.OPEN, CaseAction.JUDGE_NOT_INFRINGING): CaseState.NOT_INFRINGING,
    (CaseState.OPEN, CaseAction.JUDGE_UNSURE): CaseState.UNSURE,
    (CaseState.INFRINGING, CaseAction.RETRACT): CaseState.OPEN,
    (CaseState.NOT_INFRINGING, CaseAction.RETRACT): CaseState.OPEN,
    (CaseState.UNSURE, CaseAction.RETRACT): CaseState.OPEN,
    (CaseState.INFRINGING, CaseAction.COMPLAIN): CaseState.COMPLAINED,
    (CaseState.NOT_INFRINGING, CaseAction.DOUBT): CaseState.COMPLAINED,
    (CaseState.UNSURE, CaseAction.DOUBT): CaseState.COMPLAINED,
    (CaseState.CLOSED, CaseAction.DOUBT): CaseState.CLOSED,
    (CaseState.EXPIRED, CaseAction.DOUBT): CaseState.EXPIRED,
    (CaseState.DROPPED, CaseAction.DOUBT): CaseState.DROPPED,
    (CaseState.RELEASED, CaseAction.DOUBT): CaseState.RELEASED,
    (CaseState.COMPLAINED, CaseAction.END): CaseState.CLOSED,
    (CaseState.OPEN, CaseAction.EXPIRE): CaseState.EXPIRED,
    (CaseState.UNSURE, CaseAction.EXPIRE): CaseState.EXPIRED,
    (CaseState.INFRINGING, CaseAction.EXPIRE): CaseState.EXPIRED,
    (CaseState.NOT_INFRINGING, CaseAction.EXPIRE): CaseState.CLOSED,
    (CaseState.NOT_INFRINGING, CaseAction.SUPERSEDE): CaseState.CLOSED,
    (CaseState.UNSURE, CaseAction.SUPERSEDE): CaseState.CLOSED,
    (CaseState.OPEN, CaseAction.DROP): CaseState.DROPPED,
    (CaseState.UNSURE, CaseAction.DROP): CaseState.DROPPED,
    (CaseState.EXPIRED, CaseAction.RELEASE): CaseState.RELEASED,
    (CaseState.CLOSED, CaseAction.RELEASE): CaseState.RELEASED,
}

COMPLAINT: Final[Mapping[tuple[ComplaintState, ComplaintAction], ComplaintState]] = {
    (ComplaintState.FILED, ComplaintAction.UPHOLD): ComplaintState.UPHELD,
    (ComplaintState.FILED, ComplaintAction.DISMISS): ComplaintState.DISMISSED,
    (ComplaintState.UPHELD, ComplaintAction.ANSWER): ComplaintState.COUNTERED,
    (ComplaintState.COUNTERED, ComplaintAction.UPHOLD): ComplaintState.CONFIRMED,
    (ComplaintState.COUNTERED, ComplaintAction.DISMISS): ComplaintState.OVERTURNED,
    (ComplaintState.DISMISSED, ComplaintAction.REVERSE): ComplaintState.UPHELD,
    (ComplaintState.UPHELD, ComplaintAction.REVERSE): ComplaintState.OVERTURNED,
    (ComplaintState.CONFIRMED, ComplaintAction.REVERSE): ComplaintState.OVERTURNED,
    (ComplaintState.OVERTURNED, ComplaintAction.REVERSE): ComplaintState.CONFIRMED,
    (ComplaintState.OVERTURNED, ComplaintAction.REINSTATE): ComplaintState.UPHELD,
}

UNDER_WAY: Final = (
    CaseState.OPEN,
    CaseState.INFRINGING,
    CaseState.NOT_INFRINGING,
    CaseState.UNSURE,
    CaseState.COMPLAINED,
)
"""The states of a case that has not ended."""

ASKED: Final = (CaseState.OPEN, CaseState.NOT_INFRINGING, CaseState.UNSURE)
"""The states of which a listing and a brand have at most one case; a unique index of the database holds to it.

A case that is found to infringe is about its own pictures: others that the seller sends meanwhile are another case's.
"""

AGAINST_THE_SELLER: Final = (ComplaintState.UPHELD, ComplaintState.COUNTERED, ComplaintState.CONFIRMED)
"""The states in which the listing is blocked."""

FOR_THE_SELLER: Final = (ComplaintState.DISMISSED, ComplaintState.OVERTURNED)
"""The states in which the complaint was found wrong."""

State = TypeVar("State", CaseState, ComplaintState)
Action = TypeVar("Action", CaseAction, ComplaintAction)

_TAKES_IT = (" of", " on")


def _of_it(action: str) -> str:
    """The action with what it is done to where its words ask for it: "reverse the decision on it", "doubt"."""
    return f"{action} it" if action.endswith(_TAKES_IT) else action


class NotAllowedError(Problem):
    """409: the state does not allow the action; nothing changed."""

    def __init__(self, what: str, *, state: StrEnum, action: StrEnum) -> None:
        super().__init__(
            409,
            "not-allowed-now",
            f"The {what} is {state.value.replace('_', ' ')}; you cannot {_of_it(action.value)} now. "
            "Read it again: somebody else may have acted meanwhile.",
            extra={"state": state.value},
        )


def next_case_state(state: CaseState, action: CaseAction) -> CaseState:
    """The state after `action`. Raises `NotAllowedError`."""
    return _next("case", CASE, state, action)


def next_complaint_state(state: ComplaintState, action: ComplaintAction) -> ComplaintState:
    """The state after `action`. Raises `NotAllowedError`."""
    return _next("complaint", COMPLAINT, state, action)


def _next(what: str, table: Mapping[tuple[State, Action], State], state: State, action: Action) -> State:
    found = table.get((state, action))
    if found is None:
        raise NotAllowedError(what, state=state, action=action)
    return found
