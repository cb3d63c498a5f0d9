from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from marketplace import Marketplace, disguised, smeared, stock_search, strange_photo
from mosaics import mosaic, png
from plain_bundle import doubting_bundle
from service_client import Open
from sqlalchemy import select, text
from waiting import eventually

from serve import service
from serve.database.loop_tables import ListingRecord
from serve.database.migrations.versions.r0019_references_from_before_the_stock import COUNT_AS_SEARCHED
from serve.jobs import LONG_QUEUE, BrokenOff
from serve.loop.listings import ListingDesk, NewListing
from serve.loop.stock.known_fakes import KnownFake, KnownFakes
from serve.loop.stock.stock_vectors import describe_missing
from serve.protocol.problems import Problem
from serve.upkeep import forget_scans


def search(market: Marketplace, trait_id: str) -> None:
    asyncio.run(stock_search(market).search(trait_id))


def search_for_complaint(market: Marketplace, complaint_id: str) -> None:
    asyncio.run(stock_search(market).search_for_complaint(complaint_id))


def search_of_seller(market: Marketplace, complaint_id: str) -> None:
    asyncio.run(stock_search(market).search_of_seller(complaint_id))


def complaint_about(market: Marketplace, fake: bytes, **listing: Any) -> str:
    """A complaint about a listing of the fake, which nothing else tells of any more."""
    trait = market.trait(picture=fake)
    case = market.listing(fake, **listing)["case"]["id"]
    complaint = market.complaint(case)
    market.client.delete(f"/v1/brands/{market.brand}/traits/{trait}")
    return complaint


def cases(market: Marketplace) -> list[dict[str, Any]]:
    found = market.client.get("/v1/cases", params={"brand": market.brand}, headers=market.brand_key)
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


def test_a_stored_listing_whose_scan_was_forgotten_is_scanned_again(market: Marketplace) -> None:
    fake, service = disguised(market.seed), market.client.service
    market.listing(fake, id=f"old {market.seed}", seller="S")
    forget_scans(service.database, service.objects, days=-1)
    search(market, market.trait(picture=fake))
    (case,) = cases(market)
    assert case["listing"]["id"] == f"old {market.seed}"
    assert market.client.get(case["findings"][0]["evidence"], headers=market.brand_key).status_code == 200


def test_a_stored_listing_that_another_model_scanned_is_scanned_again(market: Marketplace) -> None:
    fake = disguised(market.seed)
    before = market.listing(fake, id="found earlier")
    with market.client.service.database.write() as session:
        session.execute(text("UPDATE scans SET model = 'earlier' WHERE id = :id"), {"id": before["scan_ids"][0]})
    search(market, market.trait(picture=fake))
    assert len(cases(market)) == 1
    with market.client.service.database.read() as session:
        found = session.scalars(text("SELECT findings FROM listings WHERE marketplace_id = 'found earlier'")).one()
    assert found[0]["scan_id"] != before["scan_ids"][0]


def test_a_stored_listing_whose_picture_is_gone_holds_up_no_search(market: Marketplace) -> None:
    fake = disguised(market.seed)
    for name in ("gone", "there"):
        market.listing(fake, id=f"{name} {market.seed}", seller="S")
    query = text(
        "SELECT object_key FROM listing_images i JOIN listings l ON l.id = i.listing_id WHERE l.marketplace_id = :id"
    )
    service = market.client.service
    with service.database.read() as session:
        service.objects.delete(session.execute(query, {"id": f"gone {market.seed}"}).scalar_one())
    search(market, market.trait(picture=fake))
    assert [case["listing"]["id"] for case in cases(market)] == [f"there {market.seed}"]


def test_the_photo_of_a_fake_is_found_where_no_scan_found_the_brand(market: Marketplace) -> None:
    photo, other = (png(strange_photo(market, seed=seed)) for seed in (0, 1))
    for name, picture in (("same", photo), ("other", other)):
        assert market.listing(picture, id=f"{name} {market.seed}", seller="S")["findings"] == []
    shown = market.trait(picture=photo)
    for _ in range(2):
        search(market, shown)
    assert [case["listing"]["id"] for case in cases(market)] == [f"same {market.seed}"]


def test_the_photo_of_an_upheld_complaint_tells_whose_mark_to_look_for(market: Marketplace) -> None:
    photo = png(strange_photo(market))
    complaint = complaint_about(market, photo)
    assert market.listing(photo)["findings"] == [], "nothing is decided"
    assert market.decide(complaint).status_code == 200
    search_for_complaint(market, complaint)
    assert market.listing(photo)["case"]["brand_id"] == market.brand


def test_words_are_found_in_what_sellers_say(market: Marketplace) -> None:
    genuine = png(mosaic(market.seed))
    market.listing(genuine, id=f"words {market.seed}", title="Cap", description="Mirror Grade, no box")
    market.listing(genuine, title="Cap")
    search(market, market.trait(text="mirror grade"))
    assert [case["listing"]["id"] for case in cases(market)] == [f"words {market.seed}"]
    search(market, market.trait(text="cap"))
    assert len(cases(market)) == 1, "short words are parts of others"


def test_words_tell_of_a_hidden_mark_in_a_stored_listing_that_names_the_brand(
    open_client: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "load_bundle", lambda folder, threads: doubting_bundle(folder.name))
    market = Marketplace(open_client())
    hidden, name = png(strange_photo(market)), market.client.get(f"/v1/brands/{market.brand}").json()["name"]
    for title, more in (("cap, crooked seam", {}), ("cap", {"brand_claimed": name})):
        assert market.listing(hidden, title=title, **more)["decision"] == "allow"
    told = market.listing(hidden, title="cap, cr\N{CYRILLIC SMALL LETTER O}oked seam", brand_claimed=name, id="told")
    assert (told["decision"], told["findings"]) == ("allow", [])
    trait = market.trait(text="Crooked seam")
    for _ in range(2):
        search(market, trait)
    assert [(case["listing"]["id"], case["known_fake"]) for case in cases(market)] == [("told", trait)]


def test_a_search_is_broken_off_between_two_listings(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        market.listing(png(mosaic(market.seed)), title="mirror grade")
    search, looked_at = stock_search(market), []
    shown = search._fakes.shown

    def once(known: Sequence[KnownFake], **listing: Any) -> KnownFake | None:
        looked_at.append(listing["said"])
        search.close()
        return shown(known, **listing)

    monkeypatch.setattr(search._fakes, "shown", once)
    with pytest.raises(BrokenOff):
        asyncio.run(search.search(market.trait(text="mirror grade")))
    assert len(looked_at) == 1


def test_a_description_of_the_stock_is_broken_off_between_two_pictures(market: Marketplace) -> None:
    market.listing(png(mosaic(market.seed)))
    search = stock_search(market, bundle=replace(market.client.service.bundle, name="later"))
    search.close()
    with pytest.raises(BrokenOff):
        asyncio.run(search.describe())


def test_what_was_taken_back_and_what_a_suspended_account_shows_searches_nothing(market: Marketplace) -> None:
    taken_back = market.trait(text="mirror grade")
    market.client.delete(f"/v1/brands/{market.brand}/traits/{taken_back}")
    market.listing(png(mosaic(market.seed)), title="mirror grade")
    search(market, taken_back)
    market.suspend()
    search(market, market.trait(text="mirror grade"))
    assert cases(market) == []


def test_the_stock_is_searched_by_itself(open_client: Open) -> None:
    market = Marketplace(open_client())
    market.listing(png(mosaic(market.seed)), title="mirror grade")
    market.trait(text="mirror grade")
    eventually(lambda: cases(market) != [], seconds=30.0)


def test_what_an_upheld_complaint_was_about_is_found_in_the_stock(market: Marketplace) -> None:
    fake, other = disguised(market.seed), disguised(market.seed, first=20)
    complaint = complaint_about(market, fake, id=f"reported {market.seed}")
    for name, picture in (("same", fake), ("other", other), ("genuine", png(mosaic(market.seed)))):
        assert market.listing(picture, id=f"{name} {market.seed}", seller="S")["decision"] == "allow"
    search_for_complaint(market, complaint)
    assert len(cases(market)) == 1, "nothing is decided"
    assert market.decide(complaint).status_code == 200
    for _ in range(2):
        search_for_complaint(market, complaint)
    assert sorted(case["listing"]["id"] for case in cases(market)) == [f"reported {market.seed}", f"same {market.seed}"]


def test_the_stock_is_searched_by_itself_when_a_complaint_is_upheld(open_client: Open) -> None:
    market = Marketplace(open_client())
    market.let_smears_pass()
    fake = disguised(market.seed)
    complaint = complaint_about(market, fake)
    assert market.listing(fake)["decision"] == "allow"
    assert market.decide(complaint).status_code == 200
    eventually(lambda: len(cases(market)) == 2, seconds=30.0)


def test_a_seller_s_other_listings_are_scanned_again_for_the_marks_that_it_infringed(market: Marketplace) -> None:
    seller, stranger = f"S {market.seed}", png(mosaic(market.seed + 60_000))
    complaints = [complaint_about(market, disguised(market.seed, first=n), seller=seller) for n in (0, 20)]
    listings = {name: f"{name} {market.seed}" for name in ("theirs", "another's")}

    def found_in(name: str) -> int:
        """In how many places of the listing the brand was found by now."""
        with market.client.service.database.read() as session:
            of_name = select(ListingRecord.findings).where(ListingRecord.marketplace_id == listings[name])
            return len(session.scalars(of_name).one())

    for name, who in (("theirs", seller), ("another's", f"{seller} else")):
        assert market.listing(stranger, id=listings[name], seller=who)["findings"] == []
    for complaint in complaints:
        assert market.decide(complaint).status_code == 200
    with market.client.service.database.read() as session:
        assert stock_search(market)._of_seller(session, complaints[1]) == [], "they are by the first that was upheld"
    search_of_seller(market, complaints[0])
    assert [found_in(name) for name in ("theirs", "another's")] == [1, 0]


def test_only_what_is_alike_by_its_kept_vectors_is_looked_at(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in (market.seed, market.seed + 1):
        market.listing(png(mosaic(seed)), disguised(market.seed, first=20))
    asked: list[int] = []
    shown = KnownFakes.shown

    def counted(fakes: KnownFakes, known: Sequence[KnownFake], **listing: Any) -> KnownFake | None:
        asked.append(sum(bool(fake.object_key) for fake in known))
        return shown(fakes, known, **listing)

    monkeypatch.setattr(KnownFakes, "shown", counted)
    search(market, market.trait(picture=png(mosaic(market.seed + 2)), text="mirror grade"))
    assert asked
    assert not any(asked), "nothing of the stock is like the picture: only words are looked for"


@pytest.fixture
def newcomer(market: Marketplace) -> Marketplace:
    """A brand that has no reference yet, though its mark is in use: `seed` is the mark's."""
    own = Marketplace(market.client)
    for reference in own.client.get(f"/v1/brands/{own.brand}/references").json()["items"]:
        assert own.client.delete(f"/v1/brands/{own.brand}/references/{reference['id']}").status_code == 204
    return own


def register(market: Marketplace, *, seed: int | None = None) -> str:
    return market.client.reference(market.brand, png(mosaic(market.seed if seed is None else seed)))


def search_for(market: Marketplace, reference: str) -> None:
    asyncio.run(stock_search(market).search_for_reference(reference))


def scanned_again(market: Marketplace) -> list[int]:
    """How many listings each search for references of the brand scanned again."""
    query = text("SELECT content FROM audit_log WHERE subject = :id AND action = 'stock searched' ORDER BY number")
    with market.client.service.database.read() as session:
        return [json.loads(content)["scanned_again"] for content in session.scalars(query, {"id": market.brand})]


def test_a_new_reference_finds_what_was_listed_before_it(newcomer: Marketplace) -> None:
    mark = f"shows {newcomer.seed}"
    assert newcomer.listing(smeared(newcomer.seed), id=mark, seller="S")["decision"] == "allow"
    newcomer.listing(png(mosaic(newcomer.seed + 50_000)))
    reference = register(newcomer)
    for _ in range(2):
        search_for(newcomer, reference)
    (case,) = cases(newcomer)
    assert (case["listing"]["id"], case["state"], case["revision"]) == (mark, "open", 1)
    assert newcomer.client.get(case["findings"][0]["evidence"], headers=newcomer.brand_key).status_code == 200
    assert scanned_again(newcomer) == [1], "what was searched for is not searched for again"


def test_listings_that_name_the_brand_are_scanned_again_too(newcomer: Marketplace) -> None:
    name = newcomer.client.get(f"/v1/brands/{newcomer.brand}").json()["name"]
    newcomer.listing(png(mosaic(newcomer.seed + 50_000)), description=f"by {name.upper()}!")
    newcomer.listing(png(mosaic(newcomer.seed + 50_000)), description="by nobody")
    search_for(newcomer, register(newcomer))
    assert scanned_again(newcomer) == [1]


def test_a_listing_names_the_brand_by_each_of_its_words_however_they_are_written(newcomer: Marketplace) -> None:
    """As in a scan, but for masked letters."""
    number = newcomer.seed
    names = {"aliases": [f"Maison Éclair {number}", "Q1"], "words": [f"耐克{number}"]}
    assert newcomer.client.patch(f"/v1/brands/{newcomer.brand}", json=names).status_code == 200
    said = [
        {"title": f"MAISON-ECLAIR{number}"}, {"description": f"正品耐克{number}鞋"},
        {"brand_claimed": f"maison éclair {number}"},
        {"title": f"maison {number}"}, {"title": f"Thermaison Eclair {number}"}, {"title": "Q1"},
    ]  # fmt: skip
    for one in said:
        newcomer.listing(png(mosaic(newcomer.seed + 50_000)), **{"title": "Cap", **one})
    search_for(newcomer, register(newcomer))
    assert scanned_again(newcomer) == [3]


def test_what_was_scanned_with_the_reference_is_not_scanned_again(newcomer: Marketplace) -> None:
    reference = register(newcomer)
    newcomer.let_smears_pass()
    newcomer.listing(smeared(newcomer.seed))
    search_for(newcomer, reference)
    assert scanned_again(newcomer) == [0]


def test_several_references_are_searched_for_at_once_and_each_again_when_it_comes_back(newcomer: Marketplace) -> None:
    newcomer.listing(smeared(newcomer.seed))
    references = [register(newcomer), register(newcomer, seed=newcomer.seed + 60_000)]
    for reference in references:
        search_for(newcomer, reference)
    assert scanned_again(newcomer) == [1]
    url = f"/v1/brands/{newcomer.brand}/references/{references[0]}"
    for status in ("disabled", "active"):
        assert newcomer.client.patch(url, json={"status": status}).status_code == 200
    search_for(newcomer, references[0])
    assert scanned_again(newcomer) == [1, 0], "its case is open: it is not allowed any more"


def test_a_reference_that_goes_and_comes_back_during_its_search_is_searched_for_again(
    newcomer: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    newcomer.listing(smeared(newcomer.seed))
    reference = register(newcomer)
    url = f"/v1/brands/{newcomer.brand}/references/{reference}"
    rescan, still = ListingDesk.rescan, ["disabled", "active"]

    def slow(self: ListingDesk, listing_id: str) -> bool:
        while still:
            assert newcomer.client.patch(url, json={"status": still.pop(0)}).status_code == 200
        return rescan(self, listing_id)

    monkeypatch.setattr(ListingDesk, "rescan", slow)
    search_for(newcomer, reference)
    search_for(newcomer, reference)
    assert len(scanned_again(newcomer)) == 2


def test_references_that_came_before_the_stock_are_not_searched_for(open_client: Open) -> None:
    market = Marketplace(open_client())
    market.let_smears_pass()
    market.listing(smeared(market.seed))
    search_for(market, register(market, seed=market.seed + 60_000))
    assert scanned_again(market) == [0]


def test_references_from_before_searches_count_as_searched_for(newcomer: Marketplace) -> None:
    newcomer.listing(png(mosaic(1)))
    old, new = register(newcomer), register(newcomer, seed=newcomer.seed + 60_000)
    jobs = text("DELETE FROM procrastinate.procrastinate_jobs WHERE args->>'reference_id' = :id")
    unsearched = text('SELECT id FROM "references" WHERE brand_id = :brand AND searched IS NULL AND removed IS NULL')
    with newcomer.client.service.database.write() as session:
        session.execute(text("SET LOCAL search_path TO procrastinate, public"))  # for the triggers of the jobs
        session.execute(jobs, {"id": old})
        session.execute(text(COUNT_AS_SEARCHED))
        assert session.scalars(unsearched, {"brand": newcomer.brand}).all() == [new]


def test_searches_for_references_of_one_brand_take_turns(newcomer: Marketplace) -> None:
    newcomer.listing(png(mosaic(1)))
    references = [register(newcomer), register(newcomer, seed=newcomer.seed + 60_000)]
    query = text(
        "SELECT queue_name, lock FROM procrastinate.procrastinate_jobs WHERE args->>'reference_id' = ANY(:ids)"
    )
    with newcomer.client.service.database.read() as session:
        first, second = session.execute(query, {"ids": references})
    assert first == second == (LONG_QUEUE, f"search the stock for {newcomer.brand}")


def test_a_listing_that_comes_meanwhile_is_left_as_it_came(newcomer: Marketplace) -> None:
    listing = {"id": f"meanwhile {newcomer.seed}", "seller": "S"}
    newcomer.listing(png(mosaic(1)), **listing)
    listings, database = newcomer.client.service.listings, newcomer.client.service.database
    query = text("SELECT id, updated FROM listings WHERE marketplace_id = :id")
    with database.read() as session:
        row = session.execute(query, listing).one()
    newcomer.listing(png(mosaic(2)), title="Hat", **listing)
    with pytest.raises(Problem, match="sent again or withdrawn meanwhile"):
        listings.receive(NewListing(**listing), [png(mosaic(1))], actor="hallmark", unless_after=row.updated)
    assert newcomer.listing(png(mosaic(2)), title="Hat", **listing)["listing"]["revision"] == 2


def test_the_stock_is_described_where_a_model_has_not_seen_it(open_client: Open) -> None:
    """In a service of its own: where others' references are searched for, the later model's vectors are dropped."""
    market = Marketplace(open_client())
    service, listing = market.client.service, {"id": "described", "seller": "S"}
    for seed in (1, 2):
        market.listing(png(mosaic(seed)), png(mosaic(3)), **listing)
    stored = text(
        "SELECT v.model, v.vectors FROM stock_vectors v JOIN listing_images i ON i.id = v.image_id "
        "JOIN listings l ON l.id = i.listing_id WHERE l.marketplace_id = :id ORDER BY v.model, i.position"
    )
    with service.database.read() as session:
        rows = session.execute(stored, listing).all()
    assert [row.model for row in rows] == [service.bundle.name] * 2, "only of its newest pictures"
    later = replace(service.bundle, name="later")
    assert describe_missing(service.database, service.objects, bundle=later) == 2
    assert describe_missing(service.database, service.objects, bundle=later) == 0
    with service.database.read() as session:
        again = session.execute(stored, listing).all()
    assert [row.model for row in again] == ["later"] * 2, "of models that are not kept nothing stays"
    for before, after in zip(rows, again, strict=True):
        assert before.vectors.startswith(after.vectors), "the same regions; a scan adds lines that it reads"


def test_a_cover_of_a_blind_test_is_no_stock(market: Marketplace) -> None:
    case = Marketplace(market.client).case()
    body = {"case_id": case, "truth": "fake", "cover": {"id": f"{case} cover", "seller": "s"}}
    assert market.client.post("/v1/blind-tests", json=body).status_code == 201
    service = market.client.service
    assert describe_missing(service.database, service.objects, bundle=service.bundle) == 0
