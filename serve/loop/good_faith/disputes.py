"""Disputes: a rights holder contradicted itself, or its proof of rights is forged.

A second examiner, such as brand headquarters, may be asked.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import BlindTest, Case, Dispute, RightsDocument
from serve.identifiers import new_id
from serve.loop.good_faith.credit import Evidence
from serve.loop.good_faith.reputation import note_evidence
from serve.protocol.answers import Answer
from serve.protocol.paging import Page, cursor_after, last_id
from serve.protocol.problems import Problem, not_found
from serve.text.wording import Name, Reason

State = Literal["open", "referred", "settled"]


class Referral(BaseModel):
    """Who is asked."""

    model_config = ConfigDict(extra="forbid")

    examiner: Annotated[Name, Field(description="Such as the brand's headquarters")]


class Settlement(BaseModel):
    """What came out."""

    model_config = ConfigDict(extra="forbid")

    contradiction: Annotated[
        bool,
        Field(
            description="Whether the rights holder contradicted itself, or forged; if not, it stops counting, and the "
            "document is pending again"
        ),
    ]
    reason: Reason


class DisputeView(Answer):
    """A dispute as it is sent."""

    id: str
    rights_holder_id: str
    case_id: Annotated[str | None, Field(description="The case that was answered otherwise")]
    source_id: Annotated[str | None, Field(description="The earlier case")]
    document_id: Annotated[str | None, Field(description="The rights document that was found forged")]
    state: State
    examiner: str | None
    contradiction: Annotated[bool | None, Field(description="Whether it stands; null until it is settled")]
    reason: str | None
    created: datetime


def open_dispute(session: Session, case: Case, source: Case) -> None:
    """Say that `case` was answered otherwise than `source`."""
    _open(session, Dispute(holder_id=case.holder_id, case_id=case.id, source_id=source.id))


def dispute_forgery(session: Session, document: RightsDocument) -> None:
    """Say that `document` was found forged, unless that is said already."""
    said = select(Dispute.id).where(Dispute.document_id == document.id, Dispute.state != "settled")
    if session.scalar(said) is None:
        _open(session, Dispute(holder_id=document.holder_id, document_id=document.id))


def _open(session: Session, dispute: Dispute) -> None:
    dispute.id, dispute.state = new_id("dispute"), "open"
    session.add(dispute)
    session.flush()
    audit.record(
        session, actor=audit.SYSTEM, action="dispute opened", subject=dispute.id,
        content={
            "rights_holder": dispute.holder_id, "case": dispute.case_id, "source": dispute.source_id,
            "document": dispute.document_id,
        },
    )  # fmt: skip


def list_disputes(
    database: Database, *, state: State | None = None, limit: int, cursor: str | None
) -> Page[DisputeView]:  # fmt: skip
    """The disputes in one state or in any, oldest first."""
    query = select(Dispute).where(Dispute.id > last_id(cursor, "dispute")).order_by(Dispute.id).limit(limit + 1)
    if state is not None:
        query = query.where(Dispute.state == state)
    with database.read() as session:
        rows = session.scalars(query).all()
    return Page(
        items=[_view(row) for row in rows[:limit]], next_cursor=cursor_after([row.id for row in rows], limit=limit)
    )


def refer(database: Database, dispute_id: str, referral: Referral, *, caller: Caller) -> DisputeView:
    """Ask a second examiner. Raises `Problem`: 404, or 409 once it is settled."""
    with database.write() as session:
        dispute, done = _lock(session, dispute_id)
        if done:
            return _view(dispute)
        dispute.state, dispute.examiner = "referred", referral.examiner
        session.flush()
        audit.record(
            session, actor=caller.key_id, action="dispute referred", subject=dispute.id,
            content={"examiner": referral.examiner},
        )  # fmt: skip
        return _view(dispute)


def settle_dispute(database: Database, dispute_id: str, settlement: Settlement, *, caller: Caller) -> DisputeView:
    """End the dispute; no contradiction, no evidence, and a document that is not forged is pending again.

    Raises `Problem`: 404, or 409 once it is settled.
    """
    with database.write() as session:
        document = _lock_document(session, dispute_id)
        dispute, done = _lock(session, dispute_id)
        if done:
            return _view(dispute)
        dispute.state, dispute.contradiction, dispute.reason = "settled", settlement.contradiction, settlement.reason
        if not settlement.contradiction:
            _withdraw(session, dispute)
            if document is not None and document.state == "forged":
                _have_reviewed_anew(session, document, caller=caller)
        audit.record(
            session, actor=caller.key_id, action="dispute settled", subject=dispute.id,
            content={"contradiction": settlement.contradiction, "reason": settlement.reason},
        )  # fmt: skip
        return _view(dispute)


def _withdraw(session: Session, dispute: Dispute) -> None:
    """Have what the dispute is about count no more; where a truth was known besides, the answer to it still does."""
    if dispute.document_id is not None:
        note_evidence(session, dispute.holder_id, None, subject=dispute.document_id)
        return
    test = session.scalars(select(BlindTest).where(BlindTest.case_id == dispute.case_id)).one()
    if test.outcome == Evidence.CONTRADICTS:
        note_evidence(session, dispute.holder_id, None, subject=test.id)


def _have_reviewed_anew(session: Session, document: RightsDocument, *, caller: Caller) -> None:
    """Have trust & safety look at the document again: that it is not forged does not say that it is in order."""
    document.state, document.reason = "pending", None
    session.flush()
    audit.record(
        session, actor=caller.key_id, action="rights document pending", subject=document.id,
        content={"rights_holder": document.holder_id},
    )  # fmt: skip


def _lock_document(session: Session, dispute_id: str) -> RightsDocument | None:
    """The document that the dispute is about, locked before the dispute: a review of it looks for one that is open."""
    of_dispute = select(Dispute.document_id).where(Dispute.id == dispute_id).scalar_subquery()
    return session.scalar(select(RightsDocument).where(RightsDocument.id == of_dispute).with_for_update())


def _lock(session: Session, dispute_id: str) -> tuple[Dispute, bool]:
    """The dispute, locked, and whether the request that runs was carried out before. Raises `Problem` (404, 409)."""
    found = session.get(Dispute, dispute_id, with_for_update=True)
    if found is None:
        raise not_found("dispute", dispute_id)
    done = audit.carried_out(session, dispute_id)
    if found.state == "settled" and not done:
        raise Problem(409, "not-allowed-now", "The dispute is settled.", extra={"state": found.state})
    return found, done


def _view(row: Dispute) -> DisputeView:
    return DisputeView(
        id=row.id, rights_holder_id=row.holder_id, case_id=row.case_id, source_id=row.source_id,
        document_id=row.document_id,
        state=row.state,  # type: ignore[arg-type] # checked by the table
        examiner=row.examiner, contradiction=row.contradiction, reason=row.reason, created=row.created,
    )  # fmt: skip
