from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest
from marketplace import Marketplace, smeared
from service_client import Open
from sqlalchemy import text
from typer.testing import CliRunner
from waiting import eventually

from serve import audit, command_line
from serve.loop.policy import policies, policy_fit
from serve.loop.policy.outcomes import Outcome, settled_outcomes


@pytest.fixture
def market(open_client: Open) -> Marketplace:
    """A marketplace on a database of the test's own."""
    return Marketplace(open_client())


def settled(market: Marketplace) -> list[bool]:
    """Whether each settled listing infringed."""
    with market.client.service.database.read() as session:
        found = settled_outcomes(session, model="plain")
        assert settled_outcomes(session, model="another") == []
    assert all(
        replace(one, strength=round(one.strength, 2)) == Outcome(market.brand, 0.9, one.infringes) for one in found
    )
    return [one.infringes for one in found]


def different(market: Marketplace, tile: int) -> str:
    """The case of a listing with a picture of its own."""
    return str(market.listing(smeared(market.seed, tile=tile))["case"]["id"])


def test_what_is_settled_is_an_outcome(market: Marketplace) -> None:
    upheld = market.complaint(different(market, 1))
    market.decide(upheld)
    assert settled(market) == [], "the seller may still answer"
    with market.client.service.database.write() as session:
        session.execute(text("UPDATE complaints SET window_ends = now()"))
    assert settled(market) == [True]
    market.decide(market.complaint(different(market, 2)), "dismissed")
    market.decide(market.complaint(different(market, 3)), "upheld")
    market.judge(different(market, 4), "unsure")
    assert settled(market) == [True, False]


def test_the_same_pictures_count_once_as_they_were_settled_last(market: Marketplace) -> None:
    market.decide(market.complaint(), "dismissed")
    assert settled(market) == [False]
    complaint = market.complaint()
    market.decide(complaint)
    with market.client.service.database.write() as session:
        session.execute(text("UPDATE complaints SET window_ends = now() WHERE id = :id"), {"id": complaint})
    assert settled(market) == [True]


def test_settled_last_is_not_listed_last(market: Marketplace) -> None:
    first, second = market.case(), market.case()
    market.judge(second, "not_infringing")
    market.end(second)
    assert settled(market) == [False]
    complaint = market.complaint(first)
    market.decide(complaint)
    with market.client.service.database.write() as session:
        session.execute(text("UPDATE complaints SET window_ends = now() WHERE id = :id"), {"id": complaint})
    assert settled(market) == [True]


def test_a_blind_test_is_settled_by_what_is_known(market: Marketplace) -> None:
    case = different(market, 1)
    assert market.client.post("/v1/blind-tests", json={"case_id": case, "truth": "genuine"}).status_code == 201
    market.judge(case, "infringing")
    assert settled(market) == [False]


def test_a_fit_is_a_version_that_scans_name_and_a_fit_of_the_same_is_none(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_fit, "MOST_BLOCKED", 0.99)  # a handful of outcomes cannot show 0.1 %
    assert market.client.scan(smeared(market.seed))["policy_version"] == 1
    market.decide(market.complaint(), "dismissed")
    fitted = market.client.post("/v1/policies/fit").json()
    assert (fitted["version"], fitted["in_force"], fitted["model"]) == (2, True, "plain")
    scanned = market.client.scan(smeared(market.seed))
    assert (scanned["policy_version"], scanned["decision"]) == (2, "block")
    assert market.client.post("/v1/policies/fit").json()["version"] == 2
    assert [one["version"] for one in market.client.get("/v1/policies").json()["items"]] == [1, 2]
    assert market.client.get("/v1/policies/1").json()["in_force"] is False
    assert market.client.get("/v1/policies", params={"limit": 1}).json()["items"][0]["reason"] == "as installed"
    assert market.client.get("/v1/policies/3").status_code == 404


def test_thresholds_by_hand_hold_for_their_brand(market: Marketplace) -> None:
    new = {"reason": "too many cases", "brands": {market.brand: {"review_at": 0.95}}}
    made = market.client.post("/v1/policies", json=new)
    assert made.status_code == 201, made.text
    assert made.json()["thresholds"][1]["review_at"] == 0.95
    assert market.listing()["decision"] == "allow"
    other = Marketplace(market.client)
    assert other.listing()["decision"] == "review"


def test_what_a_new_version_leaves_out_stays(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "MOST_BLOCKED", 1.0)
    post = market.client.post
    own = {"brands": {market.brand: {"review_at": 0.95}}}
    assert post("/v1/policies", json={"reason": "r", "review_at": 0.6, "block_at": 0.8}).status_code == 201
    everybody, brand = post("/v1/policies", json={"reason": "r", **own}).json()["thresholds"]
    assert (everybody["review_at"], everybody["block_at"], brand["review_at"]) == (0.6, 0.8, 0.95)
    refused = post("/v1/policies", json={"reason": "r", "review_at": 0.9})
    assert (refused.status_code, "block_at, which stays at 0.8" in refused.json()["detail"]) == (422, True)
    everybody, brand = post("/v1/policies", json={"reason": "r", "review_at": 0.9, "block_at": None}).json()[
        "thresholds"
    ]
    assert (everybody["review_at"], everybody["block_at"], brand["review_at"]) == (0.9, None, 0.95)


def test_an_earlier_version_is_put_back(market: Marketplace) -> None:
    post = market.client.post
    by_hand = {"reason": "r", "review_at": 0.655, "brands": {market.brand: {"review_at": 0.95}}, "listing_rules": {}}
    assert post("/v1/policies", json=by_hand).json()["version"] == 2
    assert post("/v1/policies", json={"reason": "r", "review_at": 0.5, "brands": {}}).json()["version"] == 3
    made = post("/v1/policies/2/restoration", json={"reason": "too many cases"})
    assert made.status_code == 201, made.text
    restored, earlier = made.json(), market.client.get("/v1/policies/2").json()
    assert (restored["version"], restored["in_force"], restored["reason"]) == (4, True, "too many cases")
    assert restored["thresholds"] == earlier["thresholds"]
    assert restored["listing_rules"] == earlier["listing_rules"] == {}
    assert market.client.service.policies.current.version == 4
    with market.client.service.database.read() as session:
        ((_, _, content),) = audit.steps_on(session, "policy 4", actions=["policy changed"])
    assert (content["reason"], content["restores"]) == ("too many cases", 2)
    assert post("/v1/policies/4/restoration", json={"reason": "r"}).json()["version"] == 4, "it changes nothing"


def test_what_cannot_be_put_back_is_refused(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    post, reason = market.client.post, {"reason": "r"}
    with monkeypatch.context() as lax:
        lax.setattr(policies, "MOST_BLOCKED", 1.0)
        assert post("/v1/policies", json={"reason": "r", "review_at": 0.6, "block_at": 0.9}).status_code == 201
    assert post("/v1/policies", json={"reason": "r", "block_at": None}).json()["version"] == 3
    blocks = post("/v1/policies/2/restoration", json=reason)
    assert (blocks.status_code, blocks.json()["type"]) == (422, "urn:hallmark:problem:bound-not-shown")
    assert post("/v1/policies/9/restoration", json=reason).status_code == 404
    assert post("/v1/policies/1/restoration", json={"reason": ""}).status_code == 422
    learnt = text("""UPDATE policies SET content = jsonb_set(content::jsonb, '{model}', '"other"') WHERE version = 2""")
    with market.client.service.database.write() as session:
        session.execute(learnt)
    other = post("/v1/policies/2/restoration", json=reason)
    assert (other.status_code, other.json()["type"]) == (409, "urn:hallmark:problem:other-model")
    assert market.client.get("/v1/policies").json()["items"][-1]["version"] == 3


@pytest.mark.parametrize(
    ("new", "status", "code"),
    [
        ({"block_at": 0.9}, 422, "bound-not-shown"),
        ({"brands": {"brand_0": {"review_at": 0.9}}}, 404, "not-found"),
        ({"review_at": 0.9, "block_at": 0.8}, 422, "invalid-request"),
    ],
)
def test_what_is_not_shown_or_known_is_refused(market: Marketplace, new: object, status: int, code: str) -> None:
    answer = market.client.post("/v1/policies", json={"reason": "r", **new})  # type: ignore[dict-item]
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:hallmark:problem:{code}")
    assert market.client.get("/v1/policies").json()["items"][-1]["version"] == 1


@pytest.mark.parametrize("brand", ["\0", "\ud800", "", " ", "a\nb", "a" * 65])
def test_a_brand_that_no_id_can_be_is_refused(market: Marketplace, brand: str) -> None:
    body, headers = json.dumps({"reason": "r", "brands": {brand: {}}}), {"Content-Type": "application/json"}
    answer = market.client.post("/v1/policies", content=body, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hallmark:problem:invalid-request"), answer.text


@pytest.mark.parametrize("version", ["2147483648", "9" * 30, "brand_0", "1_0"])
def test_a_cursor_that_no_version_can_be_is_refused(market: Marketplace, version: str) -> None:
    answer = market.client.get("/v1/policies", params={"cursor": urlsafe_b64encode(version.encode()).decode()})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hallmark:problem:invalid-cursor")


def test_every_process_follows_within_a_second(open_client: Open) -> None:
    one, other = open_client(), open_client()
    one.post("/v1/policies", json={"reason": "r", "review_at": 0.7})
    assert one.service.policies.current.version == 2, "where it was made, it holds at once"
    eventually(lambda: other.service.policies.current.version == 2, seconds=1.0)


def test_what_was_learnt_of_one_model_blocks_nothing_under_another(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "MOST_BLOCKED", 1.0)
    made = market.client.post("/v1/policies", json={"reason": "r", "review_at": 0.6, "block_at": 0.6})
    assert made.status_code == 201
    policy = market.client.service.policies.current
    assert policy.under("plain").block_at == 0.6
    assert (policy.under("other").block_at, policy.under("other").version) == (None, policy.version)


def test_the_command_fits_and_shows(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = market.client.service.settings
    assert settings.database_url is not None
    monkeypatch.setenv("HALLMARK_HOME", str(settings.home))
    monkeypatch.setenv("HALLMARK_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("HALLMARK_MODEL", "plain")
    market.decide(market.complaint(), "dismissed")
    for arguments in (["policy", "fit"], ["policy", "show"], ["policy", "show", "2"]):
        done = CliRunner().invoke(command_line.build(), arguments)
        assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "2"), done.output
        assert market.brand in done.stdout
    assert CliRunner().invoke(command_line.build(), ["policy", "show", "9"]).exit_code == 1


def test_what_the_scan_blocks_is_asked_about_and_stays_blocked_until_somebody_clears_it(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_fit, "MOST_BLOCKED", 0.99)
    market.decide(market.complaint(), "dismissed")
    market.client.post("/v1/policies/fit")

    def decision(tile: int) -> str:
        return str(market.listing(smeared(market.seed, tile=tile), id=f"blocked {tile}", seller="S")["decision"])

    def case(tile: int) -> str:
        return str(market.listing(smeared(market.seed, tile=tile), id=f"blocked {tile}", seller="S")["case"]["id"])

    assert decision(1) == "block"
    market.judge(case(1), "unsure")
    assert decision(1) == "block", "silence clears nobody"
    market.judge(case(2), "not_infringing")
    assert decision(2) == "allow"
    market.decide(market.complaint(case(3)), "upheld")
    assert decision(3) == "block"
    before = len(settled(market))
    market.decide(market.complaint(case(4)), "dismissed")
    assert decision(4) == "allow"
    assert len(settled(market)) == before + 1, "blocked listings teach the next policy too"
