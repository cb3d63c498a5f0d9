"""How good verdicts are, as pure functions of scores and labels, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def roc_auc(positive: Numbers, negative: Numbers) -> float:
    """Chance that a positive scores above a negative, ties counted half (Mann–Whitney). NaN when a side is empty."""
    if len(positive) == 0 or len(negative) == 0:
        return float("nan")
    both = np.concatenate([positive, negative])
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    wins = ranks[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2
    return float(wins / (len(positive) * len(negative)))


def true_positive_rate(positive: Numbers, negative: Numbers, *, false_positive_rate: float) -> float:
    """Share of the positives above the threshold that at most `false_positive_rate` of the negatives exceed.

    The threshold is a negative's score, and a positive must lie strictly above it. NaN when a side is empty.
    """
    if len(positive) == 0 or len(negative) == 0:
        return float("nan")
    allowed = int(np.floor(false_positive_rate * len(negative) + 1e-9))
    threshold = np.sort(negative)[::-1][min(allowed, len(negative) - 1)]
    return float((positive > threshold).mean())


def calibration_error(probabilities: Numbers, labels: NDArray[np.int64], *, bins: int = 15) -> float:
    """Expected calibration error of the top class (Guo et al. 2017): `probabilities` (n, k), `labels` (n,)."""
    top = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = np.minimum((top * bins).astype(int), bins - 1)
    error = 0.0
    for one in range(bins):
        inside = place == one
        if inside.any():
            error += float(inside.mean()) * abs(float(top[inside].mean()) - float(right[inside].mean()))
    return error


def bootstrapped(
    figure: Callable[[Numbers, Numbers], float], positive: Numbers, negative: Numbers, *, seed: int, rounds: int = 500
) -> Interval:
    """`figure(positive, negative)` with the 2.5 and 97.5 percentiles over resampled positives and negatives."""
    value = figure(positive, negative)
    if np.isnan(value):
        return Interval(value, value, value)
    rng = np.random.default_rng(seed)
    drawn = [figure(rng.choice(positive, len(positive)), rng.choice(negative, len(negative))) for _ in range(rounds)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value, float(low), float(high))
