"""What jurors found, given how good each is: the model of Dawid and Skene (Applied Statistics 28, 1979) for yes or no.

Each juror has a probability of saying yes where it is yes, and of saying no where it is no. Expectation and
maximisation take turns: what is believed of each question follows from the jurors, and the jurors from what is
believed. A few votes in favour of a juror who is right more often than not keep one who voted once from counting as
infallible, or as a liar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

PRIOR_RIGHT: Final = 2.0
PRIOR_WRONG: Final = 1.0
"""Votes that every juror is taken to have cast before, for each of the two answers."""

MOST_ROUNDS: Final = 200
SETTLED: Final = 1e-8


@dataclass(frozen=True, slots=True)
class Opinion:
    """`yes`: (questions,) probabilities; `right`: (jurors, 2) of being right where the truth is no, and yes."""

    yes: NDArray[np.float64]
    right: NDArray[np.float64]


def dawid_skene(
    questions: NDArray[np.int64], jurors: NDArray[np.int64], votes: NDArray[np.bool_]
) -> Opinion:  # fmt: skip
    """The opinion given votes: three arrays of one length, with questions and jurors numbered from 0.

    Raises `ValueError` when there are no votes, or the lengths differ.
    """
    if not len(votes) or not len(questions) == len(jurors) == len(votes):
        raise ValueError(
            f"expected as many questions and jurors as votes, got {len(questions)}, {len(jurors)}, {len(votes)}"
        )
    cast = np.bincount(questions)
    yes = np.bincount(questions, votes.astype(float)) / np.maximum(cast, 1)
    right = np.empty((int(jurors.max()) + 1, 2))
    for _ in range(MOST_ROUNDS):
        right = _jurors(yes, questions, jurors, votes)
        before, yes = yes, _believed((yes.sum() + 1.0) / (len(yes) + 2.0), right, questions, jurors, votes)
        if np.abs(yes - before).max() < SETTLED:
            break
    return Opinion(yes=yes, right=right)


def _jurors(
    yes: NDArray[np.float64], questions: NDArray[np.int64], jurors: NDArray[np.int64], votes: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """(jurors, 2) probabilities of being right, given what is believed of each question."""
    columns = []
    for truth, believed in ((False, 1.0 - yes), (True, yes)):
        share = believed[questions]
        agreed = np.bincount(jurors, share * (votes == truth)) + PRIOR_RIGHT
        columns.append(agreed / (np.bincount(jurors, share) + PRIOR_RIGHT + PRIOR_WRONG))
    return np.stack(columns, axis=1)


def _believed(
    prior: float, right: NDArray[np.float64], questions: NDArray[np.int64], jurors: NDArray[np.int64],
    votes: NDArray[np.bool_],
) -> NDArray[np.float64]:  # fmt: skip
    """(questions,) probabilities of yes, given the jurors; `prior` is the share of yes among all and two more."""
    no_right, yes_right = right[jurors, 0], right[jurors, 1]
    evidence = np.where(votes, np.log(yes_right / (1.0 - no_right)), np.log((1.0 - yes_right) / no_right))
    log_odds = logit(prior) + np.bincount(questions, evidence)
    return np.asarray(expit(log_odds), np.float64)
