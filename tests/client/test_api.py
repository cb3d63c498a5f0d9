from __future__ import annotations

from collections.abc import Iterator

import pytest

from client.api import Hallmark, Problem
from client.temporary import temporary_service
from model.encoding import png
from training.synthesis.logos import load_logos, rasterise


@pytest.fixture(scope="module")
def api() -> Iterator[Hallmark]:
    """An administrator's client of a service with nothing in it."""
    with temporary_service() as found:
        yield found


PICTURE = png(rasterise(load_logos(None)[0], width=256, background=(255, 255, 255)))


@pytest.mark.parametrize("name", ["Lyon/Rhône", "100%2F", "what?#", ".", ".."])
def test_a_seller_is_reached_whatever_its_name_holds(api: Hallmark, name: str) -> None:
    with pytest.raises(Problem, match="There is no seller"):
        api.seller(name)
    api.send_listing({"id": f"of {name}", "seller": name, "title": "A car"}, PICTURE)
    assert (api.seller(name)["seller"], api.seller(name)["listings"]) == (name, 1)


def test_sellers_are_authorised_listed_and_taken_back(api: Hallmark) -> None:
    brand = api.create_brand("Toyota")["id"]
    said = api.authorise_seller(brand, "Lyon/Rhône", note="our shop", until="2099-12-31")
    assert (said["seller"], said["note"], said["until"]) == ("Lyon/Rhône", "our shop", "2099-12-31")
    assert api.authorise_seller(brand, "Lyon/Rhône")["until"] is None
    api.authorise_seller(brand, "..")
    assert [one["seller"] for one in api.authorised_sellers(brand)] == ["Lyon/Rhône", ".."]
    for seller in ("Lyon/Rhône", ".."):
        api.remove_authorised_seller(brand, seller)
    assert api.authorised_sellers(brand) == []


def test_what_waits_without_a_complaint_is_listed_and_released(api: Hallmark) -> None:
    """A service with nothing in it has no such case; what becomes of one, tests of the loop say."""
    assert api.no_complaint() == []
    with pytest.raises(Problem, match="There is no case 'case_nope'"):
        api.release("case_nope", reason="a souvenir")
