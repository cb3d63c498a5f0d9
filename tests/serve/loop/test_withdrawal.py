from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from marketplace import Marketplace, disguised, during_the_scan, smeared, stock_search
from mosaics import mosaic, png
from service_client import Client, Open
from sqlalchemy import delete, select, text
from waiting import eventually

from serve.database.loop_tables import ListingImage, ListingRecord, StockVectors
from serve.loop.stock.stock_vectors import lacks_vectors
from serve.loop.texts.text_sweep import TextSweeper
from serve.loop.withdrawal import MOST_AT_ONCE, forget_replaced, forget_withdrawn
from serve.stock_scan import rescan_stock


@pytest.fixture
def market(client: Client) -> Marketplace:
    return Marketplace(client)


def withdraw(market: Marketplace, *ids: str) -> dict[str, Any]:
    answer = market.client.post("/v1/listings/withdrawals", json={"listing_ids": ids})
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def stored(market: Marketplace, **params: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = market.client.get("/v1/listings", params=params).json()["items"]
    return found


def forget(market: Marketplace) -> int:
    """Forget what was withdrawn until now."""
    service = market.client.service
    return forget_withdrawn(service.database, service.objects, days=0)


def files_of(market: Marketplace, listing: str) -> list[str]:
    query = select(ListingImage.object_key).join(ListingRecord).where(ListingRecord.marketplace_id == listing)
    with market.client.service.database.read() as session:
        return list(session.scalars(query))


def search(market: Marketplace, trait_id: str) -> None:
    asyncio.run(stock_search(market).search(trait_id))


def test_each_listing_counts_by_itself(market: Marketplace) -> None:
    first, second = (market.listing(png(mosaic(market.seed)))["listing"]["id"] for _ in range(2))
    cover = market.client.get(f"/v1/cases/{market.slip(market.case())}").json()["listing"]["id"]
    for _ in range(2):
        assert withdraw(market, second, "nobody's/L 1", first, second, cover) == {
            "withdrawn": [second, first], "unknown": ["nobody's/L 1", cover],
        }  # fmt: skip
    (one,) = stored(market, id=first)
    assert one["withdrawn"] is not None
    assert stored(market, id=first, withdrawn="false") == []
    assert stored(market, id=first, withdrawn="true") == [one]


@pytest.mark.parametrize("body", [{}, {"listing_ids": []}, {"listing_ids": [""]}, {"listing_ids": ["a"], "why": "b"}])
def test_what_is_no_withdrawal_is_refused(market: Marketplace, body: dict[str, Any]) -> None:
    assert market.client.post("/v1/listings/withdrawals", json=body).status_code == 422


def test_more_at_once_than_are_taken_are_refused(market: Marketplace) -> None:
    body = {"listing_ids": [f"many {number}" for number in range(MOST_AT_ONCE + 1)]}
    assert market.client.post("/v1/listings/withdrawals", json=body).status_code == 422


def test_no_search_of_the_stock_finds_it_until_it_is_sent_again(market: Marketplace) -> None:
    market.let_smears_pass()
    fake, listing = disguised(market.seed), {"id": f"sold {market.seed}", "seller": f"sells {market.seed}"}
    assert market.listing(fake, **listing)["decision"] == "allow"
    withdraw(market, listing["id"])
    service = market.client.service
    with service.database.read() as session:
        of_it = select(StockVectors).join(ListingImage).join(ListingRecord)
        assert session.scalars(of_it.where(ListingRecord.marketplace_id == listing["id"])).all() == []
        eventually(lambda: not lacks_vectors(session, model=service.bundle.name))
    before = stored(market, id=listing["id"])
    search(market, market.trait(picture=fake))
    rescan_stock(service, seller=listing["seller"], before=datetime.now(UTC))
    assert stored(market, id=listing["id"]) == before
    again = market.listing(fake, **listing)
    assert (again["decision"], again["listing"]["revision"]) == ("review", 1)
    assert stored(market, id=listing["id"])[0]["withdrawn"] is None


def test_its_case_goes_on_and_counts_against_the_seller(market: Marketplace) -> None:
    sent = market.listing(seller=f"gone {market.seed}")
    path = f"/v1/cases/{sent['case']['id']}"
    assert market.client.get(path, headers=market.brand_key).json()["withdrawn"] is None
    withdraw(market, sent["listing"]["id"])
    assert market.client.get(path, headers=market.brand_key).json()["withdrawn"] is not None, "while it goes on"
    assert market.decide(market.complaint(sent["case"]["id"])).status_code == 200
    assert market.client.get(path, headers=market.brand_key).json()["withdrawn"] is None
    assert market.client.get(f"/v1/sellers/{sent['listing']['seller']}").json()["standing"] == "infringer"
    forget(market)
    assert market.client.get(f"{path}/pictures/0.png", headers=market.brand_key).status_code == 200


def test_what_held_its_text_up_ends(open_client: Open) -> None:
    market = Marketplace(open_client())
    market.client.patch(f"/v1/brands/{market.brand}", json={"words": ["Zorblat"]})
    listing = {"id": "L", "seller": "S", "title": "Same style as Zorblat"}
    picture = png(mosaic(market.seed))
    assert market.listing(picture, **listing)["decision"] == "review"
    withdraw(market, "L")
    TextSweeper(market.client.service.database)._sweep()
    assert [one["state"] for one in market.client.get("/v1/text-holds").json()["items"]] == ["withdrawn"]
    assert market.client.get("/v1/report").json()["texts"]["withdrawn"] == 1
    assert market.listing(picture, **listing)["text_hold"]["state"] == "held"


def test_a_send_that_arrived_before_does_not_bring_it_back(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = {"id": f"overtaken {market.seed}", "seller": "S"}
    market.listing(png(mosaic(market.seed)), **listing)
    during_the_scan(monkeypatch, lambda: withdraw(market, listing["id"]))
    answer = market.send(png(mosaic(market.seed)), **listing)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:hallmark:problem:listing-overtaken")
    assert stored(market, id=listing["id"])[0]["withdrawn"] is not None
    with market.client.service.database.read() as session:
        ours = session.scalars(select(ListingRecord.id).where(ListingRecord.marketplace_id == listing["id"])).one()
    assert not market.client.service.listings.rescan(ours), "it is not scanned again either"


def test_a_send_that_arrived_later_is_not_withdrawn(market: Marketplace) -> None:
    name = f"later {market.seed}"
    market.listing(png(mosaic(market.seed)), id=name, seller="S")
    later = text("UPDATE listings SET arrived = now() + interval '1 minute' WHERE marketplace_id = :id")
    with market.client.service.database.write() as session:
        session.execute(later, {"id": name})
    withdraw(market, name)
    assert stored(market, id=name)[0]["withdrawn"] is None


def test_what_nothing_rests_on_is_forgotten_with_its_files(open_client: Open) -> None:
    market = Marketplace(open_client())
    service, plain = market.client.service, png(mosaic(market.seed))
    for name in ("gone", "kept", "offered"):
        market.listing(plain, id=name, seller="S")
    market.client.patch(f"/v1/brands/{market.brand}", json={"words": ["Zorblat"]})
    market.listing(plain, id="gone", seller="S", title="Same style as Zorblat")
    suggestion = market.suggestion()
    with service.database.read() as session:
        (shown,) = session.execute(text("SELECT pictures FROM suggestions")).one()
    keys = {name: files_of(market, name) for name in ("gone", "kept", shown[0]["listing_id"])}
    withdraw(market, *keys)
    assert forget_withdrawn(service.database, service.objects, days=1) == 0, "not yet"
    with service.database.write() as session:
        session.execute(text("UPDATE listings SET withdrawn = NULL WHERE marketplace_id = 'kept'"))
    assert forget(market) == 1
    assert [one["id"] for one in stored(market)] == ["kept", "offered", shown[0]["listing_id"]]
    left = service.objects.keys("listings/")
    assert [key in left for name in keys for key in keys[name]] == [False, True, True]
    answered = market.client.post(f"/v1/brands/{market.brand}/suggestions/{suggestion}/answer", json={"answer": "fake"})
    assert answered.status_code == 200, answered.text
    assert market.listing(plain, id="gone", seller="T")["listing"]["revision"] == 1, "another seller may have the id"


def test_pictures_that_a_listing_shows_no_more_go_unless_something_rests_on_them(open_client: Open) -> None:
    market = Marketplace(open_client())
    service, listing = market.client.service, {"id": "changing", "seller": "S"}
    case = market.listing(smeared(market.seed), **listing)["case"]["id"]
    market.complaint(case)
    for number in range(3):
        market.listing(png(mosaic(market.seed + 500 + number)), **listing)
    keys = files_of(market, "changing")
    assert forget_replaced(service.database, service.objects, days=1) == 0, "not yet"
    assert forget_replaced(service.database, service.objects, days=0) == 2
    left = service.objects.keys("listings/")
    assert [key in left for key in sorted(keys)] == [True, False, False, True], "a case shows one, and the listing one"
    assert files_of(market, "changing") == [key for key in keys if key in left]
    assert market.client.get(f"/v1/cases/{case}/pictures/0.png").status_code == 200


def test_who_sends_one_that_is_being_forgotten_sends_a_new_one(market: Marketplace) -> None:
    name, plain = f"late {market.seed}", png(mosaic(market.seed))
    market.listing(plain, id=name, seller="S")
    with ThreadPoolExecutor(1) as threads:
        with market.client.service.database.write() as session:
            found = ListingRecord.marketplace_id == name
            session.scalars(select(ListingRecord).where(found).with_for_update()).one()
            sending = threads.submit(market.send, plain, id=name, seller="S")
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            eventually(lambda: session.execute(waits).scalar_one() > 0)
            session.execute(delete(ListingRecord).where(found))
        answer = sending.result(timeout=30)
    assert (answer.status_code, answer.json()["listing"]["revision"]) == (201, 1)
