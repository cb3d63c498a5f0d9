"""Adjudicated outcomes: of which listings it is settled whether they infringed, and how strong the finding was.

A complaint that was decided and whose window is over settles it; so does a case that the rights holder itself closed as
not infringing, and what is known of a blind test. Pictures that were asked about several times count once; a repeat
under a cover says nothing new of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from serve.database.loop_tables import BlindTest, Case, Complaint, ListingImage
from serve.loop.cases import CaseFinding
from serve.loop.standing import acquits
from serve.loop.states import AGAINST_THE_SELLER, CaseState, ComplaintState
from serve.scanning.policy import WORDS, strength

BATCH: Final = 500
"""Cases that are read at a time: there may be more than memory holds."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A listing that a brand was asked about; `strength` is that of the strongest finding against it, 0..1."""

    brand_id: str
    strength: float
    infringes: bool


def settled_outcomes(session: Session, *, model: str) -> list[Outcome]:
    """The outcomes of what `model` found, each set of pictures and brand once, as it was settled last.

    A case that only a known fake opened says nothing where its marks look genuine: no threshold would hold it up.
    """
    latest: dict[tuple[str, bytes], tuple[datetime, Outcome]] = {}
    for case, infringes, moment, pictures in _settled(session, model):
        findings = [CaseFinding.model_validate(one) for one in case.findings]
        against = [strength(one) for one in findings if one.kind in WORDS]
        if not against:
            continue
        before = latest.get((case.brand_id, pictures))
        if before is None or before[0] <= moment:
            latest[case.brand_id, pictures] = moment, Outcome(case.brand_id, max(against), infringes)
    return [outcome for _, outcome in latest.values()]


def _settled(session: Session, model: str) -> Iterator[tuple[Case, bool, datetime, bytes]]:
    """Each case that is settled, whether its listing infringed, since when that is settled, and its pictures."""
    digests = func.string_agg(ListingImage.sha256, aggregate_order_by(literal(b""), ListingImage.position))
    pictures = (
        select(digests)
        .where(ListingImage.listing_id == Case.listing_id, ListingImage.revision == Case.revision)
        .correlate(Case)
        .scalar_subquery()
    )
    query = (
        select(Case, Complaint, BlindTest, pictures)
        .outerjoin(Complaint, Complaint.case_id == Case.id)
        .outerjoin(BlindTest, BlindTest.case_id == Case.id)
        .where(
            Case.model == model,
            BlindTest.source_id.is_(None),
            or_(Complaint.decided.is_not(None), BlindTest.truth.is_not(None), Case.state == CaseState.CLOSED),
        )
        .order_by(Case.id)
        .execution_options(yield_per=BATCH)
    )
    for case, complaint, test, digest in session.execute(query):
        verdict = _verdict(case, complaint, test)
        if verdict is not None:
            yield case, *verdict, digest


def _verdict(case: Case, complaint: Complaint | None, test: BlindTest | None) -> tuple[bool, datetime] | None:
    """Whether the listing infringed, and since when that is settled; None while it is open."""
    if test is not None:
        return None if test.truth is None else (test.truth == "fake", test.created)
    if complaint is None:
        own_word = case.state == CaseState.CLOSED and acquits(case)
        return None if case.ended is None or not own_word else (False, case.ended)
    state, decided = ComplaintState(complaint.state), complaint.decided
    if decided is None or state == ComplaintState.COUNTERED:
        return None
    ends = complaint.window_ends or decided
    return None if ends > datetime.now(UTC) else (state in AGAINST_THE_SELLER, ends)
