"""Deadlines: a case's end is announced one working day before, and carried out when nobody answered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final, Literal

from serve import audit
from serve.database.engine import Database
from serve.jobs import defer
from serve.loop.cases import ANNOUNCE, EXPIRE, lock_case, view_case
from serve.loop.endings import end_case
from serve.loop.push.deliveries import push
from serve.loop.standing import acquits
from serve.loop.states import CaseAction, CaseState

ANNOUNCED: Final = (CaseState.OPEN, CaseState.UNSURE, CaseState.INFRINGING)
"""States in which the end of the case would surprise its rights holder."""

WAITING: Final = (*ANNOUNCED, CaseState.NOT_INFRINGING)

Fallback = Literal["allow", "review"]


class Deadlines:
    """The two tasks. `fallback` is the decision on a listing about which nobody answered."""

    def __init__(self, database: Database, *, fallback: Fallback) -> None:
        self._database = database
        self._fallback = fallback

    async def announce(self, case_id: str) -> None:
        """Tell the rights holder, once, that the case ends in a working day, if it still waits."""
        await asyncio.to_thread(self._announce, case_id)

    async def expire(self, case_id: str) -> None:
        """End the case, if it still waits: it was judged not to infringe by one whose word counts, or to no effect."""
        await asyncio.to_thread(self._expire, case_id)

    def _announce(self, case_id: str) -> None:
        with self._database.write() as session:
            case, _ = lock_case(session, case_id)
            if datetime.now(UTC) < case.announced:  # it asks about other pictures since, or the clocks differ
                defer(session, ANNOUNCE, at=case.announced, case_id=case_id)
                return
            if case.state in ANNOUNCED and case.reminded is None:
                case.reminded = datetime.now(UTC)
                push(session, case.holder_id, "case.due_soon", view_case(session, case_id))
                audit.record(
                    session, actor=audit.SYSTEM, action="end of case announced", subject=case_id,
                    content={"due": case.due_day.isoformat()},
                )  # fmt: skip

    def _expire(self, case_id: str) -> None:
        with self._database.write() as session:
            case, listing = lock_case(session, case_id)
            if case.state not in WAITING:
                return
            if datetime.now(UTC) < case.expires:  # the database's clock, by which jobs come, is ahead of ours
                defer(session, EXPIRE, at=case.expires, case_id=case_id)
                return
            if not acquits(case):
                case.fallback = self._fallback
            end_case(session, case, listing, CaseAction.EXPIRE)
