"""Deliveries: messages to the webhook of a rights holder or of the marketplace, signed after Standard Webhooks, tried
again until they arrive.

A message is written in the transaction of what it tells of, with the job that sends it. Each try and what came of it
is kept. A receiver may get a message twice (a process may die between sending and noting it): its id stays the same.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

import httpx2
import structlog
from pydantic import Field
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from standardwebhooks import Webhook as Signer

from serve import failpoints
from serve.database.engine import Database
from serve.database.loop_tables import Delivery, DeliveryAttempt, Webhook
from serve.database.tables import RightsHolder
from serve.identifiers import new_id
from serve.jobs import OutsideTask, defer
from serve.loop.push.egress import Egress, NotPublicError
from serve.protocol.answers import Answer
from serve.protocol.paging import Page, cursor_after, last_id
from serve.protocol.problems import Problem, not_found

DELIVER: Final = OutsideTask("deliver")
"""The task's name."""

MARKETPLACE: Final = "the marketplace"
"""The receiver that is no rights holder, whose ids have no spaces."""

BACKOFF: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)  # fmt: skip
"""How long after a try that failed the next one comes, as Standard Webhooks proposes; then it is given up."""

State = Literal["pending", "delivered", "failed"]

log = structlog.get_logger(__name__)


class AttemptView(Answer):
    """One try."""

    moment: datetime
    status: Annotated[int | None, Field(description="The HTTP status that came back")]
    error: Annotated[str | None, Field(description="Why none did")]
    milliseconds: int


class DeliveryView(Answer):
    """A message and what became of it."""

    id: Annotated[str, Field(description="The `webhook-id` of its requests")]
    type: str
    state: State
    created: datetime
    next_attempt: datetime | None
    attempts: list[AttemptView]
    payload: dict[str, Any]


def push(session: Session, receiver: str, kind: str, data: Answer) -> None:
    """Tell the webhook of the rights holder, or of the `MARKETPLACE`, if it has one, once `session` has committed."""
    if session.get(Webhook, receiver) is None:
        return
    now = datetime.now(UTC)
    payload = {"type": kind, "timestamp": now.isoformat(), "data": data.model_dump(mode="json")}
    delivery = Delivery(
        id=new_id("msg"), receiver=receiver, kind=kind, body=json.dumps(payload, ensure_ascii=False), state="pending",
        round_attempts=0,
    )  # fmt: skip
    session.add(delivery)
    session.flush()
    _send_at(session, delivery, now)


def _send_at(session: Session, delivery: Delivery, moment: datetime) -> None:
    """Have the message sent at `moment`, and at no other that was planned before."""
    delivery.next_attempt = moment
    later = moment if moment > datetime.now(UTC) else None
    defer(session, DELIVER, at=later, delivery_id=delivery.id, due=moment.isoformat())


SENT_WITHIN: Final = timedelta(minutes=1)
"""In which a message that is due is being sent."""


class Deliverer:
    """Sends messages; `deliver` is the task."""

    def __init__(self, database: Database, *, egress: Egress) -> None:
        self._database = database
        self._egress = egress

    async def deliver(self, delivery_id: str, due: str | None = None) -> None:
        """Try to send the message now, unless it is to be sent at another moment than `due` by now; a try that fails
        has the next one deferred.
        """
        found = await asyncio.to_thread(self._find, delivery_id, None if due is None else datetime.fromisoformat(due))
        if found is None:
            return
        delivery, webhook = found
        failpoints.reached(failpoints.MESSAGE_FOUND)
        start = time.monotonic()
        status, error = await _post(delivery, webhook, egress=self._egress)
        failpoints.reached(failpoints.MESSAGE_SENT)
        attempt = DeliveryAttempt(
            delivery_id=delivery_id, moment=datetime.now(UTC), status=status, error=error,
            milliseconds=round((time.monotonic() - start) * 1000.0),
        )  # fmt: skip
        await asyncio.to_thread(self._note, delivery_id, attempt)
        failpoints.reached(failpoints.MESSAGE_NOTED)

    def _find(self, delivery_id: str, due: datetime | None) -> tuple[Delivery, Webhook] | None:
        """The message and where it goes; None when it was delivered, nobody wants it any more, or it is not `due`."""
        query = (
            select(Delivery, Webhook)
            .join(Webhook, Webhook.receiver == Delivery.receiver)
            .where(Delivery.id == delivery_id, Delivery.state == "pending")
        )
        if due is not None:
            query = query.where(Delivery.next_attempt == due)
        with self._database.read() as session:
            row = session.execute(query).one_or_none()
        return None if row is None else (row[0], row[1])

    def _note(self, delivery_id: str, attempt: DeliveryAttempt) -> None:
        with self._database.write() as session:
            delivery = session.get(Delivery, delivery_id, with_for_update=True)
            if delivery is None:  # forgotten meanwhile
                return
            session.add(attempt)
            if delivery.state != "pending":  # given up meanwhile
                return
            if attempt.status is not None and 200 <= attempt.status < 300:
                delivery.state, delivery.next_attempt = "delivered", None
            elif delivery.round_attempts == len(BACKOFF):
                delivery.state, delivery.next_attempt = "failed", None
                log.warning("a webhook never answered", delivery=delivery_id, receiver=delivery.receiver)
            else:
                _send_at(session, delivery, attempt.moment + BACKOFF[delivery.round_attempts])
                delivery.round_attempts += 1


def list_deliveries(
    database: Database, receiver: str, *, state: State | None = None, limit: int, cursor: str | None
) -> Page[DeliveryView]:
    """The messages to a receiver, in one state or in any, oldest first. Raises `Problem` (404)."""
    query = select(Delivery).where(Delivery.receiver == receiver, Delivery.id > last_id(cursor, "msg"))
    if state is not None:
        query = query.where(Delivery.state == state)
    with database.read() as session:
        require_receiver(session, receiver)
        rows = session.scalars(query.order_by(Delivery.id).limit(limit + 1)).all()
        items = _views(session, rows[:limit])
    return Page(items=items, next_cursor=cursor_after([row.id for row in rows], limit=limit))


def redeliver(database: Database, receiver: str, delivery_id: str) -> DeliveryView:
    """Send a message again, whatever became of it, with the same id; one that is being sent is, and no second time.

    Raises `Problem`: 404, or 409 where the receiver has no webhook any more.
    """
    with database.write() as session:
        delivery = session.get(Delivery, delivery_id, with_for_update=True)
        if delivery is None or delivery.receiver != receiver:
            raise not_found("delivery", delivery_id)
        if session.get(Webhook, receiver) is None:
            raise Problem(409, "no-webhook", "There is no webhook to send it to; set one, and ask again.")
        now = datetime.now(UTC)
        due = delivery.next_attempt
        is_being_sent = due is not None and now - SENT_WITHIN < due <= now
        if not is_being_sent:
            delivery.state, delivery.round_attempts = "pending", 0
            _send_at(session, delivery, now)
            session.flush()
        return _views(session, [delivery])[0]


def require_receiver(session: Session, receiver: str) -> None:
    """Raises `Problem` (404) where `receiver` is neither a rights holder nor the `MARKETPLACE`."""
    if receiver != MARKETPLACE and session.get(RightsHolder, receiver) is None:
        raise not_found("rights holder", receiver)


def give_up(session: Session, receiver: str) -> None:
    """Send a receiver nothing of what waits any more."""
    waiting = update(Delivery).where(Delivery.receiver == receiver, Delivery.state == "pending")
    session.execute(waiting.values(state="failed", next_attempt=None))


def forget_deliveries(database: Database, *, days: int) -> None:
    """Remove the messages older than `days` that arrived or were given up."""
    before = datetime.now(UTC) - timedelta(days=days)
    with database.write() as session:
        session.execute(delete(Delivery).where(Delivery.state != "pending", Delivery.created < before))


async def _post(delivery: Delivery, webhook: Webhook, *, egress: Egress) -> tuple[int | None, str | None]:
    """The status that came back, or why none did."""
    moment = datetime.now(UTC)
    headers = {
        "content-type": "application/json",
        "user-agent": "Hallmark",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Signer(webhook.secret).sign(delivery.id, moment, delivery.body),
    }
    try:
        return await egress.post(webhook.url, content=delivery.body, headers=headers), None
    except NotPublicError as refused:
        return None, f"{refused}; messages go to public addresses only"
    except TimeoutError as late:
        return None, str(late)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
        return None, f"{type(error).__name__}: {error}"


def _views(session: Session, deliveries: Sequence[Delivery]) -> list[DeliveryView]:
    query = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id.in_([one.id for one in deliveries]))
    attempts: dict[str, list[AttemptView]] = {}
    for row in session.scalars(query.order_by(DeliveryAttempt.id)):
        view = AttemptView(moment=row.moment, status=row.status, error=row.error, milliseconds=row.milliseconds)
        attempts.setdefault(row.delivery_id, []).append(view)
    return [
        DeliveryView(
            id=one.id,
            type=one.kind,
            state=one.state,  # type: ignore[arg-type] # checked by the table
            created=one.created,
            next_attempt=one.next_attempt,
            attempts=attempts.get(one.id, []),
            payload=json.loads(one.body),
        )
        for one in deliveries
    ]
