"""Walks every route with every role, so that a new route cannot escape."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute
from mosaics import mosaic, png
from service_client import Client

from serve.auth import Permit
from serve.roles import PERMISSIONS, Role

OPEN_PATHS = {"/livez", "/readyz", "/metrics", "/openapi.json"}
BODIES = {"POST": {"json": {"name": "n"}}, "PATCH": {"json": {"note": "n"}}}


def routes(client: Client) -> list[APIRoute]:
    return [route for route in flattened(client.app.routes) if isinstance(route, APIRoute)]  # type: ignore[attr-defined]


def flattened(found: list) -> list:
    """FastAPI keeps included routers as they are; their routes are inside."""
    flat = []
    for route in found:
        original = getattr(route, "original_router", None)
        flat += flattened(original.routes) if original is not None else [route]
    return flat


def action(route: APIRoute) -> str | None:
    permits = [one.call.action for one in route.dependant.dependencies if isinstance(one.call, Permit)]
    assert len(permits) <= 1
    return permits[0] if permits else None


@pytest.fixture(scope="module")
def brands(client: Client) -> dict[str, dict[str, str]]:
    """Two brands with a reference each."""
    made = {}
    for seed, name in enumerate(("own", "other")):
        brand = client.brand()
        made[name] = {"brand_id": brand, "reference_id": client.reference(brand, png(mosaic(100 + seed)))}
    return made


@pytest.fixture(scope="module")
def headers(client: Client, brands: dict[str, dict[str, str]]) -> dict[Role, dict[str, str]]:
    return {role: client.key(role, brands["own"]["brand_id"] if role is Role.BRAND else None) for role in Role}


def test_there_are_routes_to_walk(client: Client) -> None:
    paths = {route.path for route in routes(client)}
    assert {"/v1/brands", "/v1/brands/{brand_id}/references/{reference_id}", "/v1/scan", "/v1/scans/{scan_id}"} <= paths


def test_every_route_is_open_on_purpose_or_asks_for_a_permission(client: Client) -> None:
    for route in routes(client):
        assert (action(route) is None) == (route.path in OPEN_PATHS), route.path
        assert route.path.startswith("/v1/") == (route.path not in OPEN_PATHS), route.path


def test_every_permission_is_used(client: Client) -> None:
    assert {action(route) for route in routes(client)} - {None} == set(PERMISSIONS)


def test_no_key_and_unknown_keys_are_refused_everywhere(client: Client) -> None:
    for route in routes(client):
        if route.path in OPEN_PATHS:
            continue
        for method in route.methods:
            for key in ("", "Bearer", "Bearer hallmark_unknown", "Basic YTpi", "Bearer \xff"):
                headers = {"Authorization": key.encode("latin-1")}
                answer = client.request(method, route.path.replace("{number}", "0"), headers=headers)
                assert answer.status_code == 401, (method, route.path, key)
                assert answer.headers["www-authenticate"] == "Bearer"
                assert answer.headers["content-type"] == "application/problem+json"


def test_every_role_on_every_route(client: Client, brands: dict, headers: dict) -> None:
    """Each role gets 403 exactly where the table says; a brand gets 404 for whatever is another's."""
    for route in routes(client):
        named = action(route)
        if named is None:
            continue
        for role in Role:
            for whose, ids in brands.items():
                url = route.path.format(**ids, scan_id="scan_0", number=0)
                for method in route.methods:
                    own = role is not Role.BRAND or whose == "own"
                    if method == "DELETE" and role in PERMISSIONS[named] and own:
                        continue  # it would be gone for the others; test_references deletes
                    status = client.request(method, url, headers=headers[role], **BODIES.get(method, {})).status_code
                    where = (method, url, role)
                    if role not in PERMISSIONS[named]:
                        assert status == 403, where
                    elif "scan_id" in route.path or ("brand_id" in route.path and not own):
                        assert status == 404, where
                    else:
                        assert status in (200, 201, 409, 415, 422), where


def test_a_brand_lists_itself_only(client: Client, brands: dict, headers: dict) -> None:
    items = client.get("/v1/brands", headers=headers[Role.BRAND]).json()["items"]
    assert [item["id"] for item in items] == [brands["own"]["brand_id"]]


def test_a_reference_is_not_reached_through_another_brand(client: Client, brands: dict, headers: dict) -> None:
    url = f"/v1/brands/{brands['own']['brand_id']}/references/{brands['other']['reference_id']}"
    for method in ("GET", "PATCH", "DELETE"):
        assert client.request(method, url, headers=headers[Role.BRAND], json={}).status_code == 404, method


def test_a_revoked_key_is_refused_at_once(client: Client) -> None:
    from serve.keys import find_caller, revoke_key

    header = client.key(Role.ML)
    assert client.get("/v1/brands", headers=header).status_code == 200
    caller = find_caller(client.service.database, header["Authorization"].removeprefix("Bearer "))
    assert caller is not None
    revoke_key(client.service.database, caller.key_id)
    assert client.get("/v1/brands", headers=header).status_code == 401


def test_the_key_itself_is_not_stored(client: Client) -> None:
    from sqlalchemy import text

    key = client.key(Role.ML)["Authorization"].removeprefix("Bearer ")
    with client.service.database.read() as session:
        rows = session.execute(text("SELECT api_keys::text FROM api_keys")).scalars().all()
    assert rows
    assert all(key not in row for row in rows)


def test_a_permission_that_nobody_declared_fails_early() -> None:
    with pytest.raises(ValueError, match=r"brands\.burn"):
        Permit("brands.burn")
