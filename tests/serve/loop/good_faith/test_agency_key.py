"""A key that is for all brands of a rights holder."""

from __future__ import annotations

import pytest
from marketplace import Marketplace
from service_client import Client

from serve.access.roles import Role
from serve.database.tables import Brand
from serve.protocol.problems import Problem


@pytest.fixture
def holder(client: Client) -> str:
    return str(client.post("/v1/rights-holders", json={"name": "An agency", "kind": "agency"}).json()["id"])


def represented(client: Client, holder: str) -> Marketplace:
    """A brand that the agency answers for."""
    market = Marketplace(client)
    with client.service.database.write() as session:
        session.get_one(Brand, market.brand).holder_id = holder
    market.holder = holder
    return market


def test_it_sees_and_judges_what_is_of_each_of_its_brands_and_nothing_else(client: Client, holder: str) -> None:
    one, stranger = represented(client, holder), Marketplace(client)
    key = client.key(Role.BRAND, holder_id=holder)
    later = represented(client, holder)
    cases = {market.brand: market.case() for market in (one, later, stranger)}
    assert {item["id"] for item in client.get("/v1/brands", headers=key).json()["items"]} == {one.brand, later.brand}
    queue = client.get("/v1/cases", headers=key).json()["items"]
    assert {case["id"] for case in queue} == {cases[one.brand], cases[later.brand]}
    for market, status in ((one, 200), (later, 403), (stranger, 404)):
        if market is one:
            for kind in ("trademark", "letter_of_authority"):
                market.document(kind)
        url = f"/v1/cases/{cases[market.brand]}/judgement"
        assert client.post(url, json={"verdict": "unsure"}, headers=key).status_code == status


def test_it_reaches_the_rights_holder_that_its_brands_keys_do_not(client: Client, holder: str) -> None:
    one, _ = represented(client, holder), represented(client, holder)
    key = client.key(Role.BRAND, holder_id=holder)
    for path in ("", "/credit", "/deliveries"):
        url = f"/v1/rights-holders/{holder}{path}"
        assert (client.get(url, headers=key).status_code, client.get(url, headers=one.brand_key).status_code) == (
            200,
            404,
        )


def test_rights_holders_are_listed_for_those_who_see_them(client: Client, holder: str) -> None:
    one, _, alone = represented(client, holder), represented(client, holder), Marketplace(client)

    def listed(headers: dict[str, str]) -> list[str]:
        answer = client.get("/v1/rights-holders", params={"limit": 500}, headers=headers)
        assert answer.status_code == 200, answer.text
        return [found["id"] for found in answer.json()["items"]]

    assert {holder, alone.holder} <= set(listed(client.key(Role.TRUST)))
    assert listed(client.key(Role.BRAND, holder_id=holder)) == [holder]
    assert (listed(one.brand_key), listed(alone.brand_key)) == ([], [alone.holder]), "one key of several sees no whole"
    first = client.get("/v1/rights-holders", params={"limit": 1}).json()
    second = client.get("/v1/rights-holders", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert first["items"][0]["id"] < second["items"][0]["id"]


@pytest.mark.parametrize(("role", "both"), [(Role.BRAND, True), (Role.TRUST, False)])
def test_a_key_is_for_one_thing(client: Client, holder: str, role: Role, both: bool) -> None:
    with pytest.raises(Problem, match="needs its brand's id or its rights holder's"):
        client.key(role, client.brand() if both else None, holder_id=holder)


def test_an_unknown_rights_holder_gets_no_key(client: Client) -> None:
    with pytest.raises(Problem, match="no rights holder"):
        client.key(Role.BRAND, holder_id="holder_0")
