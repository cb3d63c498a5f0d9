from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from browser import Browser
from marketplace import Marketplace
from sqlalchemy import func, select, update

from serve.access.keys import revoke_key
from serve.access.roles import Role
from serve.console.sessions import COOKIE, forget_sessions
from serve.database.tables import ConsoleSession


def test_whoever_is_not_signed_in_is_asked_to_and_goes_on_to_what_was_asked_for(market: Marketplace) -> None:
    browser = Browser(market.client)
    asked = browser.look("/console/cases?state=open")
    assert (asked.status, asked.url) == (200, "/console/sign-in")
    key = market.client.key(Role.BRAND, market.brand)["Authorization"].removeprefix("Bearer ")
    page = browser.submit(asked, "/sign-in", key=key)
    assert (page.status, page.url) == (200, "/console/cases")


@pytest.mark.parametrize("address", ["/", "/console/"])
def test_the_service_s_address_leads_to_the_console(trust: Browser, address: str) -> None:
    assert trust.look(address).url == "/console"


def test_a_key_that_is_unknown_signs_nobody_in(market: Marketplace) -> None:
    browser = Browser(market.client)
    page = browser.submit(browser.look("/console/sign-in"), "/sign-in", key="hallmark_nope")
    assert page.status == 401
    assert "unknown or was revoked" in page.text
    assert COOKIE not in browser.http.cookies


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/console", "//evil.example/console", "/console\\@evil.example", "/v1/scans", "//["],
)
def test_nobody_is_sent_elsewhere(market: Marketplace, elsewhere: str) -> None:
    browser = Browser(market.client)
    page = browser.http.get("/console/sign-in", params={"next": elsewhere})
    assert 'name="next" value="/console"' in page.text


def test_no_other_site_signs_anybody_in(market: Marketplace) -> None:
    browser = Browser(market.client)
    key = market.client.key(Role.TRUST)["Authorization"].removeprefix("Bearer ")
    here = str(browser.http.base_url)
    for says, status in (
        ({}, 303), ({"Origin": here}, 303), ({"Origin": "https://evil.example"}, 403), ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403), ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": here}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://outside.example"}, 303),  # a proxy has another Host
    ):  # fmt: skip
        sent = browser.http.post("/console/sign-in", data={"key": key}, headers=says, follow_redirects=False)
        assert sent.status_code == status, says


def test_the_cookie_is_for_the_console_and_for_no_script(market: Marketplace) -> None:
    browser = Browser(market.client)
    key = market.client.key(Role.TRUST)["Authorization"].removeprefix("Bearer ")
    answer = browser.http.post("/console/sign-in", data={"key": key}, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/console", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}


def test_a_revoked_key_and_a_session_that_is_over_end_the_visit(market: Marketplace) -> None:
    browser = Browser.signed_in(market.client, Role.TRUST)
    database = market.client.service.database
    with database.read() as session:
        key_id = session.scalars(select(ConsoleSession.key_id).order_by(ConsoleSession.created.desc())).first()
    assert browser.look("/console/report").url == "/console/report"
    assert key_id is not None
    revoke_key(database, key_id)
    assert browser.look("/console/report").url == "/console/sign-in"
    late = Browser.signed_in(market.client, Role.TRUST)
    with database.write() as session:
        session.execute(update(ConsoleSession).values(expires=datetime.now(UTC) - timedelta(seconds=1)))
    assert late.look("/console/report").url == "/console/sign-in"
    forget_sessions(database)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(ConsoleSession)) == 0


def test_what_is_sent_after_the_session_is_over_is_said_to_be_lost(market: Marketplace, brand: Browser) -> None:
    at = f"/console/cases/{market.case()}"
    page = brand.look(at)
    brand.http.cookies.clear()
    asked = brand.submit(page, "/judgement", verdict="infringing")
    assert (asked.url, "it was not done" in asked.text) == ("/console/sign-in", True)
    assert asked.form("/sign-in").fields["next"] == at


def test_signing_out_ends_the_session_everywhere(trust: Browser) -> None:
    token = trust.http.cookies[COOKIE]
    page = trust.submit(trust.look("/console/report"), "/sign-out")
    assert page.url == "/console/sign-in"
    trust.http.cookies.set(COOKIE, token, path="/console")
    assert trust.look("/console/report").url == "/console/sign-in"


def test_a_form_of_another_site_does_nothing(market: Marketplace, brand: Browser) -> None:
    case = market.case()
    answer = brand.http.post(f"/console/cases/{case}/judgement", data={"verdict": "not_infringing", "proof": "guess"})
    assert (answer.status_code, "Open the page again" in answer.text) == (403, True)
    assert market.client.get(f"/v1/cases/{case}").json()["state"] == "open"


def test_the_cookie_opens_no_route_of_the_api(trust: Browser) -> None:
    assert trust.http.get("/v1/cases").status_code == 401
