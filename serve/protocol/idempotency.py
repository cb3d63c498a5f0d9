"""`Idempotency-Key`: a POST that is sent twice is done once.

The first request takes a lock that says who runs it; its answer is stored when it succeeded. The same request again
gets the stored answer, another body 422, and one that comes while the first runs 409. A refused request changed
nothing, so its key is free again. One that failed may have been carried out, and only its answer was lost: its lock
ends, as that of a process that died runs out, and whoever runs the request then finds out from the audit log
(`RUNNING`).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message as Headers
from typing import Any, Final

from sqlalchemy import Boolean, delete, func, literal_column, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve import failpoints
from serve.database.engine import NEED_NOT_WAIT, Database
from serve.database.tables import IdempotencyKey
from serve.protocol.problems import Problem, unprocessable

LOCK_SECONDS = 120
HAND_OVER_SECONDS = 2
AWAY: Final = (OperationalError, PoolTimeoutError)
"""How a database that does not answer is told."""

KEPT: Final = timedelta(hours=24)
"""How long a stored answer is given again."""

KEY_FORM = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = frozenset({"content-type", "location"})
UPDATED: Final = literal_column("xmax <> 0", Boolean)
"""Whether an upsert found the row there: PostgreSQL marks in `xmax` who replaced one."""

REPLAYED = (b"idempotency-replayed", b"true")


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run a request; `taken_over` from one that failed, or whose process died or does not end."""

    api_key_id: str
    key: str
    owner: str
    taken_over: bool

    @property
    def request(self) -> str:
        """What tells the request from all others, whoever runs it: 32 hexadecimal digits."""
        return hashlib.sha256(f"{self.api_key_id} {self.key}".encode()).hexdigest()[:32]


RUNNING: Final[ContextVar[Claim | None]] = ContextVar("running request", default=None)
"""The claim of the request being run; rows written for it carry its `request`, by which a retry recognises them."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What the first request was answered."""

    status: int
    headers: dict[str, str]
    body: bytes


class Idempotency:
    """ASGI middleware, inside `Authentication`."""

    def __init__(self, app: ASGIApp, *, database: Callable[[], Database]) -> None:
        self._app = app
        self._database = database
        self._later: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises `Problem` (409, 422)."""
        key = _key_of(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        body = await _whole_body(receive)
        key_id: str = scope["state"]["caller"].key_id
        database = self._database()

        def take() -> Claim | StoredAnswer:  # a thread: of a listing's pictures, the fingerprint takes 0.1 s
            return claim(database, api_key_id=key_id, key=key, fingerprint=fingerprint(scope, body))

        claimed = await run_in_threadpool(take)
        if isinstance(claimed, StoredAnswer):
            scope["state"]["replayed"] = True
            await _replay(claimed, send)
            return
        await self._run(scope, body, receive, send, claimed=claimed, database=database)

    async def _run(
        self, scope: Scope, body: bytes, receive: Receive, send: Send, *, claimed: Claim, database: Database
    ) -> None:
        messages: list[Message] = []
        kept = refused = False
        running = RUNNING.set(claimed)
        try:
            await self._app(scope, _receive_again(body, receive), _keep_in(messages))
            answer = _answer(messages)
            if 200 <= answer.status < 300:
                failpoints.reached(failpoints.ANSWER_MADE)
                await run_in_threadpool(store, database, claimed, answer)
                kept = True
                failpoints.reached(failpoints.ANSWER_KEPT)
            refused = 400 <= answer.status < 500
        finally:
            RUNNING.reset(running)
            if not kept:
                try:
                    await run_in_threadpool(release if refused else hand_over, database, claimed)
                except AWAY:  # the database is away, as the answer may say; its lock is let go of later
                    later = asyncio.create_task(_hand_over_later(database, claimed))
                    self._later.add(later)
                    later.add_done_callback(self._later.discard)
        for message in messages:
            await send(message)


def claim(database: Database, *, api_key_id: str, key: str, fingerprint: bytes) -> Claim | StoredAnswer:
    """Take the right to run the request, or the answer that it got before.

    Raises `Problem`: 422 when the key stands for another request, 409 while the first one runs.
    """
    owner = secrets.token_hex(16)
    expires = func.now() + timedelta(seconds=LOCK_SECONDS)
    values = {"owner": owner, "lock_expires": expires, "fingerprint": fingerprint}
    new = insert(IdempotencyKey).values(api_key_id=api_key_id, key=key, **values)
    take = new.on_conflict_do_update(
        index_elements=[IdempotencyKey.api_key_id, IdempotencyKey.key],
        set_=values,
        where=IdempotencyKey.status.is_(None)
        & (IdempotencyKey.lock_expires < func.now())
        & (IdempotencyKey.fingerprint == new.excluded.fingerprint),
    ).returning(UPDATED, NEED_NOT_WAIT)  # what the request itself changes takes the claim to the disk
    with database.once() as session:
        taken = session.execute(take).one_or_none()
        if taken is not None:
            return Claim(api_key_id, key, owner, taken_over=taken[0])
        found = session.get(IdempotencyKey, (api_key_id, key))
    if found is not None and found.fingerprint != fingerprint:
        raise unprocessable(
            "idempotency-key-reused", "This Idempotency-Key stands for another request; take a new key for a new one."
        )
    if found is None or found.status is None:
        raise Problem(
            409, "request-running",
            "The same request still runs, or its process died: send it again each second, for up to two minutes.",
            headers={"Retry-After": "1"},
        )  # fmt: skip
    return StoredAnswer(found.status, found.headers or {}, found.body or b"")


def store(database: Database, claimed: Claim, answer: StoredAnswer) -> None:
    """Keep the answer, unless the lock ran out and another has taken over."""
    with database.once() as session:
        session.execute(
            update(IdempotencyKey)
            .where(*_own(claimed))
            .values(status=answer.status, headers=answer.headers, body=answer.body)
        )


def release(database: Database, claimed: Claim) -> None:
    """Free the key: the request was refused, and changed nothing."""
    with database.once() as session:
        session.execute(delete(IdempotencyKey).where(*_own(claimed)))


def hand_over(database: Database, claimed: Claim) -> None:
    """Let the same request be taken over at once: it may have been carried out, though it was not answered."""
    with database.once() as session:
        session.execute(update(IdempotencyKey).where(*_own(claimed)).values(lock_expires=func.now()))


async def _hand_over_later(database: Database, claimed: Claim) -> None:
    """`hand_over` once the database is back, unless the lock runs out before."""
    for _ in range(round(LOCK_SECONDS / HAND_OVER_SECONDS)):
        await asyncio.sleep(HAND_OVER_SECONDS)
        with suppress(*AWAY):
            return await run_in_threadpool(hand_over, database, claimed)
    return None


def fingerprint(scope: Scope, body: bytes) -> bytes:
    """SHA-256 of what is asked: path, query and body.

    Clients draw a new multipart boundary for each try, so the delimiters count without it (RFC 2046, section 5.1.1).
    """
    headers = Headers()
    headers["content-type"] = dict(scope["headers"]).get(b"content-type", b"").decode("latin-1")
    boundary = headers.get_boundary()
    if boundary:
        delimiter = b"\r\n--" + boundary.encode("latin-1", "replace")
        body = (b"\r\n" + body).replace(delimiter, b"\r\n--")
    digest = hashlib.sha256()
    for part in (scope["path"].encode(), scope["query_string"], headers.get_content_type().encode(), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _own(claimed: Claim) -> tuple[Any, ...]:
    return (
        IdempotencyKey.api_key_id == claimed.api_key_id,
        IdempotencyKey.key == claimed.key,
        IdempotencyKey.owner == claimed.owner,
    )


def _key_of(scope: Scope) -> str | None:
    """The request's idempotency key, where it is a POST of a known caller that has one. Raises `Problem` (422)."""
    if scope["type"] != "http" or scope["method"] != "POST" or "caller" not in scope.get("state", {}):
        return None
    header = dict(scope["headers"]).get(b"idempotency-key")
    if header is None:
        return None
    key: str = header.decode("latin-1").strip()
    if not KEY_FORM.fullmatch(key):
        raise unprocessable(
            "invalid-idempotency-key", "An Idempotency-Key has 1 to 255 visible ASCII characters; a UUID will do."
        )
    return key


async def _whole_body(receive: Receive) -> bytes:
    """The body; its size is bounded by `BodyLimit`."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "bad-request", "The body ended early; send the request again.")
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _receive_again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` first, and then what really comes."""
    pending = [body]

    async def again() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return again


def _keep_in(messages: list[Message]) -> Send:
    async def keep(message: Message) -> None:
        messages.append(message)

    return keep


def _answer(messages: list[Message]) -> StoredAnswer:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in messages[0]["headers"]}
    return StoredAnswer(
        status=messages[0]["status"],
        headers={name: value for name, value in headers.items() if name in KEPT_HEADERS},
        body=b"".join(message.get("body", b"") for message in messages[1:]),
    )


async def _replay(answer: StoredAnswer, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    headers += [(b"content-length", str(len(answer.body)).encode("ascii")), REPLAYED]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
