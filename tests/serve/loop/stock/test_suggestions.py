from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from marketplace import Marketplace, RestingSearcher, stock_search
from mosaics import mosaic, png
from plain_bundle import NoDetector, plain_bundle
from service_client import Client
from sqlalchemy import text

from model.bundle import ModelBundle
from model.decode import decode
from model.regions import Box, Region, RgbImage
from serve import service
from serve.access.roles import Role
from serve.database.loop_tables import MarkSearch
from serve.loop.stock.mark_search import MarkSearcher
from serve.loop.stock.suggestions import cut_out_key

MARK = Box(12, 24, 96, 96)
LETTER = Box(28, 40, 32, 32)
"""A part of the mark, which is as often seen as the mark and suggested to nobody."""


class PlaceDetector(NoDetector):
    """Proposes the same two places of every photo."""

    def likeliest(self, image: RgbImage, *, most: int) -> list[Region]:
        return [Region(MARK, 0.9), Region(LETTER, 0.4)] if min(image.shape[:2]) > 96 else []


def place_bundle(name: str) -> ModelBundle:
    return replace(plain_bundle(name), detector=PlaceDetector())  # type: ignore[arg-type]


@pytest.fixture(scope="module", autouse=True)
def without_weights() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "load_bundle", lambda folder, threads: place_bundle(folder.name))
        patch.setattr(service, "MarkSearcher", RestingSearcher)
        yield


@pytest.fixture
def market(client: Client) -> Marketplace:
    """A brand of the test's own, with a reference, and a name that titles can say."""
    return Marketplace(client)


def name_of(market: Marketplace) -> str:
    return str(market.client.get(f"/v1/brands/{market.brand}").json()["name"])


def photo(mark: int, *, number: int) -> bytes:
    """A photo like no other that shows the mark of a seed."""
    picture = np.ascontiguousarray(mosaic(900_000 + 1_000 * mark + number, side=288))
    picture[24:120, 12:108] = mosaic(mark)
    return png(picture)


def list_photos(market: Marketplace, mark: int, *, count: int = 4, sellers: int = 4, **listing: Any) -> list[str]:
    """The ids of `count` listings that name the brand and show the mark of a seed."""
    ids = [f"{mark}-{number} {market.brand}" for number in range(count)]
    for number, listing_id in enumerate(ids):
        content = {"id": listing_id, "seller": f"S{number % sellers}", "title": f"{name_of(market)} cap", **listing}
        assert market.listing(photo(mark, number=number), **content)["findings"] == []
    return ids


def search(market: Marketplace) -> None:
    one = market.client.service
    searcher = MarkSearcher(one.database, one.objects, bundle=lambda: one.bundle)
    asyncio.run(searcher.search(market.brand))


def suggestions(market: Marketplace, **asked: str) -> list[dict[str, Any]]:
    found = market.client.get(f"/v1/brands/{market.brand}/suggestions", params=asked, headers=market.brand_key)
    assert found.status_code == 200, found.text
    items: list[dict[str, Any]] = found.json()["items"]
    return items


def answer(market: Marketplace, suggestion: dict[str, Any], said: str, **more: Any) -> Any:
    path = f"/v1/brands/{market.brand}/suggestions/{suggestion['id']}/answer"
    return market.client.post(path, json={"answer": said, **more}, headers=market.brand_key)


@pytest.fixture
def unknown(market: Marketplace) -> int:
    """The seed of a mark that no reference shows."""
    return market.seed + 30_000


def test_a_mark_that_listings_of_the_brand_show_is_suggested(market: Marketplace, unknown: int) -> None:
    listed = list_photos(market, unknown)
    for number in range(3):
        market.listing(photo(unknown + 1, number=number), title="Cap")
    search(market)
    (found,) = suggestions(market)
    assert (found["photos"], found["sellers"], found["state"], found["became"]) == (4, 4, "open", [])
    assert sorted(one["listing_id"] for one in found["pictures"]) == listed
    for one in found["pictures"]:
        assert one["box"] == list(MARK)
        picture = market.client.get(one["picture"], headers=market.brand_key)
        assert picture.headers["content-type"] == "image/png"
        middle = decode(picture.content)[8:-8, 8:-8]
        assert np.abs(middle.mean(axis=(0, 1)) - mosaic(unknown).mean(axis=(0, 1))).max() < 10


def test_listings_that_write_a_chinese_name_in_the_other_script_show_its_mark(
    market: Marketplace, unknown: int
) -> None:
    brand = f"/v1/brands/{market.brand}"
    assert market.client.patch(brand, json={"words": ["香奈儿"]}).is_success
    listed = list_photos(market, unknown, title="正品香奈兒女包")
    search(market)
    (found,) = suggestions(market)
    assert sorted(one["listing_id"] for one in found["pictures"]) == listed


def test_a_genuine_mark_becomes_references_by_which_it_is_recognised(market: Marketplace, unknown: int) -> None:
    list_photos(market, unknown)
    search(market)
    (found,) = suggestions(market)
    answered = answer(market, found, "genuine", pictures=[0, 2]).json()
    assert (answered["state"], len(answered["became"])) == ("genuine", 2)
    shown = market.client.get(f"/v1/brands/{market.brand}/references").json()["items"]
    assert [one["id"] for one in shown[-2:]] == answered["became"]
    assert shown[-1]["note"].startswith("Seen in listing")
    (finding,) = market.listing(photo(unknown, number=70), title=f"{name_of(market)} cap")["findings"]
    assert (finding["brand"], finding["kind"]) == (name_of(market), "genuine")
    again = answer(market, found, "neither")
    assert (again.status_code, again.json()["state"]) == (409, "genuine")


def test_cut_outs_that_are_the_same_become_one_reference(market: Marketplace) -> None:
    suggestion = market.suggestion(cut_outs=2)
    answered = answer(market, {"id": suggestion}, "genuine").json()
    assert len(answered["became"]) == 1
    assert len(market.client.get(f"/v1/brands/{market.brand}/references").json()["items"]) == 2


def test_a_cut_out_that_is_lost_is_told_and_stops_no_search(market: Marketplace, unknown: int) -> None:
    list_photos(market, unknown)
    search(market)
    (found,) = suggestions(market)
    market.client.service.objects.delete(cut_out_key(found["id"], 0))
    assert answer(market, found, "genuine").status_code == 404
    market.client.service.objects.delete_folder(f"suggestions/{found['id']}")
    search(market)
    (again,) = suggestions(market, state="open")
    assert again["id"] != found["id"], "what could not be shown any more is cut out anew"


def test_a_fake_becomes_a_trait_whose_photo_is_known_again(market: Marketplace, unknown: int) -> None:
    (first, *_) = list_photos(market, unknown)
    search(market)
    (found,) = suggestions(market)
    number = next(one["number"] for one in found["pictures"] if one["listing_id"] == first)
    answered = answer(market, found, "fake", pictures=[number]).json()
    (trait,) = market.client.get(f"/v1/brands/{market.brand}/traits").json()
    assert answered["became"] == [trait["id"]]
    shown = market.client.get(trait["picture"]).content
    np.testing.assert_array_equal(decode(shown), decode(photo(unknown, number=0)))
    search(market)
    assert suggestions(market, state="open") == [], "a fake is not suggested again"


def test_what_is_neither_is_not_asked_about_again(market: Marketplace, unknown: int) -> None:
    list_photos(market, unknown)
    search(market)
    (found,) = suggestions(market)
    assert answer(market, found, "neither").json()["became"] == []
    list_photos(market, unknown, count=6, description="sent again, and others")
    search(market)
    assert [one["state"] for one in suggestions(market)] == ["neither"]


def test_a_suggestion_stays_while_it_holds_and_goes_when_it_does_not(market: Marketplace, unknown: int) -> None:
    list_photos(market, unknown)
    search(market)
    (first,) = suggestions(market)
    list_photos(market, unknown, count=6)
    search(market)
    (again,) = suggestions(market)
    assert (again["id"], again["photos"], again["pictures"]) == (first["id"], 6, first["pictures"])
    market.client.reference(market.brand, png(mosaic(unknown)))
    for number, listing_id in enumerate([f"{unknown}-{number} {market.brand}" for number in range(6)]):
        sent = market.listing(
            photo(unknown, number=number), id=listing_id, seller=f"S{number % 4}", title=f"{name_of(market)} cap"
        )
        assert sent["findings"], "it is recognised now"
    search(market)
    assert suggestions(market) == []
    assert market.client.get(first["pictures"][0]["picture"]).status_code == 404
    assert answer(market, first, "genuine").status_code == 404


def test_a_listing_that_names_nothing_or_is_blocked_shows_nothing_to_the_brand(
    market: Marketplace, unknown: int
) -> None:
    listed = list_photos(market, unknown, title="Cap")
    search(market)
    assert suggestions(market) == []
    list_photos(market, unknown)
    with market.client.service.database.write() as session:
        query = text("UPDATE listings SET decision = 'block' WHERE marketplace_id = ANY(:ids)")
        session.execute(query, {"ids": listed[:2]})
    search(market)
    assert suggestions(market) == [], "two photos are not enough"


def test_an_answer_that_was_broken_off_is_not_given_twice(
    market: Marketplace, unknown: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    list_photos(market, unknown)
    search(market)
    (found,) = suggestions(market)
    references = market.client.service.references
    add, added = references.add, list[str]()

    def breaks_off(*args: Any, **named: Any) -> Any:
        if len(added) == 2:
            raise RuntimeError("the process dies")
        added.append("one")
        return add(*args, **named)

    monkeypatch.setattr(references, "add", breaks_off)
    assert answer(market, found, "genuine").status_code == 500
    monkeypatch.undo()
    assert suggestions(market)[0]["state"] == "open"
    answered = answer(market, found, "genuine").json()
    shown = market.client.get(f"/v1/brands/{market.brand}/references").json()["items"]
    assert sorted(answered["became"]) == sorted(one["id"] for one in shown[1:])
    assert len(shown) == 1 + 4


def test_of_two_answers_at_once_one_counts(market: Marketplace, unknown: int) -> None:
    list_photos(market, unknown)
    search(market)
    (found,) = suggestions(market)
    with ThreadPoolExecutor(2) as threads:
        given = [threads.submit(answer, market, found, "genuine") for _ in range(2)]
    assert sorted(one.result().status_code for one in given) == [200, 409]
    shown = market.client.get(f"/v1/brands/{market.brand}/references").json()["items"]
    assert len(shown) == 1 + len(found["pictures"])


def test_what_is_no_answer_is_refused(market: Marketplace, unknown: int) -> None:
    list_photos(market, unknown, count=3)
    search(market)
    (found,) = suggestions(market)
    assert answer(market, found, "maybe").status_code == 422
    assert answer(market, found, "genuine", pictures=[]).status_code == 422
    missing = answer(market, found, "genuine", pictures=[3])
    assert (missing.status_code, missing.json()["type"]) == (422, "urn:hallmark:problem:no-such-picture")
    assert answer(market, {"id": "suggestion_0"}, "genuine").status_code == 404
    scanner = market.client.key(Role.ML)
    path = f"/v1/brands/{market.brand}/suggestions"
    assert market.client.get(path, headers=scanner).status_code == 200
    refused = market.client.post(f"{path}/{found['id']}/answer", json={"answer": "genuine"}, headers=scanner)
    assert refused.status_code == 403
    other = Marketplace(market.client)
    for url in (path, found["pictures"][0]["picture"]):
        assert market.client.get(url, headers=other.brand_key).status_code == 404
    elsewhere = f"/v1/brands/{other.brand}/suggestions/{found['id']}/answer"
    assert market.client.post(elsewhere, json={"answer": "genuine"}, headers=other.brand_key).status_code == 404


def test_a_search_is_planned_once_for_many_listings_and_at_once_after_a_reference(
    market: Marketplace, unknown: int
) -> None:
    def planned() -> list[Any]:
        query = text(
            "SELECT scheduled_at FROM procrastinate.procrastinate_jobs WHERE args ->> 'brand_id' = :brand "
            "AND task_name LIKE 'search listings%' ORDER BY id"
        )
        with market.client.service.database.read() as session:
            return list(session.scalars(query, {"brand": market.brand}))

    assert planned() == []
    list_photos(market, unknown)
    (later,) = planned()
    assert later > datetime.now(UTC) + timedelta(minutes=50)
    reference = market.client.reference(market.brand, png(mosaic(market.seed + 40_000)))
    asyncio.run(stock_search(market).search_for_reference(reference))
    with market.client.service.database.read() as session:
        due = session.get_one(MarkSearch, market.brand).due
    assert due is not None
    assert due <= datetime.now(UTC)


def test_the_rights_holder_is_told_once_of_a_mark(market: Marketplace, unknown: int) -> None:
    market.set_webhook("http://127.0.0.1:9")
    list_photos(market, unknown)
    for _ in range(2):
        search(market)
    (found,) = suggestions(market)
    (told,) = market.deliveries()
    assert (told["type"], told["payload"]["data"]["id"]) == ("suggestion.made", found["id"])
