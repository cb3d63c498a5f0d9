"""The policy in force: the highest version that is stored, in every process within a second.

serve/loop/policy/policies.py makes new versions; none is ever changed.
"""

from __future__ import annotations

from typing import Final

import psycopg
import structlog
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from serve.database.engine import Database
from serve.database.tables import PolicyRecord
from serve.listener import Listener
from serve.protocol.problems import not_found
from serve.scanning.policy import Policy

CHANNEL: Final = "hallmark_policy"

log = structlog.get_logger(__name__)


class PolicyFollower:
    """The policy in force, as this process knows it; `current` never changes under a scan that took it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._current = policy_in_force(database)
        self._refused: int | None = None
        self._listener = Listener(database, channel=CHANNEL, look=self._look)

    @property
    def current(self) -> Policy:
        """The policy to decide a scan by: take it once, at its start."""
        return self._current

    def start(self) -> None:
        """Follow new versions."""
        self._listener.start()

    def close(self) -> None:
        """Stop following."""
        self._listener.close()

    def catch_up(self) -> None:
        """Take the version that is in force now."""
        self._current = policy_in_force(self._database)

    def _look(self, connection: psycopg.Connection) -> None:
        row = connection.execute("SELECT max(version) FROM policies").fetchone()
        if row is None or row[0] in (None, self._current.version, self._refused):
            return
        try:
            self.catch_up()
        except ValidationError:
            self._refused = row[0]  # told once, not at each look
            log.exception("this Hallmark cannot read the policy; it decides by the one before", version=row[0])
        else:
            log.info("policy in force", version=self._current.version)


def policy_in_force(database: Database) -> Policy:
    """The stored policy of the highest version; the first start stores the default one."""
    first = Policy.first()
    keep = insert(PolicyRecord).values(version=first.version, content=first.model_dump(mode="json"))
    newest = select(PolicyRecord.content).order_by(PolicyRecord.version.desc()).limit(1)
    with database.read() as session:
        content = session.scalar(newest)
    if content is None:
        with database.write() as session:
            session.execute(keep.on_conflict_do_nothing())
            content = session.scalars(newest).one()
    return Policy.model_validate(content)


def stored_policy(database: Database, version: int) -> Policy:
    """The policy of a version. Raises `Problem` (404)."""
    with database.read() as session:
        record = session.get(PolicyRecord, version)
    if record is None:
        raise not_found("policy", str(version))
    return Policy.model_validate(record.content)
