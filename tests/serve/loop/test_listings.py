from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from marketplace import Marketplace, smeared
from mosaics import jpeg, large_photo, mosaic, png
from service_client import Open
from sqlalchemy import select, text

from model.decode import decode
from serve.access.roles import Role
from serve.database.loop_tables import Case, ListingRecord
from serve.loop import listings
from serve.loop.standing import voice
from serve.loop.stock.stock_vectors import describe_missing
from serve.pictures.objects import decode_stored
from serve.text.brand_words import BrandWords
from serve.text.listing import Listing
from serve.text.naming import How


def test_a_genuine_mark_is_allowed_and_stored(market: Marketplace) -> None:
    done = market.listing(png(mosaic(market.seed)), id="genuine", seller="Ann")
    assert (done["decision"], done["case"], done["case_ids"]) == ("allow", None, [])
    assert (done["listing"]["id"], done["listing"]["seller"]) == ("genuine", "Ann")
    assert [finding["kind"] for finding in done["findings"]] == ["genuine"]


def test_a_smeared_mark_opens_a_case_for_its_brand(market: Marketplace) -> None:
    done = market.listing(png(mosaic(market.seed)), smeared(market.seed), title="Cap\r\nblue")
    assert done["decision"] == "review"
    case = done["case"]
    assert (case["brand_id"], case["state"], case["verdict"]) == (market.brand, "open", None)
    assert case["listing"]["title"] == "Cap\nblue"
    assert [finding["image"] for finding in case["findings"]] == [1]
    assert len(case["pictures"]) == 2
    for path in (*case["pictures"], case["findings"][0]["evidence"]):
        picture = market.client.get(path, headers=market.brand_key)
        assert decode(picture.content).ndim == 3, path


def test_what_one_picture_shows_is_looked_for_in_the_others(market: Marketplace) -> None:
    other = Marketplace(market.client)
    stranger = png(mosaic(market.seed + 60_000))
    alone = market.listing(stranger)
    assert alone["findings"] == []
    done = market.listing(png(mosaic(market.seed)), stranger, png(mosaic(other.seed)))
    scans = [market.client.get(f"/v1/scans/{scan}").json() for scan in done["scan_ids"]]
    assert [set(scan["shown_beside"]) for scan in scans] == [set(), {market.brand, other.brand}, set()]
    assert market.client.get(f"/v1/scans/{alone['scan_ids'][0]}").json()["shown_beside"] == []
    assert {finding["image"] for finding in done["findings"]} == {0, 1, 2}
    assert [finding["claimed"] for finding in done["findings"] if finding["image"] == 1] == [True]


def test_what_the_text_names_is_looked_for_in_every_picture_once(market: Marketplace) -> None:
    name = market.client.get(f"/v1/brands/{market.brand}").json()["name"]
    done = market.listing(png(mosaic(market.seed)), png(mosaic(market.seed + 60_000)), brand_claimed=name)
    scans = [market.client.get(f"/v1/scans/{scan}").json() for scan in done["scan_ids"]]
    assert [scan["shown_beside"] for scan in scans] == [[], []]
    assert [scan["brands_claimed"] for scan in scans] == [[market.brand]] * 2


def test_a_case_keeps_its_evidence_when_the_scan_is_forgotten(market: Marketplace) -> None:
    done = market.listing()
    market.client.service.objects.delete_folder(f"scans/{done['scan_ids'][0]}")
    evidence = done["case"]["findings"][0]["evidence"]
    assert market.client.get(evidence).status_code == 200
    assert market.client.get(done["findings"][0]["evidence"]).status_code == 404


def test_pictures_that_are_not_stored_leave_a_case_its_evidence(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = market.client.service.objects
    case = market.listing(id="not stored", seller="s")["case"]
    evidence = case["findings"][0]["evidence"]
    shown, kept = market.client.get(evidence).content, objects.keys(f"cases/{case['id']}")

    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(listings, "settle", fail)
        assert market.send(smeared(market.seed, tile=9), id="not stored", seller="s").status_code == 500
    assert (market.client.get(evidence).content, objects.keys(f"cases/{case['id']}")) == (shown, kept)
    market.listing(smeared(market.seed, tile=9), id="not stored", seller="s")
    assert market.client.get(evidence).content != shown
    assert market.client.get(f"/v1/cases/{case['id']}/evidence/1.png").status_code == 404


def test_sent_again_it_stays_one_case(market: Marketplace) -> None:
    first, again = (market.listing(id="twice", seller="s", title=title) for title in ("Cap", "Hat"))
    assert first["case"]["id"] == again["case"]["id"]
    assert again["listing"]["revision"] == 1
    other = market.listing(smeared(market.seed, tile=7), id="twice", seller="s")
    assert other["case"]["id"] == first["case"]["id"], "an open case asks about the newest pictures"
    assert other["listing"]["revision"] == 2


def test_sent_at_once_it_is_one_case(market: Marketplace) -> None:
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: market.listing(id="at once", seller="s"), range(4)))
    assert len({one["case"]["id"] for one in done}) == 1
    assert {one["listing"]["revision"] for one in done} == {1}


def test_other_pictures_under_an_open_case_give_time_to_look_at_them(market: Marketplace) -> None:
    listing = {"id": "swapped at the last minute", "seller": "s"}
    case = market.listing(**listing)["case"]
    with market.client.service.database.write() as session:
        session.execute(text("UPDATE cases SET expires = now(), due_day = now() WHERE id = :id"), {"id": case["id"]})
    again = market.listing(smeared(market.seed, tile=8), **listing)["case"]
    assert (again["id"], again["revision"], again["due"]) == (case["id"], 2, case["due"])


def test_a_cleaned_listing_is_held_until_its_case_is_answered(market: Marketplace) -> None:
    case = market.listing(id="cleaned", seller="s")["case"]["id"]
    clean = {"id": "cleaned", "seller": "s"}
    assert market.listing(png(mosaic(market.seed)), **clean)["decision"] == "review"
    market.judge(case, "not_infringing")
    assert market.listing(png(mosaic(market.seed)), **clean)["decision"] == "allow"


def test_other_pictures_after_the_answer_are_a_new_case(market: Marketplace) -> None:
    first = market.listing(id="changed", seller="s")["case"]["id"]
    market.judge(first, "not_infringing")
    same = market.listing(id="changed", seller="s")
    assert (same["decision"], same["case"]["id"]) == ("allow", first)
    other = market.listing(smeared(market.seed, tile=9), id="changed", seller="s")
    assert (other["decision"], other["case"]["state"]) == ("review", "open")
    assert other["case"]["id"] != first
    assert market.client.get(f"/v1/cases/{first}").json()["state"] == "closed"


def test_a_doubtful_answer_is_asked_anew_for_other_pictures(market: Marketplace) -> None:
    first = market.listing(id="doubtful", seller="s")["case"]["id"]
    market.judge(first, "unsure")
    other = market.listing(smeared(market.seed, tile=9), id="doubtful", seller="s")
    assert (other["decision"], other["case"]["id"] != first) == ("review", True)
    assert market.client.get(f"/v1/cases/{first}").json()["state"] == "closed"


def test_other_pictures_are_asked_about_beside_what_is_found_to_infringe(market: Marketplace) -> None:
    first = market.listing(id="swapped", seller="s")["case"]["id"]
    market.judge(first, "infringing")
    second = market.listing(smeared(market.seed, tile=9), id="swapped", seller="s")["case"]["id"]
    third = market.listing(smeared(market.seed, tile=8), id="swapped", seller="s")["case"]
    assert (second != first, third["id"], third["revision"]) == (True, second, 3)
    kept = market.client.get(f"/v1/cases/{first}").json()
    assert (kept["state"], kept["revision"]) == ("infringing", 1)
    retracted = market.client.delete(f"/v1/cases/{first}/judgement", headers=market.brand_key)
    assert (retracted.status_code, "another case" in retracted.json()["detail"]) == (409, True)
    assert market.client.post(f"/v1/cases/{first}/complaint", headers=market.brand_key).status_code == 201


def test_what_is_asked_again_beside_a_later_answer_asks_about_the_newest_pictures(market: Marketplace) -> None:
    listing = {"id": "asked again", "seller": "s"}
    first = market.listing(**listing)["case"]["id"]
    market.judge(first)
    second = market.listing(smeared(market.seed, tile=1), **listing)["case"]["id"]
    market.judge(second)
    assert market.client.delete(f"/v1/cases/{first}/judgement", headers=market.brand_key).json()["state"] == "open"
    same = market.listing(smeared(market.seed, tile=1), **listing)["case"]
    assert same["id"] == second, "what was answered for the same pictures stands"
    third = market.listing(smeared(market.seed, tile=2), **listing)["case"]
    assert (third["id"], third["revision"], third["state"]) == (first, 3, "open")


@pytest.mark.parametrize("then", ["upheld", "countered", "confirmed"])
def test_an_upheld_complaint_blocks_whatever_pictures_come(market: Marketplace, then: str) -> None:
    listing = {"id": f"held {then}", "seller": "s"}
    complaint = market.complaint(market.listing(**listing)["case"]["id"])
    other = market.listing(smeared(market.seed, tile=9), **listing)
    assert (other["decision"], other["case"]["state"]) == ("review", "open")
    market.decide(complaint)
    if then != "upheld":
        market.counter(complaint)
    if then == "confirmed":
        market.decide(complaint)
    market.judge(other["case"]["id"], "not_infringing")
    clean = market.listing(png(mosaic(market.seed)), **listing)
    assert (clean["decision"], clean["reasons"]) == ("block", [f"a complaint was upheld ({complaint})"])


def test_a_dismissed_complaint_leaves_other_pictures_under_review(market: Marketplace) -> None:
    listing = {"id": "dismissed", "seller": "s"}
    complaint = market.complaint(market.listing(**listing)["case"]["id"])
    market.listing(smeared(market.seed, tile=9), **listing)
    market.decide(complaint, "dismissed")
    again = market.listing(smeared(market.seed, tile=9), **listing)
    assert (again["decision"], again["case"]["state"]) == ("review", "open")


def test_a_judgement_of_pictures_that_were_changed_since_is_refused(market: Marketplace) -> None:
    case = market.listing(id="looked at", seller="s")["case"]
    assert case["revision"] == 1
    market.listing(smeared(market.seed, tile=9), id="looked at", seller="s")
    late = market.judge(case["id"], "not_infringing", revision=1)
    assert (late.status_code, late.json()["type"], late.json()["revision"]) == (
        409, "urn:hallmark:problem:other-pictures", 2,
    )  # fmt: skip
    assert market.judge(case["id"], "infringing", revision=2).status_code == 200


def test_two_brands_in_one_listing_are_two_cases(market: Marketplace) -> None:
    other = Marketplace(market.client)
    done = market.listing(smeared(market.seed), smeared(other.seed))
    assert len(done["case_ids"]) == 2
    for one in (market, other):
        items = market.client.get("/v1/cases", headers=one.brand_key, params={"limit": 500}).json()["items"]
        assert {item["brand_id"] for item in items} == {one.brand}
        mine = [item for item in items if item["id"] in done["case_ids"]]
        assert {finding["brand_id"] for finding in mine[0]["findings"]} == {one.brand}


def test_a_case_of_earlier_pictures_that_holds_a_listing_up_is_named(market: Marketplace) -> None:
    brand = Marketplace(market.client)
    case = brand.listing(id="of a cleaner", seller="cleaner")["case"]["id"]
    again = brand.listing(png(mosaic(brand.seed + 500)), id="of a cleaner", seller="cleaner")
    assert (again["findings"], again["decision"]) == ([], "review")
    assert (again["case"]["id"], again["case_ids"]) == (case, [case])


def test_a_listing_whose_rights_holder_filed_no_complaint_says_so(market: Marketplace) -> None:
    brand = Marketplace(market.client)
    made = brand.listing(id="no complaint", seller="s")
    brand.judge(made["case"]["id"], "infringing")
    brand.end(made["case"]["id"])
    with brand.client.service.database.write() as session:
        listing = session.scalars(select(ListingRecord).where(ListingRecord.marketplace_id == "no complaint")).one()
        (spoken,) = (voice(case, None) for case in session.scalars(select(Case).where(Case.listing_id == listing.id)))
    assert spoken.reason.startswith("the rights holder filed no complaint by ")


def test_the_queue_pages(market: Marketplace) -> None:
    brand = Marketplace(market.client)
    made = [brand.case() for _ in range(3)]
    found, cursor = [], None
    while True:
        params: dict[str, Any] = {"limit": 2, "state": "open", **({"cursor": cursor} if cursor else {})}
        page = brand.client.get("/v1/cases", params=params, headers=brand.brand_key).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == made


def test_an_id_belongs_to_one_seller(market: Marketplace) -> None:
    market.listing(id="mine", seller="Ann")
    answer = market.send(id="mine", seller="Bob")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:hallmark:problem:listing-of-another-seller")


def test_of_two_that_overlap_the_one_that_came_last_stays(market: Marketplace) -> None:
    sent = market.listing(id="edited", seller="Ann", title="Newer")["listing"]
    with market.client.service.database.write() as session:
        session.execute(
            text("UPDATE listings SET arrived = now() + interval '1 minute' WHERE marketplace_id = 'edited'")
        )
    answer = market.send(id="edited", seller="Ann", title="Older")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:hallmark:problem:listing-overtaken")
    assert market.send(id="edited", seller="Ann", title="Newer").status_code == 201, "the same again does no harm"
    (stored,) = market.client.get("/v1/listings", params={"id": "edited"}).json()["items"]
    assert stored["revision"] == sent["revision"]


def test_a_bad_picture_among_good_ones_stores_nothing(market: Marketplace) -> None:
    answer = market.send(smeared(market.seed), b"<html>", id="half", seller="s")
    assert (answer.status_code, answer.json()["image"]) == (415, 1)
    assert market.listing(id="half", seller="another")["listing"]["revision"] == 1, "nobody has the id yet"


@pytest.mark.parametrize(
    ("listing", "pictures", "status"),
    [
        ("{", 1, 422), ('{"id": "a"}', 1, 422), ('{"id": "a", "seller": "s", "size": 4}', 1, 422),
        ('{"id": " ", "seller": "s"}', 1, 422), ('{"id": "\\n", "seller": "s"}', 1, 422),
        ('{"id": "a", "seller": "\\t"}', 1, 422), ('{"id": "a", "seller": "\\u0000"}', 1, 422),
        (None, 1, 422), ('{"id": "a", "seller": "s"}', 0, 422),
        ('{"id": "a", "seller": "s"}', 13, 400),
    ],
)  # fmt: skip
def test_what_is_no_listing_is_refused(market: Marketplace, listing: str | None, pictures: int, status: int) -> None:
    files = [("image", ("a.png", smeared(1)))] * pictures or [("picture", ("a.png", b"x"))]
    data = {} if listing is None else {"listing": listing}
    assert market.client.post("/v1/listings", data=data, files=files).status_code == status


@pytest.mark.parametrize("zone", ["localtime", "Factory", "Shanghai", ""])
def test_a_time_zone_is_the_same_on_every_machine(market: Marketplace, zone: str) -> None:
    answer = market.client.patch(f"/v1/rights-holders/{market.holder}", json={"time_zone": zone})
    assert answer.status_code == 422


def test_the_rights_holder_s_country_counts(market: Marketplace) -> None:
    brand = Marketplace(market.client)
    change = {"country": "DE", "time_zone": "Europe/Berlin"}
    assert brand.client.patch(f"/v1/rights-holders/{brand.holder}", json=change).status_code == 200
    expires = brand.listing()["case"]["expires"]
    assert datetime.fromisoformat(expires).astimezone(ZoneInfo("Europe/Berlin")).hour == 0


def test_several_brands_may_have_one_rights_holder(market: Marketplace) -> None:
    client = market.client
    holder = client.post("/v1/rights-holders", json={"name": "Agency"}).json()["id"]
    made = client.post("/v1/brands", json={"name": "Of the agency", "rights_holder_id": holder})
    assert (made.status_code, made.json()["rights_holder_id"]) == (201, holder)
    assert client.post("/v1/brands", json={"name": "N", "rights_holder_id": "holder_0"}).status_code == 404
    header = client.key(Role.BRAND, made.json()["id"])
    assert client.get(f"/v1/rights-holders/{holder}", headers=header).status_code == 200
    client.post("/v1/brands", json={"name": "Another of the agency", "rights_holder_id": holder})
    for path in ("", "/webhook", "/deliveries", "/credit"):  # they would tell of the other brand
        assert client.get(f"/v1/rights-holders/{holder}{path}", headers=header).status_code == 404
    assert client.get(f"/v1/rights-holders/{market.holder}", headers=header).status_code == 404


def test_a_listing_may_be_larger_than_one_picture(market: Marketplace) -> None:
    most = market.client.service.settings.max_upload_bytes
    noise = np.random.default_rng(1).integers(0, 256, (1_500, 1_500, 3), dtype=np.uint8)
    picture = png(noise)
    assert len(picture) < most < 3 * len(picture)
    assert market.send(picture, picture, picture).status_code == 201


def test_pictures_are_read_whatever_the_limits_were_when_they_were_stored(open_client: Open) -> None:
    """Limits are raised and lowered; what a case shows stays, and so does the stock that is searched."""
    generous = open_client(max_upload_bytes=20_000_000)
    market, photo = Marketplace(generous), large_photo()
    generous.reference(market.brand, jpeg(photo))
    photo[:400, :400] //= 4
    case = market.listing(png(photo), id="large", seller="s")["case"]["id"]
    trait = market.trait(picture=png(photo))
    cover = {"id": "another", "seller": "t"}
    assert generous.post("/v1/blind-tests", json={"case_id": case, "cover": cover}).status_code == 201
    unknown = replace(generous.service.bundle, name="another")
    assert describe_missing(generous.service.database, generous.service.objects, bundle=unknown) == 1

    strict = open_client(max_upload_bytes=1_024, max_pixels=1_000)
    for path in (f"/v1/cases/{case}/pictures/0.png", f"/v1/brands/{market.brand}/traits/{trait}/picture"):
        assert decode_stored(strict.get(path).content).shape == photo.shape, path
    with strict.service.database.read() as session:
        stored = session.scalars(select(ListingRecord.id).where(ListingRecord.marketplace_id == "large")).one()
    assert strict.service.listings.rescan(stored)


def test_the_brands_that_a_listing_names_are_looked_up_once(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    how_named = BrandWords.how_named

    def counted(self: BrandWords, listing: Listing) -> dict[str, How]:
        asked.append(listing)
        return how_named(self, listing)

    monkeypatch.setattr(BrandWords, "how_named", counted)
    market.listing(png(mosaic(5)), smeared(market.seed), smeared(market.seed, tile=3))
    assert len(asked) == 1


def test_a_listing_from_before_its_id_had_to_be_seen_is_scanned_again(market: Marketplace) -> None:
    desk, database = market.client.service.listings, market.client.service.database
    market.listing(id="blank", seller="of the blank one")
    with database.write() as session:
        rename = text("UPDATE listings SET marketplace_id = ' ' WHERE marketplace_id = 'blank' RETURNING id")
        listing = session.scalars(rename).one()
    assert desk.rescan(listing)


@pytest.mark.parametrize("closed", [False, True])
def test_an_answer_holds_for_its_pictures_in_another_order_and_beside_others(market: Marketplace, closed: bool) -> None:
    own = Marketplace(market.client)
    suspected, genuine, other_genuine = smeared(own.seed), png(mosaic(own.seed)), png(mosaic(own.seed + 7_000))
    own.client.reference(own.brand, other_genuine)
    sent = {"id": f"rearranged {own.seed}", "seller": "s"}
    case = own.listing(suspected, genuine, **sent)["case"]["id"]
    own.judge(case, "not_infringing")
    if closed:
        own.end(case)
    for pictures in ((genuine, suspected), (genuine, other_genuine, suspected), (suspected,)):
        again = own.listing(*pictures, **sent)
        shown = own.client.get(f"/v1/cases/{case}").json()
        assert again["decision"] == "allow"
        assert (shown["state"], shown["revision"]) == (
            "closed" if closed else "not_infringing", again["listing"]["revision"]
        )  # fmt: skip
        place = pictures.index(suspected)
        assert [finding["image"] for finding in shown["findings"]] == [place]
        picture = own.client.get(shown["pictures"][place], headers=own.brand_key)
        assert np.array_equal(decode(picture.content), decode(suspected))
    other = own.listing(suspected, smeared(own.seed, tile=9), **sent)
    assert (other["decision"], other["case"]["id"] == case) == ("review", False)


def test_pictures_that_were_cleared_are_not_asked_about_again_after_others(market: Marketplace) -> None:
    own = Marketplace(market.client)
    sent = {"id": f"back again {own.seed}", "seller": "s"}
    first = own.listing(**sent)["case"]["id"]
    own.judge(first, "not_infringing")
    second = own.listing(smeared(own.seed, tile=9), **sent)["case"]["id"]
    own.judge(second, "not_infringing")
    again = own.listing(**sent)
    assert (second == first, again["decision"]) == (False, "allow")
    assert own.client.get(f"/v1/cases/{first}").json()["revision"] == again["listing"]["revision"]


def test_what_somebody_was_unsure_of_is_not_asked_anew_in_another_order(market: Marketplace) -> None:
    own = Marketplace(market.client)
    suspected, genuine = smeared(own.seed), png(mosaic(own.seed))
    sent = {"id": f"rearranged {own.seed}", "seller": "s"}
    case = own.listing(suspected, genuine, **sent)["case"]["id"]
    own.judge(case, "unsure")
    again = own.listing(genuine, suspected, **sent)
    assert (again["decision"], again["case_ids"]) == ("review", [case])
    assert own.client.get(f"/v1/cases/{case}").json()["state"] == "unsure"


def test_a_dismissed_complaint_holds_for_its_pictures_in_another_order(market: Marketplace) -> None:
    own = Marketplace(market.client)
    suspected, genuine = smeared(own.seed), png(mosaic(own.seed))
    sent = {"id": f"rearranged {own.seed}", "seller": "s"}
    case = own.listing(suspected, genuine, **sent)["case"]["id"]
    own.decide(own.complaint(case), "dismissed")
    again = own.listing(genuine, suspected, **sent)
    assert (again["decision"], again["case_ids"]) == ("allow", [case])


@pytest.mark.parametrize("state", ["infringing", "complained", "upheld"])
def test_what_was_found_to_infringe_is_not_asked_about_anew_in_another_order(market: Marketplace, state: str) -> None:
    own = Marketplace(market.client)
    suspected, genuine = smeared(own.seed), png(mosaic(own.seed))
    sent = {"id": f"rearranged {own.seed}", "seller": f"seller {own.seed}"}
    case = own.listing(suspected, genuine, **sent)["case"]["id"]
    if state == "infringing":
        own.judge(case, "infringing")
    else:
        complaint = own.complaint(case)
        if state == "upheld":
            own.decide(complaint)
    for pictures in ((genuine, suspected), (suspected,)):
        again = own.listing(*pictures, **sent)
        assert (again["decision"], again["case_ids"]) == ("block" if state == "upheld" else "review", [case])
    if state == "upheld":
        seller = own.client.get(f"/v1/sellers/{sent['seller']}").json()
        assert (seller["infringements"], seller["repeats"], seller["standing"]) == (1, 0, "infringer")


def test_an_open_case_goes_on_when_its_pictures_come_in_another_order(market: Marketplace) -> None:
    own = Marketplace(market.client)
    suspected, genuine = smeared(own.seed), png(mosaic(own.seed))
    sent = {"id": f"rearranged {own.seed}", "seller": "s"}
    case = own.listing(suspected, genuine, **sent)["case"]
    jury = own.jury(case["id"])
    own.listing(genuine, suspected, **sent)
    shown = own.client.get(f"/v1/cases/{case['id']}").json()
    assert [finding["image"] for finding in shown["findings"]] == [1]
    assert (shown["revision"], shown["expires"]) == (2, case["expires"])
    vote = own.client.post(f"/v1/juries/{jury}/votes", json={"juror": "Ann", "misleads": True})
    assert (vote.status_code, len(vote.json()["evidence"])) == (201, 1), vote.text
