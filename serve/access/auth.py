"""Who sends a request, and whether they may.

`Authentication` finds the caller before a byte of the body is read. Each route names what it does with
`Permit("…")`, which looks it up in serve/access/roles.py and holds a brand's key to its own brand: a path that names
what is another's answers 404 (serve/access/ownership.py says whose a thing is).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from serve.access.keys import Caller, find_caller
from serve.access.ownership import NAMED_BY_THE_MARKETPLACE, sees
from serve.access.roles import PERMISSIONS
from serve.database.engine import Database
from serve.protocol.problems import Problem, not_found

PROTECTED = "/v1/"
IDENTIFIER = re.compile(r"[a-z0-9_]{1,64}")


class Authentication:
    """ASGI middleware: everything under /v1 needs a key; the caller goes into the request's state."""

    def __init__(self, app: ASGIApp, *, database: Callable[[], Database]) -> None:
        self._app = app
        self._database = database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises `Problem` (401, 503)."""
        if scope["type"] == "http" and scope["path"].startswith(PROTECTED):
            key = _bearer(dict(scope["headers"]).get(b"authorization"))
            scope["state"]["caller"] = await self._caller(key)
        await self._app(scope, receive, send)

    async def _caller(self, key: str) -> Caller:
        caller = await run_in_threadpool(find_caller, self._database(), key)
        if caller is None:
            raise _unauthorised("This key is unknown or was revoked. Ask for one: hallmark key create --role ROLE.")
        return caller


class Permit:
    """Dependency: the caller, if their role may do `action` and the brand in the path is theirs to see.

    Raises `Problem` (403 for the role, 404 for another's brand or a malformed id).
    """

    def __init__(self, action: str) -> None:
        if action not in PERMISSIONS:
            raise ValueError(f"serve/access/roles.py does not know the action {action!r}")
        self.action = action

    def __call__(self, request: Request) -> Caller:
        """The caller of `request`."""
        return self.allowed(request.state.caller, request)

    def allowed(self, caller: Caller, request: Request) -> Caller:
        """`caller`, if they may do to what the path of `request` names what this permits."""
        if caller.role not in PERMISSIONS[self.action]:
            allowed = ", ".join(sorted(PERMISSIONS[self.action]))
            raise Problem(403, "forbidden", f"A key of role {caller.role} may not do this; it takes one of: {allowed}.")
        for name, value in request.path_params.items():
            if name not in NAMED_BY_THE_MARKETPLACE and not IDENTIFIER.fullmatch(str(value)):
                raise not_found(name.removesuffix("_id"), str(value))
            if not sees(request.app.state.startup.service.database, caller, name, str(value)):
                raise not_found(name.removesuffix("_id"), str(value))
        return caller


def _bearer(header: bytes | None) -> str:
    if header is None:
        raise _unauthorised("Send your key as `Authorization: Bearer KEY`.")
    scheme, _, key = header.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise _unauthorised("The Authorization header must read `Bearer KEY`.")
    return key.strip()


def _unauthorised(detail: str) -> Problem:
    return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
