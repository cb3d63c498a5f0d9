from __future__ import annotations

import itertools
from typing import Any

import pytest
from marketplace import Marketplace, disguised, smeared
from mosaics import mosaic, png
from service_client import Client

from serve.loop.sellers.networks import Tie, _networks

NAMES = itertools.count(1)


@pytest.fixture
def brand(client: Client) -> Marketplace:
    return Marketplace(client)


@pytest.fixture
def names() -> list[str]:
    number = next(NAMES)
    return [f"network {number} {letter}" for letter in "abcd"]


def networks(brand: Marketplace, names: list[str]) -> list[dict[str, Any]]:
    """Those with one of the sellers `names`."""
    found: list[dict[str, Any]] = brand.client.get("/v1/networks", params={"limit": 500}).json()["items"]
    return [one for one in found if {seller["seller"] for seller in one["sellers"]} & set(names)]


def kinds(network: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(tie["kind"], *sorted(tie["sellers"])) for tie in network["ties"]}


def offer(brand: Marketplace, seller: str, *pictures: bytes) -> str | None:
    """The id of the case of a listing of the seller's."""
    case = brand.listing(*pictures, seller=seller, id=f"{seller} {next(NAMES)}")["case"]
    return None if case is None else str(case["id"])


def upheld(brand: Marketplace, case: str | None) -> str:
    complaint = brand.complaint(case)
    assert brand.decide(complaint).status_code == 200
    return complaint


def test_sellers_of_one_fake_are_a_network_until_it_is_overturned(brand: Marketplace, names: list[str]) -> None:
    first, second, third, stranger = names
    fake = smeared(brand.seed, tile=5)
    complaint = upheld(brand, offer(brand, first, fake))
    assert networks(brand, names) == []
    offer(brand, second, png(mosaic(brand.seed + 90_000)), fake)
    offer(brand, stranger, png(mosaic(brand.seed)))
    (network,) = networks(brand, names)
    assert [one["seller"] for one in network["sellers"]] == [first, second]
    assert (network["infringements"], network["sellers"][1]["standing"]) == (1, "clear")
    assert ("same_picture", first, second) in kinds(network)
    assert all(tie["complaint_id"] == complaint for tie in network["ties"])
    offer(brand, third, fake)
    (network,) = networks(brand, names)
    assert [one["seller"] for one in network["sellers"]] == [first, second, third]
    brand.reverse(complaint)
    assert networks(brand, names) == []


def test_what_shows_a_known_fake_in_another_file_is_tied_too(brand: Marketplace, names: list[str]) -> None:
    complaint = upheld(brand, offer(brand, names[0], disguised(brand.seed)))
    offer(brand, names[1], disguised(brand.seed) + b"\0")  # the same pixels, another file
    (network,) = networks(brand, names)
    assert kinds(network) == {("known_fake", names[0], names[1])}
    assert network["ties"][0]["complaint_id"] == complaint


def test_a_picture_that_is_allowed_ties_nobody(brand: Marketplace, names: list[str]) -> None:
    official = png(mosaic(brand.seed))
    upheld(brand, offer(brand, names[0], official, smeared(brand.seed, tile=9)))
    assert offer(brand, names[1], official) is None
    assert networks(brand, names) == []


def test_the_cover_of_a_blind_test_joins_no_network(brand: Marketplace, names: list[str]) -> None:
    case = offer(brand, names[0], smeared(brand.seed, tile=11))
    cover = {"id": names[1], "seller": names[1]}
    made = brand.client.post("/v1/blind-tests", json={"case_id": case, "truth": "fake", "cover": cover}).json()
    upheld(brand, case)
    upheld(brand, made["case_id"])
    assert networks(brand, names) == []


def test_networks_are_listed_page_by_page(brand: Marketplace, names: list[str]) -> None:
    for market, pair in ((brand, names[:2]), (Marketplace(brand.client), names[2:])):
        upheld(market, offer(market, pair[0]))
        offer(market, pair[1])
    listed, cursor = [], None
    while True:
        params = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = brand.client.get("/v1/networks", params=params).json()
        listed += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert listed == brand.client.get("/v1/networks", params={"limit": 500}).json()["items"]
    assert len(networks(brand, names)) == 2


def test_who_is_tied_to_one_of_a_network_is_of_it() -> None:
    def tie(complaint: str, first: str, second: str) -> Tie:
        return Tie(
            kind="known_fake", complaint_id=complaint, sellers=(first, second), listing_ids=(f"L{first}", f"L{second}")
        )

    ties = [tie("1", "a", "b"), tie("2", "c", "d"), tie("3", "b", "e"), tie("4", "e", "a")]
    assert [[one.complaint_id for one in network] for network in _networks(ties)] == [["1", "3", "4"], ["2"]]
    assert _networks([]) == []
