"""Trust & safety close what nobody's word ended: it is sold, or taken off."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx2
import pytest
from marketplace import Marketplace, smeared
from service_client import Client
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql

from client.api import Hallmark
from serve.access.keys import Caller
from serve.access.roles import Role
from serve.database.loop_tables import Case
from serve.loop import adjudication
from serve.loop.closings import open_to, take_off
from serve.loop.complaints import ComplaintView
from serve.loop.doubts import NewDoubt, lacks_complaint
from serve.loop.states import CaseAction

TRUST = Caller(key_id="key_trust", role=Role.TRUST, brand_ids=None)


@pytest.fixture
def brand(client: Client) -> Marketplace:
    return Marketplace(client)


def without_complaint(brand: Marketplace) -> str:
    """The id of a case that the brand judged as infringing and did not complain of; its listing is held up still."""
    case = brand.case()
    brand.judge(case)
    brand.end(case, fallback="review")
    return case


def by_a_suspended_word(brand: Marketplace) -> str:
    """The id of a case that only a suspended rights holder's word closed; its listing is held up still."""
    brand.suspend()
    case = brand.case()
    brand.judge(case, "not_infringing")
    brand.end(case, fallback="review")
    return case


def unanswered(brand: Marketplace) -> str:
    case = brand.case()
    brand.end(case, fallback="review")
    return case


def listed(brand: Marketplace, name: str = "no-complaint") -> list[str]:
    found = brand.client.get(f"/v1/cases/{name}", params={"limit": 500}).json()["items"]
    return [case["id"] for case in found if case["brand_id"] == brand.brand]


def state_of(brand: Marketplace, case: str) -> str:
    return str(brand.client.get(f"/v1/cases/{case}").json()["state"])


def taken_off(brand: Marketplace, case: str) -> ComplaintView:
    doubt = NewDoubt(reason="the mark is painted over")
    return take_off(brand.client.service.database, case, doubt, window=timedelta(days=1), caller=TRUST)


def test_a_program_lists_what_waits_and_releases_it(brand: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpx2, "Client", lambda **_: brand.client)
    api, case = Hallmark("http://testserver", key="the client's own"), without_complaint(brand)
    assert case in [one["id"] for one in api.no_complaint()]
    assert api.release(case, reason="a souvenir")["state"] == "released"
    assert case not in [one["id"] for one in api.no_complaint()]


def test_what_waits_is_found_without_reading_all_cases(brand: Marketplace) -> None:
    query = select(Case.id).where(lacks_complaint())
    compiled = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    with brand.client.service.database.read() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))  # which is quicker while there are few
        plan = session.scalars(text(f"EXPLAIN {compiled}")).all()
    assert any("cases_no_complaint" in line for line in plan), plan


@pytest.mark.parametrize("ended", [without_complaint, by_a_suspended_word, unanswered])
def test_what_is_released_may_be_sold_and_the_rights_holder_is_told(brand: Marketplace, ended: object) -> None:
    brand.set_webhook("http://127.0.0.1:9")
    case = ended(brand)  # type: ignore[operator]
    jury = brand.jury(case)
    assert brand.decision_on(case) == "review"
    answer = brand.release(case, "A souvenir of <Acme>")
    assert (answer.status_code, answer.json()["state"]) == (200, "released"), answer.text
    assert answer.json()["note"].endswith("decision is now allow: A souvenir of <Acme>")
    assert brand.decision_on(case) == "allow"
    assert state_of(brand, case) == "released", "it is asked about no more"
    last = brand.deliveries()[-1]
    assert (last["type"], last["payload"]["data"]["note"]) == ("case.released", answer.json()["note"])
    assert brand.client.get(f"/v1/juries/{jury}").json()["ended"] is not None
    query = text("SELECT content FROM audit_log WHERE action = 'case released' AND subject = :id")
    counted = text("SELECT (SELECT count(*) FROM labels WHERE brand_id = :id), (SELECT count(*) FROM notices AS n "
                   "JOIN complaints AS p ON p.id = n.complaint_id JOIN cases AS c ON c.id = p.case_id "
                   "WHERE c.brand_id = :id)")  # fmt: skip
    with brand.client.service.database.read() as session:
        content = json.loads(session.scalars(query, {"id": case}).one())
        assert (content["decision"], content["reason"]) == ("allow", "A souvenir of <Acme>")
        assert session.execute(counted, {"id": brand.brand}).one() == (0, 0), "it is no sanction, and teaches nothing"
    credit = brand.client.get(f"/v1/rights-holders/{brand.holder}/credit").json()
    assert (credit["held"], credit["failed"]) == (0, 0)


def test_a_block_by_the_scan_holds_no_more_what_is_released(brand: Marketplace) -> None:
    case = without_complaint(brand)
    query = "SELECT l.{} FROM listings AS l JOIN cases AS c ON c.listing_id = l.id WHERE c.id = :id"
    with brand.client.service.database.write() as session:
        session.execute(text(
            "UPDATE listings SET scanned = 'block', decision = 'block' FROM cases AS c "
            "WHERE c.listing_id = listings.id AND c.id = :id"
        ), {"id": case})  # fmt: skip
    assert brand.release(case).status_code == 200
    with brand.client.service.database.read() as session:
        assert session.scalar(text(query.format("decision")), {"id": case}) == "allow"


def test_both_kinds_are_listed_until_they_are_closed(brand: Marketplace) -> None:
    own, acquitted = without_complaint(brand), brand.case()
    brand.judge(acquitted, "not_infringing")
    brand.end(acquitted)
    suspended = by_a_suspended_word(brand)
    silent = unanswered(brand)
    assert listed(brand) == [own, suspended]
    first = brand.client.get("/v1/cases/no-complaint", params={"limit": 1}).json()
    assert (len(first["items"]), first["next_cursor"] is None) == (1, False)
    assert listed(brand, "doubtful") == [own, acquitted, suspended, silent]
    assert brand.release(own).status_code == 200
    assert listed(brand) == [suspended]
    assert taken_off(brand, suspended).state == "upheld"
    assert listed(brand) == []
    assert listed(brand, "doubtful") == [acquitted, silent]
    for path in ("/v1/cases/no-complaint", "/v1/cases/doubtful"):
        assert brand.client.get(path, headers=brand.brand_key).status_code == 403


def test_what_is_under_way_acquitted_complained_of_or_pretended_is_not_released(brand: Marketplace) -> None:
    acquitted, complained, repeated = (brand.case() for _ in range(3))
    brand.judge(acquitted, "not_infringing")
    brand.end(acquitted)
    brand.decide(brand.complaint(complained), "dismissed")
    repeat = brand.slip(repeated, truth="fake")
    brand.judge(repeat)
    brand.end(repeat)
    doubted = without_complaint(brand)
    brand.doubt(doubted)
    for case in (brand.case(), acquitted, complained, repeat, doubted):
        before = brand.client.get(f"/v1/cases/{case}").json()
        refused = brand.release(case)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:hallmark:problem:not-allowed-now")
        assert brand.client.get(f"/v1/cases/{case}").json() == before
    assert brand.release("case_0").status_code == 404
    assert brand.release(without_complaint(brand), "").status_code == 422


def test_what_a_suspended_one_cleared_and_other_pictures_replaced_is_not_listed(brand: Marketplace) -> None:
    brand.suspend()
    sent = {"id": f"replaced {brand.seed}", "seller": "s"}
    case = brand.listing(**sent)["case"]["id"]
    brand.judge(case, "not_infringing")
    brand.listing(smeared(brand.seed, tile=9), **sent)
    assert state_of(brand, case) == "closed"
    assert listed(brand) == []
    assert brand.release(case).status_code == 409


def test_what_was_released_may_be_doubted_still_and_is_not_released_twice(brand: Marketplace) -> None:
    case = without_complaint(brand)
    assert [brand.release(case).status_code for _ in range(2)] == [200, 409]
    database = brand.client.service.database
    assert open_to(database, case) == {CaseAction.DOUBT}
    brand.decide(brand.doubt(case).json()["id"])
    assert (state_of(brand, case), brand.decision_on(case)) == ("released", "block")
    assert open_to(database, case) == frozenset()


def test_what_is_taken_off_is_a_doubt_that_is_upheld(brand: Marketplace) -> None:
    case = without_complaint(brand)
    complaint = taken_off(brand, case)
    assert (complaint.party, complaint.state, complaint.reason) == ("platform", "upheld", "the mark is painted over")
    assert (state_of(brand, case), brand.decision_on(case)) == ("expired", "block")
    seller = brand.client.get(f"/v1/cases/{case}").json()["listing"]["seller"]
    (notice,) = brand.client.get("/v1/notices", params={"seller": seller}).json()["items"]
    assert (notice["subject"], notice["answer_until"] is None) == ("upheld", False)
    assert brand.counter(complaint.id).status_code == 201


def test_a_step_that_breaks_off_leaves_no_doubt(brand: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    case = without_complaint(brand)
    before, logged = brand.client.get(f"/v1/cases/{case}").json(), brand.logged()

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("the machine stops")

    monkeypatch.setattr(adjudication, "teach_complaint", breaks)
    with pytest.raises(RuntimeError):
        taken_off(brand, case)
    assert (brand.client.get(f"/v1/cases/{case}").json(), brand.logged()) == (before, logged)
    assert listed(brand) == [case]
