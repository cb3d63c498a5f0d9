"""Good-faith credit: how large a share of a rights holder's judgements holds, and how sure that is.

Each judgement that came to an end is a draw from an unknown share. The share's posterior is a Beta distribution
(Gelman et al., Bayesian Data Analysis, 3rd edition, section 2.4): a prior worth five judgements of which four held,
plus what held and what did not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final, Literal

from scipy.special import betaincinv

PRIOR_HELD: Final = 4.0
PRIOR_FAILED: Final = 1.0
INTERVAL: Final = 0.95

Tier = Literal["standard", "trusted", "suspended"]

ENTRY_COMPLAINTS: Final = 20
ENTRY_SELLERS: Final = 5
"""Complaints against few sellers are as good as one: a seller may be the rights holder's own."""

ENTRY_UPHELD: Final = 0.90
ENTRY_OVERTURNED: Final = 0.015
LOSS_UPHELD: Final = 0.90
LOSS_OVERTURNED: Final = 0.05
SUSPENDED_BELOW: Final = 0.5
"""An account is suspended when the interval's upper end is below this: most of what it says does not hold."""

WINDOW_DAYS: Final = 92
"""Three months; the shares of the tiers are counted over them."""


class Evidence(StrEnum):
    """What became of a judgement."""

    UPHELD = "upheld"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    OVERTURNED = "overturned"
    AGREES = "agrees with a blind test"
    DISAGREES = "disagrees with a blind test"
    CONSISTENT = "consistent"
    CONTRADICTS = "contradicts itself"
    CLEARED = "cleared what does not infringe"
    SHIELDED = "cleared what infringes"
    FORGED = "forged proof of rights"


HELD: Final[dict[Evidence, float]] = {
    Evidence.UPHELD: 1.0,
    Evidence.CONFIRMED: 1.0,
    Evidence.AGREES: 1.0,
    Evidence.CLEARED: 1.0,
    Evidence.CONSISTENT: 0.5,
}
"""Judgements that each kind counts for as one that held; to agree with oneself says less."""

FAILED: Final[dict[Evidence, float]] = {
    Evidence.DISMISSED: 1.0,
    Evidence.OVERTURNED: 2.0,
    Evidence.DISAGREES: 1.0,
    Evidence.SHIELDED: 1.0,
    Evidence.CONTRADICTS: 1.0,
    Evidence.FORGED: 10.0,
}
"""… and as one that did not; an overturned complaint took an honest listing down meanwhile, and a forged document is
bad faith itself."""


@dataclass(frozen=True, slots=True)
class Credit:
    """The posterior: `held` and `failed` are its counts without the prior, `low` and `high` its central interval."""

    held: float
    failed: float
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Event:
    """A piece of evidence, and from when on it does not count any more."""

    evidence: Evidence
    moment: datetime
    withdrawn: datetime | None


@dataclass(frozen=True, slots=True)
class Shares:
    """A rights holder's complaints of the last three months, decided ones only."""

    complaints: int
    upheld: float
    """Share that trust & safety upheld at first, overturned ones among them; 0 without complaints."""

    overturned: float
    """Share of the upheld ones that were overturned; 0 without any."""


def credit_of(evidence: Iterable[Evidence]) -> Credit:
    """The posterior given all evidence that counts."""
    held = failed = 0.0
    for one in evidence:
        held += HELD.get(one, 0.0)
        failed += FAILED.get(one, 0.0)
    return credit_from(held=held, failed=failed)


def credit_from(*, held: float, failed: float) -> Credit:
    """The posterior given counts. Raises `ValueError` for negative ones."""
    if held < 0 or failed < 0:
        raise ValueError(f"counts: expected at least 0, got held={held}, failed={failed}")
    a, b = PRIOR_HELD + held, PRIOR_FAILED + failed
    tail = (1.0 - INTERVAL) / 2.0
    low, high = float(betaincinv(a, b, tail)), float(betaincinv(a, b, 1.0 - tail))
    return Credit(held=held, failed=failed, mean=a / (a + b), low=low, high=high)


def history_of(events: Iterable[Event]) -> list[tuple[datetime, Credit]]:
    """The credit after each piece of evidence that came or was withdrawn, oldest first."""
    changes: list[tuple[datetime, float, float]] = []
    for event in events:
        held, failed = HELD.get(event.evidence, 0.0), FAILED.get(event.evidence, 0.0)
        changes.append((event.moment, held, failed))
        if event.withdrawn is not None:
            changes.append((event.withdrawn, -held, -failed))
    history, all_held, all_failed = [], 0.0, 0.0
    for moment, held, failed in sorted(changes):
        all_held, all_failed = all_held + held, all_failed + failed
        history.append((moment, credit_from(held=max(all_held, 0.0), failed=max(all_failed, 0.0))))
    return history


def weekly(history: Sequence[tuple[datetime, Credit]]) -> list[tuple[datetime, Credit]]:
    """The last of each week of a history, under the moment (UTC) at which the week after it begins."""
    ends: dict[datetime, Credit] = {}
    for moment, credit in history:
        utc = moment.astimezone(UTC)
        monday = datetime.combine(utc.date() - timedelta(days=utc.weekday()), time.min, UTC)
        ends[monday + timedelta(days=7)] = credit
    return list(ends.items())


def shares_of(evidence: Iterable[Evidence]) -> Shares:
    """The shares that tiers are decided by, given the evidence of the last three months that counts."""
    counts = dict.fromkeys(Evidence, 0)
    for one in evidence:
        counts[one] += 1
    upheld = counts[Evidence.UPHELD] + counts[Evidence.CONFIRMED] + counts[Evidence.OVERTURNED]
    complaints = upheld + counts[Evidence.DISMISSED]
    return Shares(
        complaints=complaints,
        upheld=upheld / complaints if complaints else 0.0,
        overturned=counts[Evidence.OVERTURNED] / upheld if upheld else 0.0,
    )


def next_tier(tier: Tier, *, credit: Credit, shares: Shares, failed: bool, sellers: int) -> Tier:
    """The tier that follows from the rules once new evidence came.

    `failed` says whether that is of a judgement which did not hold: nothing else suspends, nor undoes what trust &
    safety lifted. Only they lift a suspension. `sellers` is against how many the upheld complaints are.
    """
    if tier == "suspended" or (failed and credit.high < SUSPENDED_BELOW):
        return "suspended"
    lost = shares.upheld < LOSS_UPHELD or shares.overturned > LOSS_OVERTURNED
    if tier == "trusted":
        return "standard" if lost and shares.complaints else "trusted"
    earned = shares.upheld >= ENTRY_UPHELD and shares.overturned <= ENTRY_OVERTURNED
    enough = shares.complaints >= ENTRY_COMPLAINTS and sellers >= ENTRY_SELLERS
    return "trusted" if earned and enough else "standard"
