from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from marketplace import Marketplace, smeared
from mosaics import mosaic
from service_client import Client

from model.decode import decode
from serve.access.roles import Role


@pytest.fixture
def market(client: Client) -> Marketplace:
    return Marketplace(client)


def ballots(market: Marketplace, jury: str, *jurors: str) -> dict[str, str]:
    """Of each juror the path of the page to vote on."""
    answer = market.client.post(f"/v1/juries/{jury}/ballots", json={"jurors": list(jurors)})
    assert answer.status_code == 201, answer.text
    return {one["juror"]: one["path"] for one in answer.json()}


def vote(market: Marketplace, path: str, said: str = "true") -> Any:
    """Whatever key the client has: a ballot asks for none."""
    return market.client.post(path, data={"misleads": said}, headers={"Authorization": ""}, follow_redirects=True)


def test_jurors_vote_on_pages_of_their_own_and_the_last_one_gives_the_result(market: Marketplace) -> None:
    jury = market.jury(jurors=3)
    pages = ballots(market, jury, "ann", "bob", "eve")
    assert len(set(pages.values())) == 3
    for juror, said in (("ann", "true"), ("bob", "true"), ("eve", "false")):
        asked = market.client.get(pages[juror], headers={"Authorization": ""})
        assert asked.status_code == 200
        assert "Could this be taken for a mark of" in asked.text
        assert "Your vote is counted" in vote(market, pages[juror], said).text
    found = market.client.get(f"/v1/juries/{jury}").json()
    assert (found["votes"], found["ended"] is not None) == (3, True)
    assert 0.5 < found["misleads"] < 1


def test_a_ballot_is_one_vote(market: Marketplace) -> None:
    jury = market.jury()
    page = ballots(market, jury, "ann")["ann"]
    for said in ("true", "false", "true"):
        assert "Your vote is counted" in vote(market, page, said).text
    assert market.client.get(f"/v1/juries/{jury}").json()["votes"] == 1
    sent = market.client.post(f"/v1/juries/{jury}/votes", json={"juror": "ann", "misleads": True})
    assert sent.status_code == 409, "nor does the marketplace vote for a juror who voted"


def test_another_ballot_takes_the_place_of_the_first(market: Marketplace) -> None:
    jury = market.jury()
    first = ballots(market, jury, "ann", "bob")
    second = ballots(market, jury, "ann", "ann")
    assert market.client.get(first["ann"]).status_code == 404
    assert vote(market, first["ann"]).status_code == 404
    assert market.client.get(second["ann"]).status_code == 200
    assert market.client.get(first["bob"]).status_code == 200


def test_a_juror_sees_both_marks_and_nothing_that_hallmark_thinks_of_them(market: Marketplace) -> None:
    page = ballots(market, market.jury(), "ann")["ann"]
    shown = {
        side: decode(market.client.get(f"{page}/{side}/0.png", headers={"Authorization": ""}).content)
        for side in ("offered", "genuine")
    }
    np.testing.assert_array_equal(shown["offered"], decode(smeared(market.seed)))
    np.testing.assert_array_equal(shown["genuine"], mosaic(market.seed))
    text = market.client.get(page).text
    assert "smear" not in text
    assert "hard to read" not in text
    for wrong in ("offered/9", "evidence/0", "genuine/-1"):
        assert market.client.get(f"{page}/{wrong}.png").status_code in (404, 422)


def test_a_page_is_closed_once_the_case_shows_other_pictures_or_the_jury_has_voted(market: Marketplace) -> None:
    case = market.case()
    jury = market.jury(case)
    page = ballots(market, jury, "ann")["ann"]
    listing = market.client.get(f"/v1/cases/{case}").json()["listing"]
    market.listing(smeared(market.seed, tile=7), id=listing["id"], seller=listing["seller"])
    assert "No vote counts any more" in market.client.get(page).text
    assert "No vote counts any more" in vote(market, page).text
    assert market.client.get(f"{page}/offered/0.png").status_code == 404
    other = market.jury()
    late = ballots(market, other, "late")["late"]
    for juror in ("a", "b", "c"):
        market.client.post(f"/v1/juries/{other}/votes", json={"juror": juror, "misleads": True})
    assert "No vote counts any more" in vote(market, late).text
    again = market.client.post(f"/v1/juries/{other}/ballots", json={"jurors": ["x"]})
    assert again.status_code == 409


def test_what_is_no_ballot_is_refused(market: Marketplace) -> None:
    jury = market.jury()
    post = market.client.post
    assert post(f"/v1/juries/{jury}/ballots", json={"jurors": []}).status_code == 422
    assert post(f"/v1/juries/{jury}/ballots", json={"jurors": ["", "a"]}).status_code == 422
    assert post("/v1/juries/jury_0/ballots", json={"jurors": ["a"]}).status_code == 404
    scanner = market.client.key(Role.ML)
    assert post(f"/v1/juries/{jury}/ballots", json={"jurors": ["a"]}, headers=scanner).status_code == 403
    page = ballots(market, jury, "ann")["ann"]
    assert vote(market, page, "perhaps").status_code == 422
    assert vote(market, f"{page}x").status_code == 404
    assert market.client.get("/console/jury/%00").status_code == 404
    assert market.client.get(f"/v1/juries/{jury}").json()["votes"] == 0


def test_ballots_that_are_made_at_once_take_turns(market: Marketplace) -> None:
    url = f"/v1/juries/{market.jury()}/ballots"

    def make(_: int) -> int:
        return market.client.post(url, json={"jurors": ["ann", "bob"]}).status_code

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(make, range(12))) == {201}


@pytest.mark.parametrize("ending", ["", "/", "/no/such.png"])
def test_no_log_has_what_a_juror_votes_with(market: Marketplace, caplog: pytest.LogCaptureFixture, ending: str) -> None:
    page = ballots(market, market.jury(), "ann")["ann"]
    caplog.set_level("INFO")
    market.client.get(f"{page}{ending}", headers={"Authorization": ""})
    logged = " ".join(str(record.msg) for record in caplog.records if record.name.startswith("serve"))
    assert "/console/jury/{ballot}" in logged
    assert page.rpartition("/")[2] not in logged
