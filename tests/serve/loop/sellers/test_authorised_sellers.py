"""Whom a brand authorised may use its photos, and fakes nothing by that."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from marketplace import Marketplace, during_the_scan, photographed, smear_bundle, smeared, stock_search
from mosaics import jpeg, mosaic, png
from service_client import Client
from sqlalchemy import text
from waiting import eventually

from serve.access.roles import Role
from serve.loop.endings import PERMITTED
from serve.scanning.replay import replay

DEALER = "the brand's dealer"


class Shop(Marketplace):
    """A marketplace whose brand uploaded a product photo too."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        photo = photographed(png(mosaic(self.seed + 40_000)), seed=self.seed)
        self.copy = jpeg(photo)
        client.reference(self.brand, png(photo), kind="product")

    def at(self, seller: str = DEALER) -> str:
        return f"/v1/brands/{self.brand}/authorised-sellers/{seller}"

    def authorise(self, seller: str = DEALER, **said: Any) -> dict[str, Any]:
        answer = self.client.put(self.at(seller), json=said, headers=self.brand_key)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def take_back(self, seller: str = DEALER) -> None:
        assert self.client.delete(self.at(seller), headers=self.brand_key).status_code == 204

    def says(self) -> str:
        """The reason that the authorisation gives."""
        name = self.client.get(f"/v1/brands/{self.brand}").json()["name"]
        return f"{name} authorised the seller to use its photos"

    def follow(self, seller: str = DEALER) -> None:
        """As the service's own job does, which may have been here before."""
        asyncio.run(stock_search(self).follow_authorisation(self.brand, seller))

    def now_of(self, sent: dict[str, Any]) -> dict[str, Any]:
        (found,) = self.client.get("/v1/listings", params={"id": sent["listing"]["id"]}).json()["items"]
        return dict(found)

    def case_of(self, sent: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/v1/cases/{sent['case']['id']}").json()
        return found


@pytest.fixture
def shop(client: Client) -> Shop:
    return Shop(client)


def kinds(answer: dict[str, Any]) -> dict[str, bool]:
    """Whether the seller is authorised, by the kinds of the findings."""
    return {one["kind"]: one["authorised"] for one in answer["findings"]}


def test_a_dealer_s_copied_photo_is_found_and_holds_nothing_up(shop: Shop) -> None:
    shop.authorise(note="our shop in Lyon")
    dealer, anybody = shop.listing(shop.copy, seller=DEALER), shop.listing(shop.copy, seller="anybody")
    assert (kinds(dealer), kinds(anybody)) == ({"copied_photo": True}, {"copied_photo": False})
    assert (dealer["decision"], dealer["reasons"], dealer["case"]) == ("allow", [shop.says()], None)
    assert (anybody["decision"], anybody["case"]["brand_id"]) == ("review", shop.brand)
    assert "authorised" not in anybody["case"]["findings"][0]


def test_a_scan_that_keeps_no_listing_knows_it_at_once(shop: Shop) -> None:
    def scanned() -> dict[str, Any]:
        said = {"listing": json.dumps({"seller": DEALER})}
        answer = shop.client.post("/v1/scan", data=said, files={"image": ("a.jpg", shop.copy)}).json()
        return dict(answer)

    assert scanned()["decision"] == "review"
    shop.authorise()
    permitted = scanned()
    assert (permitted["decision"], permitted["reasons"]) == ("allow", [shop.says()])
    assert kinds(permitted) == {"copied_photo": True}
    shop.take_back()
    assert scanned()["decision"] == "review"


def test_a_fake_beside_it_is_held_up_as_of_anybody(shop: Shop) -> None:
    shop.authorise()
    sent = shop.listing(shop.copy, smeared(shop.seed), seller=DEALER)
    assert kinds(sent) == {"smear": False, "copied_photo": True}
    assert sent["decision"] == "review"
    assert [one["kind"] for one in sent["case"]["findings"]] == ["smear"]


def test_another_brand_s_photos_are_asked_about(shop: Shop) -> None:
    other = Shop(shop.client)
    shop.authorise()
    sent = shop.listing(other.copy, shop.copy, seller=DEALER)
    assert (sent["case"]["brand_id"], len(sent["case_ids"])) == (other.brand, 1)


def test_what_its_text_breaks_holds_a_dealer_s_listing_up(shop: Shop) -> None:
    shop.authorise()
    shop.client.brand("Zorblat")
    sent = shop.listing(shop.copy, seller=DEALER, title="Same style as Zorblat")
    assert (sent["decision"], sent["case"]) == ("review", None)
    assert [one["rule"] for one in sent["broken_rules"]] == ["comparison"]


def test_a_dealer_that_infringed_before_is_not_watched_for_photos_that_it_may_use(shop: Shop) -> None:
    for tile in (0, 1):
        shop.decide(shop.complaint(shop.listing(smeared(shop.seed, tile=tile), seller="a bad dealer")["case"]["id"]))
    shop.authorise("a bad dealer")
    sent = shop.listing(shop.copy, seller="a bad dealer")
    assert (sent["decision"], sent["case_ids"]) == ("allow", [])


def test_a_case_of_a_copied_photo_alone_is_dropped_and_the_listing_decided_anew(shop: Shop) -> None:
    asked, smear = shop.listing(shop.copy, seller=DEALER), shop.listing(seller=DEALER)
    both, anybody = shop.listing(shop.copy, smeared(shop.seed), seller=DEALER), shop.listing(shop.copy)
    shop.authorise()
    shop.follow()
    assert (shop.now_of(asked)["decision"], shop.now_of(asked)["reasons"]) == ("allow", [shop.says()])
    assert (shop.case_of(asked)["state"], shop.case_of(asked)["note"]) == ("dropped", PERMITTED)
    for other in (smear, both, anybody):
        assert (shop.now_of(other)["decision"], shop.case_of(other)["state"]) == ("review", "open")


def test_what_was_judged_stands(shop: Shop) -> None:
    accused, unsure = shop.listing(shop.copy, seller=DEALER), shop.listing(shop.copy, seller=DEALER)
    assert shop.judge(accused["case"]["id"]).status_code == 200
    assert shop.judge(unsure["case"]["id"], "unsure").status_code == 200
    shop.authorise()
    shop.follow()
    assert [shop.case_of(one)["state"] for one in (accused, unsure)] == ["infringing", "dropped"]
    assert shop.now_of(accused)["decision"] == "review"


def test_what_cannot_be_scanned_again_is_dropped_too(shop: Shop) -> None:
    gone, moved = shop.listing(shop.copy, seller=DEALER), shop.listing(shop.copy, seller=DEALER)
    shop.client.post("/v1/listings/withdrawals", json={"listing_ids": [gone["listing"]["id"]]})
    shop.listing(png(mosaic(shop.seed)), id=moved["listing"]["id"], seller=DEALER)
    assert [shop.case_of(one)["state"] for one in (gone, moved)] == ["open", "open"]
    shop.authorise()
    shop.follow()
    assert [shop.case_of(one)["state"] for one in (gone, moved)] == ["dropped", "dropped"]


@pytest.mark.parametrize("ends", ["taken back", "over", "suspended"])
def test_once_it_ends_what_it_freed_is_asked_about(shop: Shop, ends: str) -> None:
    shop.authorise(until="2099-12-31")
    freed = shop.listing(shop.copy, seller=DEALER)
    assert freed["decision"] == "allow"
    if ends == "taken back":
        shop.take_back()
    elif ends == "suspended":
        shop.suspend()
    else:
        with shop.client.service.database.write() as session:
            over = {"day": date.today() - timedelta(days=2), "brand": shop.brand}
            session.execute(text("UPDATE authorised_sellers SET until = :day WHERE brand_id = :brand"), over)
    if ends != "taken back":
        (shown,) = shop.client.get(f"/v1/brands/{shop.brand}/authorised-sellers").json()["items"]
        assert not shown["in_force"]
    shop.follow()
    again = shop.now_of(freed)
    assert (again["decision"], len(again["case_ids"])) == ("review", 1)


def test_a_job_waits_for_the_end_of_its_last_day(shop: Shop) -> None:
    shop.client.patch(f"/v1/rights-holders/{shop.holder}", json={"time_zone": "Asia/Shanghai"})
    shop.authorise(until="2099-12-31")
    waits = text(
        "SELECT scheduled_at AT TIME ZONE 'UTC' FROM procrastinate.procrastinate_jobs "
        "WHERE args ->> 'brand_id' = :brand AND scheduled_at IS NOT NULL"
    )
    with shop.client.service.database.read() as session:
        (at,) = session.scalars(waits, {"brand": shop.brand}).all()
    assert at.isoformat() == "2099-12-31T16:00:00"


@pytest.mark.parametrize("comes", [True, False])
def test_what_changes_while_a_listing_is_scanned_counts_for_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, comes: bool
) -> None:
    def change() -> None:
        if comes:
            shop.authorise()
        else:
            shop.take_back()
        shop.follow()

    if not comes:
        shop.authorise()
    during_the_scan(monkeypatch, change)
    sent = shop.listing(shop.copy, seller=DEALER)
    assert sent["decision"] == ("review" if comes else "allow"), "the scan knew no better"
    eventually(lambda: shop.now_of(sent)["decision"] == ("allow" if comes else "review"), seconds=60)


def test_a_replay_says_what_the_authorisation_said(shop: Shop) -> None:
    shop.authorise()
    (permitted,) = shop.listing(shop.copy, seller=DEALER)["scan_ids"]
    shop.take_back()
    (asked,) = shop.listing(shop.copy, seller="asked about")["scan_ids"]
    shop.authorise("asked about")
    held = shop.client.service
    for scan, decision in ((permitted, "allow"), (asked, "review")):
        done = replay(held.database, held.objects, scan, load=smear_bundle, picture=shop.copy)
        assert done.differences == []
        assert done.again.decision == decision


def test_a_blind_test_does_not_give_itself_away(shop: Shop) -> None:
    case = shop.listing(shop.copy, seller="an offender")["case"]["id"]
    under_cover = shop.slip(case, cover={"id": f"C-1 {shop.seed}", "seller": "an unknown dealer"})
    assert "authorised" not in shop.client.get(f"/v1/cases/{under_cover}").json()["findings"][0]
    shop.authorise("an unknown dealer")
    shop.follow("an unknown dealer")
    assert shop.client.get(f"/v1/cases/{under_cover}").json()["state"] == "dropped"
    body = {"case_id": case, "cover": {"id": f"C-2 {shop.seed}", "seller": "an unknown dealer"}}
    refused = shop.client.post("/v1/blind-tests", json=body)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:hallmark:problem:cover-tells")


def test_authorised_sellers_are_listed_changed_and_taken_back(shop: Shop) -> None:
    first = shop.authorise("first", note="Lyon")
    assert (first["seller"], first["note"], first["until"], first["in_force"]) == ("first", "Lyon", None, True)
    assert shop.client.put(shop.at("第二 100%")).status_code == 200, "without a body"
    changed = shop.authorise("first", until="2099-12-31")
    assert (changed["note"], changed["until"], changed["created"]) == (None, "2099-12-31", first["created"])
    logged = shop.logged()
    shop.authorise("first", until="2099-12-31")
    assert shop.logged() == logged, "nothing changed"
    path = f"/v1/brands/{shop.brand}/authorised-sellers"
    page = shop.client.get(path, params={"limit": 1}, headers=shop.brand_key).json()
    rest = shop.client.get(path, params={"cursor": page["next_cursor"]}, headers=shop.brand_key).json()
    assert [one["seller"] for one in (*page["items"], *rest["items"])] == ["first", "第二 100%"]
    assert rest["next_cursor"] is None
    shop.take_back("first")
    assert shop.client.delete(shop.at("first")).status_code == 404


@pytest.mark.parametrize("name", ["Lyon/Rhône", "/", "shop//2/"])
def test_a_seller_is_authorised_whatever_its_name_holds(shop: Shop, name: str) -> None:
    path = quote(name, safe="")
    assert shop.authorise(path)["seller"] == name
    sent = shop.listing(shop.copy, seller=name)
    assert (sent["decision"], kinds(sent)) == ("allow", {"copied_photo": True})
    shop.take_back(path)
    assert shop.client.delete(shop.at(path)).status_code == 404


@pytest.mark.parametrize(
    ("seller", "body", "code"),
    [
        ("%20", {}, "invalid-request"),
        ("s" * 501, {}, "invalid-request"),
        (DEALER, {"until": "2020-01-01"}, "expired"),
        (DEALER, {"until": "9999-12-31"}, "invalid-request"),
        (DEALER, {"until": 1}, "invalid-request"),
        (DEALER, {"unknown": "field"}, "invalid-request"),
    ],
)
def test_what_is_no_authorisation_is_refused(shop: Shop, seller: str, body: dict[str, Any], code: str) -> None:
    refused = shop.client.put(shop.at(seller), json=body)
    assert (refused.status_code, refused.json()["type"]) == (422, f"urn:hallmark:problem:{code}")


def test_an_agency_proves_its_rights_first(shop: Shop) -> None:
    shop.be_answered_for_by_an_agency()
    refused = shop.client.put(shop.at(), headers=shop.brand_key)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:hallmark:problem:rights-unproven")
    assert shop.client.delete(shop.at(), headers=shop.brand_key).status_code == 403


def test_two_who_authorise_a_seller_at_once_make_one(shop: Shop) -> None:
    headers = shop.client.key(Role.TRUST)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: shop.client.put(shop.at(), headers=headers).status_code, range(8)))
    assert answers == [200] * 8
    assert len(shop.client.get(f"/v1/brands/{shop.brand}/authorised-sellers").json()["items"]) == 1
