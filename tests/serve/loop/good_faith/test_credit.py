from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta, tzinfo
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marketplace import Marketplace
from sqlalchemy import text

from serve.loop.good_faith import reputation
from serve.loop.good_faith.credit import (
    SUSPENDED_BELOW,
    Credit,
    Event,
    Evidence,
    Shares,
    Tier,
    credit_from,
    credit_of,
    history_of,
    next_tier,
    shares_of,
    weekly,
)
from serve.loop.good_faith.lost_trust import LostTrust

NOW = datetime(2026, 3, 2, tzinfo=UTC)
GOOD = credit_from(held=100, failed=2)


def test_it_starts_as_if_four_of_five_had_held() -> None:
    start = credit_of([])
    assert start.mean == pytest.approx(0.8)
    assert start.low < 0.5
    assert start.high > 0.98


def test_the_interval_holds_95_percent_of_what_the_posterior_draws() -> None:
    found = credit_from(held=30, failed=10)
    drawn = np.random.default_rng(1).beta(34, 11, 200_000)
    assert np.mean((drawn > found.low) & (drawn < found.high)) == pytest.approx(0.95, abs=0.002)
    assert np.mean(drawn < found.low) == pytest.approx(0.025, abs=0.002)
    assert found.mean == pytest.approx(drawn.mean(), abs=0.001)


def test_much_evidence_gives_the_share_with_the_usual_error() -> None:
    found = credit_from(held=9_000, failed=1_000)
    error = NormalDist().inv_cdf(0.975) * np.sqrt(0.9 * 0.1 / 10_000)
    assert (found.low, found.high) == pytest.approx((0.9 - error, 0.9 + error), abs=2e-4)


@given(st.lists(st.sampled_from(Evidence)))
def test_the_order_of_the_evidence_does_not_matter(evidence: list[Evidence]) -> None:
    assert credit_of(evidence) == credit_of(reversed(evidence))


@given(st.lists(st.tuples(st.sampled_from(Evidence), st.integers(0, 99), st.none() | st.integers(1, 99))))
def test_the_history_ends_where_the_credit_stands(drawn: list[tuple[Evidence, int, int | None]]) -> None:
    events = [
        Event(one, NOW + timedelta(days=day), None if later is None else NOW + timedelta(days=day + later))
        for one, day, later in drawn
    ]
    history = history_of(events)
    standing = credit_of(event.evidence for event in events if event.withdrawn is None)
    if history:
        last = history[-1][1]
        assert (last.mean, last.low) == pytest.approx((standing.mean, standing.low))
    moments = [moment for moment, _ in history]
    assert moments == sorted(moments)


@pytest.mark.parametrize(
    ("tier", "shares", "after"),
    [
        ("standard", Shares(20, 0.90, 0.015), "trusted"),
        ("standard", Shares(19, 1.00, 0.000), "standard"),
        ("standard", Shares(20, 0.89, 0.000), "standard"),
        ("standard", Shares(99, 1.00, 0.016), "standard"),
        ("trusted", Shares(20, 0.90, 0.050), "trusted"),
        ("trusted", Shares(20, 0.89, 0.000), "standard"),
        ("trusted", Shares(20, 1.00, 0.051), "standard"),
        ("trusted", Shares(0, 0.0, 0.0), "trusted"),
        ("suspended", Shares(99, 1.0, 0.0), "suspended"),
    ],
)
def test_tiers_follow_the_published_rules(tier: Tier, shares: Shares, after: Tier) -> None:
    assert next_tier(tier, credit=GOOD, shares=shares, failed=False, sellers=5) == after


def test_whoever_is_mostly_wrong_is_suspended() -> None:
    bad: Credit = credit_from(held=2, failed=30)
    assert next_tier("standard", credit=bad, shares=Shares(32, 0.1, 0.0), failed=False, sellers=5) == "standard"
    assert next_tier("trusted", credit=bad, shares=Shares(32, 0.95, 0.0), failed=True, sellers=5) == "suspended"


def test_overturned_complaints_were_upheld_once() -> None:
    evidence = [Evidence.UPHELD] * 6 + [Evidence.CONFIRMED, Evidence.OVERTURNED] + [Evidence.DISMISSED] * 2
    assert shares_of([*evidence, Evidence.AGREES]) == Shares(10, 0.8, 0.125)


def test_every_decision_moves_the_credit_and_a_reversal_moves_it_back(market: Marketplace) -> None:
    brand = Marketplace(market.client)

    def counts() -> tuple[float, float]:
        credit = brand.client.get(f"/v1/rights-holders/{brand.holder}/credit").json()
        return credit["held"], credit["failed"]

    assert counts() == (0, 0)
    complaint = brand.complaint()
    assert counts() == (0, 0), "what is not decided says nothing"
    brand.decide(complaint)
    assert counts() == (1, 0)
    brand.counter(complaint)
    assert counts() == (1, 0)
    brand.decide(complaint, "dismissed")
    assert counts() == (0, 2)
    brand.reverse(complaint)
    assert counts() == (1, 0)
    history = brand.client.get(f"/v1/rights-holders/{brand.holder}/credit").json()["history"]
    assert len(history) == 5, "two of the three pieces of evidence were withdrawn"
    assert history[-1]["mean"] == pytest.approx(5 / 6)


class Tomorrow(datetime):
    """A clock that is a day ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return datetime.now(tz) + timedelta(days=1)


def test_a_brand_sees_its_credit_as_the_week_began(market: Marketplace) -> None:
    brand = Marketplace(market.client)
    complaint = brand.complaint()
    brand.decide(complaint)
    brand.decide(brand.complaint(), "dismissed")

    def seen() -> tuple[float, float, int]:
        credit = credit_seen(brand)
        return credit["held"], credit["failed"], len(credit["history"])

    assert seen() == (0, 0, 0), "else it would tell which case was a blind test"
    with brand.client.service.database.write() as session:
        last_week = "UPDATE credit_events SET moment = now() - interval '7 days' WHERE subject = :id"
        session.execute(text(last_week), {"id": complaint})
    assert seen() == (1, 0, 1)
    (week,) = credit_seen(brand)["history"]
    began = datetime.fromisoformat(week["moment"])
    assert (began.weekday(), began.time()) == (0, time.min), "moments would tell what they followed"
    brand.reverse(complaint)
    assert seen() == (1, 0, 1), "it was withdrawn this week"


def test_a_brand_s_complaints_about_tests_count_as_any(market: Marketplace) -> None:
    brand = Marketplace(market.client)
    complaints = [brand.complaint(case) for case in (brand.case(), brand.slip(brand.case(), truth="fake"))]
    for complaint in complaints:
        brand.decide(complaint)
    with brand.client.service.database.write() as session:
        session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only"))
        last_week = text("UPDATE audit_log SET moment = moment - interval '7 days' WHERE subject = ANY(:ids)")
        session.execute(last_week, {"ids": complaints})
        session.execute(text("ALTER TABLE audit_log ENABLE TRIGGER audit_log_append_only"))
    assert (credit_seen(brand)["complaints"], credit_seen(brand)["upheld_share"]) == (2, 1.0)
    own = brand.client.get(f"/v1/rights-holders/{brand.holder}/credit").json()
    assert own["complaints"] == 1, "to trust & safety the other is a test"
    brand.reverse(complaints[0])
    assert (credit_seen(brand)["complaints"], credit_seen(brand)["overturned_share"]) == (2, 0.0), "so this week"


def credit_seen(brand: Marketplace) -> dict[str, Any]:
    """The credit as the brand's own key sees it."""
    found: dict[str, Any] = brand.client.get(
        f"/v1/rights-holders/{brand.holder}/credit", headers=brand.brand_key
    ).json()
    return found


def test_a_history_of_weeks_has_the_last_of_each() -> None:
    days = [datetime(2026, 11, day, 23, tzinfo=UTC) for day in (2, 8, 9, 25)]  # a Monday, Sunday, Monday, Wednesday
    stood = [credit_from(held=float(number), failed=0.0) for number in range(4)]
    weeks = weekly(list(zip(days, stood, strict=True)))
    assert [(moment.day, moment.month, one.held) for moment, one in weeks] == [(9, 11, 1), (16, 11, 2), (30, 11, 3)]


@pytest.mark.parametrize("cause", ["by hand", "forged", "by the rules"])
def test_a_brand_sees_its_tier_as_the_day_began(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    brand = Marketplace(market.client)
    url = f"/v1/rights-holders/{brand.holder}"

    def seen(header: dict[str, str] | None = None) -> str:
        return str(brand.client.get(f"{url}/credit", headers=header).json()["tier"])

    if cause == "forged":
        brand.document(state="forged")
    elif cause == "by hand":
        for tier in ("trusted", "suspended"):
            brand.client.put(f"{url}/tier", json={"tier": tier, "reason": "a test"})
    else:
        monkeypatch.setattr("serve.loop.good_faith.credit.SUSPENDED_BELOW", 1.0)
        brand.decide(brand.complaint(), "dismissed")
    assert (seen(), seen(brand.brand_key)) == ("suspended", "standard"), "a blind test may have tipped it"
    monkeypatch.setattr(reputation, "datetime", Tomorrow)
    assert seen(brand.brand_key) == "suspended"


def test_a_tier_is_of_the_last_three_months(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    trust_soon(monkeypatch)
    brand = Marketplace(market.client)
    old = brand.complaint()
    brand.decide(old, "dismissed")
    with brand.client.service.database.write() as session:
        long_ago = "UPDATE credit_events SET moment = now() - interval '93 days' WHERE subject = :id"
        session.execute(text(long_ago), {"id": old})
    for _ in range(2):
        brand.decide(brand.complaint())
    credit = brand.client.get(f"/v1/rights-holders/{brand.holder}/credit").json()
    assert (credit["tier"], credit["complaints"], credit["failed"]) == ("trusted", 2, 1)


def test_a_trusted_complaint_blocks_at_once_and_a_suspended_one_frees_nothing(market: Marketplace) -> None:
    brand = Marketplace(market.client)
    for tier, decision in (("trusted", "block"), ("standard", "review"), ("suspended", "review")):
        change = {"tier": tier, "reason": "a test"}
        assert brand.client.put(f"/v1/rights-holders/{brand.holder}/tier", json=change).json()["tier"] == tier
        case = brand.case()
        brand.complaint(case)
        assert brand.decision_on(case) == decision
        seller = brand.client.get(f"/v1/cases/{case}").json()["listing"]["seller"]
        notices = brand.client.get("/v1/notices", params={"seller": seller}).json()["items"]
        assert [notice["subject"] for notice in notices] == (["filed"] if tier == "trusted" else [])


def test_whoever_complains_of_one_seller_alone_is_not_trusted(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_soon(monkeypatch)
    brand = Marketplace(market.client)
    for _ in range(3):
        brand.decide(brand.complaint(brand.listing(seller=f"shill {brand.seed}")["case"]["id"]))
    assert tier_of(brand) == "standard"
    brand.decide(brand.complaint())
    assert tier_of(brand) == "trusted"


def test_what_trust_and_safety_lifted_no_good_answer_undoes(market: Marketplace) -> None:
    brand = Marketplace(market.client)
    for _ in range(2):
        brand.document(state="forged")
    assert tier_of(brand) == "suspended"
    brand.client.put(f"/v1/rights-holders/{brand.holder}/tier", json={"tier": "standard", "reason": "looked at again"})
    high = brand.client.get(f"/v1/rights-holders/{brand.holder}/credit").json()["credit"]["high"]
    brand.decide(brand.complaint())
    assert (high < SUSPENDED_BELOW, tier_of(brand)) == (True, "standard")
    for _ in range(2):
        brand.decide(brand.complaint(), "dismissed")
    assert tier_of(brand) == "suspended"


def test_complaints_filed_in_trust_block_no_more_once_it_is_lost(market: Marketplace) -> None:
    brand = Marketplace(market.client)
    brand.client.put(f"/v1/rights-holders/{brand.holder}/tier", json={"tier": "trusted", "reason": "a test"})
    listing = brand.listing()
    complaint = brand.complaint(listing["case"]["id"])
    decided = brand.listing()
    brand.decide(brand.complaint(decided["case"]["id"]))
    brand.document(state="forged")
    asyncio.run(LostTrust(brand.client.service.database).lower(brand.holder))
    assert [decision_of(brand, one) for one in (listing, decided)] == ["review", "block"], "only what is not decided"
    brand.decide(complaint)
    assert decision_of(brand, listing) == "block"


def test_whoever_was_told_of_a_complaint_is_told_that_it_was_dismissed(market: Marketplace) -> None:
    brand = Marketplace(market.client)
    brand.client.put(f"/v1/rights-holders/{brand.holder}/tier", json={"tier": "trusted", "reason": "a test"})
    listing = brand.listing()
    brand.decide(brand.complaint(listing["case"]["id"]), "dismissed")
    told = brand.client.get("/v1/notices", params={"seller": listing["listing"]["seller"]}).json()["items"]
    assert [one["subject"] for one in told] == ["filed", "dismissed"]


def trust_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have two complaints, against two sellers, make a rights holder trusted."""
    for name in ("ENTRY_COMPLAINTS", "ENTRY_SELLERS"):
        monkeypatch.setattr(f"serve.loop.good_faith.credit.{name}", 2)


def tier_of(brand: Marketplace) -> str:
    return str(brand.client.get(f"/v1/rights-holders/{brand.holder}/credit").json()["tier"])


def decision_of(brand: Marketplace, listing: dict[str, Any]) -> str:
    (found,) = brand.client.get("/v1/listings", params={"id": listing["listing"]["id"]}).json()["items"]
    return str(found["decision"])


def test_the_tier_follows_the_credit_by_itself(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    trust_soon(monkeypatch)
    brand = Marketplace(market.client)
    tiers = []
    for outcome in ("upheld", "upheld", "dismissed"):
        brand.decide(brand.complaint(), outcome)
        tiers.append(brand.client.get(f"/v1/rights-holders/{brand.holder}/credit").json()["tier"])
    assert tiers == ["standard", "trusted", "standard"]
