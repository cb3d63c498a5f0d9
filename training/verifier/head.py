"""The verifier's head: it joins the network's answer, the embedding's similarity and the appearance.

It is fitted on `dev` brands, which the network never saw, and its temperature on a part of them that the head did not
see either; the whole takes about a minute once the pairs are examined, so a new embedder only asks for a new head.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from model.alignment import PreparedReference
from model.networks.verifier import CLASSES
from model.reading import Outcome
from model.reference_views import reference_views
from model.regions import RgbImage
from model.verifier import Scores, VerdictHead, VerifierRuntime, smear_log_odds
from training.synthesis.logos import may_be_one_brand
from training.verifier.pairs import Pair, without_margin

READING_PRIOR = 2.0
"""Half the inverse variance of the prior on a reading's log odds."""

Embed = Callable[[Sequence[RgbImage]], NDArray[np.float32]]
"""Crops to unit vectors (n, d)."""

JUDGED = 5
"""The first numbers: the similarity and the verdict network's logits. What follows describes the appearance."""

INVERSE_PENALTY = 0.1
"""Of the logistic regression: stronger or weaker, and a perceptron, did worse on dev brands kept apart."""

APPEARANCE_SCALE = 0.06
"""Of a number of the appearance beside the odds: the penalty on it is 1 / 0.06² times as high."""


@dataclass(frozen=True, slots=True)
class ExaminedPairs:
    """What the head sees: `numbers` (n, k) float32, `labels` (n,) by `CLASSES`, and the pairs they came from."""

    numbers: NDArray[np.float32]
    labels: NDArray[np.int64]
    pairs: list[Pair]


def examined_pairs(
    pairs: Sequence[Pair],
    references: Sequence[PreparedReference],
    pictures: Sequence[RgbImage],
    brands: Sequence[str],
    *,
    runtime: VerifierRuntime,
    embed: Embed,
) -> ExaminedPairs:
    """Measure every pair as the scan would; references are prepared from `pictures`, whose brands are `brands`.

    An unrelated region is given the most similar reference of another brand, as the search would give it: of the
    first, second or third, by turns.
    """
    seen = embed([without_margin(pair.region) for pair in pairs])
    similarity = np.stack([likeness(seen, picture, embed=embed) for picture in pictures], axis=1)
    settled = []
    for place, pair in enumerate(pairs):
        chosen = pair.reference
        if chosen < 0:
            others = (int(i) for i in np.argsort(-similarity[place]) if not may_be_one_brand(brands[i], pair.brand))
            chosen = next(islice(others, place % 3, None))
        settled.append(replace(pair, reference=chosen))
    numbers = []
    for place, pair in enumerate(settled):
        reference, alike = references[pair.reference], float(similarity[place, pair.reference])
        numbers.append(runtime.numbers(runtime.examine(pair.region, reference, similarity=alike)))
    return ExaminedPairs(np.stack(numbers), np.array([CLASSES.index(pair.label) for pair in settled]), settled)


def likeness(seen: NDArray[np.float32], picture: RgbImage, *, embed: Embed) -> NDArray[np.float32]:
    """The cosine (n,) of each vector `seen` (n, d) with the likest view of a reference, as a search gives it."""
    views = embed([view for _, view in reference_views(picture, kind="logo")])
    return np.asarray((seen @ views.T).max(axis=1), np.float32)


def fit_head(
    numbers: NDArray[np.float32], labels: NDArray[np.int64], *, brands: Sequence[str],
    weights: Sequence[float] = (1, 1, 1, 1),
) -> dict[str, Any]:  # fmt: skip
    """The head's numbers for `verifier_calibration.json`.

    `numbers` (n, k) are of pairs of `labels` (n,) by `CLASSES`, around marks of `brands`; `weights` of the four classes
    correct their shares.
    """
    apart = np.array([_one_in_three(brand or f"pair {number}") for number, brand in enumerate(brands)])
    judged, share = numbers[:, :JUDGED], np.asarray(weights, np.float64)[labels]
    head = _trained(judged[~apart], labels[~apart], trust=np.ones(JUDGED), share=share[~apart])
    head["temperature"] = 1.0

    def loss(log_temperature: float) -> float:
        tempered = {**head, "temperature": float(np.exp(log_temperature)), "smear": _NOTHING}
        probabilities = VerdictHead(tempered).probabilities(judged[apart])
        chosen = probabilities[np.arange(int(apart.sum())), labels[apart]]
        return -float((np.log(chosen + 1e-9) * share[apart]).sum() / share[apart].sum())

    head["temperature"] = round(float(np.exp(minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded").x)), 4)
    return {**head, "smear": fit_smear(head, numbers, labels, share=share)}


_NOTHING = {"mean": [0.0], "scale": [2.0], "weights": [[2.0]], "bias": [0.0]}
"""A head of smears that leaves the odds as they are."""


def fit_smear(
    head: dict[str, Any], numbers: NDArray[np.float32], labels: NDArray[np.int64], *, share: NDArray[np.float64]
) -> dict[str, Any]:
    """How much of what is related is a smear, by the odds of the `head` so far and the appearance."""
    related, seen = labels != CLASSES.index("unrelated"), smear_view(head, numbers)
    smeared = labels[related] == CLASSES.index("smear")
    return _trained(seen.inputs[related], smeared, trust=_smear_trust(seen.inputs.shape[1]), share=share[related])


@dataclass(frozen=True, slots=True)
class SmearView:
    """Pairs as the head's second step sees them: `judged` (n, 4), the probabilities of `CLASSES` that the first step
    gives, and `inputs` (n, m), the odds of a smear by these and the appearance.
    """

    judged: NDArray[np.float64]
    inputs: NDArray[np.float64]

    def standardised(self, step: dict[str, Any]) -> NDArray[np.float64]:
        """The inputs as the fitted second step weighs them, (n, m)."""
        return np.asarray(np.clip((self.inputs - np.array(step["mean"])) / np.array(step["scale"]), -5, 5), np.float64)


def smear_view(head: dict[str, Any], numbers: NDArray[np.float32]) -> SmearView:
    """What the second step of `head` is given of `numbers` (n, k)."""
    judged, appearance = np.split(numbers, [JUDGED], axis=1)
    said = VerdictHead({**head, "smear": _NOTHING}).probabilities(judged)
    genuine, smear, imitation, _ = said.T
    return SmearView(said, np.concatenate([smear_log_odds(genuine, smear, imitation)[:, None], appearance], axis=1))


def penalties(inputs: int) -> NDArray[np.float64]:
    """What the square of each of the second step's weights costs when it is fitted, (inputs,)."""
    return np.asarray(0.5 / INVERSE_PENALTY / _smear_trust(inputs) ** 2, np.float64)


def _smear_trust(inputs: int) -> NDArray[np.float64]:
    return np.where(np.arange(inputs) == 0, 1.0, APPEARANCE_SCALE)


def fit_reading(
    scores: Sequence[Scores], outcomes: Sequence[Outcome | None], labels: NDArray[np.int64]
) -> dict[str, float]:
    """What each outcome of a reading adds to the log odds of an imitation against a genuine mark.

    `scores` are the head's; fitted by maximum likelihood with a prior that an outcome says nothing (`READING_PRIOR`),
    on the genuine marks and imitations of `labels`. What is not surely read says nothing.
    """
    found: dict[str, float] = {"otherwise": 0.0}
    for outcome in sorted(set(get_args(Outcome)) - set(found)):
        rows = [
            (math.log(max(score.imitation, 1e-6) / max(score.genuine, 1e-6)), label == CLASSES.index("imitation"))
            for score, read, label in zip(scores, outcomes, labels, strict=True)
            if read == outcome and CLASSES[label] in ("genuine", "imitation")
        ]
        odds, right = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], np.float64)

        def loss(shift: float, odds: NDArray[np.float64] = odds, right: NDArray[np.float64] = right) -> float:
            shifted = odds + shift
            return float((np.logaddexp(0, shifted) - right * shifted).sum()) + READING_PRIOR * shift**2

        found[outcome] = round(float(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x), 4)
    return found


def _trained(
    numbers: NDArray[Any], labels: NDArray[Any], *, trust: NDArray[np.float64], share: NDArray[np.float64]
) -> dict[str, Any]:
    """A logistic regression whose penalty on a number is the lower the more `trust` (k,) it has."""
    mean, scale = numbers.mean(axis=0), numbers.std(axis=0) + 1e-3
    standard = np.clip((numbers - mean) / scale, -5, 5) * trust
    fitted = LogisticRegression(C=INVERSE_PENALTY, max_iter=2000).fit(standard, labels, sample_weight=share)
    found = {"mean": mean, "scale": scale, "weights": (fitted.coef_ * trust).T, "bias": fitted.intercept_}
    return {name: np.round(np.asarray(value, np.float64), 5).tolist() for name, value in found.items()}


def _one_in_three(brand: str) -> bool:
    return hashlib.sha256(f"temperature {brand}".encode()).digest()[0] % 3 == 0
