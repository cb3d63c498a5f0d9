from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from serve.loop.policy.hierarchy import Counts, learn_rates

counts = st.integers(0, 3_000).flatmap(lambda draws: st.builds(Counts, st.integers(0, draws), st.just(draws)))


def clopper_pearson(seen: Counts) -> float:
    """The upper bound of 95 %, one-sided."""
    return 1.0 if seen.events == seen.draws else float(beta.ppf(0.95, seen.events + 1, seen.draws - seen.events))


@pytest.mark.parametrize("seen", [Counts(0, 100), Counts(0, 3_000), Counts(2, 5_000)])
def test_a_group_alone_has_about_the_bound_of_clopper_and_pearson(seen: Counts) -> None:
    bound = learn_rates([seen]).upper_bound(seen, confidence=0.95)
    assert clopper_pearson(seen) * 0.98 < bound < clopper_pearson(seen) * 1.15


def test_a_group_without_counts_is_believed_like_the_others() -> None:
    alike = learn_rates([Counts(5, 1_000)] * 40)
    apart = learn_rates([Counts(0, 1_000), Counts(10, 1_000)] * 20)
    unseen = Counts(0, 0)
    assert alike.mean(unseen) == pytest.approx(0.005, rel=0.15) == apart.mean(unseen)
    assert alike.upper_bound(unseen, confidence=0.95) < 0.01 < apart.upper_bound(unseen, confidence=0.95)


@given(st.lists(counts, max_size=5), counts)
def test_the_bound_is_where_the_probability_says(others: list[Counts], own: Counts) -> None:
    rates = learn_rates([*others, own])
    bound = rates.upper_bound(own, confidence=0.95)
    assert 0.0 < rates.mean(own) < 1.0
    assert rates.below(bound, own) == pytest.approx(0.95, abs=1e-3)


def test_few_of_the_groups_that_seem_below_a_rate_are_above_it() -> None:
    """Rates are drawn around the limit, so that every second group is above it; of those let through, 5 % may be."""
    rng = np.random.default_rng(5)
    let_through = wrong = 0
    for _ in range(20):
        true = rng.beta(1.0, 800.0, 50)
        draws = rng.integers(50, 6_000, 50)
        seen = [Counts(int(events), int(n)) for events, n in zip(rng.binomial(draws, true), draws, strict=True)]
        rates = learn_rates(seen)
        for rate, own in zip(true, seen, strict=True):
            if rates.below(0.001, own) >= 0.95:
                let_through += 1
                wrong += rate > 0.001
    assert let_through > 50
    assert wrong <= 0.05 * let_through


@pytest.mark.parametrize("impossible", [Counts(2, 1), Counts(-1, 1)])
def test_counts_that_cannot_be_are_refused(impossible: Counts) -> None:
    with pytest.raises(ValueError, match="events"):
        learn_rates([impossible])
