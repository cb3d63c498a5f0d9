"""What was done to a mark that is the brand's: how genuine, smeared and imitated ones are told apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from model.calibration import Kinds, Shares
from training.calibration.development import Kind
from training.calibration.scans import Answered, Suspect
from training.evaluation.datasets import TUNING_BRANDS

MOST_ACCUSED = 0.02
"""Of the genuine marks that are recognised, those that may be called smeared, and imitated; of real and of drawn ones.

Real marks look changed more often than drawn ones do, and those of brands that nothing was fitted to more often still.
"""

TELLING = (
    (("smear_odds", "tampered"), ("exact_word",)),
    (("imitation_odds",), ("exact_word",), ("verified",)),
)
"""What tells a smear from a genuine mark, and an imitation; numbers of one group share a weight.

Verifier and closer look are two witnesses of a smear, and count alike: fitted apart, the closer look, which knows the
garments of development, gets twice as much, and of real photos for tuning 0.75 instead of 0.82 of the smears are found
at 1 %. That a place was tampered with says nothing of an imitation: on recognised development marks, by regressions
that did not see them, imitations are told with a ROC AUC of 0.725 so, and of 0.714 by all four numbers.
"""


_LEAST_SHARE = 1e-4  # scores have four decimals
_STEP = 1e-4  # so have weights, once they are written


def fit_kinds(marks: Sequence[tuple[Kind, Suspect]]) -> Kinds:
    """How each accusation stands against genuine: a logistic regression each (Begg and Gray 1984), kinds as frequent.

    Then each accusation is made less likely until at most `MOST_ACCUSED` of the genuine marks are accused so, of those
    on real photos (`TUNING_BRANDS`) and of the others.
    """
    labels = np.array([Shares._fields.index(kind) for kind, _ in marks], np.int64)
    if len(set(labels.tolist())) < len(Shares._fields):
        return Kinds.open()
    numbers = np.array([suspect.likeness().numbers() for _, suspect in marks])
    are_real = np.array([suspect.brand in TUNING_BRANDS for _, suspect in marks])
    imitation = _accusation("imitation", numbers, labels, are_real=are_real, against=None)
    # A smear is likeliest where it is likelier than the likelier one of genuine and imitation.
    divided = imitation[0] + numbers @ np.array(imitation[1:])
    smear = _accusation("smear", numbers, labels, are_real=are_real, against=-np.log1p(np.exp(-np.abs(divided))))
    return Kinds(smear, imitation)


def less_accusing(kinds: Kinds, served: Sequence[Answered]) -> Kinds:
    """`kinds`, each accusation made less likely until scans make it of at most `MOST_ACCUSED` of the genuine marks.

    `served` are scans of photos of genuine marks with these `kinds`, words read where they suspect something. The scans
    that they were fitted to, with every threshold open, may lay a mark on other references.
    """
    found = [suspect for one in served for suspect in one.suspects if suspect.brand == one.photo.brand]
    logs = np.log(np.maximum([suspect.shares for suspect in found], _LEAST_SHARE)).reshape(-1, len(Shares._fields))
    are_real = np.array([suspect.brand in TUNING_BRANDS for suspect in found], bool)
    genuine, smear, imitation = logs.T
    accused = (smear - np.maximum(genuine, imitation), imitation - genuine)
    lowered = (
        (weights[0] - _too_likely(over, are_real=are_real), *weights[1:])
        for weights, over in zip((kinds.smear, kinds.imitation), accused, strict=True)
    )
    return Kinds(*lowered)


def _accusation(
    kind: Kind,
    numbers: NDArray[np.float64],
    labels: NDArray[np.int64],
    *,
    are_real: NDArray[np.bool_],
    against: NDArray[np.float64] | None,
) -> tuple[float, ...]:
    """Intercept and weights of one accusation; it is made where its log odds are over `against` (n,), or 0."""
    place = Shares._fields.index(kind)
    summed = np.array([[float(name in group) for group in TELLING[place - 1]] for name in Kinds.NAMES])
    asked = np.isin(labels, (0, place))
    fitted = LogisticRegression(class_weight="balanced", max_iter=2000).fit(numbers[asked] @ summed, labels[asked] > 0)
    weights = summed @ fitted.coef_[0]
    over = fitted.intercept_[0] + numbers @ weights - (0.0 if against is None else against)
    genuine = labels == 0
    lower = _too_likely(over[genuine], are_real=are_real[genuine])
    return (float(fitted.intercept_[0] - lower), *weights.tolist())


def _too_likely(over: NDArray[np.float64], *, are_real: NDArray[np.bool_]) -> float:
    """By how much the log odds `over` (n,) of an accusation are too high for `MOST_ACCUSED` of either group."""
    groups = [np.sort(over[are_real == is_real]) for is_real in (False, True)]
    refused = [float(one[len(one) - int(np.floor(MOST_ACCUSED * len(one))) - 1]) for one in groups if len(one)]
    highest = max(refused, default=-np.inf)
    return highest + _STEP if highest >= 0 else 0.0
