"""Every route × every role × one's own and another brand's objects.

A new route is walked by itself. One whose path names something new fails until both its owner
(serve/access/ownership.py) and an object of each brand (`objects`) are given.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from marketplace import Marketplace, smeared
from mosaics import mosaic, png
from route_table import action, routes

from serve.access.ownership import BRAND_BEHIND, CLOSED_TO_BRANDS, INSIDE
from serve.access.roles import PERMISSIONS, Role

BODIES = {"POST": {"json": {"name": "n"}}, "PATCH": {"json": {"note": "n"}}, "PUT": {"json": {"note": "n"}}}
Ids = dict[str, str]

NAMED_BY_ANYBODY = {"number", "authorised_seller"}
"""Parts that two objects may both have: both brands may authorise one seller."""


def objects(market: Marketplace) -> Ids:
    """An object of the market's brand for every parameter that a path has."""
    case = market.case()
    market.judge(case)
    filed = market.client.post(f"/v1/cases/{case}/complaint", files=[("file", ("a.txt", b"a"))]).json()
    market.set_webhook("http://127.0.0.1:9")
    market.case()
    delivery = market.deliveries()[0]
    traits = f"/v1/brands/{market.brand}/traits"
    market.client.put("/v1/webhook", json={"url": "http://127.0.0.1:9"})
    trait = market.client.post(traits, data={"text": "t"}, files={"image": ("a.png", smeared(market.seed))}).json()
    dealer = f"dealer {market.seed}"
    market.client.put(f"/v1/brands/{market.brand}/authorised-sellers/{dealer}")
    return {
        "authorised_seller": dealer,
        "document_id": market.document(),
        "trait_id": trait["id"],
        "suggestion_id": market.suggestion(),
        "delivery_id": delivery["id"],
        "brand_id": market.brand,
        "holder_id": market.holder,
        "reference_id": market.client.reference(market.brand, png(mosaic(market.seed + 5_000))),
        "case_id": case,
        "complaint_id": filed["id"],
        "file_id": filed["files"][0]["id"],
        "scan_id": "scan_0",
        "dispute_id": "dispute_0",
        "label_id": "label_0",
        "jury_id": "jury_0",
        "hold_id": "hold_0",
        "message_id": "msg_0",
        "policy_version": "9999",
        "seller": "seller_0",
        "number": "0",
    }


@pytest.fixture(scope="module")
def other(market: Marketplace) -> Ids:
    return objects(Marketplace(market.client))


@pytest.fixture(scope="module")
def own(market: Marketplace) -> Ids:
    return objects(market)


@pytest.fixture(scope="module")
def headers(market: Marketplace) -> dict[Role, dict[str, str]]:
    return {role: market.client.key(role, market.brand if role is Role.BRAND else None) for role in Role}


def parameters(path: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(path) if name]


def test_it_is_said_of_every_parameter_whose_it_is(market: Marketplace, own: Ids) -> None:
    named = {name for route in routes(market.client) for name in parameters(route.path)}
    assert named == set(BRAND_BEHIND) | INSIDE | CLOSED_TO_BRANDS == set(own)


def test_every_role_on_everything_of_its_own_and_of_another(
    market: Marketplace, own: Ids, other: Ids, headers: dict[Role, dict[str, str]]
) -> None:
    """403 exactly where the table of roles says so; to a brand, whatever is another's does not exist."""
    for route in routes(market.client):
        named = action(route)
        if named is None:
            continue
        for role in Role:
            for ids in (own, other):
                theirs = role is Role.BRAND and ids is other and not set(parameters(route.path)) <= INSIDE
                for method in route.methods:
                    if (
                        method == "DELETE"
                        and {"reference_id", "trait_id", "authorised_seller"} & set(parameters(route.path))
                        and role in PERMISSIONS[named]
                        and not theirs
                    ):
                        continue  # it would be gone for the others; tests of their own delete
                    url = route.path_format.format(**ids)
                    answer = market.client.request(method, url, headers=headers[role], **BODIES.get(method, {}))
                    where = (method, url, role, answer.text)
                    if role not in PERMISSIONS[named]:
                        assert answer.status_code == 403, where
                    elif theirs:
                        assert answer.status_code == 404, where
                    elif set(parameters(route.path)) & CLOSED_TO_BRANDS:
                        assert answer.status_code in (404, 422), where  # nothing has such an id
                    else:
                        assert answer.status_code in (200, 201, 202, 204, 409, 415, 422), where


def test_a_part_of_another_s_is_not_reached_through_one_s_own(
    market: Marketplace, own: Ids, other: Ids, headers: dict[Role, dict[str, str]]
) -> None:
    for route in routes(market.client):
        expected = 404 if Role.BRAND in PERMISSIONS.get(action(route) or "", ()) else 403
        for inner in set(parameters(route.path)) & INSIDE - NAMED_BY_ANYBODY:
            url = route.path_format.format(**{**own, inner: other[inner]})
            for method in route.methods:
                body = {"answer": "neither"} if method == "POST" else {}
                answer = market.client.request(method, url, headers=headers[Role.BRAND], json=body)
                assert answer.status_code == expected, (method, url)


def test_what_never_was_is_not_there_and_not_empty(market: Marketplace, own: Ids) -> None:
    """404 where nothing has the first name of a path, whatever stands behind it; and nothing is logged as done."""
    before = market.logged()
    for route in routes(market.client):
        named = parameters(route.path)
        for method in route.methods & {"GET", "DELETE"} if named else ():
            unknown = "9999" if named[0] == "policy_version" else f"{own[named[0]].partition('_')[0]}_nope"
            answer = market.client.request(method, route.path_format.format(**{**own, named[0]: unknown}))
            assert answer.status_code == 404, (method, route.path, answer.text)
    assert market.logged() == before


def test_no_list_shows_a_brand_what_is_another_s(
    market: Marketplace, other: Ids, headers: dict[Role, dict[str, str]]
) -> None:
    secret = {value for name, value in other.items() if name not in CLOSED_TO_BRANDS | {"number"}}
    for route in routes(market.client):
        if "GET" in route.methods and not parameters(route.path) and action(route) is not None:
            taken = {field.alias for field in route.dependant.query_params}
            params = {"limit": 500} if "limit" in taken else {}
            shown = market.client.get(route.path, params=params, headers=headers[Role.BRAND])
            assert shown.status_code != 422, route.path
            assert not any(value in shown.text for value in secret), route.path


NAMED_BESIDE_THE_PATH = {("/v1/cases", "brand"), ("/v1/complaints", "brand"), ("/v1/cases/judgements", "case_id")}
"""What a brand's key may name of others in a query or a body; each is tried below."""


def named_beside_the_path(market: Marketplace) -> set[tuple[str, str]]:
    """Parameters of queries and fields of bodies that name an object, of every route that a brand's key may call."""
    document = market.client.get("/openapi.json").json()
    found = set()
    for route in routes(market.client):
        if Role.BRAND not in PERMISSIONS.get(action(route) or "", ()):
            continue
        for method in route.methods:
            operation = document["paths"][route.path_format][method.lower()]
            queries = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
            fields = names_in(operation.get("requestBody", {}), document)
            found |= {(route.path, name) for name in queries | fields if name == "brand" or name.endswith("_id")}
    return found


def names_in(schema: object, document: dict[str, Any]) -> set[str]:
    """The names of all properties in a schema, its references followed."""
    if isinstance(schema, list):
        return {name for one in schema for name in names_in(one, document)}
    if not isinstance(schema, dict):
        return set()
    found = set(schema.get("properties", ()))
    for key, value in schema.items():
        target = document["components"]["schemas"][value.rpartition("/")[2]] if key == "$ref" else value
        found |= names_in(target, document)
    return found


def test_what_is_named_in_a_query_or_body_is_looked_at_too(
    market: Marketplace, other: Ids, headers: dict[Role, dict[str, str]]
) -> None:
    assert named_beside_the_path(market) == NAMED_BESIDE_THE_PATH
    brand = headers[Role.BRAND]
    for path in ("/v1/cases", "/v1/complaints"):
        assert market.client.get(path, params={"brand": other["brand_id"]}, headers=brand).json()["items"] == []
    body = {"judgements": [{"case_id": other["case_id"], "verdict": "unsure"}]}
    (outcome,) = market.client.post("/v1/cases/judgements", json=body, headers=brand).json()
    assert outcome["status"] == 404


NUL = "a\0b"
"""PostgreSQL stores and compares no such text."""


def test_no_text_that_postgresql_cannot_hold_gets_past_the_door(market: Marketplace, own: Ids) -> None:
    """In every query and every JSON body, and told by its name."""
    document = market.client.get("/openapi.json").json()
    tried = set()
    for route in routes(market.client):
        if action(route) is None:
            continue
        for method in route.methods:
            operation = document["paths"][route.path_format][method.lower()]
            url = route.path_format.format(**own)
            queries = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
            for name in queries - {"limit"}:
                tried.add((url, name))
                assert_told(market.client.request(method, url, params={name: NUL}), name)
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            for name, body in with_nul(schema, document):
                tried.add((url, name))
                assert_told(market.client.request(method, url, json=body), name)
    assert {name for _, name in tried} >= {"seller", "brand", "rights_holder_id", "brands", "statement", "url"}


def assert_told(answer: httpx2.Response, name: str) -> None:
    assert answer.status_code == 422, (answer.request.url, name, answer.text)
    assert name in answer.text, (answer.request.url, name, answer.text)


def with_nul(schema: dict[str, Any], document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Bodies with a NUL in one text of the schema each, and the name of the field; all other fields are left out."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for name, inside in schema.get("properties", {}).items():
        for way in inside.get("anyOf", [inside]):
            yield from ((name, {name: value}) for value in values_with_nul(way, document))


def values_with_nul(schema: dict[str, Any], document: dict[str, Any]) -> Iterator[Any]:
    if schema.get("type") == "string":
        yield NUL
    elif schema.get("type") == "array":
        yield from ([value] for value in values_with_nul(schema["items"], document))
    elif (
        schema.get("type") == "object"
        and ("additionalProperties" in schema or "patternProperties" in schema)
        and ("properties" not in schema)
    ):
        yield {NUL: {}}
    else:
        yield from (body for _, body in with_nul(schema, document))
