"""Rows whose ids follow the commits: whoever keeps the last one that was listed misses none that comes later."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from serve.identifiers import IdKind, new_id


def id_in_turn(session: Session, kind: IdKind, column: InstrumentedAttribute[str]) -> str:
    """An id for a new row of the table whose ids stand in `column`, behind all that are there.

    Writers of the table take turns from here to their commit: call it after the locks of what changes.
    """
    turn = f"hallmark {column.class_.__tablename__.replace('_', ' ')}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(turn))))
    return new_id(kind, after=session.scalar(select(func.max(column))))
