from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from marketplace import Marketplace, disguised, stock_search
from mosaics import mosaic, png
from service_client import Client


@pytest.fixture
def brand(client: Client) -> Marketplace:
    return Marketplace(client)


def report(brand: Marketplace, **window: datetime) -> dict[str, Any]:
    answer = brand.client.get("/v1/report", params={name: moment.isoformat() for name, moment in window.items()})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_every_step_is_counted_once_and_as_it_stands_now(brand: Marketplace) -> None:
    began = datetime.now(UTC)
    brand.listing(png(mosaic(brand.seed)))
    dismissed, upheld, overturned, waits = (brand.case() for _ in range(4))
    for case, outcome in ((dismissed, "dismissed"), (upheld, "upheld"), (overturned, "upheld")):
        complaint = brand.complaint(case)
        brand.decide(complaint, outcome)
    brand.reverse(complaint)
    silent, cleared = brand.case(), brand.case()
    brand.end(silent)
    brand.judge(cleared, "not_infringing")
    brand.trait(text="the seam")
    found = report(brand, since=began)
    assert found["listings"] == {"sent": 7, "allowed": 5, "in_review": 1, "blocked": 1}
    hours = found["cases"].pop("median_hours")
    assert 0 <= hours < 0.1
    assert found["cases"] == {
        "opened": 6, "infringing": 3, "not_infringing": 1, "unsure": 0, "waiting": 1, "unanswered": 1,
    }  # fmt: skip
    assert found["complaints"] == {"filed": 3, "upheld": 1, "dismissed": 1, "overturned": 1, "undecided": 0}
    assert found["fakes"] == {"found": 1, "by_kind": {"smear": 1}, "reported": 0, "found_per_report": None}
    assert brand.client.get(f"/v1/cases/{waits}").json()["state"] == "open"


def test_a_case_that_was_dropped_in_time_is_not_one_that_nobody_answered(brand: Marketplace) -> None:
    began = datetime.now(UTC)
    brand.let_smears_pass()
    fake = disguised(brand.seed)
    trait = brand.trait(picture=fake)
    case = brand.listing(fake)["case"]["id"]
    brand.client.delete(f"/v1/brands/{brand.brand}/traits/{trait}")
    asyncio.run(stock_search(brand).look_again(brand.holder))
    assert brand.client.get(f"/v1/cases/{case}").json()["state"] == "dropped"
    cases = report(brand, since=began)["cases"]
    assert (cases["opened"], cases["waiting"], cases["unanswered"]) == (1, 0, 0)


def test_fakes_are_set_against_those_that_brands_reported(brand: Marketplace) -> None:
    began = datetime.now(UTC)
    for _ in range(3):
        brand.decide(brand.complaint())
    brand.trait(picture=disguised(brand.seed))
    fakes = report(brand, since=began)["fakes"]
    assert (fakes["found"], fakes["reported"], fakes["found_per_report"]) == (3, 1, 3.0)


def test_what_hallmark_suggested_is_no_report_of_the_brands(brand: Marketplace) -> None:
    began = datetime.now(UTC)
    suggested = [brand.suggestion() for _ in range(4)]
    for suggestion, said in zip(suggested, ("fake", "genuine", "neither"), strict=False):
        path = f"/v1/brands/{brand.brand}/suggestions/{suggestion}/answer"
        assert brand.client.post(path, json={"answer": said}, headers=brand.brand_key).status_code == 200
    found = report(brand, since=began)
    assert found["suggestions"] == {"made": 4, "genuine": 1, "fake": 1, "neither": 1, "open": 1}
    assert found["fakes"]["reported"] == 0
    brand.trait(picture=disguised(brand.seed))
    assert report(brand, since=began)["fakes"]["reported"] == 1


def test_what_came_before_or_after_is_left_out(brand: Marketplace) -> None:
    brand.decide(brand.complaint())
    between = datetime.now(UTC)
    assert report(brand, since=between)["complaints"]["filed"] == 0
    brand.decide(brand.complaint())
    before, after, all_time = report(brand, until=between), report(brand, since=between), report(brand)
    for part, name in (("listings", "sent"), ("cases", "opened"), ("complaints", "filed"), ("fakes", "found")):
        assert after[part][name] == 1
        assert before[part][name] + 1 == all_time[part][name]


def test_the_cover_of_a_blind_test_is_not_counted(brand: Marketplace) -> None:
    source = brand.case()
    between = datetime.now(UTC)
    cover = {"id": f"{brand.brand} cover", "seller": "cover"}
    made = brand.client.post("/v1/blind-tests", json={"case_id": source, "truth": "fake", "cover": cover})
    brand.decide(brand.complaint(made.json()["case_id"]))
    found = report(brand, since=between)
    assert (found["listings"]["sent"], found["cases"]["opened"], found["complaints"]["filed"]) == (0, 0, 0)
    assert found["fakes"]["found"] == 0


def test_a_time_that_ends_before_it_begins_is_refused(brand: Marketplace) -> None:
    times = {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    assert brand.client.get("/v1/report", params=times).status_code == 422


def test_a_moment_without_a_time_zone_is_refused(brand: Marketplace) -> None:
    answer = brand.client.get("/v1/report", params={"since": "2026-01-01T00:00:00"})
    assert answer.status_code == 422
    assert "since" in answer.text
