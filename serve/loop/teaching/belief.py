"""How far a label can be believed: witnesses of known reliability, combined.

Each witness says that a mark infringes, or that it does not, and is right with a certain probability. Taken as
independent and without a prior opinion, their log-odds add up (naive Bayes; the one-coin case of Dawid and Skene,
1979). A rights holder counts with the lower end of its credit's interval: one that nobody knows, or that was often
wrong, is a witness of little or no weight, and can never count as one that is right when it says the opposite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scipy.special import expit, logit

LEAST: Final = 0.5
MOST: Final = 0.99

EXAMINER: Final = 0.95
"""Trust & safety, having heard the rights holder."""

EXAMINER_OF_BOTH: Final = 0.98
"""Trust & safety, having heard the seller too."""

KNOWN: Final = MOST
"""The truth of a blind test."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Who says what; `reliability` is the probability of being right."""

    infringes: bool
    reliability: float


@dataclass(frozen=True, slots=True)
class Belief:
    """`target`: the probability that the mark infringes. `weight`: 0 where nothing is known, 1 where all is."""

    target: float
    weight: float


def believe(witnesses: Sequence[Witness]) -> Belief:
    """What to believe, given the witnesses; none, and it is even."""
    log_odds = 0.0
    for witness in witnesses:
        reliability = min(max(witness.reliability, LEAST), MOST)
        strength = float(logit(reliability))
        log_odds += strength if witness.infringes else -strength
    target = float(expit(log_odds))
    return Belief(target=round(target, 4), weight=round(abs(2.0 * target - 1.0), 4))
