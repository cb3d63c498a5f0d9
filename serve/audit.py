"""The audit log: every step is a row, chained by SHA-256 to the row before, that can only be added.

A trigger of the database refuses changes. Whoever can drop the trigger can still not hide a change of the past: the
chain breaks, and the head (number and digest), noted somewhere else, pins everything up to it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Select, event, select
from sqlalchemy.orm import Session

from serve import failpoints
from serve.database.engine import Database
from serve.database.loop_tables import AuditEntry, AuditHead
from serve.protocol.idempotency import KEPT, RUNNING, Claim

SYSTEM: Final = "hallmark"
"""The actor of what happens by itself: expiry, the end of a window."""

OPERATOR: Final = "operator"
"""The actor of what is done by a command on the machine."""

DECIDED: Final = "listing decided"
"""The step by which another decision holds for a listing than before."""

KNOWN_FAKE: Final = "known fake found listing"
"""The step that asks a rights holder about a listing, the case, that shows a `fake`: a trait or a complaint."""

STEPS: Final = "audit steps"
"""Where a session keeps the steps whose rows it will add."""

GENESIS: Final = bytes(32)
BATCH: Final = 1_000

Content = Mapping[str, str | int | bool | list[str] | None]


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last row of a chain."""

    number: int
    digest: bytes

    def __str__(self) -> str:
        return f"{self.number}:{self.digest.hex()}"

    @classmethod
    def parse(cls, text: str) -> ChainHead:
        """The head in `NUMBER:DIGEST`, as `str` writes it. Raises `ValueError`."""
        number, _, digest = text.partition(":")
        if not number.isdigit() or len(digest) != 64:
            raise ValueError("expected a number, a colon and 64 hexadecimal digits")
        return cls(int(number), bytes.fromhex(digest))


@dataclass(frozen=True, slots=True)
class _Step:
    """What a transaction did; `content` is JSON."""

    actor: str
    action: str
    subject: str
    content: str


class AuditBrokenError(Exception):
    """The log is not what was written; the message names the first row that is wrong."""


def record(session: Session, *, actor: str, action: str, subject: str, content: Content) -> None:
    """Have a step added to the log, in the transaction of what it tells of, as the last thing before it commits.

    Writers take turns from the first row to their commit. Whatever `session` locks, reads or keeps meanwhile, however
    many steps it takes, it does before its turn comes: so nobody waits for it longer than the rows take, and nobody
    who holds what it still needs waits for it. `session` is of one transaction, as `Database.write` gives it.
    """
    if STEPS not in session.info:
        event.listen(session, "before_commit", _write, once=True)
    steps: list[_Step] = session.info.setdefault(STEPS, [])
    claim = RUNNING.get()
    if claim is not None:
        content = {**content, "request": claim.request}
    written = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    steps.append(_Step(actor, action, subject, written))


def drop(session: Session, *, action: str, subject: str) -> None:
    """Leave out the steps of `action` on `subject` that `session` took: what it did after them undid them."""
    steps: list[_Step] = session.info.get(STEPS, [])
    steps[:] = [one for one in steps if (one.action, one.subject) != (action, subject)]


def _write(session: Session) -> None:
    """Add the rows of the steps that `session` took."""
    session.flush()
    steps: list[_Step] = session.info.pop(STEPS)
    if not steps:
        return
    head = session.get_one(AuditHead, 1, with_for_update=True, populate_existing=True)
    for step in steps:
        entry = AuditEntry(
            number=head.number + 1, moment=datetime.now(UTC), actor=step.actor, action=step.action,
            subject=step.subject, content=step.content,
        )  # fmt: skip
        entry.digest = digest_of(entry, previous=head.digest)
        head.number, head.digest = entry.number, entry.digest
        session.add(entry)
    session.flush()
    for step in steps:
        failpoints.audited(session, step.action)


def carried_out(session: Session, subject: str) -> bool:
    """Whether the request that runs has done its step on `subject` before, and died before it answered.

    It then must not do it again: reversing twice is not reversing. The caller holds the subject's lock.
    """
    claim = RUNNING.get()
    if claim is None:
        return False
    return session.scalar(_of(claim).where(AuditEntry.subject == subject).limit(1)) is not None


def made_before(session: Session, action: str) -> str | None:
    """The subject that the request that runs has made by `action` before, and died before it answered, if it has.

    For what has no subject to lock beforehand; it looks through the log, only for a request that was taken over.
    """
    claim = RUNNING.get()
    if claim is None or not claim.taken_over:
        return None
    return session.scalar(_of(claim).where(AuditEntry.action == action).limit(1))


def fakes_found(session: Session, case_ids: Collection[str]) -> set[str]:
    """The known fakes that the cases were asked for."""
    query = select(AuditEntry.content).where(AuditEntry.subject.in_(case_ids), AuditEntry.action == KNOWN_FAKE)
    return {json.loads(content)["fake"] for content in session.scalars(query)}


def last_of(
    session: Session, subjects: Collection[str], *, actions: Sequence[str], until: datetime
) -> dict[str, tuple[datetime, str]]:
    """When the last step of these `actions` before `until` was done on each of the `subjects`, and which it was."""
    query = select(AuditEntry.subject, AuditEntry.moment, AuditEntry.action).where(
        AuditEntry.subject.in_(subjects), AuditEntry.action.in_(actions), AuditEntry.moment < until
    )
    rows = session.execute(query.order_by(AuditEntry.number))
    return {subject: (moment, action) for subject, moment, action in rows}


def first_since(session: Session, moment: datetime, *, subject: str, actions: Sequence[str]) -> dict[str, Any] | None:
    """The content of the first step on `subject`, of these `actions`, at or after `moment`."""
    query = select(AuditEntry.content).where(
        AuditEntry.subject == subject, AuditEntry.action.in_(actions), AuditEntry.moment >= moment
    )
    content = session.scalar(query.order_by(AuditEntry.number).limit(1))
    return None if content is None else json.loads(content)


def steps_on(session: Session, subject: str, *, actions: Sequence[str]) -> list[tuple[datetime, str, dict[str, Any]]]:
    """When each step of these `actions` was done on `subject`, which it was, and its content, in their order."""
    query = (
        select(AuditEntry.moment, AuditEntry.action, AuditEntry.content)
        .where(AuditEntry.subject == subject, AuditEntry.action.in_(actions))
        .order_by(AuditEntry.number)
    )
    return [(moment, action, json.loads(content)) for moment, action, content in session.execute(query)]


def _of(claim: Claim) -> Select[str]:
    """The subjects of the steps of the request."""
    same = AuditEntry.content.contains(f'"request":"{claim.request}"', autoescape=True)
    return select(AuditEntry.subject).where(AuditEntry.moment > datetime.now(UTC) - KEPT, same)


def digest_of(entry: AuditEntry, *, previous: bytes) -> bytes:
    """SHA-256 over the earlier digest and the row's fields, each with its length before it."""
    digest = hashlib.sha256(previous)
    moment = entry.moment.astimezone(UTC).isoformat()
    for part in (str(entry.number), moment, entry.actor, entry.action, entry.subject, entry.content):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()


def verify(database: Database, *, noted: ChainHead | None = None) -> ChainHead:
    """Recompute the chain; returns its head.

    `noted` is a head that was noted earlier: the chain must pass through it. Raises `AuditBrokenError`.
    """
    number, digest = 0, GENESIS
    with database.read() as session:
        for entry in _entries(session):
            number += 1
            if entry.number != number:
                raise AuditBrokenError(f"row {number} is missing")
            digest = digest_of(entry, previous=digest)
            if digest != entry.digest:
                raise AuditBrokenError(f"row {number} was changed, or a row before it")
            if noted is not None and number == noted.number and digest != noted.digest:
                raise AuditBrokenError(f"row {number} is not the one that was noted")
        head = session.get_one(AuditHead, 1)
    if (head.number, head.digest) != (number, digest):
        raise AuditBrokenError(f"the log ends at row {number}, but {head.number} were written")
    if noted is not None and number < noted.number:
        raise AuditBrokenError(f"the log ends at row {number}, before the noted row {noted.number}")
    return ChainHead(number, digest)


def _entries(session: Session) -> Iterator[AuditEntry]:
    """All rows in order, some at a time: a log may be larger than memory."""
    last = -1
    while batch := session.scalars(
        select(AuditEntry).where(AuditEntry.number > last).order_by(AuditEntry.number).limit(BATCH)
    ).all():
        yield from batch
        last = batch[-1].number
        session.expunge_all()
