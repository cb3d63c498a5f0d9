"""How good verdicts are, as pure functions of scores and labels, with bootstrap intervals by photo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.evaluation.intervals import Estimate, Numbers, grouped_interval, grouped_mean

KINDS = ("genuine", "smear", "imitation", "unrelated")
"""What a mark may be, in the order in which probabilities are given."""

FALSE_POSITIVE_RATES = (0.05, 0.01, 0.001)


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
    return sum(abs(sure - right) * share for sure, right, share in reliability(probabilities, labels, bins=bins))


def calibration_error_by_chance(probabilities: Numbers, *, bins: int = 15, resamples: int = 300) -> Estimate:
    """What `calibration_error` gives although the `probabilities` (n, k) are right, with 95 % of its values.

    Labels are drawn by the probabilities (Bröcker and Smith 2007, https://doi.org/10.1175/WAF993.1). The fewer cases
    there are the larger it is, and only an error above the interval shows that probabilities are wrong. Cases count as
    independent: where several are of one photo it is larger.
    """
    rng = np.random.default_rng(0)
    edges = probabilities.cumsum(axis=1)
    edges[:, -1] = 1.0  # rounding must not leave a case without a label
    drawn = [(rng.random((len(edges), 1)) >= edges).sum(axis=1) for _ in range(resamples)]
    errors = [calibration_error(probabilities, labels, bins=bins) for labels in drawn]
    low, high = np.percentile(errors, [2.5, 97.5])
    return Estimate(float(np.mean(errors)), float(low), float(high), len(probabilities))


def calibration(
    probabilities: Numbers, labels: NDArray[np.int64], group: Sequence[str] | NDArray[np.str_]
) -> dict[str, Estimate]:
    """Expected calibration error of the most probable kind, beside what it is by chance where probabilities are right;
    and the share of cases where the most probable kind is. What is of one `group` (n,), a photo, is drawn together.
    """
    both = np.column_stack([probabilities, labels])
    return {
        "expected_calibration_error": grouped_interval(
            both, group, lambda drawn: calibration_error(drawn[:, :4], drawn[:, 4].astype(np.int64)), resamples=300
        ),
        "the_same_if_they_were_right": calibration_error_by_chance(probabilities),
        "most_probable_kind_right": grouped_mean(probabilities.argmax(axis=1) == labels, group),
    }


def reliability(
    probabilities: Numbers, labels: NDArray[np.int64], *, bins: int = 15
) -> list[tuple[float, float, float]]:
    """Mean confidence in the top class, share that is right, and share of all, in each bin that is not empty."""
    top = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = np.minimum((top * bins).astype(int), bins - 1)
    members = [place == one for one in range(bins) if (place == one).any()]
    return [(float(top[one].mean()), float(right[one].mean()), float(one.mean())) for one in members]


def separation(
    scores: Numbers, positive: NDArray[np.bool_], group: NDArray[np.generic], *, resamples: int = 300
) -> dict[str, Estimate]:
    """ROC AUC, and the true positive rate at each of `FALSE_POSITIVE_RATES`; `count` is the number of positives.

    `scores` (n,) are larger for what is suspected, NaN where a method did not look; `positive` (n,) says what is right
    to suspect. What is of one `group` (n,), such as a photo, is drawn together.
    """
    known = ~np.isnan(scores)
    scores, positive = scores[known], positive[known]
    _, place = np.unique(group[known], return_inverse=True)
    count = int(positive.sum())
    if count in (0, len(positive)):
        nothing = Estimate(float("nan"), float("nan"), float("nan"), 0)
        return dict.fromkeys(_names(), nothing)
    rng = np.random.default_rng(0)
    groups = int(place.max()) + 1
    drawn = []
    for _ in range(resamples):
        times = np.bincount(rng.integers(groups, size=groups), minlength=groups)[place]
        rows = np.repeat(np.arange(len(scores)), times)
        drawn.append(_separated(scores[rows], positive[rows]))
    low, high = np.nanpercentile(drawn, [2.5, 97.5], axis=0)
    values = _separated(scores, positive)
    return {
        name: Estimate(value, float(least), float(most), count)
        for name, value, least, most in zip(_names(), values, low, high, strict=True)
    }


def _names() -> list[str]:
    return ["roc_auc", *(f"tpr_at_{100 * rate:g}_percent" for rate in FALSE_POSITIVE_RATES)]


def _separated(scores: Numbers, positive: NDArray[np.bool_]) -> list[float]:
    found, clean = scores[positive], scores[~positive]
    rates = [true_positive_rate(found, clean, false_positive_rate=rate) for rate in FALSE_POSITIVE_RATES]
    return [roc_auc(found, clean), *rates]
