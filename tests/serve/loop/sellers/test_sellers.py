from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import quote

import pytest
from marketplace import Marketplace, smeared
from mosaics import mosaic, png
from service_client import Client

SELLERS = itertools.count(1)


@pytest.fixture
def brand(client: Client) -> Marketplace:
    return Marketplace(client)


@pytest.fixture
def seller() -> str:
    return f"repeats 商店 {next(SELLERS)}"


def infringement(brand: Marketplace, seller: str, *, tile: int = 0) -> str:
    """The id of a complaint of the brand's that was upheld against the seller."""
    case = brand.listing(smeared(brand.seed, tile=tile), seller=seller)["case"]["id"]
    complaint = brand.complaint(case)
    assert brand.decide(complaint).status_code == 200
    return complaint


def seen(brand: Marketplace, seller: str) -> dict[str, Any]:
    answer = brand.client.get(f"/v1/sellers/{quote(seller, safe='')}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def standing(brand: Marketplace, seller: str) -> tuple[str, int, int]:
    found = seen(brand, seller)
    return found["standing"], found["infringements"], found["repeats"]


def test_a_seller_of_whom_nothing_bad_is_known_is_clear(brand: Marketplace, seller: str) -> None:
    brand.listing(png(mosaic(brand.seed)), seller=seller)
    brand.listing(seller=seller)
    assert seen(brand, seller) == {
        "seller": seller, "standing": "clear", "listings": 2, "blocked": 0, "in_review": 1, "infringements": 0,
        "repeats": 0, "cleared": 0, "brands": [],
    }  # fmt: skip
    assert brand.client.get("/v1/sellers", params={"seller": seller}).json()["items"] == []


def test_whoever_goes_on_after_being_told_is_a_repeat_infringer(brand: Marketplace, seller: str) -> None:
    other = Marketplace(brand.client)
    before_the_word = [brand.listing(smeared(brand.seed, tile=tile), seller=seller) for tile in (0, 1)]
    for sent in before_the_word:
        brand.decide(brand.complaint(sent["case"]["id"]))
    assert standing(brand, seller) == ("infringer", 2, 0)
    infringement(other, seller)
    assert standing(brand, seller) == ("repeat_infringer", 3, 1)
    found = seen(brand, seller)
    assert (found["listings"], found["blocked"]) == (3, 3)
    assert [(one["brand_id"], one["infringements"]) for one in found["brands"]] == [(brand.brand, 2), (other.brand, 1)]


def test_what_is_overturned_makes_nothing_a_repeat(brand: Marketplace, seller: str) -> None:
    first, second = infringement(brand, seller), infringement(brand, seller, tile=1)
    assert standing(brand, seller) == ("repeat_infringer", 2, 1)
    brand.counter(first)
    assert standing(brand, seller) == ("repeat_infringer", 2, 1), "an answer alone undoes nothing"
    brand.decide(first, "dismissed")
    assert standing(brand, seller) == ("infringer", 1, 0)
    brand.reverse(second)
    found = seen(brand, seller)
    assert (found["standing"], found["infringements"], found["cleared"]) == ("clear", 0, 2)


def test_a_repeat_infringer_s_doubtful_marks_are_held_up_where_others_pass(
    brand: Marketplace, seller: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    once, again, genuine = f"{seller} once", f"{seller} again", png(mosaic(brand.seed))
    infringement(brand, once)
    infringement(brand, again)
    infringement(brand, again, tile=1)
    brand.let_smears_pass()

    def decisions(who: str) -> tuple[str, str]:
        """On a new smear, and on a genuine mark."""
        return brand.listing(smeared(brand.seed, tile=4), seller=who)["decision"], brand.listing(genuine, seller=who)[
            "decision"
        ]

    assert decisions(once) == ("allow", "allow")
    assert decisions(again) == ("review", "allow")
    monkeypatch.setattr(brand.client.service.listings, "_watch_repeat_infringers", False)
    assert decisions(again) == ("allow", "allow")


def test_the_marks_that_a_seller_infringed_before_are_looked_for_where_nothing_is_found(
    brand: Marketplace, seller: str
) -> None:
    stranger, own = png(mosaic(brand.seed + 60_000)), png(mosaic(brand.seed))
    complaint = infringement(brand, seller)

    def sought(*pictures: bytes, who: str = seller, **listing: str) -> list[tuple[bool, bool]]:
        """Whether each picture was searched for the brand because of the seller, and whether something was found."""
        sent = brand.listing(*pictures, seller=who, **listing)
        scans = [brand.client.get(f"/v1/scans/{scan}").json() for scan in sent["scan_ids"]]
        return [(scan["infringed_before"] == [brand.brand], bool(scan["findings"])) for scan in scans]

    assert sought(stranger) == [(True, True)]
    assert sought(stranger, who=f"{seller} else") == [(False, False)]
    assert sought(stranger, own) == [(False, True)] * 2, "the other picture shows the mark anyway"
    name = brand.client.get(f"/v1/brands/{brand.brand}").json()["name"]
    assert sought(stranger, brand_claimed=name) == [(False, True)], "the listing names it anyway"
    brand.reverse(complaint)
    assert sought(stranger) == [(False, False)]


def test_other_pictures_under_a_listing_that_was_told_of_are_a_repeat(brand: Marketplace, seller: str) -> None:
    case = brand.listing(seller=seller, id=f"{seller} 1")["case"]["id"]
    brand.decide(brand.complaint(case))
    again = brand.listing(smeared(brand.seed, tile=3), seller=seller, id=f"{seller} 1")["case"]["id"]
    assert again != case
    brand.decide(brand.complaint(again))
    assert standing(brand, seller) == ("repeat_infringer", 2, 1)


def test_the_cover_of_a_blind_test_is_no_seller(brand: Marketplace, seller: str) -> None:
    cover = {"id": f"{seller} cover", "seller": f"{seller} cover"}
    made = brand.client.post("/v1/blind-tests", json={"case_id": brand.case(), "truth": "fake", "cover": cover})
    brand.decide(brand.complaint(made.json()["case_id"]))
    assert brand.client.get(f"/v1/sellers/{cover['seller']}").status_code == 404
    assert brand.client.get("/v1/sellers", params={"seller": cover["seller"]}).json()["items"] == []


def test_infringers_are_listed_page_by_page_in_the_order_of_their_first(brand: Marketplace, seller: str) -> None:
    names = [f"{seller} {n}" for n in range(3)]
    for name in names:
        infringement(brand, name)
    infringement(brand, names[1], tile=1)
    listed, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = brand.client.get("/v1/sellers", params=params).json()
        listed += [one["seller"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert listed[-3:] == names
    assert len(set(listed)) == len(listed)
    repeated = brand.client.get("/v1/sellers", params={"repeated": True, "limit": 500}).json()["items"]
    assert [one["seller"] for one in repeated][-1:] == [names[1]]
    assert all(one["standing"] == "repeat_infringer" for one in repeated)


def test_a_name_that_no_database_holds_is_refused(brand: Marketplace) -> None:
    assert brand.client.get("/v1/sellers/a%00b").status_code == 422


@pytest.mark.parametrize("name", ["Lyon/Rhône", "/", "shop//2/", "what?#;", "two\nlines"])
def test_a_seller_is_reached_whatever_its_name_holds(brand: Marketplace, name: str) -> None:
    brand.listing(png(mosaic(brand.seed)), seller=name)
    assert seen(brand, name)["seller"] == name


def test_the_list_of_sellers_is_no_seller_without_a_name(brand: Marketplace) -> None:
    assert brand.client.get("/v1/sellers").status_code == 200
    assert brand.client.get("/v1/sellers/").status_code == 404
