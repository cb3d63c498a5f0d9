from __future__ import annotations

import pytest

from serve.loop.policy.outcomes import Outcome
from serve.loop.policy.policy_fit import ALL_BRANDS, HIGHEST_REVIEW, basis_of, fit_policy
from serve.scanning.policy import Policy, Thresholds


def settled(brand: str, *, genuine: dict[float, int], infringing: dict[float, int] | None = None) -> list[Outcome]:
    """So many outcomes of each strength."""
    return [
        Outcome(brand, strength, infringes)
        for infringes, counts in ((False, genuine), (True, infringing or {}))
        for strength, count in counts.items()
        for _ in range(count)
    ]


def fit(outcomes: list[Outcome], *, precision: float = 0.2) -> Policy:
    return fit_policy(outcomes, model="m", version=2, precision=precision).policy


def test_without_outcomes_nothing_is_blocked() -> None:
    policy = fit([])
    assert (policy.version, policy.model, policy.review_at, policy.block_at, policy.brands) == (2, "m", 0.5, None, {})


def test_a_brand_alone_is_blocked_for_once_enough_genuine_listings_were_spared() -> None:
    infringing = {0.95: 1_000}
    assert fit(settled("a", genuine={0.6: 2_900}, infringing=infringing)).thresholds("a").block_at is None
    policy = fit(settled("a", genuine={0.6: 3_400}, infringing=infringing))
    assert policy.thresholds("a") == Thresholds(review_at=0.5, block_at=0.61)
    assert policy.block_at is None, "of other brands nothing is known"


def test_a_block_lies_above_the_genuine_listings_that_would_be_hit() -> None:
    policy = fit(settled("a", genuine={0.6: 20_000, 0.9: 40}, infringing={0.95: 20_000}))
    assert policy.thresholds("a").block_at == 0.91


def test_a_brand_with_few_outcomes_leans_on_all_and_one_that_differs_stands_alone() -> None:
    others = [one for n in range(20) for one in settled(f"b{n}", genuine={0.6: 1_000}, infringing={0.9: 500})]
    few = settled("few", genuine={0.6: 10}, infringing={0.9: 5})
    odd = settled("odd", genuine={0.6: 900, 0.99: 100}, infringing={0.9: 500})
    policy = fit([*others, *few])
    assert policy.thresholds("few").block_at == policy.block_at == 0.61
    assert fit([*others, *few, *odd]).thresholds("odd").block_at is None


def test_a_brand_that_is_asked_in_vain_is_asked_about_surer_findings_only() -> None:
    asked = settled("a", genuine={0.55: 400}, infringing={0.85: 100})
    assert fit(asked, precision=0.2).thresholds("a").review_at == 0.5
    assert fit(asked, precision=0.5).thresholds("a").review_at == 0.56
    in_vain = settled("a", genuine={0.97: 400})
    assert fit(in_vain).thresholds("a").review_at == HIGHEST_REVIEW


def test_a_block_is_never_below_the_review() -> None:
    outcomes = settled("a", genuine={0.55: 40_000}, infringing={0.85: 100})
    found = fit(outcomes, precision=0.5).thresholds("a")
    assert found.block_at is not None
    assert found.block_at >= found.review_at == 0.56


def test_the_basis_of_a_fit_is_that_of_its_thresholds() -> None:
    outcomes = [*settled("a", genuine={0.6: 9_000, 0.9: 3}, infringing={0.95: 9}), *settled("b", genuine={0.7: 5})]
    fitted = fit_policy(outcomes, model="m", version=2, precision=0.0)
    again = basis_of(outcomes, fitted.policy)
    assert again.keys() == fitted.basis.keys() == {ALL_BRANDS, "a", "b"}
    for brand, basis in fitted.basis.items():
        assert again[brand].bound == pytest.approx(basis.bound)
        assert (again[brand].genuine, again[brand].blocked) == (basis.genuine, basis.blocked)
