"""Counter-notices: the seller's one answer to an upheld complaint, with files, inside a window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import CounterNotice
from serve.loop.attachments import SentFile, attach, digests_of
from serve.loop.complaints import ComplaintView, lock_complaint, view_complaint
from serve.loop.push.deliveries import push
from serve.loop.states import ComplaintAction, ComplaintState, next_complaint_state
from serve.loop.teaching.labels import hold_back
from serve.pictures.new_files import NewFiles
from serve.pictures.objects import Objects
from serve.protocol.problems import Problem
from serve.text.wording import Note


class NewCounterNotice(BaseModel):
    """What the seller says."""

    model_config = ConfigDict(extra="forbid")

    statement: Annotated[Note, StringConstraints(min_length=1)]


def send_counter_notice(
    database: Database, objects: Objects, complaint_id: str, new: NewCounterNotice, files: Sequence[SentFile], *,
    caller: Caller,
) -> ComplaintView:  # fmt: skip
    """Record the seller's answer; the listing stays blocked until trust & safety decide on it.

    Raises `Problem`: 404, or 409 when there is nothing to answer, it is answered already, or the window is over.
    """
    with NewFiles(objects) as kept, database.write() as session:
        complaint, case, _ = lock_complaint(session, complaint_id)
        if audit.carried_out(session, complaint_id):
            return view_complaint(session, complaint_id)
        complaint.state = next_complaint_state(ComplaintState(complaint.state), ComplaintAction.ANSWER)
        if complaint.window_ends is None or datetime.now(UTC) >= complaint.window_ends:
            raise Problem(409, "too-late", "The time for a counter-notice is over; ask trust & safety to reverse.")
        session.add(CounterNotice(complaint_id=complaint.id, statement=new.statement))
        session.flush()
        attach(session, kept, complaint.id, files, party="seller")
        hold_back(session, complaint.id)
        view = view_complaint(session, complaint_id)
        push(session, case.holder_id, f"complaint.{complaint.state}", view)
        audit.record(
            session, actor=caller.key_id, action="counter-notice sent", subject=complaint.id,
            content=digests_of(new.statement, files),
        )  # fmt: skip
        return view
