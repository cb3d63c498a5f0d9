from __future__ import annotations

import pytest
from marketplace import Marketplace
from service_client import Client, Open

from serve.database.tables import Brand
from serve.roles import Role


@pytest.fixture
def agency(client: Client) -> Marketplace:
    """A brand that an agency answers for."""
    holder = client.post("/v1/rights-holders", json={"name": "An agency", "kind": "agency"}).json()["id"]
    market = Marketplace(client)
    with client.service.database.write() as session:
        session.get_one(Brand, market.brand).holder_id = holder
    market.holder = holder
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
    [{"state": "refused"}, {"state": "forged"}, {"expires": "2020-01-01"}],
    ids=["refused", "forged", "expired"],
)
def test_a_letter_that_does_not_count(agency: Marketplace, letter: dict[str, str]) -> None:
    agency.document("trademark")
    agency.document("letter_of_authority", **letter)
    assert tried(agency) == [403, 403]


def test_many_at_once_need_it_too(agency: Marketplace) -> None:
    body = {"judgements": [{"case_id": agency.case(), "verdict": "unsure"}]}
    (outcome,) = agency.client.post("/v1/cases/judgements", json=body, headers=agency.brand_key).json()
    assert (outcome["status"], outcome["code"]) == (403, "rights-unproven")


def test_a_forged_document_suspends(client: Client) -> None:
    brand = Marketplace(client)
    brand.document(state="forged")
    assert client.get(f"/v1/rights-holders/{brand.holder}/credit").json()["tier"] == "suspended"


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
