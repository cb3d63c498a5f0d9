from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from training.evaluation.verdict_cases import Case, without_margin
from training.evaluation.verdict_judges import ReleasedVerifier, SiftJudge, name_suspicion
from training.evaluation.verdict_report import by_stratum


def mark(text: str) -> np.ndarray:
    picture = np.full((90, 260, 3), 255, np.uint8)
    cv2.putText(picture, text, (12, 62), cv2.FONT_HERSHEY_DUPLEX, 1.7, (10, 10, 120), 4, cv2.LINE_AA)
    return picture


def case(picture: np.ndarray, kind: str, *, photo: str = "a", edit: str = "", strength: float = np.nan) -> Case:
    return Case(picture, picture, "hallmark", photo, kind, edit, strength)


def test_a_near_miss_of_the_name_is_an_imitation_and_nothing_read_a_smear() -> None:
    assert name_suspicion(["HALLMARK", "since 1999"], "hallmark") == (0.0, 0.0)
    near = name_suspicion(["HALLMORK"], "hallmark")
    assert near.imitation == pytest.approx(7 / 8)
    assert near.smear == pytest.approx(1 / 8)
    assert name_suspicion([], "hallmark") == (1.0, 0.0)


def test_a_name_in_two_lines_is_read() -> None:
    assert name_suspicion(["BURGER", "KING!"], "burger king").smear == 0.0


def test_sift_suspects_what_cannot_be_laid_on_the_reference() -> None:
    judge = SiftJudge({"hallmark": [mark("Hallmark")]})
    genuine = judge.suspicion(case(mark("Hallmark"), "genuine"))
    other = judge.suspicion(case(np.full((90, 260, 3), 90, np.uint8), "smear"))
    assert genuine.smear < -0.5
    assert other.smear == 0.0


class MeanColour:
    """The mean colour is the vector."""

    def embed(self, crops: list[np.ndarray]) -> np.ndarray:
        means = np.stack([crop.reshape(-1, 3).mean(axis=0) for crop in crops])
        return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1.0)


def plain(red: int, green: int) -> np.ndarray:
    return np.full((60, 80, 3), (red, green, 1), np.uint8)


def test_the_verifier_judges_beside_the_reference_that_is_most_alike_once_laid() -> None:
    """The search finds the red version nearest; laid on them, the region is more like the green one."""
    bundle = SimpleNamespace(
        embedder=MeanColour(),
        verifier=SimpleNamespace(
            lay=lambda region, reference: reference,
            compare=lambda laid, *, similarity: (int(laid.picture[0, 0, 1]), similarity),
        ),
        second_look=SimpleNamespace(similarities=lambda laid: [float(one.picture[0, 0, 1]) for one in laid]),
    )
    judge = ReleasedVerifier({"hallmark": [plain(200, 0), plain(120, 200)], "other": [plain(0, 250)]}, bundle)
    seen = case(plain(200, 40), "genuine")
    green, similarity = judge.compared(seen)
    assert green == 200
    assert similarity < judge.nearest(seen, most=1)[0][1], "its own similarity, not the nearest one's"
    assert {number for number, _ in judge.nearest(seen, most=3)} == {0, 1, 2}, "anybody's, none twice"


def test_the_margin_is_taken_off_again() -> None:
    assert without_margin(np.zeros((124, 248, 3), np.uint8)).shape == (100, 200, 3)


def test_strata_name_size_edit_and_strength() -> None:
    assert "strength something_left" in case(mark("x"), "smear", edit="mosaic", strength=0.7).strata()
    strata = case(mark("x"), "smear", edit="swirl", strength=0.9).strata()
    assert strata == ["size over_160_px", "edit swirl", "edits kept out of training", "strength nothing_left"]
    assert case(mark("x"), "genuine").strata() == ["size over_160_px"]
    assert case(mark("x"), "imitation", edit="letters changed").strata()[1:] == ["edit letters changed"]


def test_each_stratum_is_told_from_the_genuine_marks_of_its_size() -> None:
    small = np.ascontiguousarray(mark("x")[:40, :40])
    cases = [
        case(mark("x"), "genuine", photo="a"),
        case(small, "genuine", photo="b"),
        case(mark("x"), "smear", photo="c", edit="mosaic", strength=0.1),
        case(small, "smear", photo="d", edit="swirl", strength=0.5),
    ]
    scores = np.array([[0.1, 0], [0.7, 0], [0.5, 0], [0.9, 0]])
    rows = by_stratum(cases, scores)
    values = {name: row["roc_auc"].value for name, row in rows.items()}
    assert values["smear"] == pytest.approx(0.75)
    assert values["smear, size over_160_px"] == 1.0  # 0.5 against 0.1
    assert values["smear, edit mosaic"] == 0.5  # 0.5 against 0.1 and 0.7
    assert "imitation" not in values
