"""Is it the brand's mark? How its evidence is weighed, and from how much on it is a finding, or worth comparing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from model.calibration import FIRST_GUESS, Calibration, Recognition
from training.calibration.scans import Answered, before_comparison
from training.evaluation.datasets import TUNING_BRANDS

LIKELY_SIZES = (3.0, 30.0, 30.0, 3.0, 30.0, 3.0, 2.0, 3.0, 1.0, 1.0, 1.0)
"""Standard deviations of the normal prior on each weight of a `Recognition`, by `NAMES`."""

MOST_LOST = 0.005
"""Of the right findings, those that may be lost because they did not look worth comparing.

Before they are compared, real marks look less alike than drawn ones. Of real photos of a brand kept out of the fit,
among 1,695, the right brand came first on 51 % with 0.02, on 56 % with this and on 57 % with everything compared, at
0.2, 0.4 and 5.6 pairs in a photo without marks.
"""

SURELY_WORTH = 0.5
"""Probability, before they are compared, from which a region and a brand that the listing names are, whatever is lost.

Such pairs are few. Of 144 photos for tuning whose listing names the brand 127 are named rightly so, and 124 where 0.5 %
of the right findings may be lost, for most of those are drawn marks; no garment more gets a finding.
"""

LEAST_PROBABILITY = 0.2
"""What is less probable than this is no finding, however few false ones there would be."""


def fit_recognition(answered: Sequence[Answered], *, claimed: bool, compared: bool = True) -> Recognition:
    """Logistic regression of "is the brand in the photo" on what `Recognition` takes; its weights have a prior.

    With `compared` False, on what is known before region and reference are compared. The few brands of which there are
    real photos (`TUNING_BRANDS`), right or wrong, teach as much as all others: by drawn marks alone similarity says
    hardly anything beside what is seen once they are laid.
    """
    asked = [(one, suspect) for one in answered for suspect in one.suspects if suspect.claimed == claimed]
    right = np.array([suspect.brand == one.photo.brand for one, suspect in asked], bool)
    if right.all() or not right.any():
        return FIRST_GUESS
    evidence = [suspect.evidence if compared else before_comparison(suspect.evidence) for _, suspect in asked]
    sizes, numbers = np.array(LIKELY_SIZES), np.array([one.numbers() for one in evidence])
    are_real = np.array([suspect.brand in TUNING_BRANDS for _, suspect in asked], bool)
    weights = np.where(are_real, max((~are_real).sum() / max(are_real.sum(), 1), 1.0), 1.0)
    fitted = LogisticRegression(max_iter=2000).fit(numbers * sizes, right, sample_weight=weights)
    return Recognition(float(fitted.intercept_[0]), tuple((fitted.coef_[0] * sizes).tolist()), 0.0)


def fit_worth_comparing(answered: Sequence[Answered], calibration: Calibration, *, claimed: bool) -> Recognition:
    """What is known before a comparison, with the threshold that loses at most `MOST_LOST` of the right findings."""
    recognition = fit_recognition(answered, claimed=claimed, compared=False)
    right = sorted(
        recognition.probability(before_comparison(suspect.evidence))
        for one in answered
        for suspect, _ in one.judged(calibration)
        if suspect.brand == one.photo.brand and suspect.claimed == claimed
    )
    least = right[int(MOST_LOST * len(right))] if right else 0.0
    least = min(least, SURELY_WORTH) if claimed else least
    return replace(recognition, finding_probability=float(np.floor(least * 1e4) / 1e4))


def with_threshold(
    recognition: Recognition, answered: Sequence[Answered], *, claimed: bool, most_false: float
) -> Recognition:
    """With the least threshold at which at most `most_false` of the photos without a mark get a finding.

    Of brands that the listing names in each crowd, of others in the largest, as marketplaces are: among few brands a
    stranger's mark, which no rival explains, is found more often, and to ask that there too costs real photos for
    tuning 6 of the 103 of 132 whose brand is named.
    """
    largest = max(one.brands for one in answered)
    strongest: dict[int, list[float]] = defaultdict(list)
    for one in answered:
        if one.photo.brand is None and (one.photo.claims is not None if claimed else one.brands == largest):
            asked = [recognition.probability(each.evidence) for each in one.suspects if each.claimed == claimed]
            strongest[one.brands].append(max(asked, default=0.0))
    least = max((_least_probability(crowd, most_false) for crowd in strongest.values()), default=0.5)
    return replace(recognition, finding_probability=max(least, LEAST_PROBABILITY))


def _least_probability(strongest: Sequence[float], most_false: float) -> float:
    """The least threshold that at most `most_false` of the values reach; in steps of 0.0001."""
    ordered = np.sort(strongest)
    highest_refused = float(ordered[len(ordered) - int(np.floor(most_false * len(ordered))) - 1])
    return float(max((np.floor(highest_refused * 1e4 + 1e-6) + 1) / 1e4, 0.0))
