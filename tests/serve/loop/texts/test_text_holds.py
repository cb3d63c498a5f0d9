from __future__ import annotations

from typing import Any

import pytest
from marketplace import Marketplace, smeared
from mosaics import mosaic, png
from service_client import Client, Open
from sqlalchemy import select
from waiting import eventually

from serve.access.roles import Role
from serve.database.loop_tables import ListingRecord, TextSweep
from serve.loop.texts.text_sweep import TextSweeper


@pytest.fixture
def market(open_client: Open) -> Marketplace:
    """A marketplace on a database of the test's own, whose brand is Zorblat."""
    market = Marketplace(open_client())
    name(market, "Zorblat")
    return market


def name(market: Marketplace, *words: str) -> None:
    changed = market.client.patch(f"/v1/brands/{market.brand}", json={"words": list(words)})
    assert changed.status_code == 200, changed.text


def genuine(market: Marketplace, **listing: Any) -> dict[str, Any]:
    """What became of a listing whose picture shows nothing doubtful."""
    return market.listing(png(mosaic(market.seed)), **listing)


def holds(client: Client, **params: str) -> list[dict[str, Any]]:
    answer = client.get("/v1/text-holds", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def decision(market: Marketplace, listing: str) -> tuple[str, list[str]]:
    (found,) = market.client.get("/v1/listings", params={"id": listing}).json()["items"]
    return found["decision"], found["reasons"]


def set_rules(market: Marketplace, rules: dict[str, str]) -> None:
    policies = market.client.service.policies
    made = market.client.post("/v1/policies", json={"reason": "rules", "listing_rules": rules})
    assert made.status_code == 201, made.text
    eventually(lambda: policies.current.version >= made.json()["version"])


def sweep(market: Marketplace) -> None:
    TextSweeper(market.client.service.database)._sweep()


def swept(market: Marketplace) -> list[tuple[int, int]]:
    """Of each sweep: the listings that were read, and those whose hold changed."""
    with market.client.service.database.read() as session:
        return [(one.listings, one.changed) for one in session.scalars(select(TextSweep).order_by(TextSweep.id))]


def test_a_listing_that_compares_is_held_up_without_a_case_until_its_text_is_corrected(market: Marketplace) -> None:
    sent = genuine(market, id="L", title="Same style as Zorblat")
    reason = "the title compares the goods with a brand's: 'Same style as Zorblat'"
    assert (sent["decision"], sent["reasons"], sent["case"]) == ("review", [reason], None)
    assert [one["rule"] for one in sent["broken_rules"]] == ["comparison"]
    (held,) = holds(market.client, state="held")
    assert held == sent["text_hold"]
    assert (held["listing_id"], held["decision"], held["state"]) == ("L", "review", "held")
    seller = sent["listing"]["seller"]
    corrected = genuine(market, id="L", seller=seller, title="Zorblat cap")
    assert (corrected["decision"], corrected["text_hold"]) == ("allow", None)
    (ended,) = holds(market.client, seller=seller)
    assert (ended["id"], ended["state"], ended["ended"] is None) == (held["id"], "corrected", False)
    assert holds(market.client, state="held") == []


def test_a_scan_is_decided_by_the_text_too_and_is_replayed(market: Marketplace) -> None:
    listing = {"listing": '{"title": "Zorblat cap, first copy"}'}
    scan = market.client.post("/v1/scan", data=listing, files={"image": ("a.png", png(mosaic(market.seed)))}).json()
    assert scan["decision"] == "review"
    assert scan["broken_rules"] == [
        {"rule": "replica", "brand_ids": [market.brand], "where": "title", "text": "first copy"}
    ]
    assert [one["kind"] for one in scan["findings"]] == ["genuine"]
    assert holds(market.client) == [], "a scan keeps no listing"


def test_what_is_cleared_stays_cleared_until_the_text_is_another(market: Marketplace) -> None:
    listing = {"id": "L", "seller": "S", "title": "Same style as Zorblat"}
    held = genuine(market, **listing)["text_hold"]["id"]
    path = f"/v1/text-holds/{held}/clearance"
    cleared = market.client.post(path, json={"reason": "It is Zorblat's own"})
    assert (cleared.status_code, cleared.json()["state"], cleared.json()["reason"]) == (
        201, "cleared", "It is Zorblat's own"
    )  # fmt: skip
    assert decision(market, "L") == ("allow", [])
    assert market.client.post(path, json={"reason": "again"}).json()["state"] == "cleared"
    assert genuine(market, **listing)["decision"] == "allow"
    sweep(market)
    assert decision(market, "L") == ("allow", [])
    assert genuine(market, **(listing | {"title": " Same  style as Zorblat "}))["decision"] == "allow"
    assert genuine(market, **(listing | {"title": "Similar to Zorblat"}))["decision"] == "review"


def test_text_and_pictures_hold_a_listing_up_each_for_itself(market: Marketplace) -> None:
    sent = market.listing(id="L", seller="S", title="Zorblat replica")
    assert sent["decision"] == "review"
    assert len(sent["reasons"]) == 2
    market.judge(sent["case"]["id"], "not_infringing")
    assert decision(market, "L")[0] == "review", "the rights holder is not asked about the text"
    market.client.post(f"/v1/text-holds/{sent['text_hold']['id']}/clearance", json={"reason": "A fan's shirt"})
    assert decision(market, "L")[0] == "allow"


def test_the_stock_is_swept_once_the_rules_are_others(market: Marketplace) -> None:
    set_rules(market, {})
    for number, title in enumerate(["Zorblat cap", "Same style as Zorblat", "Zorblat replica"]):
        assert genuine(market, id=f"L{number}", title=title)["decision"] == "allow"
    sweep(market)
    set_rules(market, {"comparison": "review", "replica": "block"})
    eventually(lambda: swept(market)[1:] == [(3, 2)])
    assert [decision(market, f"L{number}")[0] for number in range(3)] == ["allow", "review", "block"]
    sweep(market)
    assert len(swept(market)) == 2, "nothing changed since"
    set_rules(market, {"comparison": "review"})
    eventually(lambda: swept(market)[2:] == [(3, 1)])
    assert [decision(market, f"L{number}")[0] for number in range(3)] == ["allow", "review", "allow"]
    assert sorted(one["state"] for one in holds(market.client)) == ["held", "lifted"]


def test_the_stock_is_swept_once_a_brand_goes_by_another_name(market: Marketplace) -> None:
    assert genuine(market, id="L", title="Same style as Quuxfix")["decision"] == "allow"
    name(market, "Quuxfix")
    eventually(lambda: decision(market, "L")[0] == "review")


def test_the_stock_is_swept_for_a_brand_that_is_new(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    text = {"title": "Same style as Quuxfix"}
    assert genuine(market, id="L", **text)["decision"] == "allow"
    market.client.brand("Quuxfix")
    assert genuine(market, id="M", **text)["decision"] == "review", "from then on, with no reference"
    eventually(lambda: decision(market, "L")[0] == "review")


def test_a_listing_that_is_sent_again_while_the_stock_is_swept_is_left(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_rules(market, {})
    genuine(market, id="L", seller="S", title="Same style as Zorblat")
    set_rules(market, {"comparison": "review"})
    eventually(lambda: decision(market, "L")[0] == "review")
    genuine(market, id="L", seller="S", title="Cap")
    sweeper = TextSweeper(market.client.service.database)
    with market.client.service.database.read() as session:
        read = session.scalars(select(ListingRecord)).one()
    genuine(market, id="L", seller="S", title="Similar to Zorblat")
    policy = market.client.service.policies.current
    assert not sweeper._follow(read, [], policy=policy)
    assert decision(market, "L")[0] == "review"


def test_a_fit_keeps_the_rules_and_other_thresholds_do_too(market: Marketplace) -> None:
    set_rules(market, {"stacked_names": "block"})
    thresholds = market.client.post("/v1/policies", json={"reason": "fewer", "review_at": 0.6}).json()
    fitted = market.client.post("/v1/policies/fit").json()
    assert thresholds["listing_rules"] == fitted["listing_rules"] == {"stacked_names": "block"}


def test_the_rules_are_made_known_to_everybody_with_what_follows(market: Marketplace) -> None:
    set_rules(market, {"replica": "block"})
    for role in Role:
        key = market.client.key(role, market.brand if role is Role.BRAND else None)
        told = market.client.get("/v1/listing-rules", headers=key).json()
        assert {one["rule"]: one["decision"] for one in told["rules"]} == {
            "comparison": "allow", "replica": "block", "stacked_names": "allow", "hidden_name": "allow",
        }  # fmt: skip
        assert all(one["words"]["en"] and one["words"]["zh-Hans"] and one["example"] for one in told["rules"])


def test_who_reads_the_holds_goes_on_where_the_last_page_ended(market: Marketplace) -> None:
    genuine(market, title="Same style as Zorblat")
    cursor = market.client.get("/v1/text-holds").json()["resume_cursor"]
    second = genuine(market, title="Similar to Zorblat")["text_hold"]["id"]
    assert [one["id"] for one in holds(market.client, cursor=cursor)] == [second]


def test_the_report_counts_what_became_of_texts(market: Marketplace) -> None:
    genuine(market, id="L", seller="S", title="Same style as Zorblat")
    genuine(market, id="L", seller="S", title="Cap")
    genuine(market, title="Zorblat replica")
    assert market.client.get("/v1/report").json()["texts"] == {
        "held_up": 2, "corrected": 1, "cleared": 0, "lifted": 0, "withdrawn": 0, "held": 1
    }  # fmt: skip


def test_a_hold_that_is_not_known_or_has_ended_cannot_be_cleared(market: Marketplace) -> None:
    unknown = market.client.post("/v1/text-holds/hold_none/clearance", json={"reason": "r"})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:hallmark:problem:not-found")
    held = genuine(market, id="L", seller="S", title="Same style as Zorblat")["text_hold"]["id"]
    genuine(market, id="L", seller="S", title="Cap")
    refused = market.client.post(f"/v1/text-holds/{held}/clearance", json={"reason": "r"})
    assert (refused.status_code, refused.json()["state"]) == (409, "corrected")


def test_what_is_cleared_of_one_brand_is_not_cleared_of_another(market: Marketplace) -> None:
    name(market, "Zorblat")
    text = "Same style as Zorblat, comparable to Quibnor"
    held = genuine(market, title=text, id="both", seller="one")
    path = f"/v1/text-holds/{held['text_hold']['id']}/clearance"
    assert market.client.post(path, json={"reason": "licensed by Zorblat"}).status_code == 201
    assert genuine(market, title=text, id="both", seller="one")["decision"] == "allow"
    name(Marketplace(market.client), "Quibnor")
    assert genuine(market, title=text, id="both", seller="one")["decision"] == "review"


def test_what_came_while_a_listing_was_held_up_is_looked_for_once_it_is_freed(market: Marketplace) -> None:
    market.let_smears_pass()
    held = market.listing(smeared(market.seed), title="Same style as Zorblat, qqvtag", id="freed", seller="one")
    assert held["reasons"] == ['the text compares itself with a brand ("Same style as Zorblat")'] or held["text_hold"]
    trait = market.trait(text="qqvtag")
    path = f"/v1/text-holds/{held['text_hold']['id']}/clearance"
    assert market.client.post(path, json={"reason": "a licence"}).status_code == 201
    eventually(lambda: decision(market, "freed")[0] == "review", seconds=60)
    assert trait in decision(market, "freed")[1][0]


@pytest.mark.parametrize(("kind", "held"), [("owner", False), ("agency", True)])
def test_the_brands_of_one_owner_are_not_stacked_and_those_of_an_agency_are(
    market: Marketplace, kind: str, held: bool
) -> None:
    set_rules(market, {"stacked_names": "review"})
    holder = market.client.post("/v1/rights-holders", json={"name": "Them", "kind": kind}).json()["id"]
    for brand in ("Quimbly", "Vexorin", "Trandulo"):
        made = market.client.post("/v1/brands", json={"name": brand, "rights_holder_id": holder})
        assert made.status_code == 201, made.text
    sent = genuine(market, id="L", title="Quimbly Vexorin Trandulo cap")
    assert (sent["decision"] == "review") == held
    assert [one["rule"] for one in sent["broken_rules"]] == ["stacked_names"] * held
