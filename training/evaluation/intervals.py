"""How sure a figure is: percentile bootstrap (Efron, 1979) over independent units such as photos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval and the number of measurements it was taken over."""

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        """Such as `0.912 (0.887 to 0.934, n 539)`."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}, n {self.count})"


def mean_interval(values: Numbers | NDArray[np.bool_] | Sequence[float] | Sequence[bool]) -> Estimate:
    """The mean of one value per unit; no unit gives nan."""
    units = np.asarray(values, dtype=np.float64)
    return interval(units, np.mean)


def grouped_mean(
    values: Numbers | NDArray[np.bool_] | Sequence[float], group: NDArray[np.generic] | Sequence[str]
) -> Estimate:
    """The mean of `values` (n,), where those of one `group` (n,), such as the marks of one photo, are drawn together.

    NaN values are left out; `count` is the number of the others.
    """
    numbers = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(numbers)
    _, place = np.unique(np.asarray(group)[known], return_inverse=True)
    sums = np.asarray(np.bincount(place, weights=numbers[known]), np.float64)
    return shares_interval(sums, np.asarray(np.bincount(place), np.float64))


def shares_interval(parts: Numbers | Sequence[float], wholes: Numbers | Sequence[float]) -> Estimate:
    """The sum of `parts` (n,) divided by the sum of `wholes` (n,), one pair per unit; `count` is the latter sum."""
    units = np.stack([np.asarray(parts, np.float64), np.asarray(wholes, np.float64)], axis=1)
    count = int(units[:, 1].sum())
    found = interval(units if count else units[:0], _ratio)
    return Estimate(found.value, found.low, found.high, count)


def median_interval(values: Sequence[float]) -> Estimate:
    """The median of one value per unit."""
    return interval(np.asarray(values, np.float64), np.median)


def interval(units: Numbers, statistic: Callable[[Numbers], np.floating | float], *, resamples: int = 2000) -> Estimate:
    """`statistic` of `units` (n, …) and its 95 % interval when the units are drawn again, with the same seed always."""
    count = len(units)
    if count == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    rng = np.random.default_rng(0)
    drawn = [float(statistic(units[rng.integers(count, size=count)])) for _ in range(resamples)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Estimate(float(statistic(units)), float(low), float(high), count)


def grouped_interval(
    units: Numbers,
    group: NDArray[np.generic] | Sequence[str],
    statistic: Callable[[Numbers], np.floating | float],
    *,
    resamples: int = 2000,
) -> Estimate:
    """As `interval`, where the `units` (n, …) of one `group` (n,), such as a photo's findings, are drawn together."""
    if len(units) == 0:
        return interval(units, statistic)
    _, place = np.unique(np.asarray(group), return_inverse=True)
    members = [np.flatnonzero(place == one) for one in range(int(place.max()) + 1)]
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(resamples):
        rows = np.concatenate([members[one] for one in rng.integers(len(members), size=len(members))])
        drawn.append(float(statistic(units[rows])))
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Estimate(float(statistic(units)), float(low), float(high), len(units))


def _ratio(units: Numbers) -> float:
    parts, wholes = units.sum(axis=0)
    return float(parts / wholes) if wholes > 0 else float("nan")
