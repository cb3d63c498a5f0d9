from __future__ import annotations

import re
from datetime import date

from babel.dates import format_date
from browser import Browser, Page
from marketplace import Marketplace, disguised, smeared
from mosaics import mosaic, png
from service_client import Client
from sqlalchemy import text

from serve.access.roles import Role


def test_a_case_is_judged_and_becomes_a_complaint_that_is_upheld(
    market: Marketplace, brand: Browser, trust: Browser
) -> None:
    trait = market.trait(text="painted over")
    case = market.case()
    at = f"/console/cases/{case}"
    assert at in brand.look("/console/cases?state=open").links
    page = brand.look(at)
    assert "made hard to read" in page.text
    page = brand.submit(page, "/judgement", verdict="infringing", reason="never made", tag0="painted over")
    assert (page.url, "Judged: infringing" in page.text) == (at, True)
    assert "without a complaint until" in page.text
    stored = market.client.get(f"/v1/cases/{case}").json()
    assert (stored["verdict"], stored["reason"], stored["tags"]) == ("infringing", "never made", ["painted over"])
    page = brand.submit(page, "/complaint", statement="a fake", files={"file": b"invoice"})
    assert "Complaint: filed" in page.text
    complaint = market.client.get(f"/v1/cases/{case}").json()["complaint_id"]
    there = f"/console/complaints/{complaint}"
    assert there in trust.look("/console/complaints?state=filed").links
    page = trust.look(there)
    assert "never made" in page.text
    assert "painted over" in page.text
    (attached,) = (link for link in page.links if "/files/" in link)
    assert trust.http.get(attached).content == b"invoice"
    page = trust.submit(page, "/decision", outcome="upheld", reason="painted over")
    assert market.client.get(f"/v1/complaints/{complaint}").json()["state"] == "upheld"
    undecided = page
    page = trust.submit(page, "/reversal", reason="the wrong listing")
    assert trust.submit(undecided, "/reversal", reason="the wrong listing").status == 409
    assert market.client.get(f"/v1/complaints/{complaint}").json()["state"] == "overturned"
    market.client.delete(f"/v1/brands/{market.brand}/traits/{trait}")


def test_a_complaint_needs_no_file(market: Marketplace, brand: Browser) -> None:
    at = f"/console/cases/{market.case()}"
    page = brand.submit(brand.look(at), "/judgement", verdict="infringing")
    assert "Complaint: filed" in brand.submit(page, "/complaint").text


def test_a_case_says_by_which_known_fake_it_was_found(market: Marketplace) -> None:
    other = Marketplace(market.client)
    browser = Browser.signed_in(market.client, Role.BRAND, brand_id=other.brand)
    words, photo = other.trait(text="third stripe <missing>"), other.trait(picture=disguised(other.seed))
    said = other.listing(title="Cap", description="Third stripe <missing>, cheap")["case"]["id"]
    shown = other.listing(disguised(other.seed))["case"]["id"]
    plain = other.case()
    queue = browser.look("/console/cases").text
    assert "says what tells a known fake, by a fake trait of the brand: “third stripe <missing>”" in queue
    page = browser.look(f"/console/cases/{said}")
    assert "says what tells a known fake, by a fake trait of the brand: “third stripe <missing>”" in page.text
    assert f"/console/brands/{other.brand}#traits" in page.links
    page = browser.look(f"/console/cases/{shown}")
    assert "shows a known fake, by a fake trait of the brand." in page.text
    (picture,) = (one for one in page.pictures if photo in one)
    assert browser.http.get(picture).status_code == 200
    assert "known fake" not in browser.look(f"/console/cases/{plain}").text
    market.client.delete(f"/v1/brands/{other.brand}/traits/{words}")
    assert "The trait was taken back since." in browser.look(f"/console/cases/{said}").text


def test_a_case_says_that_a_complaint_about_the_same_was_upheld(market: Marketplace, brand: Browser) -> None:
    fake = disguised(market.seed)
    complaint = market.complaint(market.listing(fake)["case"]["id"])
    market.decide(complaint)
    case = market.listing(fake)["case"]
    assert case["known_fake"] == complaint
    for path in (f"/console/cases/{case['id']}", f"/console/cases?listing={case['listing']['id']}"):
        page = brand.look(path)
        assert "about which a complaint was upheld" in page.text
        assert f"/console/complaints/{complaint}" in page.links


def test_the_next_case_is_a_step_away(market: Marketplace, brand: Browser) -> None:
    case, _ = market.case(), market.case()
    page = brand.submit(brand.look(f"/console/cases/{case}"), "/judgement", verdict="not_infringing")
    others = {link for link in page.links if link.startswith("/console/cases/case_") and case not in link}
    (following,) = (link.replace("/console", "/v1") for link in others)
    assert market.client.get(following).json()["state"] == "open"


def test_the_first_page_says_what_waits(market: Marketplace, brand: Browser, trust: Browser) -> None:
    case, judged = market.case(), market.case()
    market.judge(judged)
    market.complaint()
    suggestion = market.suggestion()
    document = market.client.post(
        f"/v1/brands/{market.brand}/rights-documents",
        data={"kind": "trademark", "number": "1", "classes": "25", "expires": "2099-12-31"},
        files={"file": ("a.pdf", b"%PDF")}, headers=market.brand_key,
    ).json()  # fmt: skip
    page = brand.look("/console")
    of_the_brand = f"/console/brands/{market.brand}"
    assert {"/console/cases", "/console/cases?state=infringing", f"{of_the_brand}#suggestions"} <= set(page.links)
    assert "cases to be judged" in page.text
    assert f"/console/cases/{case}" in brand.look("/console/cases").links
    assert f"/console/cases/{judged}" in brand.look("/console/cases?state=infringing").links
    page = trust.look("/console")
    assert {"/console/complaints?state=filed", f"{of_the_brand}#documents"} <= set(page.links)
    assert "/console/cases?state=infringing" not in page.links, "trust & safety judge no cases"
    reviewed = {"state": "accepted", "reason": "looked up"}
    market.client.post(f"/v1/brands/{market.brand}/rights-documents/{document['id']}/review", json=reviewed)
    assert f"{of_the_brand}#documents" not in trust.look("/console").links
    market.client.post(f"/v1/brands/{market.brand}/suggestions/{suggestion}/answer", json={"answer": "neither"})
    assert f"{of_the_brand}#suggestions" not in brand.look("/console").links


def test_queue_and_case_give_the_deadline_where_the_rights_holder_is(market: Marketplace) -> None:
    other = Marketplace(market.client)
    place = {"country": "US", "time_zone": "America/Los_Angeles"}
    assert market.client.patch(f"/v1/rights-holders/{other.holder}", json=place).status_code == 200
    case = market.client.get(f"/v1/cases/{other.case()}").json()
    browser = Browser.signed_in(market.client, Role.BRAND, brand_id=other.brand)
    due = format_date(date.fromisoformat(case["due"]), "medium", locale="en")
    for path in ("/console/cases", f"/console/cases/{case['id']}"):
        said = browser.look(path).text.replace("\u202f", " ")
        assert f"answer until {due} 11:59 PM (America/Los_Angeles)" in said, path


def test_a_brand_without_imagery_is_told_so(market: Marketplace) -> None:
    bare = market.client.brand(f"Bare {market.seed}")
    page = Browser.signed_in(market.client, Role.BRAND, brand_id=bare).look("/console")
    assert f"/console/brands/{bare}#references" in page.links
    assert "no genuine imagery yet" in page.text


def test_an_agency_is_told_what_to_prove_and_where(client: Client) -> None:
    agency = Marketplace(client)
    agency.be_answered_for_by_an_agency()
    case, browser = agency.case(), Browser.signed_in(client, Role.BRAND, brand_id=agency.brand)
    proofs = f"/console/brands/{agency.brand}#documents"
    for path in ("/console", "/console/cases", f"/console/cases/{case}"):
        page = browser.look(path)
        assert proofs in page.links, path
        assert not any(form.action.endswith(("/judgement", "/answers")) for form in page.forms), path
    agency.document("trademark")
    agency.document("letter_of_authority")
    page = browser.look(f"/console/cases/{case}")
    assert proofs not in page.links
    assert page.form("/judgement")


def test_the_next_open_case_comes_after_this_one(market: Marketplace) -> None:
    other = Marketplace(market.client)
    browser = Browser.signed_in(market.client, Role.BRAND, brand_id=other.brand)
    cases = [other.case() for _ in range(3)]
    for case, after in zip(cases, [*cases[1:], cases[0]], strict=True):
        links = browser.look(f"/console/cases/{case}").links
        others = {link for link in links if re.fullmatch(r"/console/cases/case_\w+", link)}
        assert others == {f"/console/cases/{after}"}


def test_a_complaint_shows_every_decision_on_it(market: Marketplace, trust: Browser) -> None:
    page = trust.look(f"/console/complaints/{market.complaint()}")
    page = trust.submit(page, "/decision", outcome="dismissed", reason="it is a fan's own drawing")
    page = trust.submit(page, "/reversal", reason="it is sold as the brand's")
    first, second = page.text.index("a fan's own drawing"), page.text.index("sold as the brand's")
    assert first < second
    assert "dismissed" in page.text[:first]


def test_several_cases_are_answered_at_once_in_the_queue(market: Marketplace, brand: Browser) -> None:
    page = brand.look("/console/cases")
    for _ in range(3):
        market.case()
    page = brand.look("/console/cases")
    asked = page.form("/answers").fields
    ids = [asked[f"case{number}"] for number in range(3)]
    assert brand.submit(page, "/answers").status == 422
    page = brand.submit(page, "/answers", verdict0="infringing", verdict1="not_infringing", complain="yes")
    assert page.url == "/console/cases"
    answered = [market.client.get(f"/v1/cases/{case}").json() for case in ids]
    assert [one["state"] for one in answered] == ["complained", "not_infringing", "open"]
    assert answered[0]["complaint_id"] is not None
    shown = brand.look("/console/cases").form("/answers").fields
    assert ids[2] in shown.values()
    assert not {ids[0], ids[1]} & set(shown.values()), "the queue is of what is open"


def test_of_several_answers_those_that_cannot_be_taken_are_named(market: Marketplace, brand: Browser) -> None:
    for _ in range(2):
        market.case()
    page = brand.look("/console/cases")
    asked = page.form("/answers").fields
    market.judge(asked["case0"], "unsure")
    page = brand.submit(page, "/answers", verdict0="infringing", verdict1="infringing")
    assert (page.status, "1 answers were taken." in page.text, asked["case0"] in page.text) == (207, True, True)
    assert market.client.get(f"/v1/cases/{asked['case1']}").json()["state"] == "infringing", "and no complaint"


def test_what_a_suspended_rights_holder_cleared_is_listed_to_be_doubted(
    market: Marketplace, trust: Browser, brand: Browser
) -> None:
    case = market.case()
    market.judge(case, "not_infringing")
    assert f"/console/cases/{case}" not in trust.look("/console/cases/doubtful").links
    tier = f"/v1/rights-holders/{market.holder}/tier"
    market.client.put(tier, json={"tier": "suspended", "reason": "shields fakes"})
    assert f"/console/cases/{case}" in trust.look("/console/cases/doubtful").links
    assert "/console/cases/doubtful" in trust.look("/console/cases").links
    assert brand.look("/console/cases/doubtful").status == 403
    market.client.put(tier, json={"tier": "standard", "reason": "explained"})


def test_what_infringes_without_a_complaint_in_time_waits_for_trust_and_safety(
    market: Marketplace, trust: Browser, brand: Browser
) -> None:
    case, silent = market.case(), market.case()
    market.judge(case)
    for one in (case, silent):
        market.end(one)
    page = brand.look(f"/console/cases/{case}")
    assert "no complaint in time" in page.text
    assert "not answered" not in page.text
    assert "not answered" in brand.look(f"/console/cases/{silent}").text
    there = "/console/cases/no-complaint"
    assert there in trust.look("/console").links
    listed = trust.look(there)
    assert f"/console/cases/{case}" in listed.links
    assert f"/console/cases/{silent}" not in listed.links
    assert there not in brand.look("/console/cases").links
    assert brand.look(there).status == 403
    trust.submit(trust.look(f"/console/cases/{case}"), "/doubt", reason="the mark is painted over")
    assert f"/console/cases/{case}" not in trust.look(there).links


def ends_of(page: Page) -> set[str]:
    """What the forms of a case's page end in: /doubt, /closing, …"""
    return {form.action.rpartition("/")[2] for form in page.forms}


def test_what_nobodys_word_ended_is_let_be_sold_or_taken_off(
    market: Marketplace, trust: Browser, brand: Browser
) -> None:
    sold, off = market.case(), market.case()
    for case in (sold, off):
        market.judge(case)
        assert not {"doubt", "closing"} & ends_of(trust.look(f"/console/cases/{case}")), "the brand may complain still"
        market.end(case)
        assert "closing" not in ends_of(brand.look(f"/console/cases/{case}"))
    page = trust.look(f"/console/cases/{sold}")
    assert page.form("/closing").buttons == [False, True, True], "Enter decides nothing"
    assert trust.submit(page, "/closing", listing="release", reason="").status == 422
    page = trust.submit(page, "/closing", listing="release", reason="A souvenir <of> Acme")
    assert page.url == f"/console/cases/{sold}"
    assert "released" in page.text
    assert "released it; the listing's decision is now allow: A souvenir <of> Acme" in page.text
    assert {"doubt", "closing"} & ends_of(page) == {"doubt"}
    assert "released it; the listing's decision is now allow" in brand.look(page.url).text
    page = trust.look(f"/console/cases/{off}")
    upheld = trust.submit(page, "/closing", listing="take_off", reason="the mark is painted over")
    assert upheld.url.startswith("/console/complaints/complaint_")
    assert "upheld" in upheld.text
    assert not {"doubt", "closing"} & ends_of(trust.look(f"/console/cases/{off}"))
    assert trust.submit(page, "/closing", listing="release", reason="after all").status == 409
    listed = trust.look("/console/cases/no-complaint").links
    assert not {f"/console/cases/{one}" for one in (sold, off)} & set(listed)


def test_a_repeat_under_a_cover_is_neither_doubted_nor_closed(market: Marketplace, trust: Browser) -> None:
    repeat = market.slip(market.case(), truth="fake")
    market.judge(repeat)
    market.end(repeat)
    assert not {"doubt", "closing"} & ends_of(trust.look(f"/console/cases/{repeat}"))


def test_cases_are_found_by_their_listing(market: Marketplace, brand: Browser, trust: Browser) -> None:
    case = market.client.get(f"/v1/cases/{market.case()}").json()
    market.judge(case["id"], "not_infringing")
    for visitor in (brand, trust):
        page = visitor.look(f"/console/cases?listing={case['listing']['id']}")
        assert [link for link in page.links if "/cases/case_" in link] == [f"/console/cases/{case['id']}"]
    assert "There are none." in brand.look("/console/cases?listing=nobody").text


def test_what_sellers_answered_waits_for_trust_and_safety(market: Marketplace, trust: Browser, brand: Browser) -> None:
    complaint = market.complaint()
    market.decide(complaint)
    assert market.counter(complaint).status_code == 201
    page = trust.look("/console/complaints?state=filed")
    assert (
        f"/console/complaints/{complaint}"
        in trust.look("/console/complaints" + page.links[page.links.index("?state=countered")]).links
    )
    assert "wait for a second decision" in page.text
    assert "wait for a second decision" not in brand.look("/console/complaints").text


def test_what_a_seller_answers_is_entered_once_and_in_time(market: Marketplace, trust: Browser) -> None:
    complaint, late = market.complaint(), market.complaint()
    there = f"/console/complaints/{complaint}"
    form = f"{there}/counter-notice"
    assert form not in [one.action for one in trust.look(there).forms], "nothing is decided yet"
    for one in (complaint, late):
        market.decide(one)
    page = trust.look(there)
    assert trust.submit(page, "/counter-notice").status == 422, "without a word"
    answered = trust.submit(page, "/counter-notice", statement="an <invoice>", files={"file": [b"one", b"two"]})
    assert (answered.url, "an <invoice>" in answered.text) == (there, True)
    stored = market.client.get(f"/v1/complaints/{complaint}").json()
    assert (stored["state"], stored["counter_notice"]["statement"]) == ("countered", "an <invoice>")
    assert [one["party"] for one in stored["files"]] == ["seller"] * 2
    assert form not in [one.action for one in answered.forms]
    assert trust.submit(page, "/counter-notice", statement="again").status == 409

    page = trust.look(f"/console/complaints/{late}")
    with market.client.service.database.write() as session:
        session.execute(text("UPDATE complaints SET window_ends = now() WHERE id = :id"), {"id": late})
    assert trust.submit(page, "/counter-notice", statement="too late").status == 409
    assert not [one for one in trust.look(page.url).forms if one.action.endswith("/counter-notice")]


def test_a_brand_enters_no_answer_of_a_seller_s(market: Marketplace, trust: Browser, brand: Browser) -> None:
    complaint = market.complaint()
    market.decide(complaint)
    there = f"/console/complaints/{complaint}"
    assert not [one for one in brand.look(there).forms if one.action.endswith("/counter-notice")]
    proof = trust.look(there).form("/counter-notice").fields["proof"]
    sent = brand.http.post(f"{there}/counter-notice", data={"proof": proof, "statement": "it is genuine"})
    assert sent.status_code == 403


def test_a_judgement_is_taken_back(market: Marketplace, brand: Browser) -> None:
    case = market.case()
    page = brand.submit(brand.look(f"/console/cases/{case}"), "/judgement", verdict="unsure")
    brand.submit(page, "/retraction")
    assert market.client.get(f"/v1/cases/{case}").json()["state"] == "open"


def test_what_another_case_asks_about_by_now_is_not_taken_back(market: Marketplace, brand: Browser) -> None:
    sent = {"id": f"other pictures {market.seed}", "seller": "s"}
    case = market.listing(**sent)["case"]["id"]
    market.judge(case)
    assert "retraction" in ends_of(brand.look(f"/console/cases/{case}"))
    market.listing(smeared(market.seed, tile=9), **sent)
    assert {"complaint", "retraction"} & ends_of(brand.look(f"/console/cases/{case}")) == {"complaint"}


def test_what_somebody_answered_meanwhile_is_told(market: Marketplace, brand: Browser) -> None:
    case = market.case()
    page = brand.look(f"/console/cases/{case}")
    market.judge(case, "unsure")
    refused = brand.submit(page, "/judgement", verdict="infringing")
    assert (refused.status, "somebody else may have acted" in refused.text) == (409, True)


def test_trust_and_safety_doubt_an_answer(market: Marketplace, trust: Browser) -> None:
    case = market.case()
    market.judge(case, "not_infringing")
    page = trust.submit(trust.look(f"/console/cases/{case}"), "/doubt", reason="the mark is painted over")
    assert (page.url.startswith("/console/complaints/"), "the platform's own" in page.text) == (True, True)


def test_a_text_that_is_held_up_is_cleared(market: Marketplace, trust: Browser) -> None:
    market.client.patch(f"/v1/brands/{market.brand}", json={"words": ["Zorblat"]})
    market.listing(png(mosaic(market.seed)), id="compared", title="Same style as Zorblat", description="A long cap")
    page = trust.look("/console/texts?state=held")
    assert "A long cap" in page.text
    assert page.text.count("Same style as Zorblat") == 2, "the title, and what breaks the rule"
    hold = market.client.get("/v1/text-holds").json()["items"][-1]["id"]
    page = trust.submit(page, f"{hold}/clearance", reason="its own")
    assert hold not in " ".join(form.action for form in page.forms)
    (listing,) = market.client.get("/v1/listings", params={"id": "compared"}).json()["items"]
    assert listing["decision"] == "allow"


def test_the_report_and_the_sellers_are_shown(market: Marketplace, trust: Browser) -> None:
    market.decide(market.complaint(market.listing(seller="seller <1/2>")["case"]["id"]))
    assert "seller <1/2>" in trust.look("/console/sellers?seller=seller+%3C1%2F2%3E").text
    assert "There are none." in trust.look("/console/sellers?seller=nobody&repeated=true").text
    report = trust.look("/console/report?since=2026-01-01&until=2099-01-01")
    assert "fakes found for each that a brand reported" in report.text


def test_a_brand_says_which_suggested_marks_are_its_own(market: Marketplace, brand: Browser) -> None:
    own, fake, neither = (market.suggestion() for _ in range(3))
    queue = brand.look("/console/cases")
    assert "3 marks that no reference shows" in queue.text
    assert f"/console/brands/{market.brand}" in queue.links
    page = brand.look(f"/console/brands/{market.brand}")
    assert "Seen in 3 photos of 2 sellers" in page.text
    before = len(market.client.get(f"/v1/brands/{market.brand}/references").json()["items"])
    unticked = brand.submit(page, f"{own}/answer", answer="genuine")
    assert unticked.status == 422, "nothing was ticked"
    page = brand.submit(page, f"{own}/answer", answer="genuine", picture0="0")
    assert (page.status, page.url) == (200, f"/console/brands/{market.brand}")
    assert len(market.client.get(f"/v1/brands/{market.brand}/references").json()["items"]) == before + 1
    page = brand.submit(page, f"{fake}/answer", answer="fake", picture0="0")
    assert any("/traits/" in picture for picture in page.pictures)
    page = brand.submit(page, f"{neither}/answer", answer="neither", picture0="0")
    assert "Marks that no reference shows" not in page.text
    assert "marks that no reference shows" not in brand.look("/console/cases").text


def test_trust_and_safety_ask_the_public(market: Marketplace, trust: Browser) -> None:
    case = market.case()
    page = trust.submit(trust.look(f"/console/cases/{case}"), "/jury", jurors="3")
    assert page.url.startswith("/console/juries/jury_")
    page = trust.submit(page, "/ballots", jurors="ann\nbob\n\neve ")
    pages = re.findall(r"/console/jury/[\w-]+", page.text)
    assert len(pages) == 3
    again = trust.submit(trust.look(page.url.removesuffix("/ballots")), "/ballots", jurors="ann\nzoe")
    assert (again.status, "ann have ballots" in again.text) == (409, True), "their addresses were sent already"
    juror = Browser(market.client)
    for path in pages:
        asked = juror.look(path)
        assert all(juror.http.get(picture).status_code == 200 for picture in asked.pictures)
        assert "Thank you" in juror.submit(asked, path, misleads="true").text
    listed = trust.look("/console/juries")
    assert "3 of 3" in listed.text
    assert f"/console/cases/{case}" in listed.links


def test_a_case_and_the_list_say_how_juries_stand(market: Marketplace, trust: Browser, brand: Browser) -> None:
    case = market.listing(title="Cap of the juries")["case"]["id"]
    voted, off, _ = (market.jury(case) for _ in range(3))
    for juror in ("ann", "bob", "eve"):
        market.client.post(f"/v1/juries/{voted}/votes", json={"juror": juror, "misleads": True})
    market.client.post(f"/v1/juries/{off}/votes", json={"juror": "ann", "misleads": True})
    market.client.delete(f"/v1/juries/{off}")
    page = trust.look(f"/console/cases/{case}")
    assert {f"/console/juries/{one}" for one in (voted, off)} <= set(page.links)
    listed = trust.look("/console/juries")
    assert "Cap of the juries" in listed.text
    for said in (page.text, listed.text):
        assert all(state in said for state in ("has voted3 of 3", "called off1 of 3–", "voting0 of 3–"))
    assert "called off" in trust.look(f"/console/juries/{off}").text
    assert "/console/juries" not in " ".join(brand.look(f"/console/cases/{case}").links)
