"""Complaints of a rights holder that was trusted when it filed them and is no more: they block no longer at once."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from serve import audit
from serve.database.engine import Database
from serve.database.loop_tables import Case, Complaint
from serve.database.tables import RightsHolder
from serve.loop.complaints import lock_complaint
from serve.loop.standing import settle
from serve.loop.states import ComplaintState


class LostTrust:
    """The task, of one rights holder."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lower(self, holder_id: str) -> None:
        """Have its complaints that nobody decided yet do what those of its tier do, and their listings follow."""
        await asyncio.to_thread(self._lower, holder_id)

    def _lower(self, holder_id: str) -> None:
        blocking = (
            select(Complaint.id)
            .join(Case, Case.id == Complaint.case_id)
            .where(
                Case.holder_id == holder_id, Complaint.state == ComplaintState.FILED, Complaint.tier == "trusted",
                Complaint.party == "rights_holder",
            )
            .order_by(Complaint.id)
        )  # fmt: skip
        with self._database.read() as session:
            found = session.scalars(blocking).all()
        for complaint_id in found:
            self._lower_one(complaint_id, holder_id=holder_id)

    def _lower_one(self, complaint_id: str, *, holder_id: str) -> None:
        with self._database.write() as session:
            complaint, _, listing = lock_complaint(session, complaint_id)
            tier = session.get_one(RightsHolder, holder_id).tier
            if complaint.state != ComplaintState.FILED or tier == complaint.tier:
                return
            complaint.tier = tier
            settle(session, listing)
            audit.record(
                session, actor=audit.SYSTEM, action="tier followed by a complaint", subject=complaint.id,
                content={"tier": tier},
            )  # fmt: skip
