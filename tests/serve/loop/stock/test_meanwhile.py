from __future__ import annotations

import pytest
from marketplace import Marketplace, disguised, during_the_scan
from mosaics import mosaic, png
from service_client import Client, Open
from sqlalchemy import text

from serve.loop.stock.meanwhile import SCAN_AGAIN


@pytest.fixture
def market(client: Client) -> Marketplace:
    return Marketplace(client)


def scanned_again(market: Marketplace, marketplace_id: str) -> bool:
    """Whether a job will scan the listing again; it is done."""
    with market.client.service.database.write() as session:
        session.execute(text("SET LOCAL search_path TO procrastinate"))
        waiting = session.scalars(
            text(
                "DELETE FROM procrastinate_jobs WHERE task_name = :task AND args->>'listing_id' = "
                "(SELECT id FROM public.listings WHERE marketplace_id = :id) RETURNING args->>'listing_id'"
            ),
            {"task": SCAN_AGAIN, "id": marketplace_id},
        ).all()
    for listing_id in waiting:
        assert market.client.service.listings.rescan(listing_id)
    return bool(waiting)


def decision(market: Marketplace, marketplace_id: str) -> str:
    (stored,) = market.client.get("/v1/listings", params={"id": marketplace_id}).json()["items"]
    return str(stored["decision"])


def test_a_trait_that_comes_during_a_scan_finds_the_listing(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = disguised(market.seed)
    during_the_scan(monkeypatch, lambda: market.trait(picture=fake, text="painted over"))
    assert market.listing(fake, id="in flight", title="Cap, painted over")["decision"] in ("allow", "review")
    assert scanned_again(market, "in flight")
    assert decision(market, "in flight") == "review"
    assert not scanned_again(market, "in flight"), "nothing came while it was scanned again"


def test_a_later_trait_has_a_later_name_whatever_the_clock_says(open_client: Open) -> None:
    """By their names a scan tells which traits it could see."""
    market, ahead = Marketplace(open_client()), "trait_7" + "z" * 24 + "0"
    first = market.trait(text="first")
    with market.client.service.database.write() as session:
        session.execute(text("UPDATE traits SET id = :ahead WHERE id = :id"), {"ahead": ahead, "id": first})
    assert market.trait(text="second") > ahead


def test_names_that_come_during_a_scan_break_the_rules_too(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/v1/brands/{market.brand}"
    during_the_scan(monkeypatch, lambda: market.client.patch(path, json={"words": ["Quxbar"]}))
    sent = market.listing(png(mosaic(market.seed)), id="named later", title="Same style as Quxbar")
    assert sent["decision"] == "allow"
    assert scanned_again(market, "named later")
    assert decision(market, "named later") == "review"


def test_a_brand_that_comes_during_a_scan_is_named_too(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    during_the_scan(monkeypatch, lambda: market.client.brand("Quxnew"))
    sent = market.listing(png(mosaic(market.seed)), id="before the brand", title="Same style as Quxnew")
    assert sent["decision"] == "allow"
    assert scanned_again(market, "before the brand")
    assert decision(market, "before the brand") == "review"


def test_an_upheld_complaint_against_the_seller_counts(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Marketplace(market.client)
    case = other.listing(seller="Mallory")["case"]["id"]
    complaint = other.complaint(case)
    during_the_scan(monkeypatch, lambda: other.decide(complaint))
    market.listing(id="of Mallory", seller="Mallory")
    assert scanned_again(market, "of Mallory")


def test_an_upheld_complaint_of_a_brand_that_is_found_counts_and_another_s_does_not(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Marketplace(market.client)
    for complained, again in ((market, True), (other, False)):
        complaint = complained.complaint()
        during_the_scan(monkeypatch, lambda on=complaint: market.decide(on))
        market.listing(id=f"while {complaint}")
        assert scanned_again(market, f"while {complaint}") == again


def test_a_listing_of_a_quiet_moment_is_scanned_once(market: Marketplace) -> None:
    market.listing(id="quiet")
    assert not scanned_again(market, "quiet")
