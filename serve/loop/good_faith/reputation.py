"""A rights holder's credit as it is kept: evidence as it comes and is withdrawn, and the tier that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from serve import audit
from serve.access.keys import Caller
from serve.access.roles import Role
from serve.database.engine import Database
from serve.database.loop_tables import BlindTest, Case, Complaint, CreditEvent
from serve.database.tables import RightsHolder
from serve.identifiers import new_id
from serve.loop.follow_ups import follow_tier
from serve.loop.good_faith import own_word
from serve.loop.good_faith.credit import (
    FAILED,
    WINDOW_DAYS,
    Credit,
    Event,
    Evidence,
    Shares,
    Tier,
    credit_of,
    history_of,
    next_tier,
    shares_of,
    weekly,
)
from serve.loop.states import AGAINST_THE_SELLER
from serve.protocol.answers import Answer
from serve.protocol.problems import not_found
from serve.text.wording import Reason

MOST_HISTORY: Final = 200

TIER_SET: Final = "tier set"
TIER_FOLLOWS: Final = "tier follows the credit"
"""The steps of the audit log that change a tier; each says which one it was `before`."""

LOCK: Final = {"key_share": True}
"""FOR NO KEY UPDATE: new cases of the rights holder need not wait."""


class CreditValue(Answer):
    """The posterior over the share of judgements that hold."""

    mean: Annotated[float, Field(ge=0, le=1)]
    low: Annotated[float, Field(description="Lower end of the central 95 % interval")]
    high: Annotated[float, Field(description="Upper end")]


class CreditMoment(CreditValue):
    """The posterior after a change."""

    moment: datetime


class CreditView(Answer):
    """A rights holder's credit as it is sent. It names no case: a blind test must not show itself."""

    rights_holder_id: str
    tier: Tier
    credit: CreditValue
    held: Annotated[float, Field(description="Judgements that held, by weight")]
    failed: Annotated[float, Field(description="Judgements that did not, by weight")]
    complaints: Annotated[int, Field(description="Decided in the last three months")]
    upheld_share: float
    overturned_share: float
    history: Annotated[list[CreditMoment], Field(description=f"The last {MOST_HISTORY} changes, oldest first")]


class Blurred(NamedTuple):
    """Up to when a brand may know its credit and its tier."""

    week: datetime
    day: datetime


class TierChange(BaseModel):
    """A tier that trust & safety set by hand."""

    model_config = ConfigDict(extra="forbid")

    tier: Tier
    reason: Reason


def note_evidence(session: Session, holder_id: str, evidence: Evidence | None, *, subject: str) -> None:
    """Have `evidence` stand for what `subject` (a complaint or a blind test) says, in place of what it said before.

    The rights holder's tier and the labels that rest on its word alone follow.
    """
    holder = lock_holder(session, holder_id)
    now = datetime.now(UTC)
    before = session.scalars(
        select(CreditEvent).where(CreditEvent.subject == subject, CreditEvent.withdrawn.is_(None))
    ).one_or_none()
    if before is not None:
        before.withdrawn = now
    if evidence is not None:
        session.add(
            CreditEvent(id=new_id("credit"), holder_id=holder_id, subject=subject, evidence=evidence, moment=now)
        )
    session.flush()
    credit, shares = _figures(_events(session, holder.id))
    _follow_rules(session, holder, credit=credit, shares=shares, failed=evidence in FAILED)
    own_word.follow_credit(session, holder.id, reliability=credit.low)


def lock_holder(session: Session, holder_id: str) -> RightsHolder:
    """The rights holder, locked until the transaction ends.

    Whoever writes or withdraws labels that rest on its word alone takes this lock first: they follow its credit, which
    changes under it.
    """
    return session.get_one(RightsHolder, holder_id, with_for_update=LOCK, populate_existing=True)


def reliability_of(session: Session, holder_id: str) -> float:
    """How far the rights holder's word can be relied on: the lower end of the credit's interval."""
    return _figures(_events(session, holder_id))[0].low


def get_credit(database: Database, holder_id: str, *, caller: Caller) -> CreditView:
    """The rights holder's credit and tier. Raises `Problem` (404).

    To a brand they are as they stood when the week began, and the tier when the day did (UTC), the history is of weeks,
    and complaints are counted whatever they are about. Whoever saw any of it change with one answer would learn which
    of its cases was a blind test.
    """
    with database.read() as session:
        if caller.role is not Role.BRAND:
            return _view(session, holder_id)
        now = datetime.now(UTC)
        today = datetime.combine(now.date(), time.min, UTC)
        return _view(session, holder_id, blurred=Blurred(week=today - timedelta(days=now.weekday()), day=today))


def set_tier(database: Database, holder_id: str, change: TierChange, *, caller: Caller) -> CreditView:
    """Suspend a rights holder, or lift it. Raises `Problem` (404)."""
    with database.write() as session:
        holder = session.get(RightsHolder, holder_id, with_for_update=LOCK)
        if holder is None:
            raise not_found("rights holder", holder_id)
        _set_tier(session, holder, change, actor=caller.key_id)
        return _view(session, holder_id)


def suspend(session: Session, holder_id: str, *, reason: str, actor: str) -> None:
    """Suspend the rights holder, whatever its credit, unless it is suspended."""
    holder = lock_holder(session, holder_id)
    if holder.tier != "suspended":
        _set_tier(session, holder, TierChange(tier="suspended", reason=reason), actor=actor)


def _set_tier(session: Session, holder: RightsHolder, change: TierChange, *, actor: str) -> None:
    before, holder.tier = holder.tier, change.tier
    session.flush()
    follow_tier(session, holder.id, before=before, after=change.tier)
    audit.record(
        session, actor=actor, action=TIER_SET, subject=holder.id,
        content={"before": before, "tier": change.tier, "reason": change.reason},
    )  # fmt: skip


def _follow_rules(session: Session, holder: RightsHolder, *, credit: Credit, shares: Shares, failed: bool) -> None:
    tier: Tier = holder.tier  # type: ignore[assignment] # checked by the table
    sellers = _sellers(session, holder.id) if tier == "standard" else 0
    after = next_tier(tier, credit=credit, shares=shares, failed=failed, sellers=sellers)
    if after != tier:
        holder.tier = after
        session.flush()
        follow_tier(session, holder.id, before=tier, after=after)
        audit.record(
            session, actor=audit.SYSTEM, action=TIER_FOLLOWS, subject=holder.id,
            content={"before": tier, "tier": after},
        )  # fmt: skip


def _sellers(session: Session, holder_id: str) -> int:
    """Against how many sellers complaints of the rights holder's were upheld in the last three months."""
    since = datetime.now(UTC) - timedelta(days=WINDOW_DAYS)
    covered = exists().where(BlindTest.case_id == Case.id, BlindTest.source_id.is_not(None))  # whose seller is none
    query = (
        select(func.count(Case.listing["seller"].astext.distinct()))
        .join(Complaint, Complaint.case_id == Case.id)
        .where(
            Case.holder_id == holder_id, Complaint.party == "rights_holder",
            Complaint.state.in_(AGAINST_THE_SELLER), Complaint.decided >= since, ~covered,
        )
    )  # fmt: skip
    return session.scalar(query) or 0


def _events(session: Session, holder_id: str) -> list[Event]:
    query = select(CreditEvent).where(CreditEvent.holder_id == holder_id).order_by(CreditEvent.id)
    return [Event(Evidence(row.evidence), row.moment, row.withdrawn) for row in session.scalars(query)]


def _shares_of_all(session: Session, holder_id: str, *, until: datetime) -> Shares:
    """The shares over all complaints of the last three months, those about tests too, as they stood at `until`."""
    since = datetime.now(UTC) - timedelta(days=WINDOW_DAYS)
    complaints = (
        select(Complaint.id)
        .join(Case, Case.id == Complaint.case_id)
        .where(Case.holder_id == holder_id, Complaint.party == "rights_holder")
    )
    told = (Evidence.UPHELD, Evidence.CONFIRMED, Evidence.DISMISSED, Evidence.OVERTURNED)
    decisions = {f"complaint {one}": one for one in told}
    decided = audit.last_of(session, session.scalars(complaints).all(), actions=list(decisions), until=until)
    return shares_of(decisions[action] for moment, action in decided.values() if moment >= since)


def _as_of(event: Event, moment: datetime) -> Event:
    """The event as it was known at `moment`."""
    known = event.withdrawn is not None and event.withdrawn < moment
    return event if known else replace(event, withdrawn=None)


def _figures(events: Sequence[Event]) -> tuple[Credit, Shares]:
    since = datetime.now(UTC) - timedelta(days=WINDOW_DAYS)
    counting = [event for event in events if event.withdrawn is None]
    recent = [event.evidence for event in counting if event.moment >= since]
    return credit_of(event.evidence for event in counting), shares_of(recent)


def _tier(session: Session, holder: RightsHolder, *, at: datetime | None) -> Tier:
    """The tier that held before `at`: the one that the first change since then took the place of, if there was one."""
    changes = (TIER_SET, TIER_FOLLOWS)
    change = None if at is None else audit.first_since(session, at, subject=holder.id, actions=changes)
    tier: Tier = holder.tier if change is None else change["before"]  # type: ignore[assignment] # checked by the table
    return tier


def _view(session: Session, holder_id: str, *, blurred: Blurred | None = None) -> CreditView:
    """The credit and the tier as they are, or as a brand may see them."""
    holder = session.get(RightsHolder, holder_id)
    if holder is None:
        raise not_found("rights holder", holder_id)
    events = _events(session, holder_id)
    if blurred is not None:
        events = [_as_of(event, blurred.week) for event in events if event.moment < blurred.week]
    credit, shares = _figures(events)
    history = history_of(events)
    if blurred is not None:
        shares = _shares_of_all(session, holder_id, until=blurred.week)
        history = weekly(history)
    return CreditView(
        rights_holder_id=holder_id,
        tier=_tier(session, holder, at=None if blurred is None else blurred.day),
        credit=CreditValue(mean=credit.mean, low=credit.low, high=credit.high),
        held=credit.held,
        failed=credit.failed,
        complaints=shares.complaints,
        upheld_share=shares.upheld,
        overturned_share=shares.overturned,
        history=[
            CreditMoment(moment=moment, mean=one.mean, low=one.low, high=one.high)
            for moment, one in history[-MOST_HISTORY:]
        ],
    )
