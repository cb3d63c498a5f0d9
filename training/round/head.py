"""What answers teach the verifier's head: how much of what is related is a smear, said by the appearance.

A label says whether a region infringes, and not by what: a trick that no model was taught looks to the champion like
anything but a smear. So no class is assigned to it. What counts is the probability of the answer, a smear or an
imitation together against the rest, with the label as soft evidence of it (Pearl 1988, 2.2.2): a label with target t is
as likely as t·p + (1 - t)·(1 - p) says where the head says p. One that is even teaches nothing, and one that is wrong
pulls no harder than its doubt allows. What the head says of drawn pairs it goes on saying (Li and Hoiem, Learning
without Forgetting, 2016): what is learnt has to find room beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from training.verifier.head import penalties, smear_view

REPEATS = 20.0
SHARE = 0.7
"""How often a label that is wholly believed counts, and the most that all labels count for beside the drawn pairs."""

KEPT = 5.0
"""How much it counts what the head said of a drawn pair."""

HELD = 0.2
"""The penalty on a weight that moves, of that on a weight when the head is fitted from nothing."""

_STEPS = 500


@dataclass(frozen=True, slots=True)
class Answers:
    """Decided regions: their `numbers` (n, k) as the head takes them, the probability `infringes` (n,) that each is a
    smear or an imitation, and `weights` (n,) 0..1.
    """

    numbers: NDArray[np.float32]
    infringes: NDArray[np.float64]
    weights: NDArray[np.float64]

    def worth_beside(self, pairs: int) -> float:
        """For how many of the head's pairs the labels count where `pairs` were drawn."""
        return min(REPEATS * float(self.weights.sum()), pairs * SHARE / (1 - SHARE))


def teach_smears(head: dict[str, Any], answers: Answers, *, drawn: NDArray[np.float32]) -> dict[str, Any]:
    """The `head` with its second step moved by `answers`, beside the numbers (n, k) of pairs that were `drawn`.

    Returned unchanged where the answers weigh nothing.
    """
    worth = answers.worth_beside(len(drawn))
    if worth == 0:
        return head
    start, known, seen = head["smear"], smear_view(head, drawn), smear_view(head, answers.numbers)
    known_inputs, seen_inputs = known.standardised(start), seen.standardised(start)
    before = np.append(np.array(start["weights"], np.float64)[:, 0], start["bias"])
    said, kept = expit(known_inputs @ before[:-1] + before[-1]), KEPT * (1 - known.judged[:, -1])
    genuine, _, imitation, unrelated = seen.judged.T
    imitated = imitation / np.maximum(genuine + imitation, 1e-9)
    share = answers.weights / answers.weights.sum() * worth
    sign, penalty = 2 * answers.infringes - 1, HELD * penalties(len(before) - 1)

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = numbers[:-1], numbers[-1]
        of_known = known_inputs @ weights + bias
        of_seen = expit(seen_inputs @ weights + bias)
        infringing = (1 - unrelated) * (of_seen + (1 - of_seen) * imitated)
        likely = np.maximum(1 - answers.infringes + sign * infringing, 1e-9)
        pull = -share * sign * (1 - unrelated) * (1 - imitated) * of_seen * (1 - of_seen) / likely
        push = kept * (expit(of_known) - said)
        moved = weights - before[:-1]
        value = kept @ (np.logaddexp(0, of_known) - said * of_known) - share @ np.log(likely) + penalty @ moved**2
        slope = known_inputs.T @ push + seen_inputs.T @ pull + 2 * penalty * moved
        return float(value), np.append(slope, push.sum() + pull.sum())

    found = minimize(loss, before, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}).x.round(5)
    return {**head, "smear": {**start, "weights": found[:-1, None].tolist(), "bias": [float(found[-1])]}}
