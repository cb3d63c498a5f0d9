"""What was done to a mark that is the brand's: how genuine, smeared and imitated ones are told apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from model.calibration import Kinds, Shares
from training.calibration.development import Kind
from training.calibration.scans import Suspect
from training.evaluation.datasets import TUNING_BRANDS

MOST_ACCUSED = (0.02, 0.04)
"""Of the genuine marks that are recognised, those that may be called smeared, and imitated; of real and of drawn ones.

Real marks look changed more often than drawn ones do."""

TELLING = ((("smear_odds", "tampered"), ("exact_word",)), (("imitation_odds",), ("exact_word",)))
"""What tells a smear from a genuine mark, and an imitation; numbers of one group share a weight.

Verifier and closer look are two witnesses of a smear, and count alike: fitted apart, the closer look, which knows the
garments of development, gets twice as much, and of real photos for tuning 0.75 instead of 0.82 of the smears are found
at 1 %. That a place was tampered with says nothing of an imitation: on recognised development marks, by regressions
that did not see them, imitations are told with a ROC AUC of 0.725 so, and of 0.714 by all four numbers.
"""


def fit_kinds(marks: Sequence[tuple[Kind, Suspect]]) -> Kinds:
    """How each accusation stands against genuine: a logistic regression each (Begg and Gray 1984), kinds as frequent.

    Then each accusation is made less likely until at most its `MOST_ACCUSED` of the genuine marks are accused so, of
    those on real photos (`TUNING_BRANDS`) and of the others.
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
    genuine = [np.sort(over[(labels == 0) & (are_real == is_real)]) for is_real in (False, True)]
    least = [one[len(one) - int(np.floor(MOST_ACCUSED[place - 1] * len(one))) - 1] for one in genuine if len(one)]
    return (float(fitted.intercept_[0] - max(*least, 0.0)), *weights.tolist())
