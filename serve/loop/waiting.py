"""What waits for somebody: of a rights holder's cases, complaints and marks, and of trust & safety's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import Case, Complaint, Dispute, RightsDocument, Suggestion, TextHold
from serve.database.tables import Brand, Reference
from serve.loop.doubts import lacks_complaint
from serve.loop.good_faith.rights_documents import unproven_brands
from serve.loop.states import CaseState, ComplaintState

What = Literal[
    "proofs", "references", "cases", "complaints_to_file", "suggestions", "complaints", "counter_notices",
    "no_complaint", "texts", "documents", "disputes",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many of `what`; of a brand where it is shown by brand, and the first of them due on a day, if any is."""

    what: What
    count: int
    brand_id: str | None = None
    brand: str | None = None
    due: date | None = None


def waiting(
    database: Database, *, caller: Caller, may: Callable[[str], bool], prove_ownership: bool
) -> list[Waiting]:  # fmt: skip
    """What waits for the caller, who `may` do some actions (serve/access/roles.py); nothing that there is none of.

    With `prove_ownership` owners must prove their rights, too.
    """
    unproven = unproven_brands(database, caller.brand_ids or (), caller=caller, of_owners=prove_ownership)
    with database.read() as session:
        found = [
            *_brands("proofs", session, Brand.id.in_(unproven)),
            *_brands("references", session, Brand.id.in_(caller.brand_ids or ()), ~_has_references()),
            *(_to_judge(session, caller) if may("cases.judge") else ()),
            *_suggested(session, caller),
            *(_to_decide(session) if may("complaints.decide") else ()),
            *(_texts(session) if may("listing_rules.clear") else ()),
            *(_to_oversee(session) if may("rights_holders.oversee") else ()),
        ]
    return [one for one in found if one.count]


def suggested(database: Database, *, caller: Caller) -> list[Waiting]:
    """Of each brand of a brand's key the marks that are suggested to it, if any are."""
    with database.read() as session:
        return list(_suggested(session, caller))


def _brands(what: What, session: Session, *wanted: ColumnElement[bool]) -> Iterator[Waiting]:
    """Each of the brands for which what is `wanted` holds."""
    for brand in session.scalars(select(Brand).where(*wanted).order_by(Brand.name)):
        yield Waiting(what, 1, brand.id, brand.name)


def _has_references() -> ColumnElement[bool]:
    return exists().where(Reference.brand_id == Brand.id, Reference.status == "active")


def _to_judge(session: Session, caller: Caller) -> Iterator[Waiting]:
    asked: dict[What, CaseState] = {"cases": CaseState.OPEN, "complaints_to_file": CaseState.INFRINGING}
    for what, state in asked.items():
        wanted: list[ColumnElement[bool]] = [Case.state == state]
        if caller.brand_ids is not None:
            wanted.append(Case.brand_id.in_(caller.brand_ids))
        count, due = session.execute(select(func.count(), func.min(Case.due_day)).where(*wanted)).one()
        yield Waiting(what, count, due=due)


def _suggested(session: Session, caller: Caller) -> Iterator[Waiting]:
    query = (
        select(Brand.id, Brand.name, func.count())
        .join(Suggestion, (Suggestion.brand_id == Brand.id) & (Suggestion.state == "open"))
        .where(Brand.id.in_(caller.brand_ids or ()))
        .group_by(Brand.id)
        .order_by(Brand.name)
    )
    for brand_id, name, count in session.execute(query):
        yield Waiting("suggestions", count, brand_id, name)


def _to_decide(session: Session) -> Iterator[Waiting]:
    states = dict(session.execute(select(Complaint.state, func.count()).group_by(Complaint.state)).all())
    yield Waiting("counter_notices", states.get(ComplaintState.COUNTERED, 0))
    yield Waiting("complaints", states.get(ComplaintState.FILED, 0))
    yield Waiting("no_complaint", session.scalar(select(func.count(Case.id)).where(lacks_complaint())) or 0)


def _texts(session: Session) -> Iterator[Waiting]:
    held = select(func.count()).select_from(TextHold).where(TextHold.state == "held")
    yield Waiting("texts", session.scalar(held) or 0)


def _to_oversee(session: Session) -> Iterator[Waiting]:
    pending = (
        select(Brand.id, Brand.name, func.count())
        .join(RightsDocument, (RightsDocument.brand_id == Brand.id) & (RightsDocument.state == "pending"))
        .group_by(Brand.id)
        .order_by(Brand.name)
    )
    for brand_id, name, count in session.execute(pending):
        yield Waiting("documents", count, brand_id, name)
    disputes = select(func.count()).select_from(Dispute).where(Dispute.state != "settled")
    yield Waiting("disputes", session.scalar(disputes) or 0)
