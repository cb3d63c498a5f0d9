"""Deadlines: a case's end is announced one working day before, and carried out when nobody answered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final, Literal

from serve.database.engine import Database
from serve.loop import audit
from serve.loop.blind_tests import conclude, is_blind_test
from serve.loop.cases import advance, lock_case, view_case
from serve.loop.deliveries import push
from serve.loop.labels import teach_judgement
from serve.loop.standing import settle
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
        """End the case, if it still waits: a judgement `not_infringing` stands, anything else came to nothing."""
        await asyncio.to_thread(self._expire, case_id)

    def _announce(self, case_id: str) -> None:
        with self._database.write() as session:
            case, _ = lock_case(session, case_id)
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
            if case.state not in WAITING or datetime.now(UTC) < case.expires:
                return
            advance(case, CaseAction.EXPIRE)
            if case.state == CaseState.EXPIRED:
                case.fallback = self._fallback
                case.note = f"No complaint by {case.due_day}: the listing's decision is {self._fallback}."
            settle(session, listing)
            conclude(session, case)
            if case.state == CaseState.CLOSED and not is_blind_test(session, case):
                teach_judgement(session, case)
            push(session, case.holder_id, f"case.{case.state}", view_case(session, case_id))
            audit.record(
                session, actor=audit.SYSTEM, action=f"case {case.state}", subject=case_id,
                content={"verdict": case.verdict, "decision": listing.decision},
            )  # fmt: skip
