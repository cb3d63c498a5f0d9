"""Thresholds for each brand from adjudicated outcomes.

`review_at` is the lowest strength from which enough of what is pushed to the brand proves infringing. `block_at` is the
lowest one for which, with 95 % probability, at most 0.1 % of the brand's genuine listings would be blocked; a brand for
which no strength shows that is never blocked, only reviewed. A brand with few outcomes leans on all (hierarchy.py).

The share is bounded among genuine listings that were held up and adjudicated. Others lie below `review_at` and can not
be blocked, so among all genuine listings the share is smaller still. The strengths are tried from the highest
downwards, and the first that fails ends the search: fixed-sequence testing, which keeps the 95 % over all of them
(Angelopoulos et al., Learn then Test, 2021).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from serve.loop.policy.hierarchy import Counts, Rates, learn_rates
from serve.loop.policy.outcomes import Outcome
from serve.scanning.policy import Policy, Thresholds

MOST_BLOCKED: Final = 0.001
"""Share of genuine listings that may be blocked."""

CONFIDENCE: Final = 0.95

STRENGTHS: Final = tuple(round(step / 100, 2) for step in range(50, 100))
"""The thresholds that are tried. Below the first nothing is held up, so nothing is known."""

HIGHEST_REVIEW: Final = 0.95
"""However often a brand is asked in vain, the surest findings go to a person."""

ALL_BRANDS: Final = ""
"""The place of brands without outcomes among the fits."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a brand's thresholds rest on.

    `genuine` and `infringing` count its settled outcomes, `blocked` those of the genuine ones at or above `block_at`
    (without one, at or above the highest strength); `bound` is the upper bound of the share that would be blocked.
    """

    genuine: int
    infringing: int
    blocked: int
    bound: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A policy, and by brand what it rests on; `ALL_BRANDS` stands for those without outcomes."""

    policy: Policy
    basis: Mapping[str, Basis]


@dataclass(frozen=True, slots=True)
class Tally:
    """A brand's settled outcomes: strengths of what was genuine and of what infringed, both (n,) float64, sorted."""

    genuine: NDArray[np.float64]
    infringing: NDArray[np.float64]

    def blocked(self, strength: float) -> Counts:
        """Of the genuine listings, those that reach `strength`."""
        return Counts(_reaching(self.genuine, strength), len(self.genuine))

    def caught(self, strength: float) -> Counts:
        """Of the listings that reach `strength`, those that infringed."""
        infringing = _reaching(self.infringing, strength)
        return Counts(infringing, infringing + _reaching(self.genuine, strength))

    def basis(self, *, at: float, rates: Rates) -> Basis:
        """What a block from the strength `at` rests on, given the `rates` that all brands' blocks from there have."""
        blocked = self.blocked(at)
        bound = rates.upper_bound(blocked, confidence=CONFIDENCE)
        return Basis(len(self.genuine), len(self.infringing), blocked.events, bound)


def fit_policy(outcomes: Iterable[Outcome], *, model: str, version: int, precision: float) -> Fit:
    """The policy that the outcomes show to be sound.

    `precision`: the least share, 0..1, of what is pushed to a brand that should prove infringing.
    """
    tallies = _tallies(outcomes)
    review = _review_thresholds(tallies, precision=precision)
    block, basis = _block_thresholds(tallies, floors=review)
    fitted = {brand: Thresholds(review_at=review[brand], block_at=block.get(brand)) for brand in tallies}
    every = fitted.pop(ALL_BRANDS)
    policy = Policy(
        version=version,
        model=model,
        review_at=every.review_at,
        block_at=every.block_at,
        brands={brand: own for brand, own in fitted.items() if own != every},
    )
    return Fit(policy, basis)


def basis_of(outcomes: Iterable[Outcome], policy: Policy) -> dict[str, Basis]:
    """What is known of the thresholds of `policy`, however they came about."""
    tallies = _tallies(outcomes)
    for brand in policy.brands:
        tallies.setdefault(brand, NO_OUTCOMES)
    strengths = {brand: policy.thresholds(brand).block_at or STRENGTHS[-1] for brand in tallies}
    rates = {at: learn_rates(one.blocked(at) for one in tallies.values()) for at in set(strengths.values())}
    return {brand: tally.basis(at=strengths[brand], rates=rates[strengths[brand]]) for brand, tally in tallies.items()}


def _review_thresholds(tallies: Mapping[str, Tally], *, precision: float) -> dict[str, float]:
    """For each brand, the lowest strength from which the share that infringes is as wanted."""
    found: dict[str, float] = {}
    if not any(len(tally.genuine) + len(tally.infringing) for tally in tallies.values()):
        return dict.fromkeys(tallies, STRENGTHS[0])
    for strength in (one for one in STRENGTHS if one <= HIGHEST_REVIEW):
        caught = {brand: tally.caught(strength) for brand, tally in tallies.items()}
        rates = learn_rates(caught.values())
        for brand, counts in caught.items():
            if brand not in found and rates.mean(counts) >= precision:
                found[brand] = strength
        if len(found) == len(tallies):
            break
    return {brand: found.get(brand, HIGHEST_REVIEW) for brand in tallies}


def _block_thresholds(
    tallies: Mapping[str, Tally], *, floors: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, Basis]]:
    """For each brand that shows one, the lowest strength that keeps the bound; and what is known of every brand."""
    block: dict[str, float] = {}
    known: dict[str, tuple[float, Rates]] = {}
    waiting = list(tallies)
    for strength in reversed(STRENGTHS):
        rates = learn_rates(tally.blocked(strength) for tally in tallies.values())
        for brand in list(waiting):
            mine = tallies[brand].blocked(strength)
            shown = strength >= floors[brand] and rates.below(MOST_BLOCKED, mine) >= CONFIDENCE
            if shown or brand not in known:
                known[brand] = strength, rates
            if shown:
                block[brand] = strength
            else:
                waiting.remove(brand)
        if not waiting:
            break
    return block, {brand: tallies[brand].basis(at=at, rates=rates) for brand, (at, rates) in known.items()}


def _tallies(outcomes: Iterable[Outcome]) -> dict[str, Tally]:
    """The outcomes by brand; `ALL_BRANDS` stands beside them without any."""
    strengths: dict[str, tuple[list[float], list[float]]] = {}
    for one in outcomes:
        genuine, infringing = strengths.setdefault(one.brand_id, ([], []))
        (infringing if one.infringes else genuine).append(one.strength)
    found = {brand: Tally(np.sort(genuine), np.sort(infringing)) for brand, (genuine, infringing) in strengths.items()}
    return {ALL_BRANDS: NO_OUTCOMES, **found}


def _reaching(strengths: NDArray[np.float64], at: float) -> int:
    return len(strengths) - int(np.searchsorted(strengths, at, side="left"))


NO_OUTCOMES: Final = Tally(np.empty(0), np.empty(0))
