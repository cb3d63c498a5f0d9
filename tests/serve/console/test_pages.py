from __future__ import annotations

import itertools
import re
import string

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from browser import Browser
from marketplace import Marketplace, smeared
from mosaics import mosaic, png
from route_table import all_routes

from serve.access.roles import PERMISSIONS, Role
from serve.console.reasons import SENTENCES, WORDS
from serve.console.rendering import FOLDER, HEADERS, LANGUAGES
from serve.console.sessions import Visitor


def pages(market: Marketplace) -> list[tuple[str, str, frozenset[str]]]:
    """Path, action and methods of each route of the console that asks for a permission."""
    found = []
    for route in all_routes(market.client):
        visitors = [one.call.action for one in route.dependant.dependencies if isinstance(one.call, Visitor)]
        if visitors:
            found.append((route.path, visitors[0], frozenset(route.methods)))
    return found


def test_every_route_of_the_console_but_signing_in_asks_for_a_permission(market: Marketplace) -> None:
    open_to_all = {route.path for route in all_routes(market.client) if route.path.startswith("/console")} - {
        path for path, _, _ in pages(market)
    }
    assert open_to_all == {
        "/console", "/console/", "/console/sign-in", "/console/sign-out", "/console/language/{language}",
        "/console/console.css",
        "/console/icon.svg", "/console/jury/{ballot}", "/console/jury/{ballot}/{side}/{number}.png",
        "/console/{elsewhere:path}",
    }  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
def test_a_role_sees_what_the_api_lets_it_see(market: Marketplace, role: Role) -> None:
    other = Marketplace(market.client)
    case = other.case()
    ids = {
        "brand_id": other.brand, "case_id": case, "complaint_id": other.complaint(), "number": "0",
        "reference_id": market.client.get(f"/v1/brands/{other.brand}/references").json()["items"][0]["id"],
        "trait_id": other.trait(text="t", picture=smeared(other.seed)), "suggestion_id": other.suggestion(),
        "jury_id": other.jury(), "document_id": other.document(), "dispute_id": "dispute_0",
        "hold_id": "hold_0", "file_id": "file_0", "policy_version": "9999",
    }  # fmt: skip
    browser = Browser.signed_in(market.client, role, brand_id=market.brand if role is Role.BRAND else None)
    for path, action, methods in pages(market):
        named = {name for _, name, _, _ in string.Formatter().parse(path) if name}
        for method in methods:
            status = browser.http.request(method, path.format(**ids)).status_code
            where = (method, path, status)
            if role not in PERMISSIONS[action]:
                assert status == 403, where
            elif role is Role.BRAND and named:
                assert status == 404, where
            elif method == "GET":
                assert status == (404 if "file_id" in named else 200), where
            else:
                assert status in (403, 415), where  # no form, or one without its proof


@pytest.mark.parametrize("role", list(Role))
def test_no_link_of_a_page_leads_nowhere(market: Marketplace, role: Role) -> None:
    """Walks all that can be reached from the first page."""
    market.decide(market.complaint())
    market.case()
    browser = Browser.signed_in(market.client, role, brand_id=market.brand if role is Role.BRAND else None)
    seen, waiting = set[str](), ["/console"]
    while waiting:
        path = waiting.pop()
        page = browser.look(path)
        assert page.status == 200, (path, page.text)
        assert page.url != "/console/sign-in"
        for picture in set(page.pictures) - seen:
            assert browser.http.get(picture).status_code == 200, picture
        seen.update(page.pictures)
        for link in page.links:
            absolute = link if link.startswith("/") else page.url + link
            if absolute not in seen and "/language/" not in link and not link.endswith(".png"):
                seen.add(absolute)
                waiting.append(absolute)
    assert len(seen) > 5


def test_enter_presses_none_of_several_buttons(market: Marketplace, brand: Browser, trust: Browser) -> None:
    complaint, case = market.complaint(), market.case()
    market.suggestion()
    market.document(state="forged")
    seen = [
        *(brand.look(f"/console/{at}") for at in (f"cases/{case}", f"brands/{market.brand}")),
        *(trust.look(f"/console/{at}") for at in (f"complaints/{complaint}", f"brands/{market.brand}", "disputes")),
    ]
    deciding = [form for page in seen for form in page.forms if len(form.buttons) > 1]
    assert {form.action.rpartition("/")[2] for form in deciding} == {
        "judgement", "answer", "decision", "review", "settlement", "tier"
    }  # fmt: skip
    assert not any(form.buttons[0] for form in deciding)


def test_what_sellers_write_is_shown_and_never_run(market: Marketplace, brand: Browser) -> None:
    title, address = "<script>alert(1)</script>", "javascript:alert(1)"
    case = market.listing(title=title, description='"><img src=x>', url=address)["case"]["id"]
    page = brand.look(f"/console/cases/{case}")
    assert title in page.text
    assert address in page.text
    assert address not in page.links
    assert "x" not in page.pictures
    for name, value in HEADERS.items():
        assert page.headers[name] == value


def test_a_refusal_is_a_page_that_says_what_to_do(market: Marketplace, brand: Browser) -> None:
    page = brand.look("/console/cases/case_nope")
    assert page.status == 404
    assert "There is no case" in page.text
    assert page.headers["content-type"].startswith("text/html")
    assert brand.look("/console/cases?cursor=%25").status == 422
    trust = Browser.signed_in(market.client, Role.TRUST)
    assert trust.look("/console/report?since=yesterday").status == 422


def test_a_refusal_leads_back_and_in_the_other_language_too(market: Marketplace, brand: Browser) -> None:
    at = f"/console/cases/{market.case()}"
    page = brand.look(at)
    brand.submit(page, "/judgement", verdict="unsure")
    refused = brand.submit(page, "/judgement", verdict="unsure")
    assert refused.status == 409
    assert {at, "/console/brands"} <= set(refused.links)
    (other,) = (link for link in refused.links if "/language/" in link)
    assert (brand.look(other).status, brand.look(other).url) == (200, at)


def test_what_was_written_is_not_lost_with_a_refusal(market: Marketplace, brand: Browser) -> None:
    page = brand.look(f"/console/cases/{market.case()}")
    brand.submit(page, "/judgement", verdict="unsure")
    refused = brand.submit(page, "/judgement", verdict="infringing", reason="The third stripe\nis missing")
    assert (refused.status, "The third stripe\nis missing" in refused.text) == (409, True)


def test_a_refusal_says_what_it_is_in_the_language_of_the_page(market: Marketplace, brand: Browser) -> None:
    page = brand.look("/console/cases/case_nope", **{"Accept-Language": "zh-CN"})
    assert "该内容不存在" in page.text
    assert "There is no case" in page.text, "the particulars"


def test_where_no_page_is_a_page_says_so(brand: Browser) -> None:
    for path in ("/console/nonsense", "/console/cases/case_0/judgement"):
        page = brand.look(path)
        assert (page.status, "/console" in page.links) == (404, True)


def test_pages_turn(market: Marketplace, trust: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.console.case_pages.PAGE", 2)
    cases = {market.case() for _ in range(3)}
    shown, page = set[str](), trust.look("/console/cases?state=open")
    for _ in itertools.count():
        shown |= {link.rpartition("/")[2] for link in page.links if link.startswith("/console/cases/case_")}
        following = [link for link in page.links if "cursor=" in link]
        if not following:
            break
        page = trust.look(page.url + following[0])
    assert cases <= shown


@pytest.mark.parametrize(
    ("asked", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"), ("zh-Hans-CN", "zh-Hans"), ("en-GB,en", "en"), ("fr", "en"), ("", "en")],
)
def test_pages_are_in_the_language_that_the_browser_asks_for(market: Marketplace, asked: str, language: str) -> None:
    answer = Browser(market.client).http.get("/console/sign-in", headers={"Accept-Language": asked})
    assert f'<html lang="{language}">' in answer.text


def test_the_visitor_may_choose_the_language(trust: Browser) -> None:
    page = trust.look("/console/language/zh_Hans?next=/console/report")
    assert (page.url, "报告" in page.text) == ("/console/report", True)
    assert trust.look("/console/language/xx").status == 200


def test_every_word_of_the_pages_is_translated() -> None:
    words = {
        message
        for _, _, message, _, _ in extract_from_dir(
            FOLDER / "templates", method_map=[("**.html", "jinja2.ext:babel_extract")]
        )
    } | {*SENTENCES, *WORDS}
    for language in set(LANGUAGES) - {"en"}:
        with (FOLDER / "locale" / f"{language}.po").open("rb") as file:
            catalogue = read_po(file, locale=language)
        translated = {message.id: message.string for message in catalogue if message.id}
        assert set(translated) == words
        for said, told in translated.items():
            assert told, said
            assert sorted(re.findall(r"%\(\w+\)s", str(said))) == sorted(re.findall(r"%\(\w+\)s", str(told)))


def test_a_reference_and_a_fake_are_added_and_taken_away(market: Marketplace, brand: Browser) -> None:
    at = f"/console/brands/{market.brand}"
    before = len(brand.look(at).pictures)
    page = brand.submit(
        brand.look(at), "/references", files={"image": png(mosaic(market.seed + 1))}, kind="product", sku="A-1"
    )
    assert (page.url, len(page.pictures)) == (at, before + 1)
    assert "A-1" in page.text
    newest = market.client.get(f"/v1/brands/{market.brand}/references").json()["items"][-1]
    page = brand.submit(page, f"{newest['id']}/status", status="disabled")
    assert market.client.get(f"/v1/brands/{market.brand}/references/{newest['id']}").json()["status"] == "disabled"
    page = brand.submit(page, f"{newest['id']}/status", status="active")
    page = brand.submit(page, f"{newest['id']}/removal")
    assert len(page.pictures) == before
    page = brand.submit(page, "/traits", text="the third stripe is missing")
    (trait,) = market.client.get(f"/v1/brands/{market.brand}/traits").json()
    assert trait["text"] == "the third stripe is missing"
    brand.submit(page, f"{trait['id']}/removal")
    assert market.client.get(f"/v1/brands/{market.brand}/traits").json() == []
    refused = brand.submit(brand.look(at), "/references", kind="logo")
    assert (refused.status, "No picture was chosen" in refused.text) == (422, True)
    refused = brand.submit(brand.look(at), "/references", files={"image": b"no picture"}, kind="logo")
    assert refused.status == 415


def test_a_seller_is_authorised_and_no_longer_is(market: Marketplace, brand: Browser) -> None:
    at, listed = f"/console/brands/{market.brand}", f"/v1/brands/{market.brand}/authorised-sellers"
    seller = "Lyon/Rhône <b>"  # which is not run
    page = brand.submit(brand.look(at), "/authorised-sellers", seller=seller, note="our shop", until="2099-12-31")
    assert (page.url, seller in page.text, "our shop" in page.text) == (at, True, True)
    (shown,) = market.client.get(listed).json()["items"]
    assert (shown["seller"], shown["until"]) == (seller, "2099-12-31")
    assert brand.submit(page, "/authorised-sellers", note="of whom?").status == 422
    brand.submit(page, "/authorised-sellers/removal")
    assert market.client.get(listed).json()["items"] == []


def test_of_several_pictures_those_that_cannot_be_taken_are_named(market: Marketplace, brand: Browser) -> None:
    at = f"/console/brands/{market.brand}"
    before = len(brand.look(at).pictures)
    good = [png(mosaic(market.seed + 600 + number)) for number in range(3)]
    page = brand.submit(brand.look(at), "/references", files={"image": good[:2]}, kind="logo")
    assert (page.url, len(page.pictures)) == (at, before + 2)
    page = brand.submit(page, "/references", files={"image": [b"no picture", good[2]]}, kind="logo")
    assert (page.status, "1 pictures were added." in page.text, "0.png" in page.text) == (207, True, True)
    assert len(brand.look(at).pictures) == before + 3
    several = b"\x89PNG\r\n\x1a\n" + bytes(7_000_000)
    refused = brand.submit(brand.look(at), "/references", files={"image": [several, several]}, kind="logo")
    assert refused.status == 207, "they were looked at, though together they are larger than one picture may be"
