"""The change log of the references: every change takes the next `index_version` in its own transaction."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Literal

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from serve.database.tables import IndexChange, IndexCounter

CHANNEL = "hallmark_index"

Action = Literal["create", "rename", "add", "remove", "switch"]
"""A brand is made, or goes by other names; a reference of one comes or goes; another model serves."""


def record_change(
    session: Session,
    action: Action,
    *,
    brand_id: str | None = None,
    reference_id: str | None = None,
    former_name: str | None = None,
    former_words: Sequence[str] | None = None,
) -> int:
    """Write the next change and return its version; listeners are woken when the transaction commits.

    `former_name` and `former_words` are those of a brand that goes by other names now: earlier scans knew it so.

    Writers take turns from here to their commit, so call it last: versions then have no gaps, and whoever sees a
    version sees all before it.
    """
    advance = update(IndexCounter).values(version=IndexCounter.version + 1).returning(IndexCounter.version)
    version = session.execute(advance).scalar_one()
    session.add(
        IndexChange(
            version=version,
            mark=secrets.token_hex(8),
            action=action,
            brand_id=brand_id,
            reference_id=reference_id,
            former_name=former_name,
            former_words=None if former_words is None else list(former_words),
        )
    )
    session.execute(text("SELECT pg_notify(:channel, :version)"), {"channel": CHANNEL, "version": str(version)})
    return int(version)


def hold_changes(session: Session) -> None:
    """Have every writer of a change wait until this transaction ends; what was committed before is seen from here."""
    session.execute(select(IndexCounter.version).with_for_update())
