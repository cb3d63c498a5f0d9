"""Rates of many groups, each learnt from its own counts and, where those are few, from all groups'.

The hierarchical beta-binomial model of Gelman et al., Bayesian Data Analysis, 3rd edition, section 5.3: each group's
rate is a draw from one Beta(a, b), whose own posterior is computed on a grid under the prior p(a, b) ~ (a + b)^(-5/2).
A group's posterior is then a mixture of Beta distributions over the grid. That the mixture keeps what is not known of a
and b is what tells it from an empirical Bayes estimate, which would be too sure of groups with few counts.

Here a is at least 1: a rate near 0 is not believed because of the prior's form. Alone, a group with no event in n
draws then has the bound of a uniform prior, close to that of Clopper and Pearson (1934).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaln

A: Final = np.geomspace(1.0, 1e4, 33)
B: Final = np.geomspace(1.0, 1e6, 49)
BISECTIONS: Final = 40
NEGLIGIBLE: Final = 1e-7
"""Grid points that are so much less likely than the likeliest one are left out."""


class Counts(NamedTuple):
    """`events` among `draws`."""

    events: int
    draws: int


@dataclass(frozen=True, slots=True)
class Rates:
    """What is known of the groups' rates; all arrays are (grid points,) float64."""

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    weights: NDArray[np.float64]

    def mean(self, counts: Counts) -> float:
        """The posterior mean of the rate of a group with `counts`."""
        return float(self.weights @ ((self.a + counts.events) / (self.a + self.b + counts.draws)))

    def below(self, rate: float, counts: Counts) -> float:
        """The posterior probability that the rate of a group with `counts` is at most `rate`."""
        a, b = self.a + counts.events, self.b + counts.draws - counts.events
        return float(self.weights @ betainc(a, b, rate))

    def upper_bound(self, counts: Counts, *, confidence: float) -> float:
        """The rate below which that of a group with `counts` lies with probability `confidence`, found by bisection."""
        low, high = 0.0, 1.0
        for _ in range(BISECTIONS):
            middle = (low + high) / 2.0
            low, high = (low, middle) if self.below(middle, counts) >= confidence else (middle, high)
        return high


def learn_rates(groups: Iterable[Counts]) -> Rates:
    """The posterior given the counts of all groups. Raises `ValueError` for counts that cannot be."""
    a, b = (grid.ravel() for grid in np.meshgrid(A, B, indexing="ij"))
    log_weights = -2.5 * np.log(a + b) + np.log(a) + np.log(b)  # the last two: the grid's steps are logarithmic
    together: dict[Counts, int] = {}
    for counts in groups:
        if not 0 <= counts.events <= counts.draws:
            raise ValueError(f"expected 0 <= events <= draws, got {counts}")
        together[counts] = together.get(counts, 0) + 1
    for (events, draws), times in together.items():
        log_weights += times * (betaln(a + events, b + draws - events) - betaln(a, b))
    weights = np.exp(log_weights - log_weights.max())
    counts_for = weights > NEGLIGIBLE
    weights = weights[counts_for]
    return Rates(a[counts_for], b[counts_for], weights / weights.sum())
