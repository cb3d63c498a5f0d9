"""How sure a figure is: percentile bootstrap (Efron, 1979) over independent units such as photos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval and the number of units it was taken over."""

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        """Such as `0.912 (0.887 to 0.934, n 539)`."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}, n {self.count})"


def mean_interval(values: NDArray[np.float64] | list[float] | list[bool], *, resamples: int = 2000) -> Estimate:
    """The mean of one value per unit; no unit gives nan."""
    units = np.asarray(values, dtype=np.float64)
    return interval(units, np.mean, resamples=resamples)


def interval(
    units: NDArray[np.float64], statistic: Callable[[NDArray[np.float64]], np.floating], *, resamples: int = 2000
) -> Estimate:
    """`statistic` of `units` (n, …) and its 95 % interval when the units are drawn again, with the same seed always."""
    count = len(units)
    if count == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    rng = np.random.default_rng(0)
    drawn = [float(statistic(units[rng.integers(count, size=count)])) for _ in range(resamples)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(float(statistic(units)), float(low), float(high), count)
