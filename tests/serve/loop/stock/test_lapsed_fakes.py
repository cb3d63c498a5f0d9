"""What a known fake held up is asked about no more once it counts no more."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from marketplace import Marketplace, disguised, smeared, stock_search
from mosaics import mosaic, png
from sqlalchemy import select
from waiting import eventually

from serve.database.loop_tables import ListingRecord
from serve.loop.listings import ListingDesk, Looked
from serve.loop.standing import lock_listing, settle
from serve.loop.stock.stock_search import StockSearch


def look_again(market: Marketplace) -> None:
    """As the service's own job does, which may have been here before."""
    asyncio.run(stock_search(market).look_again(market.holder))


def take_back(market: Marketplace, trait: str) -> None:
    assert market.client.delete(f"/v1/brands/{market.brand}/traits/{trait}").status_code == 204


def case_of(market: Marketplace, listing: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = market.client.get(f"/v1/cases/{listing['case']['id']}").json()
    return found


def now_of(market: Marketplace, listing: dict[str, Any]) -> dict[str, Any]:
    (found,) = market.client.get("/v1/listings", params={"id": listing["listing"]["id"]}).json()["items"]
    return dict(found)


def hold_smears_up(market: Marketplace) -> None:
    policy = {"reason": "as before", "brands": {market.brand: {"review_at": 0.1}}}
    made = market.client.post("/v1/policies", json=policy).json()
    policies = market.client.service.policies
    eventually(lambda: policies.current.version >= made["version"])


def test_a_trait_that_is_taken_back_holds_nothing_up_any_more(market: Marketplace) -> None:
    market.set_webhook("http://127.0.0.1:9")
    fake = disguised(market.seed)
    trait = market.trait(picture=fake)
    held = market.listing(fake)
    assert (held["decision"], held["case"]["known_fake"]) == ("review", trait)
    jury = market.jury(held["case"]["id"])
    take_back(market, trait)
    look_again(market)
    assert now_of(market, held)["decision"] == "allow"
    assert market.client.get(f"/v1/juries/{jury}").json()["ended"] is not None, "it is called off"
    dropped = case_of(market, held)
    assert (dropped["state"], dropped["verdict"], dropped["known_fake"]) == ("dropped", None, trait)
    assert "counts no more" in dropped["note"]
    assert market.judge(dropped["id"]).status_code == 409
    assert [one["type"] for one in market.deliveries()] == ["case.opened", "case.dropped"]
    (change,) = [
        one for one in market.client.get("/v1/listings/decisions", params={"limit": 200}).json()["items"]
        if one["listing_id"] == held["listing"]["id"] and one["decision"] == "allow"
    ]  # fmt: skip
    assert change["before"] == "review"


def test_it_is_asked_anew_when_the_fake_is_shown_again(market: Marketplace) -> None:
    fake = disguised(market.seed)
    trait = market.trait(picture=fake)
    held = market.listing(fake)
    take_back(market, trait)
    look_again(market)
    again = market.trait(picture=fake)
    asyncio.run(stock_search(market).search(again))
    listing = now_of(market, held)
    assert listing["decision"] == "review"
    assert len(listing["case_ids"]) == 2
    asked = market.client.get(f"/v1/cases/{listing['case_ids'][-1]}").json()
    assert (asked["state"], asked["known_fake"]) == ("open", again)


def test_what_the_scan_itself_holds_up_is_asked_still(market: Marketplace) -> None:
    trait = market.trait(text="third stripe missing")
    held = market.listing(smeared(market.seed), title="Cap, third stripe missing")
    assert held["case"]["known_fake"] == trait
    hold_smears_up(market)
    take_back(market, trait)
    look_again(market)
    case = case_of(market, held)
    assert (case["state"], case["known_fake"]) == ("open", None)
    assert now_of(market, held)["decision"] == "review"


def test_another_fake_that_it_shows_takes_the_place(market: Marketplace) -> None:
    fake = disguised(market.seed)
    first, second = market.trait(picture=fake), market.trait(picture=fake)
    held = market.listing(fake)
    assert held["case"]["known_fake"] == second, "the newest"
    take_back(market, second)
    look_again(market)
    case = case_of(market, held)
    assert (case["state"], case["known_fake"]) == ("open", first)


def test_a_fake_that_counts_is_asked_about_whatever_the_seller_writes_then(market: Marketplace) -> None:
    market.trait(text="third stripe missing")
    held = market.listing(title="Cap, third stripe missing")
    assert held["decision"] == "review"
    assert market.listing(id=held["listing"]["id"], seller=held["listing"]["seller"])["decision"] == "review"
    look_again(market)
    assert case_of(market, held)["state"] == "open"


def test_what_was_judged_stands(market: Marketplace) -> None:
    fake = disguised(market.seed)
    trait = market.trait(picture=fake)
    innocent, accused, unsure = (market.listing(fake) for _ in range(3))
    for listing, verdict in ((innocent, "not_infringing"), (accused, "infringing"), (unsure, "unsure")):
        assert market.judge(listing["case"]["id"], verdict).status_code == 200
    take_back(market, trait)
    look_again(market)
    states = [case_of(market, one)["state"] for one in (innocent, accused, unsure)]
    assert states == ["not_infringing", "infringing", "dropped"]


def test_a_suspended_account_s_traits_hold_nothing_up_until_it_is_believed_again(market: Marketplace) -> None:
    fake = disguised(market.seed)
    market.trait(picture=fake)
    held = market.listing(fake)
    market.suspend()
    look_again(market)
    assert now_of(market, held)["decision"] == "allow"
    assert case_of(market, held)["state"] == "dropped"
    tier = {"tier": "standard", "reason": "the letter is genuine after all"}
    assert market.client.put(f"/v1/rights-holders/{market.holder}/tier", json=tier).status_code == 200
    eventually(lambda: now_of(market, held)["decision"] == "review", seconds=60)


def test_a_complaint_that_is_overturned_holds_nothing_else_up(market: Marketplace) -> None:
    fake = disguised(market.seed)
    trait = market.trait(picture=fake)
    complaint = market.complaint(market.listing(fake)["case"]["id"])
    take_back(market, trait)
    market.decide(complaint)
    other = market.listing(fake)
    assert (other["decision"], other["case"]["known_fake"]) == ("review", complaint)
    assert market.reverse(complaint).status_code == 200
    look_again(market)
    assert now_of(market, other)["decision"] == "allow"


def test_a_blind_test_that_repeats_such_a_case_is_dropped_with_it(market: Marketplace) -> None:
    fake = disguised(market.seed)
    trait = market.trait(picture=fake)
    held = market.listing(fake)
    cover = market.slip(held["case"]["id"])
    assert market.client.get(f"/v1/cases/{cover}").json()["known_fake"] == trait
    take_back(market, trait)
    look_again(market)
    assert market.client.get(f"/v1/cases/{cover}").json()["state"] == "dropped"


def test_a_blind_test_goes_on_where_what_it_repeats_does(market: Marketplace) -> None:
    trait = market.trait(text="third stripe missing")
    held = market.listing(smeared(market.seed), title="Cap, third stripe missing")
    hold_smears_up(market)
    cover = market.slip(held["case"]["id"])
    take_back(market, trait)
    look_again(market)
    shown = [case_of(market, held), market.client.get(f"/v1/cases/{cover}").json()]
    assert [(one["state"], one["known_fake"]) for one in shown] == [("open", None)] * 2


def test_a_blind_test_names_the_fake_that_is_known_now(market: Marketplace) -> None:
    fake = disguised(market.seed)
    trait = market.trait(picture=fake)
    held = market.listing(fake)
    market.judge(held["case"]["id"])
    take_back(market, trait)
    look_again(market)
    without = market.client.get(f"/v1/cases/{market.slip(held['case']['id'])}").json()
    assert without["known_fake"] is None
    again = market.trait(text="third stripe missing")
    told = {"id": f"C-told {market.seed}", "seller": "cover", "title": "Cap, third stripe missing"}
    named = market.slip(held["case"]["id"], cover=told)
    assert market.client.get(f"/v1/cases/{named}").json()["known_fake"] == again


@pytest.mark.parametrize("by_search", [False, True])
def test_a_trait_that_is_taken_back_while_it_is_looked_for_holds_nothing_up(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch, by_search: bool
) -> None:
    def mistaken(trait: str) -> None:
        take_back(market, trait)
        look_again(market)

    words = "Cap, third stripe missing"
    if by_search:
        held = market.listing(title=words)
        trait, left = market.trait(text="third stripe missing"), [mistaken]
        search_one = StockSearch._open

        def slow(self: StockSearch, *arguments: Any, **named: Any) -> None:
            if left:
                left.pop()(trait)
            search_one(self, *arguments, **named)

        monkeypatch.setattr(StockSearch, "_open", slow)
        asyncio.run(stock_search(market).search(trait))
    else:
        trait = market.trait(text="third stripe missing")
        looked, still = ListingDesk._look, [mistaken]

        def seen(self: ListingDesk, *arguments: Any, **named: Any) -> Looked:
            found = looked(self, *arguments, **named)
            if still:
                still.pop()(trait)
            return found

        monkeypatch.setattr(ListingDesk, "_look", seen)
        held = market.listing(title=words)
        assert held["decision"] == "review", "the scan knew no better"
    eventually(lambda: now_of(market, held)["decision"] == "allow", seconds=60)


def test_what_was_dropped_does_not_keep_a_block(market: Marketplace) -> None:
    fake = disguised(market.seed)
    trait = market.trait(picture=fake)
    held = market.listing(fake)
    take_back(market, trait)
    look_again(market)
    market.trait(picture=fake)
    asked = market.listing(fake, id=held["listing"]["id"], seller=held["listing"]["seller"])["case"]["id"]
    with market.client.service.database.write() as session:
        of_it = select(ListingRecord.id).where(ListingRecord.marketplace_id == held["listing"]["id"])
        listing = lock_listing(session, session.scalars(of_it).one())
        listing.scanned = "block"
        settle(session, listing)
    assert now_of(market, held)["decision"] == "block"
    assert market.judge(asked, "not_infringing").status_code == 200
    assert now_of(market, held)["decision"] == "allow"


def asked(held: dict[str, Any], fake: str = "") -> list[str]:
    """The reasons of a listing that is held up until its case is answered."""
    known = f"it shows a known fake ({fake}): " if fake else ""
    return [f"{known}the rights holder is asked ({held['case']['id']})"]


def test_a_reason_names_no_fake_whose_picture_was_taken_out(market: Marketplace) -> None:
    fake, genuine = disguised(market.seed), png(mosaic(market.seed))
    trait = market.trait(picture=fake)
    held = market.listing(fake, genuine)
    assert held["reasons"] == asked(held, trait)
    same = {"id": held["listing"]["id"], "seller": held["listing"]["seller"]}
    assert market.listing(genuine, fake, **same)["reasons"] == asked(held, trait), "in another order"
    without = market.listing(genuine, **same)
    assert (without["decision"], without["reasons"]) == ("review", asked(held))


def test_a_reason_names_no_fake_whose_words_were_taken_out(market: Marketplace) -> None:
    trait = market.trait(text="third stripe missing")
    held = market.listing(title="Cap, third stripe missing")
    assert held["reasons"] == asked(held, trait)
    same = {"id": held["listing"]["id"], "seller": held["listing"]["seller"]}
    assert market.listing(title="Cap", **same)["reasons"] == asked(held)


def test_a_reason_names_no_fake_that_counts_no_more(market: Marketplace) -> None:
    fake = disguised(market.seed)
    trait = market.trait(picture=fake)
    accused, withdrawn = market.listing(fake), market.listing(fake)
    assert market.judge(accused["case"]["id"]).status_code == 200
    gone = {"listing_ids": [withdrawn["listing"]["id"]]}
    assert market.client.post("/v1/listings/withdrawals", json=gone).status_code == 200
    assert now_of(market, accused)["reasons"] == asked(accused, trait)
    take_back(market, trait)
    look_again(market)
    for listing in (accused, withdrawn):
        assert (now_of(market, listing)["decision"], now_of(market, listing)["reasons"]) == ("review", asked(listing))
