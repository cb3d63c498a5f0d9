from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from marketplace import Marketplace
from service_client import Client, Open
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from serve import audit
from serve.access.roles import Role
from serve.database.engine import Database
from serve.database.loop_tables import RightsDocument


@pytest.fixture
def agency(client: Client) -> Marketplace:
    """A brand that an agency answers for."""
    market = Marketplace(client)
    market.be_answered_for_by_an_agency()
    return market


def tried(market: Marketplace) -> list[int]:
    """The statuses of judging and of complaining as the brand, of cases that an admin prepared."""
    judged, complained = market.case(), market.case()
    market.client.post(f"/v1/cases/{complained}/judgement", json={"verdict": "infringing"})
    complaint = market.client.post(f"/v1/cases/{complained}/complaint", headers=market.brand_key)
    return [market.judge(judged).status_code, complaint.status_code]


def test_an_agency_acts_with_trademark_and_letter(agency: Marketplace) -> None:
    assert tried(agency) == [403, 403]
    agency.document("trademark")
    refused = agency.judge(agency.case())
    assert refused.json()["type"] == "urn:hallmark:problem:rights-unproven"
    assert "letter_of_authority" in refused.json()["detail"]
    agency.document("letter_of_authority")
    assert tried(agency) == [200, 201]


@pytest.mark.parametrize(
    "letter",
    [{"state": "refused"}, {"state": "forged"}],
    ids=["refused", "forged"],
)
def test_a_letter_that_does_not_count(agency: Marketplace, letter: dict[str, str]) -> None:
    agency.document("trademark")
    agency.document("letter_of_authority", **letter)
    assert tried(agency) == [403, 403]


def test_a_document_that_counts_no_more_is_not_lodged(agency: Marketplace) -> None:
    fields = {"kind": "trademark", "number": "1", "expires": "2020-01-01"}
    path = f"/v1/brands/{agency.brand}/rights-documents"
    refused = agency.client.post(path, data=fields, files={"file": ("a.pdf", b"%PDF")})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:hallmark:problem:expired")


def test_a_letter_that_has_expired_does_not_count(agency: Marketplace) -> None:
    agency.document("trademark")
    agency.document("letter_of_authority")
    with agency.client.service.database.write() as session:
        session.execute(update(RightsDocument).values(expires=date(2020, 1, 1)))
    assert tried(agency) == [403, 403]


def test_disputes_that_were_settled_before_say_how_after_a_migration(open_client: Open) -> None:
    client = open_client()
    settled = []
    for contradiction in (True, False):
        market = Marketplace(client)
        market.document(state="forged")
        dispute = client.get("/v1/disputes").json()["items"][-1]["id"]
        body = {"contradiction": contradiction, "reason": "looked at again"}
        assert client.post(f"/v1/disputes/{dispute}/settlement", json=body).json()["contradiction"] is contradiction
        settled.append(dispute)
    before = (
        "ALTER TABLE disputes DROP COLUMN contradiction",
        "ALTER TABLE cases DROP COLUMN known_fake",
        "DROP TABLE object_store, authorised_sellers",
        "DROP INDEX cases_shown_listing, cases_shown_seller, cases_no_complaint",
        "DELETE FROM index_changes WHERE action = 'create'",
        "ALTER TABLE index_changes DROP CONSTRAINT index_changes_action",
        "ALTER TABLE index_changes ADD CONSTRAINT index_changes_action "
        "CHECK (action IN ('add', 'remove', 'rename', 'switch'))",
        "UPDATE alembic_version SET version_num = '0028'",
    )
    with client.service.database.write() as session:
        for statement in before:
            session.execute(text(statement))
    migrated = Database(client.service.settings)
    with migrated.read() as session:
        found = dict(session.execute(text("SELECT id, contradiction FROM disputes")).all())
    migrated.close()
    assert [found[dispute] for dispute in settled] == [True, False]
    client.brand("Made after it")


def test_many_at_once_need_it_too(agency: Marketplace) -> None:
    body = {"judgements": [{"case_id": agency.case(), "verdict": "unsure"}]}
    (outcome,) = agency.client.post("/v1/cases/judgements", json=body, headers=agency.brand_key).json()
    assert (outcome["status"], outcome["code"]) == (403, "rights-unproven")


def test_an_agency_without_proof_shows_no_fakes(agency: Marketplace) -> None:
    path = f"/v1/brands/{agency.brand}/traits"
    trait = agency.client.post(path, data={"text": "a word"}).json()["id"]
    refused = agency.client.post(path, data={"text": "another word"}, headers=agency.brand_key)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:hallmark:problem:rights-unproven")
    assert agency.client.delete(f"{path}/{trait}", headers=agency.brand_key).status_code == 403
    for kind in ("trademark", "letter_of_authority"):
        agency.document(kind)
    assert agency.client.delete(f"{path}/{trait}", headers=agency.brand_key).status_code == 204


def test_a_forged_document_suspends_counts_and_is_disputed(client: Client) -> None:
    brand = Marketplace(client)
    document = brand.document(state="forged")

    def credit() -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/v1/rights-holders/{brand.holder}/credit").json()
        return found

    assert (credit()["tier"], credit()["failed"]) == ("suspended", 10)
    disputes = client.get("/v1/disputes", params={"limit": 500}).json()["items"]
    (dispute,) = (one for one in disputes if one["document_id"] == document)
    assert (dispute["rights_holder_id"], dispute["case_id"], dispute["state"]) == (brand.holder, None, "open")
    url = f"/v1/disputes/{dispute['id']}"
    assert client.post(f"{url}/referral", json={"examiner": "Headquarters"}).json()["state"] == "referred"
    client.post(f"{url}/settlement", json={"contradiction": False, "reason": "headquarters knows the letter"})
    assert (credit()["tier"], credit()["failed"]) == ("suspended", 0), "a suspension is lifted by hand"


def test_a_document_whose_forgery_is_withdrawn_is_reviewed_anew(agency: Marketplace) -> None:
    agency.document("letter_of_authority")
    document = agency.document(state="forged")
    agency.client.put(f"/v1/rights-holders/{agency.holder}/tier", json={"tier": "standard", "reason": "lifted"})
    settle(agency, document, contradiction=False)
    assert state_of(agency, document) == ("pending", None)
    with agency.client.service.database.read() as session:
        steps = audit.steps_on(session, document, actions=["rights document forged", "rights document pending"])
    assert [action for _, action, _ in steps] == ["rights document forged", "rights document pending"]
    assert tried(agency) == [403, 403], "nobody has found it in order yet"
    accept(agency, document)
    assert tried(agency) == [200, 201]


def test_a_document_found_forged_stays_so_and_a_later_finding_stands(agency: Marketplace) -> None:
    forged, accepted = agency.document(state="forged"), agency.document(state="forged")
    settle(agency, forged, contradiction=True)
    accept(agency, accepted)
    settle(agency, accepted, contradiction=False)
    assert (state_of(agency, forged)[0], state_of(agency, accepted)[0]) == ("forged", "accepted")


def settle(market: Marketplace, document: str, *, contradiction: bool) -> None:
    """Settle the dispute about the document."""
    disputes = market.client.get("/v1/disputes", params={"limit": 500}).json()["items"]
    (dispute,) = (one["id"] for one in disputes if one["document_id"] == document)
    body = {"contradiction": contradiction, "reason": "the register was asked"}
    answer = market.client.post(f"/v1/disputes/{dispute}/settlement", json=body)
    assert answer.status_code == 200, answer.text


def accept(market: Marketplace, document: str) -> None:
    """Have trust & safety accept the document."""
    url = f"/v1/brands/{market.brand}/rights-documents/{document}/review"
    assert market.client.post(url, json={"state": "accepted", "reason": "found in the register"}).status_code == 200


def state_of(market: Marketplace, document: str) -> tuple[str, str | None]:
    """The document's state, and why it is that."""
    (found,) = (
        one for one in market.client.get(f"/v1/brands/{market.brand}/rights-documents").json() if one["id"] == document
    )
    return found["state"], found["reason"]


def test_two_reviews_at_once_take_turns(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    brand = Marketplace(client)
    document = brand.document(state="refused")
    reads, goes_on = threading.Event(), threading.Event()
    carried_out = audit.carried_out

    def dawdle(session: Session, subject: str) -> bool:
        if not reads.is_set():
            reads.set()
            goes_on.wait(0.5)
        return carried_out(session, subject)

    monkeypatch.setattr(audit, "carried_out", dawdle)
    url = f"/v1/brands/{brand.brand}/rights-documents"

    def review(state: str) -> None:
        found = {"state": state, "reason": "looked at again"}
        assert client.post(f"{url}/{document}/review", json=found).json()["state"] == state

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(review, "accepted")
        assert reads.wait(10)
        review("forged")
        goes_on.set()
        first.result()
    (state,) = (one["state"] for one in client.get(url).json())
    assert (state, client.get(f"/v1/rights-holders/{brand.holder}/credit").json()["failed"]) == ("forged", 10)


def test_a_document_that_was_not_forged_after_all_counts_no_more_against_it(client: Client) -> None:
    brand = Marketplace(client)
    document = brand.document(state="forged")
    review = {"state": "accepted", "reason": "the register was wrong"}
    client.post(f"/v1/brands/{brand.brand}/rights-documents/{document}/review", json=review)
    assert client.get(f"/v1/rights-holders/{brand.holder}/credit").json()["failed"] == 0


def test_an_owner_proves_its_trademark_where_it_is_asked_for(client: Client, open_client: Open) -> None:
    assert tried(Marketplace(client)) == [200, 201]
    strict = Marketplace(open_client(prove_ownership=True))
    assert tried(strict) == [403, 403]
    strict.document()
    assert tried(strict) == [200, 201]


def test_the_document_is_kept_as_it_came(client: Client) -> None:
    brand = Marketplace(client)
    document = brand.document()
    url = f"/v1/brands/{brand.brand}/rights-documents"
    assert brand.client.get(f"{url}/{document}/file", headers=brand.brand_key).content == b"%PDF"
    (listed,) = brand.client.get(url, headers=brand.brand_key).json()
    assert (listed["id"], listed["classes"], listed["rights_holder_id"]) == (document, "18, 25", brand.holder)
    review = {"state": "accepted", "reason": "mine"}
    own = brand.client.post(f"{url}/{document}/review", json=review, headers=brand.brand_key)
    assert own.status_code == 403, "nobody accepts their own"
    platform = client.key(Role.PLATFORM)
    assert brand.client.post(f"{url}/{document}/review", json=review, headers=platform).status_code == 403


@pytest.mark.parametrize("expires", ["0", "4102444800", "2099-12-31T00:00:00", "20991231", "tomorrow", ""])
def test_a_day_is_written_as_a_day(client: Client, expires: str) -> None:
    brand = Marketplace(client)
    fields = {"kind": "trademark", "number": "1", "expires": expires}
    path = f"/v1/brands/{brand.brand}/rights-documents"
    answer = client.post(path, data=fields, files={"file": ("a.pdf", b"%PDF")})
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "body.expires")


def test_an_empty_file_proves_nothing(client: Client) -> None:
    brand = Marketplace(client)
    fields = {"kind": "trademark", "number": "1", "expires": "2099-12-31"}
    path = f"/v1/brands/{brand.brand}/rights-documents"
    answer = client.post(path, data=fields, files={"file": ("a.pdf", b"")})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:hallmark:problem:empty")
    assert client.get(path).json() == []


def test_an_agency_without_proof_takes_no_judgement_back(agency: Marketplace) -> None:
    case = agency.case()
    body = {"verdict": "not_infringing"}
    assert agency.client.post(f"/v1/cases/{case}/judgement", json=body).status_code == 200, "an admin needs none"
    refused = agency.client.delete(f"/v1/cases/{case}/judgement", headers=agency.brand_key)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:hallmark:problem:rights-unproven")


@pytest.mark.parametrize(("zone", "hours"), [("Pacific/Pago_Pago", -11), ("Pacific/Kiritimati", 14)])
def test_a_document_counts_to_the_end_of_its_last_day_where_the_rights_holder_is(
    market: Marketplace, zone: str, hours: int
) -> None:
    brand = Marketplace(market.client)
    changed = brand.client.patch(f"/v1/rights-holders/{brand.holder}", json={"time_zone": zone})
    assert changed.status_code == 200, changed.text
    today = (datetime.now(UTC) + timedelta(hours=hours)).date()
    url = f"/v1/brands/{brand.brand}/rights-documents"
    for day, status in ((today, 201), (today - timedelta(days=1), 422)):
        fields = {"kind": "trademark", "number": "1", "classes": "25", "expires": day.isoformat()}
        answer = brand.client.post(url, data=fields, files={"file": ("a.pdf", b"%PDF")}, headers=brand.brand_key)
        assert answer.status_code == status, answer.text
