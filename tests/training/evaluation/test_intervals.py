from __future__ import annotations

import math

import numpy as np
import pytest

from training.evaluation.intervals import (
    grouped_interval,
    grouped_mean,
    interval,
    mean_interval,
    median_interval,
    shares_interval,
)


def test_the_interval_of_a_mean_is_about_two_standard_errors_wide() -> None:
    values = np.random.default_rng(1).normal(size=400)
    estimate = mean_interval(values)
    standard_error = values.std() / math.sqrt(len(values))
    assert estimate.low == pytest.approx(estimate.value - 1.96 * standard_error, abs=0.3 * standard_error)
    assert estimate.high == pytest.approx(estimate.value + 1.96 * standard_error, abs=0.3 * standard_error)


def test_the_same_units_give_the_same_interval() -> None:
    assert mean_interval([0.0, 1.0, 1.0]) == mean_interval([0.0, 1.0, 1.0])


def test_units_that_agree_leave_no_doubt() -> None:
    estimate = mean_interval([True] * 5)
    assert (estimate.value, estimate.low, estimate.high, estimate.count) == (1.0, 1.0, 1.0, 5)


def test_nothing_measured_is_not_a_number() -> None:
    estimate = mean_interval([])
    assert math.isnan(estimate.value)
    assert estimate.count == 0


def test_any_statistic_of_any_rows() -> None:
    rows = np.array([[1.0, 2.0], [3.0, 6.0]])
    assert interval(rows, lambda drawn: drawn[:, 1].sum() / drawn[:, 0].sum()).value == pytest.approx(2.0)


def test_the_marks_of_a_photo_are_drawn_together() -> None:
    hits, photo = [1.0, 1.0, 1.0, 1.0, 0.0, math.nan], ["a", "a", "a", "a", "b", "b"]
    together = grouped_mean(hits, photo)
    assert (together.value, together.count) == (pytest.approx(0.8), 5)
    assert (together.low, together.high) == (0.0, 1.0)  # both photos may be the same one
    assert grouped_mean([], []).count == 0


def test_any_statistic_is_drawn_by_groups_too() -> None:
    rows, photo = np.array([1.0, 1.0, 1.0, 1.0, 0.0]), ["a", "a", "a", "a", "b"]
    together = grouped_interval(rows, photo, np.mean)
    assert (together.value, together.low, together.high, together.count) == (pytest.approx(0.8), 0.0, 1.0, 5)
    assert grouped_interval(np.zeros(0), [], np.mean).count == 0


def test_a_share_divides_sums_not_photos() -> None:
    share = shares_interval([1, 0, 2], [1, 0, 4])
    assert (share.value, share.count) == (pytest.approx(0.6), 5)
    assert math.isnan(shares_interval([0], [0]).value)


def test_the_median_is_not_moved_by_one_slow_call() -> None:
    assert median_interval([1.0, 2.0, 100.0]).value == 2.0
