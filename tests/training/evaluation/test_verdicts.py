import numpy as np
import pytest

from training.evaluation.verdicts import bootstrapped, calibration_error, roc_auc, true_positive_rate


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


def test_the_interval_holds_the_value_and_narrows_with_more_data():
    rng = np.random.default_rng(1)
    few = bootstrapped(roc_auc, rng.normal(1, 1, 20), rng.normal(0, 1, 20), seed=0, rounds=100)
    many = bootstrapped(roc_auc, rng.normal(1, 1, 2000), rng.normal(0, 1, 2000), seed=0, rounds=100)
    assert few.low <= few.value <= few.high
    assert many.high - many.low < few.high - few.low
