"""Notices: what a seller is told of a complaint, with the reason. The marketplace fetches and delivers them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.database.engine import Database
from serve.database.loop_tables import Case, Complaint, Notice
from serve.loop.push.deliveries import MARKETPLACE, push
from serve.loop.states import ComplaintState
from serve.loop.turns import id_in_turn
from serve.protocol.answers import Answer
from serve.protocol.paging import ResumablePage, cursor_after, cursor_of, last_id


class NoticeView(Answer):
    """A notice as it is sent."""

    id: str
    seller: str
    listing_id: Annotated[str, Field(description="The marketplace's own id")]
    complaint_id: str
    subject: Annotated[ComplaintState, Field(description="What became of the complaint")]
    reason: str
    answer_until: Annotated[datetime | None, Field(description="Until when the seller may send a counter-notice")]
    created: datetime


class NoticePage(ResumablePage[NoticeView]):
    """A page of notices."""


def tell_seller(session: Session, complaint: Complaint, case: Case, *, subject: ComplaintState, reason: str) -> None:
    """Write the notice, in the transaction of what it tells of; call it after the locks of what changes."""
    notice = Notice(
        id=id_in_turn(session, "notice", Notice.id), seller=case.listing["seller"], listing_id=case.listing_id,
        complaint_id=complaint.id, subject=subject, reason=reason, answer_until=complaint.window_ends,
    )  # fmt: skip
    session.add(notice)
    session.flush()
    session.refresh(notice)
    push(session, MARKETPLACE, "notice.written", _view(notice, case.listing["id"]))


def list_notices(database: Database, *, seller: str | None, limit: int, cursor: str | None) -> NoticePage:
    """Notices, oldest first: of one seller, or of all."""
    query = (
        select(Notice, Case.listing["id"].astext.label("marketplace_id"))
        .join(Complaint, Complaint.id == Notice.complaint_id)
        .join(Case, Case.id == Complaint.case_id)
        .where(Notice.id > last_id(cursor, "notice"))
        .order_by(Notice.id)
        .limit(limit + 1)
    )
    if seller is not None:
        query = query.where(Notice.seller == seller)
    with database.read() as session:
        rows = session.execute(query).all()
    items = [_view(notice, marketplace_id) for notice, marketplace_id in rows[:limit]]
    return NoticePage(
        items=items,
        next_cursor=cursor_after([row[0].id for row in rows], limit=limit),
        resume_cursor=cursor_of(items[-1].id) if items else cursor,
    )


def _view(notice: Notice, marketplace_id: str) -> NoticeView:
    return NoticeView(
        id=notice.id, seller=notice.seller, listing_id=marketplace_id, complaint_id=notice.complaint_id,
        subject=ComplaintState(notice.subject), reason=notice.reason, answer_until=notice.answer_until,
        created=notice.created,
    )  # fmt: skip
