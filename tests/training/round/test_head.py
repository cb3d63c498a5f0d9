from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model.networks.verifier import CLASSES
from model.verifier import VerdictHead
from training.round.head import SHARE, Answers, teach_smears
from training.verifier.head import JUDGED, fit_head

TRICK = JUDGED + 1
"""The number of the appearance that is high where a mark was hidden in a way that was never drawn."""


def drawn_pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of pairs whose class the network tells nearly always; the appearance says nothing yet."""
    rng = np.random.default_rng(0)
    labels = rng.integers(len(CLASSES), size=count)
    numbers = rng.normal(0, 1, (count, JUDGED + 3)).astype(np.float32)
    numbers[np.arange(count), 1 + labels] += 4
    return numbers, labels


def regions(count: int, *, trick: bool, seed: int) -> np.ndarray:
    """Numbers of regions that the network takes for genuine marks."""
    numbers = np.random.default_rng(seed).normal(0, 1, (count, JUDGED + 3)).astype(np.float32)
    numbers[:, 1 + CLASSES.index("genuine")] += 4
    numbers[:, TRICK] += 5 * trick
    return numbers


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    return drawn_pairs(800)


@pytest.fixture(scope="module")
def head(drawn: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
    return fit_head(*drawn, brands=[str(number) for number in range(len(drawn[0]))])


def tampered(head: dict[str, Any], numbers: np.ndarray) -> np.ndarray:
    _, smear, imitation, _ = VerdictHead(head).probabilities(numbers).T
    return smear + imitation


def test_a_trick_that_nobody_drew_is_learnt_from_answers_and_costs_the_drawn_pairs_nothing(
    head: dict[str, Any], drawn: tuple[np.ndarray, np.ndarray]
) -> None:
    numbers, labels = drawn
    seen = np.concatenate([regions(30, trick=True, seed=1), regions(30, trick=False, seed=2)])
    answers = Answers(seen, np.repeat([0.98, 0.02], 30), np.repeat(0.96, 60))
    learnt = teach_smears(head, answers, drawn=numbers)
    unseen, genuine = regions(200, trick=True, seed=3), regions(200, trick=False, seed=4)
    assert np.median(tampered(head, unseen)) < 0.1
    assert np.median(tampered(learnt, unseen)) > 0.6
    assert np.mean(tampered(learnt, genuine) > np.median(tampered(learnt, unseen))) < 0.05
    right = [float((VerdictHead(one).probabilities(numbers).argmax(axis=1) == labels).mean()) for one in (head, learnt)]
    assert right[1] > right[0] - 0.01


@pytest.mark.parametrize("answers", [
    Answers(regions(3, trick=True, seed=1), np.ones(3), np.zeros(3)),
    Answers(regions(0, trick=True, seed=1), np.empty(0), np.empty(0)),
])  # fmt: skip
def test_answers_that_weigh_nothing_leave_the_head(
    head: dict[str, Any], drawn: tuple[np.ndarray, np.ndarray], answers: Answers
) -> None:
    assert teach_smears(head, answers, drawn=drawn[0]) is head


def test_even_answers_teach_nothing(head: dict[str, Any], drawn: tuple[np.ndarray, np.ndarray]) -> None:
    even = Answers(regions(40, trick=True, seed=1), np.full(40, 0.5), np.ones(40))
    assert teach_smears(head, even, drawn=drawn[0]) == head


def test_a_doubtful_answer_moves_less_than_a_sure_one(
    head: dict[str, Any], drawn: tuple[np.ndarray, np.ndarray]
) -> None:
    seen, unseen = regions(40, trick=True, seed=1), regions(200, trick=True, seed=3)
    found = [
        tampered(teach_smears(head, Answers(seen, np.full(40, target), np.ones(40)), drawn=drawn[0]), unseen).mean()
        for target in (0.55, 0.7, 0.99)
    ]
    assert found == sorted(found)
    assert found[0] < 0.5 < found[2]


def test_labels_count_for_no_more_than_their_share() -> None:
    many = Answers(np.empty((1_000, JUDGED), np.float32), np.ones(1_000), np.ones(1_000))
    assert many.worth_beside(400) == pytest.approx(400 * SHARE / (1 - SHARE))
