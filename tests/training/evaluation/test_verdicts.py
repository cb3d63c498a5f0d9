import numpy as np
import pytest

from training.evaluation.verdicts import (
    calibration_error,
    calibration_error_by_chance,
    reliability,
    roc_auc,
    separation,
    true_positive_rate,
)


def test_auc_counts_every_pair():
    rng = np.random.default_rng(0)
    positive, negative = rng.integers(0, 8, 40).astype(float), rng.integers(0, 6, 30).astype(float)
    wins = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    assert roc_auc(positive, negative) == pytest.approx(wins / 1200)


def test_auc_without_one_side_is_unknown():
    assert np.isnan(roc_auc(np.array([]), np.array([1.0])))


def test_true_positives_at_a_false_rate():
    negative = np.arange(100.0)
    assert true_positive_rate(np.array([94.0, 94.5, 95.0, 120.0]), negative, false_positive_rate=0.05) == 0.75
    assert true_positive_rate(np.array([99.0, 99.5]), negative, false_positive_rate=0.0) == 0.5


def test_calibration_error_of_a_sure_and_half_right_judge():
    sure = np.tile([[1.0, 0.0]], (10, 1))
    assert calibration_error(sure, np.array([0] * 5 + [1] * 5)) == pytest.approx(0.5)
    assert calibration_error(sure, np.zeros(10, int)) == pytest.approx(0.0)


def test_few_cases_look_miscalibrated_by_chance():
    probabilities = np.random.default_rng(5).dirichlet([1.0, 1.0, 0.5], size=2000)
    few, many = calibration_error_by_chance(probabilities[:50]), calibration_error_by_chance(probabilities)
    assert few.value > 0.08
    assert many.value < 0.03
    assert few.low < few.value < few.high


def test_an_overconfident_judge_is_worse_than_chance():
    rng = np.random.default_rng(6)
    sure = np.tile([[0.95, 0.05]], (400, 1))
    labels = (rng.random(400) < 0.2).astype(int)
    assert calibration_error(sure, labels) > calibration_error_by_chance(sure).high


def test_reliability_says_how_sure_and_how_right_by_bin():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    assert reliability(probabilities, np.array([0, 1, 1]), bins=10) == [
        (pytest.approx(0.6), 1.0, pytest.approx(1 / 3)),
        (pytest.approx(0.9), 0.5, pytest.approx(2 / 3)),
    ]


def test_separation_reads_auc_and_rates_from_one_column():
    scores = np.array([0.9, 0.4, 0.5, 0.1, np.nan])
    found = separation(scores, np.array([True, True, False, False, True]), np.arange(5), resamples=50)
    assert found["roc_auc"].value == pytest.approx(0.75)
    assert found["tpr_at_1_percent"].value == pytest.approx(0.5)
    assert {one.count for one in found.values()} == {2}
    assert list(found) == ["roc_auc", "tpr_at_5_percent", "tpr_at_1_percent", "tpr_at_0.1_percent"]


def test_the_interval_is_wider_when_marks_share_a_photo():
    rng = np.random.default_rng(1)
    positive = np.arange(80) % 2 == 0
    photo = np.arange(80) // 8
    # The marks of one photo are easy or hard together.
    scores = rng.normal(size=80) + positive * rng.normal(1, 2, 10)[photo]
    alone, together = (separation(scores, positive, group)["roc_auc"] for group in (np.arange(80), photo))
    assert together.high - together.low > alone.high - alone.low


def test_one_side_alone_is_not_measured():
    assert separation(np.ones(3), np.ones(3, bool), np.arange(3))["roc_auc"].count == 0
