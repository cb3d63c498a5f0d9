from __future__ import annotations

import asyncio
from typing import Any

import pytest
from marketplace import Marketplace, disguised
from mosaics import mosaic, png
from service_client import Open
from waiting import eventually

from model.decode import decode
from serve.loop.known_fakes import KnownFakes
from serve.loop.stock import StockSearch


@pytest.fixture
def market(market: Marketplace) -> Marketplace:
    """A brand of the test's own, whose policy lets the smeared mark pass."""
    own = Marketplace(market.client)
    own.let_smears_pass()
    return own


def search(market: Marketplace, trait_id: str) -> None:
    service = market.client.service
    fakes = KnownFakes(service.database, service.objects, decode=decode, bundle=lambda: service.bundle)
    stock = StockSearch(
        service.database, service.objects, fakes=fakes, decode=decode, model=lambda: service.bundle.name
    )
    asyncio.run(stock.search(trait_id))


def cases(market: Marketplace) -> list[dict[str, Any]]:
    found = market.client.get("/v1/cases", params={"brand_id": market.brand}, headers=market.brand_key)
    items: list[dict[str, Any]] = found.json()["items"]
    return items


def test_a_stored_listing_that_shows_the_fake_is_asked_about_once(market: Marketplace) -> None:
    fake = disguised(market.seed)
    assert market.listing(fake, id=f"fake {market.seed}", seller="S")["decision"] == "allow"
    assert market.listing(png(mosaic(market.seed)))["decision"] == "allow"
    shown = market.trait(picture=fake)
    for _ in range(2):
        search(market, shown)
    (case,) = cases(market)
    assert (case["listing"]["id"], case["state"]) == (f"fake {market.seed}", "open")
    assert market.client.get(case["findings"][0]["evidence"], headers=market.brand_key).status_code == 200
    assert market.listing(fake, id=f"fake {market.seed}", seller="S")["decision"] == "review"


def test_words_are_found_in_what_sellers_say(market: Marketplace) -> None:
    genuine = png(mosaic(market.seed))
    market.listing(genuine, id=f"words {market.seed}", title="Cap", description="Mirror Grade, no box")
    market.listing(genuine, title="Cap")
    search(market, market.trait(text="mirror grade"))
    assert [case["listing"]["id"] for case in cases(market)] == [f"words {market.seed}"]
    search(market, market.trait(text="cap"))
    assert len(cases(market)) == 1, "short words are parts of others"


def test_what_was_taken_back_and_what_a_suspended_account_shows_searches_nothing(market: Marketplace) -> None:
    taken_back = market.trait(text="mirror grade")
    market.client.delete(f"/v1/brands/{market.brand}/traits/{taken_back}")
    market.listing(png(mosaic(market.seed)), title="mirror grade")
    search(market, taken_back)
    tier = {"tier": "suspended", "reason": "forged letter"}
    assert market.client.put(f"/v1/rights-holders/{market.holder}/tier", json=tier).status_code == 200
    search(market, market.trait(text="mirror grade"))
    assert cases(market) == []


def test_the_stock_is_searched_by_itself(open_client: Open) -> None:
    market = Marketplace(open_client())
    market.listing(png(mosaic(market.seed)), title="mirror grade")
    market.trait(text="mirror grade")
    eventually(lambda: cases(market) != [], seconds=30.0)
