"""Webhooks: where rights holders want to be told of what happens to their cases, and the marketplace to listings."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import AuditHead, Webhook
from serve.jobs import defer
from serve.loop.push.deliveries import MARKETPLACE, give_up, require_receiver
from serve.loop.push.marketplace import TELL
from serve.protocol.answers import Answer
from serve.protocol.problems import not_found

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 (the form of a secret, by Standard Webhooks)
SECRET_BYTES: Final = 32

MEANWHILE: Final = timedelta(seconds=5)
"""In which a transaction that began before the marketplace's webhook was set has ended."""


def _plain(url: HttpUrl) -> HttpUrl:
    if url.username or url.password:
        raise ValueError("must not hold a user name or password; requests are signed")
    try:
        (url.host or "").encode("idna")
    except UnicodeError as error:
        raise ValueError("must have a host of labels of 1 to 63 characters") from error
    return url


class NewWebhook(BaseModel):
    """Where to."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[HttpUrl, AfterValidator(_plain), Field(description="Gets POST requests; answer 2xx in 10 seconds")]
    new_secret: Annotated[bool, Field(description="Have another secret at once, also where the address stays")] = False


class WebhookView(Answer):
    """A webhook as it is sent."""

    url: str
    created: datetime


class WebhookWithSecret(WebhookView):
    """A webhook as it is sent once, when it is made."""

    secret: Annotated[
        str | None,
        Field(description="Verifies signatures (standardwebhooks.com); shown once, and null where it stays as it was"),
    ]


def set_webhook(database: Database, receiver: str, new: NewWebhook, *, caller: Caller) -> WebhookWithSecret:
    """Make the receiver's webhook, or replace it, with a new secret; what is there already stays as it is unless a new
    secret is asked for. Raises `Problem` (404).
    """
    secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")
    values = {"url": str(new.url), "secret": secret}
    with database.write() as session:
        require_receiver(session, receiver)
        known = session.get(Webhook, receiver, with_for_update=True)
        if known is not None and known.url == str(new.url) and not new.new_secret:
            return WebhookWithSecret(url=known.url, created=known.created, secret=None)
        made = session.scalars(
            insert(Webhook)
            .values(receiver=receiver, told=_told_from(session, receiver), **values)
            .on_conflict_do_update(index_elements=[Webhook.receiver], set_=values)
            .returning(Webhook),
            execution_options={"populate_existing": True},  # what it was is in the session
        ).one()
        audit.record(
            session, actor=caller.key_id, action="webhook set", subject=receiver, content={"url": str(new.url)}
        )
    return WebhookWithSecret(url=made.url, created=made.created, secret=secret)


def get_webhook(database: Database, receiver: str) -> WebhookView:
    """The receiver's webhook. Raises `Problem` (404)."""
    with database.read() as session:
        found = session.get(Webhook, receiver)
    if found is None:
        raise not_found("webhook of", receiver)
    return WebhookView(url=found.url, created=found.created)


def remove_webhook(database: Database, receiver: str, *, caller: Caller) -> None:
    """Push nothing any more; what was not delivered yet never is. Raises `Problem` (404)."""
    with database.write() as session:
        require_receiver(session, receiver)
        removed = delete(Webhook).where(Webhook.receiver == receiver).returning(Webhook.receiver)
        if session.scalar(removed) is not None:
            give_up(session, receiver)
            audit.record(session, actor=caller.key_id, action="webhook removed", subject=receiver, content={})


def _told_from(session: Session, receiver: str) -> int | None:
    """The number of the audit log's last step, after which the marketplace is told; a job looks once what came with it.

    Who commits a change meanwhile may not know of the webhook yet.
    """
    if receiver != MARKETPLACE:
        return None
    defer(session, TELL, at=datetime.now(UTC) + MEANWHILE, one_at_a_time=TELL)
    return session.get_one(AuditHead, 1).number
