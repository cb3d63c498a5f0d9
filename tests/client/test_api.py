from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from client.api import Hallmark, Problem
from client.temporary import temporary_service
from model.encoding import png
from model.regions import RgbImage
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


def _on_paper(mark: RgbImage) -> bytes:
    """A picture that shows a mark amid white."""
    paper = np.full((800, 800, 3), 255, np.uint8)
    paper[200 : 200 + mark.shape[0], 250 : 250 + mark.shape[1]] = mark
    return png(paper)


def test_a_case_goes_through_complaint_counter_notice_and_doubt(api: Hallmark) -> None:
    logo = next(one for one in load_logos(None) if one.brand == "ford")
    brand = api.create_brand("Ford")["id"]
    api.add_reference(brand, png(rasterise(logo, width=512, background=(255, 255, 255))), kind="logo")
    api.add_trait(brand, text="toyoda badge")
    picture = _on_paper(rasterise(logo, width=300, background=(255, 255, 255))[..., :3])

    def case_of(number: int) -> str:
        listing = {"id": f"badge {number}", "seller": "Fjord", "title": "toyoda badge", "brand_claimed": "Ford"}
        (case_id,) = api.send_listing(listing, picture)["case_ids"]
        return str(case_id)

    complained, cleared = case_of(1), case_of(2)
    api.judge(complained, "infringing")
    complaint = api.complain(complained)["id"]
    api.decide(complaint, "upheld", reason="no badge of ours")
    assert [one["subject"] for one in api.notices(seller="Fjord")] == ["upheld"]
    answered = api.answer_complaint(complaint, statement="bought from the brand", files={"bill.pdf": b"%PDF-1.4"})
    assert (answered["state"], answered["counter_notice"]["statement"]) == ("countered", "bought from the brand")
    assert [(one["party"], one["name"]) for one in answered["files"]] == [("seller", "bill.pdf")]

    api.judge(cleared, "not_infringing")
    assert api.doubtful() == []  # only what rights holders who are suspended clear
    doubted = api.doubt(cleared, reason="it is no badge of the brand's")
    assert (doubted["party"], doubted["state"], doubted["case_id"]) == ("platform", "filed", cleared)


def test_a_counter_notice_needs_no_file(api: Hallmark) -> None:
    with pytest.raises(Problem, match="There is no complaint 'complaint_nope'"):
        api.answer_complaint("complaint_nope", statement="it is genuine")
