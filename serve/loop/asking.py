"""Which case stands for a listing and a brand, however often the listing is sent.

One listing and one brand have at most one case that is asked about: while it is not answered, it is about the newest
pictures. A case that was found to infringe stays about its own, which a complaint is or will be about.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.database.loop_tables import Case, ListingRecord
from serve.loop import audit
from serve.loop.blind_tests import void_blind_test
from serve.loop.cases import ListingFinding, open_case, show_findings, view_case
from serve.loop.deliveries import push
from serve.loop.endings import end_case
from serve.loop.states import ASKED, CaseAction, CaseState
from serve.objects import Objects


def ask(
    session: Session, listing: ListingRecord, *, findings: Sequence[ListingFinding], objects: Objects, model: str,
    actor: str,
) -> Case:  # fmt: skip
    """The case that stands for the listing and the brand of `findings` (all of one brand), a new one where none does.

    The caller holds the listing's lock. What was asked about the same pictures stands. Other pictures under an open
    case replace those that it asked about; after any answer they make a new case.
    """
    latest = _latest(session, listing, brand_id=findings[0].brand_id)
    if latest is not None and latest.revision == listing.revision:
        return latest
    if latest is None or latest.state not in ASKED:
        return open_case(session, listing, findings=findings, objects=objects, model=model, actor=actor)
    if latest.state != CaseState.OPEN:
        end_case(session, latest, listing, CaseAction.SUPERSEDE)
        session.flush()
        return open_case(session, listing, findings=findings, objects=objects, model=model, actor=actor)
    void_blind_test(session, latest)
    show_findings(latest, listing, findings=findings, objects=objects, model=model)
    session.flush()
    push(session, latest.holder_id, "case.changed", view_case(session, latest.id))
    audit.record(
        session, actor=actor, action="case shows other pictures", subject=latest.id,
        content={"revision": listing.revision},
    )  # fmt: skip
    return latest


def _latest(session: Session, listing: ListingRecord, *, brand_id: str) -> Case | None:
    query = select(Case).where(Case.listing_id == listing.id, Case.brand_id == brand_id).order_by(Case.id.desc())
    return session.scalars(query.limit(1).with_for_update()).first()
