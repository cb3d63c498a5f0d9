"""The routes of an application, and what each asks permission for."""

from __future__ import annotations

from typing import Any

from fastapi.routing import APIRoute
from service_client import Client

from serve.access.auth import Permit


def routes(client: Client) -> list[APIRoute]:
    """Those of the API; tests/serve/console walks the pages."""
    return [route for route in all_routes(client) if route.path != "/" and not route.path.startswith("/console")]


def all_routes(client: Client) -> list[APIRoute]:
    return [route for route in flattened(client.app.routes) if isinstance(route, APIRoute)]  # type: ignore[attr-defined]


def flattened(found: list[Any]) -> list[Any]:
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
