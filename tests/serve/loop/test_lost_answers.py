"""A request was carried out, and the process died before it kept the answer: the same request comes again."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from marketplace import Marketplace
from mosaics import mosaic, png
from sqlalchemy import text

from serve import audit
from serve.protocol import idempotency

Act = Callable[[Marketplace, dict[str, str]], httpx2.Response]


def judge(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    return market.client.post(f"/v1/cases/{market.case()}/judgement", json={"verdict": "unsure"}, headers=headers)


def complain(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    case = market.case()
    market.judge(case)
    return market.client.post(f"/v1/cases/{case}/complaint", headers=headers)


def doubt(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    case = market.case()
    market.judge(case, "unsure")
    return market.client.post(f"/v1/cases/{case}/doubt", json={"reason": "r"}, headers=headers)


def release(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    case = market.case()
    market.judge(case)
    market.end(case)
    return market.client.post(f"/v1/cases/{case}/release", json={"reason": "r"}, headers=headers)


def counter(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    complaint = market.complaint()
    market.decide(complaint)
    url = f"/v1/complaints/{complaint}/counter-notice"
    return market.client.post(url, json={"statement": "it is genuine"}, headers=headers)


def reverse(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    complaint = market.complaint()
    market.decide(complaint)
    return market.client.post(f"/v1/complaints/{complaint}/reversal", json={"reason": "r"}, headers=headers)


def show_a_fake(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    return market.client.post(f"/v1/brands/{market.brand}/traits", data={"text": "a word"}, headers=headers)


def lodge(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    url = f"/v1/brands/{market.brand}/rights-documents"
    fields = {"kind": "trademark", "number": "1", "expires": "2099-12-31"}
    return market.client.post(url, data=fields, files={"file": ("a.pdf", b"%PDF")}, headers=headers)


def review(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    url = f"/v1/brands/{market.brand}/rights-documents/{market.document()}/review"
    return market.client.post(url, json={"state": "refused", "reason": "not legible"}, headers=headers)


def make_a_test(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    case = market.case()
    body = {"case_id": case, "truth": "fake", "cover": {"id": f"{case} lost", "seller": "s"}}
    return market.client.post("/v1/blind-tests", json=body, headers=headers)


def call_a_jury(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    return market.client.post("/v1/juries", json={"case_id": market.case(), "jurors": 3}, headers=headers)


def vote(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    jury = call_a_jury(market, {}).json()["id"]
    return market.client.post(f"/v1/juries/{jury}/votes", json={"juror": "ann", "misleads": True}, headers=headers)


def settle(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    document = market.document(state="forged")
    disputes = market.client.get("/v1/disputes", params={"limit": 500}).json()["items"]
    (dispute,) = (one["id"] for one in disputes if one["document_id"] == document)
    body = {"contradiction": True, "reason": "r"}
    return market.client.post(f"/v1/disputes/{dispute}/settlement", json=body, headers=headers)


def register(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    return market.client.post("/v1/brands", json={"name": f"Lost {market.seed}"}, headers=headers)


def register_a_rights_holder(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    return market.client.post("/v1/rights-holders", json={"name": "Lost and found"}, headers=headers)


def upload(market: Marketplace, headers: dict[str, str]) -> httpx2.Response:
    files = {"image": ("a.png", png(mosaic(market.seed + 40_000)))}
    path = f"/v1/brands/{market.brand}/references"
    return market.client.post(path, data={"kind": "logo"}, files=files, headers=headers)


def acts_done(market: Marketplace) -> int:
    """By people: what the service does of its own accord, as reading the stock's texts anew, comes at its own time."""
    query = text("SELECT count(*) FROM audit_log WHERE actor <> :system")
    with market.client.service.database.read() as session:
        return session.execute(query, {"system": audit.SYSTEM}).scalar_one()


ACTS = [
    judge, complain, doubt, release, counter, reverse, show_a_fake, lodge, review, make_a_test, call_a_jury, vote,
    settle,
]  # fmt: skip
MAKE = [register, register_a_rights_holder, upload]
"""What makes something that has no subject to lock beforehand."""


@pytest.mark.parametrize("act", [*ACTS, *MAKE])
def test_it_is_answered_and_not_done_again(market: Marketplace, act: Act) -> None:
    headers = {"Idempotency-Key": f"lost-{act.__name__}"}
    before = acts_done(market)
    first = act(Marketplace(market.client), headers)
    assert first.is_success, first.text
    with market.client.service.database.write() as session:
        session.execute(text("UPDATE idempotency_keys SET status = NULL, lock_expires = now() - interval '1 second'"))
    done = acts_done(market)
    assert done > before
    again = market.client.send(first.request)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert "idempotency-replayed" not in again.headers
    assert acts_done(market) == done


@pytest.mark.parametrize("act", [show_a_fake, lodge, make_a_test, call_a_jury, *MAKE])
def test_what_could_not_be_answered_is_not_made_twice(
    market: Marketplace, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Idempotency-Key": f"not-kept-{act.__name__}"}

    def away(*_: object) -> None:
        raise OSError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "store", away)
        first = act(Marketplace(market.client), headers)
    assert first.status_code == 500
    done = acts_done(market)
    again = market.client.send(first.request)
    assert again.is_success, again.text
    assert acts_done(market) == done


def test_another_request_is_another_step(market: Marketplace) -> None:
    complaint = market.complaint()
    market.decide(complaint)
    states = []
    for key in ("one", "two"):
        url = f"/v1/complaints/{complaint}/reversal"
        answer = market.client.post(url, json={"reason": "r"}, headers={"Idempotency-Key": key})
        states.append(answer.json()["state"])
    assert states == ["overturned", "upheld"]
