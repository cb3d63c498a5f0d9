"""What a suspended rights holder clears is not cleared, and trust & safety may doubt what any clears."""

from __future__ import annotations

import json
from typing import Any

import pytest
from marketplace import Marketplace
from service_client import Client
from sqlalchemy import text

from serve.loop.doubts import list_without_complaint
from serve.loop.policy.outcomes import settled_outcomes


@pytest.fixture
def brand(client: Client) -> Marketplace:
    return Marketplace(client)


def set_tier(brand: Marketplace, tier: str) -> None:
    change = {"tier": tier, "reason": "a test"}
    assert brand.client.put(f"/v1/rights-holders/{brand.holder}/tier", json=change).status_code == 200


def cleared(brand: Marketplace, verdict: str = "not_infringing") -> str:
    """The id of a new case that the brand judged."""
    case = brand.case()
    assert brand.judge(case, verdict).status_code == 200
    return case


def doubted(brand: Marketplace, case: str) -> dict[str, Any]:
    answer = brand.doubt(case)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/complaints/{found['id']}"
    return found


def doubtful(brand: Marketplace) -> list[str]:
    found = brand.client.get("/v1/cases/doubtful", params={"limit": 500}).json()["items"]
    return [case["id"] for case in found if case["brand_id"] == brand.brand]


def labels(brand: Marketplace) -> list[tuple[str, float]]:
    """Origin and target of the brand's labels that count or will."""
    query = text("SELECT origin, target FROM labels WHERE brand_id = :id AND withdrawn IS NULL ORDER BY id")
    with brand.client.service.database.read() as session:
        return [(origin, target) for origin, target in session.execute(query, {"id": brand.brand})]


def counts(brand: Marketplace) -> tuple[float, float]:
    credit = brand.client.get(f"/v1/rights-holders/{brand.holder}/credit").json()
    return credit["held"], credit["failed"]


def test_what_a_suspended_one_clears_stays_in_review_and_ends_as_if_nobody_had_answered(brand: Marketplace) -> None:
    set_tier(brand, "suspended")
    case = cleared(brand)
    assert brand.decision_on(case) == "review"
    brand.end(case)
    ended = brand.client.get(f"/v1/cases/{case}").json()
    assert (ended["state"], brand.decision_on(case)) == ("closed", "allow")
    assert "while suspended" in ended["note"]
    assert labels(brand) == []
    with brand.client.service.database.read() as session:
        assert brand.brand not in {one.brand_id for one in settled_outcomes(session, model="plain")}


@pytest.mark.parametrize(("tier", "decision"), [("standard", "allow"), ("suspended", "review")])
def test_where_silence_keeps_a_listing_in_review_a_suspended_word_does(
    brand: Marketplace, tier: str, decision: str
) -> None:
    set_tier(brand, tier)
    case = cleared(brand)
    brand.end(case, fallback="review")
    assert brand.decision_on(case) == decision


@pytest.mark.parametrize(("tier", "decision"), [("standard", "allow"), ("suspended", "block")])
def test_a_block_by_the_scan_outlives_a_suspended_word(brand: Marketplace, tier: str, decision: str) -> None:
    set_tier(brand, tier)
    case = brand.case()
    with brand.client.service.database.write() as session:
        listing = (
            "UPDATE listings SET scanned = 'block' FROM cases AS c WHERE c.listing_id = listings.id AND c.id = :id"
        )
        session.execute(text(listing), {"id": case})
    brand.judge(case, "not_infringing")
    brand.end(case)
    with brand.client.service.database.read() as session:
        query = "SELECT l.decision FROM listings AS l JOIN cases AS c ON c.listing_id = l.id WHERE c.id = :id"
        assert session.scalar(text(query), {"id": case}) == decision


def test_trust_and_safety_find_what_those_cleared_or_left_who_are_suspended_now(brand: Marketplace) -> None:
    before, closed, left, unsure, asked = (brand.case() for _ in range(5))
    for case, verdict in ((before, "not_infringing"), (closed, "not_infringing"), (unsure, "unsure")):
        brand.judge(case, verdict)
    for case in (closed, left):
        brand.end(case)
    brand.decide(brand.complaint())
    brand.judge(brand.slip(before, truth="fake"), "not_infringing")
    assert doubtful(brand) == []
    set_tier(brand, "suspended")
    after = cleared(brand)
    assert doubtful(brand) == [before, closed, left, after]
    for case in (before, closed):
        doubted(brand, case)
    assert doubtful(brand) == [left, after]
    assert brand.client.get("/v1/cases/doubtful", headers=brand.brand_key).status_code == 403
    assert asked


def test_what_infringes_is_listed_while_it_is_offered_and_nobody_complained(brand: Marketplace) -> None:
    left, withdrawn, under_way, repeated = (brand.case() for _ in range(4))
    repeat = brand.slip(repeated, truth="fake")
    for case in (left, withdrawn, under_way, repeat):
        brand.judge(case)
    for case in (left, withdrawn, repeat):
        brand.end(case)
    listing = brand.client.get(f"/v1/cases/{withdrawn}").json()["listing"]["id"]
    brand.client.post("/v1/listings/withdrawals", json={"listing_ids": [listing]})

    def listed() -> list[str]:
        found = list_without_complaint(brand.client.service.database, limit=500, cursor=None).items
        return [case.id for case in found if case.brand_id == brand.brand]

    assert listed() == [left]
    assert left not in doubtful(brand), "its rights holder is not suspended"
    doubted(brand, left)
    assert listed() == []


@pytest.mark.parametrize("verdict", ["not_infringing", None])
def test_what_is_over_without_a_complaint_stays_as_it_ended_and_may_be_doubted(
    brand: Marketplace, verdict: str | None
) -> None:
    case = brand.case() if verdict is None else cleared(brand, verdict)
    brand.end(case)
    ended = brand.client.get(f"/v1/cases/{case}").json()
    assert brand.decision_on(case) == "allow"
    complaint = doubted(brand, case)["id"]
    assert brand.decision_on(case) == "review"
    assert brand.doubt(case).status_code == 409
    brand.decide(complaint)
    assert brand.decision_on(case) == "block"
    assert [origin for origin, _ in labels(brand)] == ["doubt"], "the label of its own word is withdrawn"
    assert counts(brand) == ((0, 0) if verdict is None else (0, 1))
    now = brand.client.get(f"/v1/cases/{case}").json()
    assert {**now, "complaint_id": None} == ended


def test_a_doubt_is_a_complaint_of_the_platforms_that_is_decided_as_any(brand: Marketplace) -> None:
    case = cleared(brand)
    assert brand.decision_on(case) == "allow"
    complaint = doubted(brand, case)
    assert (complaint["party"], complaint["state"]) == ("platform", "filed")
    assert complaint["statement"] == "the mark is painted over"
    assert brand.decision_on(case) == "review"
    retracted = brand.client.delete(f"/v1/cases/{case}/judgement", headers=brand.brand_key)
    assert (retracted.status_code, brand.doubt(case).status_code) == (409, 409)

    brand.decide(complaint["id"])
    assert brand.decision_on(case) == "block"
    ended = brand.client.get(f"/v1/cases/{case}").json()
    assert (ended["state"], ended["verdict"], ended["complaint_id"]) == ("closed", "not_infringing", complaint["id"])
    (notice,) = brand.client.get("/v1/notices", params={"seller": ended["listing"]["seller"]}).json()["items"]
    assert notice["subject"] == "upheld"
    assert brand.counter(complaint["id"]).status_code == 201
    brand.decide(complaint["id"], "dismissed")
    assert brand.decision_on(case) == "allow"


def test_what_comes_of_a_doubt_is_said_of_the_judgement_and_taught(brand: Marketplace) -> None:
    shielded = doubted(brand, cleared(brand))["id"]
    brand.decide(shielded)
    assert counts(brand) == (0, 1)
    assert [origin for origin, _ in labels(brand)] == ["doubt"]
    assert labels(brand)[0][1] > 0.9
    brand.reverse(shielded)
    assert counts(brand) == (1, 0)
    assert labels(brand)[0][1] < 0.1
    brand.decide(doubted(brand, cleared(brand))["id"], "dismissed")
    assert counts(brand) == (2, 0)
    credit = brand.client.get(f"/v1/rights-holders/{brand.holder}/credit").json()
    assert (credit["complaints"], credit["tier"]) == (0, "standard"), "it is no complaint of its own"


def test_who_was_unsure_was_not_wrong(brand: Marketplace) -> None:
    brand.decide(doubted(brand, cleared(brand, "unsure"))["id"])
    assert counts(brand) == (0, 0)
    ((origin, target),) = labels(brand)
    assert (origin, target) == ("doubt", 0.95)


def test_who_clears_agrees_with_a_dismissal_and_weighs_against_an_uphold(brand: Marketplace) -> None:
    for _ in range(30):
        brand.decide(brand.complaint())
    targets = {}
    for outcome in ("upheld", "dismissed"):
        brand.decide(doubted(brand, cleared(brand))["id"], outcome)
        targets[outcome] = next(target for origin, target in reversed(labels(brand)) if origin == "doubt")
    assert targets["upheld"] < 0.95
    assert targets["dismissed"] < 0.05


@pytest.mark.parametrize("verdict", [None, "infringing"])
def test_there_is_nothing_to_doubt_while_the_rights_holder_may_complain(
    brand: Marketplace, verdict: str | None
) -> None:
    case = brand.case()
    if verdict is not None:
        brand.judge(case, verdict)
    answer = brand.doubt(case)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:hallmark:problem:not-allowed-now")
    assert brand.client.get(f"/v1/cases/{case}").json()["complaint_id"] is None


def test_nobody_doubts_what_is_about_to_end_was_complained_of_or_nobody_sells(brand: Marketplace) -> None:
    late = cleared(brand)
    with brand.client.service.database.write() as session:
        session.execute(text("UPDATE cases SET expires = now() WHERE id = :id"), {"id": late})
    assert brand.doubt(late).json()["type"] == "urn:hallmark:problem:too-late"
    decided = brand.case()
    brand.decide(brand.complaint(decided), "dismissed")
    assert brand.doubt(decided).json()["state"] == "closed"
    test = brand.slip(brand.case())
    brand.judge(test, "not_infringing")
    assert "under a cover" in brand.doubt(test).json()["detail"]
    states = [brand.client.get(f"/v1/cases/{case}").json()["state"] for case in (late, decided, test)]
    assert states == ["not_infringing", "closed", "not_infringing"]


def test_the_reason_is_in_the_audit_log(brand: Marketplace) -> None:
    complaint = doubted(brand, cleared(brand))["id"]
    query = text("SELECT content FROM audit_log WHERE action = 'case doubted' AND subject = :id")
    with brand.client.service.database.read() as session:
        content = json.loads(session.scalars(query, {"id": complaint}).one())
    assert (content["verdict"], content["reason"]) == ("not_infringing", "the mark is painted over")
