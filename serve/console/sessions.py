"""Who visits the console: signed in with a key, known by a cookie until half a day is over or the key is revoked."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import Request
from sqlalchemy import delete

from serve.access.auth import Permit
from serve.access.keys import Caller, caller_with, find_caller
from serve.access.ownership import sees
from serve.access.roles import PERMISSIONS
from serve.database.engine import Database
from serve.database.tables import ConsoleSession
from serve.loop.attachments import SentFile
from serve.protocol.problems import Problem
from serve.routes.forms import NAMELESS, Form

COOKIE: Final = "hallmark_session"
LASTS: Final = timedelta(hours=12)
TOKEN_BYTES: Final = 32

SAYS: Final = "Open the page again and fill in its form."


class SignInNeeded(Exception):
    """Nobody is signed in."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at a page. Each of its forms carries `proof`, which no other site knows."""

    caller: Caller
    proof: str

    def may(self, action: str) -> bool:
        """Whether the visitor's role may do `action`."""
        return self.caller.role in PERMISSIONS[action]

    def reaches(self, database: Database, parameter: str, value: str) -> bool:
        """Whether the visitor may know of the object that a path's `parameter` would name."""
        return sees(database, self.caller, parameter, value)


class Visitor:
    """Dependency: the visit, if the visitor may do `action` to what the path names.

    Raises `SignInNeeded`, and `Problem` (403, 404) as `Permit` does.
    """

    def __init__(self, action: str) -> None:
        self._permit = Permit(action)
        self.action = action

    def __call__(self, request: Request) -> Visit:
        """The visit that `request` belongs to."""
        visit = visit_of(request)
        self._permit.allowed(visit.caller, request)
        return visit


def visit_of(request: Request) -> Visit:
    """The visit that a request belongs to. Raises `SignInNeeded`."""
    token = request.cookies.get(COOKIE)
    visit = None if token is None else find_visit(request.app.state.startup.service.database, token)
    if visit is None:
        raise SignInNeeded
    request.state.caller, request.state.visit = visit.caller, visit
    return visit


def sign_in(database: Database, key: str) -> str:
    """Begin a session for the holder of `key`; the token for the cookie. Raises `Problem` (401)."""
    caller = find_caller(database, key)
    if caller is None:
        raise Problem(401, "unauthorized", "This key is unknown or was revoked.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with database.write() as session:
        session.add(ConsoleSession(sha256=_digest(token), key_id=caller.key_id, expires=datetime.now(UTC) + LASTS))
    return token


def sign_out(database: Database, token: str) -> None:
    """End the session."""
    with database.write() as session:
        session.execute(delete(ConsoleSession).where(ConsoleSession.sha256 == _digest(token)))


def find_visit(database: Database, token: str) -> Visit | None:
    """The visit of whoever holds `token`; None when it is over."""
    with database.read() as session:
        found = session.get(ConsoleSession, _digest(token))
    if found is None or found.expires <= datetime.now(UTC):
        return None
    caller = caller_with(database, found.key_id)
    return None if caller is None else Visit(caller, hashlib.sha256(b"proof " + token.encode()).hexdigest())


def forget_sessions(database: Database) -> None:
    """Remove the sessions that are over."""
    with database.write() as session:
        session.execute(delete(ConsoleSession).where(ConsoleSession.expires <= datetime.now(UTC)))


async def sent_by(
    visit: Visit, request: Request, *fields: str, file: str = "file", most: int = 0
) -> tuple[dict[str, str], list[SentFile]]:
    """What a form of the console sends: the `fields` that were filled in, and up to `most` files.

    Raises `Problem`: 403 for a form of another site, or of a session that is over, and as `Form` does.
    """
    sent = await Form([*fields, "proof"], file=file, most=most, says=SAYS).read(request)
    request.state.sent = sent.texts
    if not hmac.compare_digest(sent.texts.pop("proof", "").encode(), visit.proof.encode()):
        raise Problem(403, "forbidden", f"The form was not sent from a page of this session. {SAYS}")
    # A browser sends an input without a file as an empty one without a name.
    files = [one for one in sent.files if one.data or one.name != NAMELESS]
    return {name: text for name, text in sent.texts.items() if text.strip()}, files


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
