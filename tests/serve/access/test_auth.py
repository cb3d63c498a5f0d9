"""Keys, and that every route asks for a permission; tests/serve/loop/test_every_route.py walks them with every role."""

from __future__ import annotations

import pytest
from route_table import action, routes
from service_client import Client

from serve.access.auth import Permit
from serve.access.roles import PERMISSIONS, Role

OPEN_PATHS = {"/livez", "/readyz", "/metrics", "/openapi.json"}


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


def test_a_revoked_key_is_refused_at_once(client: Client) -> None:
    from serve.access.keys import find_caller, revoke_key

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
