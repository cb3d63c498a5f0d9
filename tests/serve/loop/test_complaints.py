from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from marketplace import Marketplace
from sqlalchemy import text

PDF = b"%PDF-1.7 an invoice"


def get(market: Marketplace, path: str) -> dict:
    return market.client.get(path, headers=market.brand_key).json()


def test_evidence_may_be_larger_than_one_picture_may(market: Marketplace) -> None:
    files = [("file", (f"{number}.pdf", PDF + bytes(7_000_000))) for number in range(2)]
    case = market.case()
    market.judge(case)
    answer = market.client.post(
        f"/v1/cases/{case}/complaint", data={"statement": "see both"}, files=files, headers=market.brand_key
    )
    assert (answer.status_code, len(answer.json()["files"])) == (201, 2)


def test_an_empty_file_is_refused(market: Marketplace) -> None:
    case = market.case()
    market.judge(case)
    sent = {"data": {"statement": "see"}, "files": [("file", ("a.pdf", b""))], "headers": market.brand_key}
    answer = market.client.post(f"/v1/cases/{case}/complaint", **sent)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:hallmark:problem:empty")


def test_the_words_of_a_trait_may_be_of_two_lines(market: Marketplace) -> None:
    assert market.judge(market.case(), tags=["no stitching\nat the heel"]).status_code == 200


def test_from_a_judgement_to_a_blocked_listing(market: Marketplace) -> None:
    case = market.case()
    judged = market.judge(case, reason="the mark is smeared", tags=["painted over"]).json()
    assert (judged["state"], judged["verdict"], judged["tags"]) == ("infringing", "infringing", ["painted over"])
    answer = market.client.post(
        f"/v1/cases/{case}/complaint", data={"statement": "see\r\nfile"},
        files=[("file", ("invoice.pdf", PDF))], headers=market.brand_key,
    )  # fmt: skip
    complaint = answer.json()
    assert (answer.status_code, complaint["state"], complaint["statement"]) == (201, "filed", "see\nfile")
    assert market.client.get(complaint["files"][0]["path"]).content == PDF
    assert market.decision_on(case) == "review"

    upheld = market.decide(complaint["id"]).json()
    assert (upheld["state"], upheld["reason"]) == ("upheld", "the mark is painted over")
    ended = get(market, f"/v1/cases/{case}")
    assert (ended["state"], ended["complaint_id"]) == ("closed", complaint["id"])
    assert market.decision_on(case) == "block"
    (notice,) = market.client.get("/v1/notices", params={"seller": ended["listing"]["seller"]}).json()["items"]
    assert (notice["subject"], notice["reason"]) == ("upheld", "the mark is painted over")
    assert notice["answer_until"] == upheld["window_ends"]


def test_a_dismissed_complaint_frees_the_listing_without_a_word_to_the_seller(market: Marketplace) -> None:
    case = market.case()
    market.decide(market.complaint(case), "dismissed")
    assert market.decision_on(case) == "allow"
    seller = get(market, f"/v1/cases/{case}")["listing"]["seller"]
    assert market.client.get("/v1/notices", params={"seller": seller}).json()["items"] == []


@pytest.mark.parametrize(
    ("outcome", "state", "decision"), [("upheld", "confirmed", "block"), ("dismissed", "overturned", "allow")]
)
def test_the_seller_answers_once(market: Marketplace, outcome: str, state: str, decision: str) -> None:
    case = market.case()
    complaint = market.complaint(case)
    assert market.counter(complaint).status_code == 409
    market.decide(complaint)
    answered = market.client.post(
        f"/v1/complaints/{complaint}/counter-notice", data={"statement": "bought from the brand"},
        files=[("file", ("invoice.pdf", PDF))],
    ).json()  # fmt: skip
    assert (answered["state"], answered["files"][0]["party"]) == ("countered", "seller")
    assert market.decision_on(case) == "block"
    assert market.counter(complaint).status_code == 409
    assert market.decide(complaint, outcome).json()["state"] == state
    assert market.decision_on(case) == decision
    assert market.counter(complaint).status_code == 409


def test_an_answer_after_the_window_is_refused(market: Marketplace) -> None:
    complaint = market.complaint()
    market.decide(complaint)
    with market.client.service.database.write() as session:
        session.execute(text("UPDATE complaints SET window_ends = now() WHERE id = :id"), {"id": complaint})
    answer = market.counter(complaint)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:hallmark:problem:too-late")
    assert get(market, f"/v1/complaints/{complaint}")["state"] == "upheld"


def test_a_step_is_refused_once_the_complaint_is_no_more_as_it_was_looked_at(market: Marketplace) -> None:
    complaint = market.complaint()
    at = f"/v1/complaints/{complaint}"
    upheld = {"outcome": "upheld", "reason": "r", "state": "filed"}
    assert market.client.post(f"{at}/decision", json=upheld).status_code == 200
    market.counter(complaint)
    unread = market.client.post(f"{at}/decision", json=upheld)
    assert (unread.status_code, unread.json()["state"]) == (409, "countered")
    reversal = {"reason": "r", "state": "confirmed"}
    assert market.client.post(f"{at}/decision", json={**upheld, "state": "countered"}).json()["state"] == "confirmed"
    statuses = [market.client.post(f"{at}/reversal", json=reversal).status_code for _ in range(2)]
    assert (statuses, get(market, at)["state"]) == ([200, 409], "overturned"), "two who reverse it undo it once"


def test_the_log_which_forgets_nothing_holds_no_word_of_a_statement(market: Marketplace) -> None:
    complaint = market.complaint()
    market.decide(complaint)
    said = {"statement": "I, Ann Example of Harbour Lane 3, bought it"}
    files = [("file", ("ann-example.pdf", b"an invoice"))]
    answer = market.client.post(f"/v1/complaints/{complaint}/counter-notice", data=said, files=files)
    assert answer.json()["counter_notice"]["statement"] == said["statement"]
    with market.client.service.database.read() as session:
        kept = "\n".join(session.scalars(text("SELECT content FROM audit_log WHERE subject = :id"), {"id": complaint}))
    assert sha256(said["statement"].encode()).hexdigest() in kept
    assert sha256(b"an invoice").hexdigest() in kept
    assert "example" not in kept.lower()


def test_a_reversal_turns_the_listing_round(market: Marketplace) -> None:
    case = market.case()
    complaint = market.complaint(case)
    assert market.reverse(complaint).status_code == 409
    market.decide(complaint)
    assert (market.reverse(complaint).json()["state"], market.decision_on(case)) == ("overturned", "allow")
    reinstated = market.reverse(complaint).json()
    assert (reinstated["state"], market.decision_on(case)) == ("upheld", "block")
    assert reinstated["window_ends"] is not None, "the seller has not answered yet"
    market.counter(complaint)
    assert market.decide(complaint).json()["state"] == "confirmed"
    states = [market.reverse(complaint).json()["state"] for _ in range(2)]
    assert states == ["overturned", "confirmed"], "the seller was heard"
    other = market.complaint()
    market.decide(other, "dismissed")
    again = market.reverse(other).json()
    assert again["state"] == "upheld"
    assert again["window_ends"] is not None, "the seller, who was never asked, may answer"


def test_a_judgement_is_taken_back_while_nothing_followed(market: Marketplace) -> None:
    case = market.case()
    path = f"/v1/cases/{case}/judgement"
    for verdict in ("infringing", "not_infringing", "unsure"):
        assert market.judge(case, verdict).status_code == 200
        assert market.judge(case, verdict).status_code == 409
        taken = market.client.delete(path, headers=market.brand_key).json()
        assert (taken["state"], taken["verdict"], taken["tags"]) == ("open", None, [])
    assert market.client.delete(path, headers=market.brand_key).status_code == 409
    market.complaint(case)
    assert market.client.delete(path, headers=market.brand_key).status_code == 409


@pytest.mark.parametrize("verdict", ["not_infringing", "unsure", None])
def test_only_the_verdict_infringing_becomes_a_complaint(market: Marketplace, verdict: str | None) -> None:
    case = market.case()
    if verdict:
        market.judge(case, verdict)
    answer = market.client.post(f"/v1/cases/{case}/complaint", headers=market.brand_key)
    assert (answer.status_code, answer.json()["state"]) == (409, verdict or "open")
    assert get(market, f"/v1/cases/{case}")["complaint_id"] is None


def test_an_answer_after_the_due_date_is_refused(market: Marketplace) -> None:
    case = market.case()
    with market.client.service.database.write() as session:
        session.execute(text("UPDATE cases SET expires = now() WHERE id = :id"), {"id": case})
    answer = market.judge(case)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:hallmark:problem:too-late")
    assert get(market, f"/v1/cases/{case}")["state"] == "open"


def test_many_judgements_each_count_by_themselves(market: Marketplace) -> None:
    mine, others, answered = market.case(), Marketplace(market.client).case(), market.case()
    market.judge(answered)
    body = {"judgements": [{"case_id": one, "verdict": "unsure"} for one in (mine, others, answered, "case_0")]}
    outcomes = market.client.post("/v1/cases/judgements", json=body, headers=market.brand_key).json()
    assert [one["status"] for one in outcomes] == [200, 404, 409, 404]
    assert [get(market, f"/v1/cases/{one}")["state"] for one in (mine, answered)] == ["unsure", "infringing"]


def test_a_case_is_judged_once_in_a_request(market: Marketplace) -> None:
    case = market.case()
    body = {"judgements": [{"case_id": case, "verdict": verdict} for verdict in ("infringing", "not_infringing")]}
    twice = market.client.post("/v1/cases/judgements", json=body, headers={"Idempotency-Key": "twice"})
    assert (twice.status_code, f"twice: {case}" in twice.json()["detail"]) == (422, True)
    assert get(market, f"/v1/cases/{case}")["state"] == "open"


def test_two_at_once_cannot_both_win(market: Marketplace) -> None:
    case, complaint = market.case(), market.complaint()
    with ThreadPoolExecutor(8) as threads:
        judged = list(threads.map(lambda verdict: market.judge(case, verdict), ["infringing", "unsure"] * 4))
        decided = list(threads.map(lambda outcome: market.decide(complaint, outcome), ["upheld", "dismissed"] * 4))
    for answers in (judged, decided):
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    (winner,) = (answer.json() for answer in judged if answer.status_code == 200)
    assert get(market, f"/v1/cases/{case}")["verdict"] == winner["verdict"]


def test_a_refused_act_changes_nothing(market: Marketplace) -> None:
    complaint = market.complaint()
    market.decide(complaint, "dismissed")
    before = get(market, f"/v1/complaints/{complaint}"), market.logged()
    for answer in (market.decide(complaint), market.counter(complaint)):
        assert answer.status_code == 409
    assert (get(market, f"/v1/complaints/{complaint}"), market.logged()) == before


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("judgement", {"verdict": "fake"}, 422), ("judgement", {}, 422),
        ("judgement", {"verdict": "unsure", "tags": ["x"] * 21}, 422), ("complaint", {"statement": 4}, 422),
        ("complaint", {"wish": "more"}, 422),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(market: Marketplace, kind: str, body: dict, status: int) -> None:
    assert market.client.post(f"/v1/cases/{market.case()}/{kind}", json=body).status_code == status


def test_decisions_need_a_reason_and_answers_words(market: Marketplace) -> None:
    complaint = market.complaint()
    url = f"/v1/complaints/{complaint}"
    assert market.client.post(f"{url}/decision", json={"outcome": "upheld", "reason": " "}).status_code == 422
    assert market.client.post(f"{url}/counter-notice", json={"statement": ""}).status_code == 422
    assert market.client.post(f"{url}/counter-notice").status_code == 422
    xml = {"content": b"<x>", "headers": {"Content-Type": "text/xml"}}
    assert market.client.post(f"{url}/counter-notice", **xml).status_code == 415


def test_the_queue_of_complaints(market: Marketplace) -> None:
    brand = Marketplace(market.client)
    filed, dismissed = brand.complaint(), brand.complaint()
    brand.decide(dismissed, "dismissed")
    for params, expected in (({}, [filed, dismissed]), ({"state": "filed"}, [filed])):
        found = brand.client.get("/v1/complaints", params=params, headers=brand.brand_key).json()["items"]
        assert [one["id"] for one in found] == expected


def test_complaints_are_found_by_their_listing_seller_and_brand(market: Marketplace) -> None:
    brand = Marketplace(market.client)
    complaint, other = brand.complaint(), brand.complaint()
    case_id = get(brand, f"/v1/complaints/{complaint}")["case_id"]
    listing = get(brand, f"/v1/cases/{case_id}")["listing"]
    for params, expected in (
        ({"listing": listing["id"]}, [complaint]),
        ({"seller": listing["seller"]}, [complaint]),
        ({"seller": listing["seller"], "listing": "another"}, []),
        ({"brand": brand.brand}, [complaint, other]),
    ):
        found = brand.client.get("/v1/complaints", params=params).json()["items"]
        assert [one["id"] for one in found] == expected, params
        theirs = brand.client.get("/v1/complaints", params=params, headers=Marketplace(market.client).brand_key).json()
        assert theirs["items"] == [], params
