from __future__ import annotations

from typing import Any

import pytest
from marketplace import Marketplace
from mosaics import mosaic, png
from service_client import Client
from sqlalchemy import select

from serve.database.loop_tables import ListingRecord
from serve.loop.standing import lock_listing, settle
from serve.protocol.paging import cursor_of


@pytest.fixture
def brand(client: Client) -> Marketplace:
    return Marketplace(client)


def test_a_cursor_of_another_list_or_from_ahead_is_refused(brand: Marketplace) -> None:
    brand.case()
    ahead = cursor_of(str(10**12))
    of_cases = brand.client.get("/v1/cases", params={"limit": 1}).json()["next_cursor"] or cursor_of("case_0")
    for path, cursor in (("listings/decisions", ahead), ("brands", of_cases), ("complaints", of_cases)):
        answer = brand.client.get(f"/v1/{path}", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:hallmark:problem:invalid-cursor"), path


def changes(brand: Marketplace, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """The changes after `cursor`, and the cursor to go on from."""
    params: dict[str, Any] = {"limit": 500, **({"cursor": cursor} if cursor else {})}
    page = brand.client.get("/v1/listings/decisions", params=params).json()
    assert page["next_cursor"] is None
    return page["items"], page["resume_cursor"]


def test_what_a_complaint_makes_of_a_listing_is_told_step_by_step(brand: Marketplace) -> None:
    _, cursor = changes(brand, None)
    assert changes(brand, cursor) == ([], cursor)
    complaint = brand.complaint()
    brand.decide(complaint)
    told, cursor = changes(brand, cursor)
    assert [(one["before"], one["decision"]) for one in told] == [("allow", "review"), ("review", "block")]
    listing = told[0]["listing_id"]
    (stored,) = brand.client.get("/v1/listings", params={"id": listing}).json()["items"]
    assert (told[-1]["reasons"], told[-1]["seller"]) == (stored["reasons"], stored["seller"])
    assert stored["case_ids"]
    assert changes(brand, cursor) == ([], cursor)


def test_what_passes_is_told_in_its_answer_alone(brand: Marketplace) -> None:
    _, cursor = changes(brand, None)
    assert brand.listing(png(mosaic(brand.seed)))["decision"] == "allow"
    assert changes(brand, cursor) == ([], cursor)


def test_a_transaction_that_comes_back_to_what_held_changed_nothing(brand: Marketplace) -> None:
    held = brand.listing()
    _, cursor = changes(brand, None)
    with brand.client.service.database.write() as session:
        ours = select(ListingRecord.id).where(ListingRecord.marketplace_id == held["listing"]["id"])
        listing = lock_listing(session, session.scalars(ours).one())
        listing.scanned = "block"
        settle(session, listing)
        assert listing.decision == "block"
        listing.scanned = "review"
        settle(session, listing)
    assert changes(brand, cursor) == ([], cursor)


def test_the_cover_of_a_blind_test_is_nobodys_listing(brand: Marketplace) -> None:
    case = brand.case()
    assert brand.judge(case).status_code == 200
    _, cursor = changes(brand, None)
    assert brand.judge(brand.slip(case)).status_code == 200
    assert changes(brand, cursor) == ([], cursor)


def test_a_cursor_of_another_list_is_refused(brand: Marketplace) -> None:
    for _ in range(2):
        brand.case()
    of_cases = brand.client.get("/v1/cases", params={"limit": 1}).json()["next_cursor"]
    answer = brand.client.get("/v1/listings/decisions", params={"cursor": of_cases})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hallmark:problem:invalid-cursor")
