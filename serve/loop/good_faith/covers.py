"""Covers: made-up listings under which a blind test shows an earlier case once more.

There is no seller behind one, so whatever counts, lists or tells sellers and marketplaces leaves covers out.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session

from serve.database.loop_tables import BlindTest, Case


def covers() -> Select[str]:
    """The ids of the listings that only cover a blind test."""
    return select(Case.listing_id).join(BlindTest, BlindTest.case_id == Case.id).where(BlindTest.source_id.is_not(None))


def repeats_another() -> ColumnElement[bool]:
    """Of the `Case` that a query is about: whether it is a blind test that shows another case under a cover."""
    return exists().where(BlindTest.case_id == Case.id, BlindTest.source_id.is_not(None))


def is_pretended(session: Session, case: Case) -> bool:
    """Whether the case repeats another under a cover: then there is no seller to tell."""
    return session.scalar(select(Case.id).where(Case.id == case.id, repeats_another())) is not None
