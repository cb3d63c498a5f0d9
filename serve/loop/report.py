"""The report: what came of a stretch of time, in figures.

Everything is counted by when it began: a listing when it was first sent, a case when it was opened, a complaint when it
was filed, as it stands now. What only covers a blind test is left out. The ratio to watch is how many fakes were found
for each that a brand reported, that is, showed as a fake trait with a picture. What Hallmark had found and suggested is
no report. Listings that were withdrawn and forgotten since are counted no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from serve.database.engine import Database
from serve.database.loop_tables import Case, Complaint, ListingRecord, Suggestion, TextHold, Trait
from serve.loop.good_faith.covers import covers
from serve.loop.states import AGAINST_THE_SELLER, CaseState, ComplaintState
from serve.protocol.answers import Answer
from serve.protocol.problems import unprocessable
from serve.scanning.results import Kind


class ListingFigures(Answer):
    """Listings that were sent, by what holds for them now."""

    sent: int
    allowed: int
    in_review: int
    blocked: int


class CaseFigures(Answer):
    """Cases that were opened, by what the rights holder said."""

    opened: int
    infringing: int
    not_infringing: int
    unsure: int
    waiting: Annotated[int, Field(description="Not answered yet")]
    unanswered: Annotated[int, Field(description="Expired without an answer; one that was dropped is none")]
    median_hours: Annotated[float | None, Field(description="From the opening to the answer; null without one")]


class ComplaintFigures(Answer):
    """Complaints that were filed, by what became of them."""

    filed: int
    upheld: Annotated[int, Field(description="And standing, be it after a counter-notice")]
    dismissed: int
    overturned: int
    undecided: int


class FoundFigures(Answer):
    """Fakes that Hallmark found, and those that brands reported."""

    found: Annotated[int, Field(description="Upheld complaints that stand")]
    by_kind: Annotated[dict[Kind, int], Field(description="By the strongest finding")]
    reported: Annotated[int, Field(description="Fake traits with a picture that the brand brought")]
    found_per_report: Annotated[float | None, Field(description="Null where nothing was reported")]


class TextFigures(Answer):
    """Listings that were held up for what their text says of brands, by what became of it."""

    held_up: int
    corrected: Annotated[int, Field(description="The seller changed the text")]
    cleared: Annotated[int, Field(description="Trust & safety found nothing wrong")]
    lifted: Annotated[int, Field(description="By another policy or other names of brands")]
    withdrawn: Annotated[int, Field(description="The listing is offered no more")]
    held: Annotated[int, Field(description="Still held up")]


class SuggestionFigures(Answer):
    """Marks that were suggested to brands, by what they said."""

    made: int
    genuine: int
    fake: int
    neither: int
    open: Annotated[int, Field(description="Not answered yet")]


class Report(Answer):
    """What came of the time from `since` on, before `until`; null is open."""

    since: datetime | None
    until: datetime | None
    listings: ListingFigures
    cases: CaseFigures
    complaints: ComplaintFigures
    fakes: FoundFigures
    texts: TextFigures
    suggestions: SuggestionFigures


def report(database: Database, *, since: datetime | None, until: datetime | None) -> Report:
    """The figures of a stretch of time, read as of one moment. Raises `Problem` (422) if it ends first."""
    if since is not None and until is not None and until <= since:
        raise unprocessable("invalid-request", f"The time has to end ({until}) after it begins ({since}).")

    def within(moment: InstrumentedAttribute[datetime]) -> ColumnElement[bool]:
        from_then_on = true() if since is None else moment >= since
        return from_then_on if until is None else from_then_on & (moment < until)

    complaints = (
        select(Complaint.state, func.count())
        .join(Case, Case.id == Complaint.case_id)
        .where(within(Complaint.created), Case.listing_id.not_in(covers()))
        .group_by(Complaint.state)
    )
    listings = (
        select(ListingRecord.decision, func.count())
        .where(within(ListingRecord.created), ListingRecord.id.not_in(covers()))
        .group_by(ListingRecord.decision)
    )
    texts = select(TextHold.state, func.count()).where(within(TextHold.created)).group_by(TextHold.state)
    suggestions = select(Suggestion.state, func.count()).where(within(Suggestion.created)).group_by(Suggestion.state)
    followed = select(func.unnest(Suggestion.became)).where(Suggestion.state == "fake")
    traits = select(func.count()).where(
        within(Trait.created), Trait.object_key.is_not(None), Trait.id.not_in(followed)
    )  # fmt: skip
    with database.read() as session:
        return Report(
            since=since,
            until=until,
            listings=_listings(_counts(session, listings)),
            cases=_cases(session, within(Case.created)),
            complaints=_complaints(_counts(session, complaints)),
            fakes=_fakes(session, within(Complaint.created), reported=session.scalar(traits) or 0),
            texts=_texts(_counts(session, texts)),
            suggestions=_suggestions(_counts(session, suggestions)),
        )


def _listings(by_decision: Mapping[str, int]) -> ListingFigures:
    return ListingFigures(
        sent=sum(by_decision.values()),
        allowed=by_decision.get("allow", 0),
        in_review=by_decision.get("review", 0),
        blocked=by_decision.get("block", 0),
    )


def _texts(by_state: Mapping[str, int]) -> TextFigures:
    return TextFigures(
        held_up=sum(by_state.values()),
        corrected=by_state.get("corrected", 0),
        cleared=by_state.get("cleared", 0),
        lifted=by_state.get("lifted", 0),
        withdrawn=by_state.get("withdrawn", 0),
        held=by_state.get("held", 0),
    )


def _suggestions(by_state: Mapping[str, int]) -> SuggestionFigures:
    return SuggestionFigures(
        made=sum(by_state.values()),
        genuine=by_state.get("genuine", 0),
        fake=by_state.get("fake", 0),
        neither=by_state.get("neither", 0),
        open=by_state.get("open", 0),
    )


def _complaints(by_state: Mapping[str, int]) -> ComplaintFigures:
    return ComplaintFigures(
        filed=sum(by_state.values()),
        upheld=sum(by_state.get(state, 0) for state in AGAINST_THE_SELLER),
        dismissed=by_state.get(ComplaintState.DISMISSED, 0),
        overturned=by_state.get(ComplaintState.OVERTURNED, 0),
        undecided=by_state.get(ComplaintState.FILED, 0),
    )


def _cases(session: Session, opened: ColumnElement[bool]) -> CaseFigures:
    counted = (opened, Case.listing_id.not_in(covers()))
    by_verdict = _counts(session, select(Case.verdict, func.count()).where(*counted).group_by(Case.verdict))
    without_answer = _counts(
        session, select(Case.state, func.count()).where(*counted, Case.verdict.is_(None)).group_by(Case.state)
    )
    median = select(func.percentile_cont(0.5).within_group(Case.judged - Case.created)).where(
        *counted, Case.verdict.is_not(None), Case.judged.is_not(None)
    )
    took = session.scalar(median)
    return CaseFigures(
        opened=sum(by_verdict.values()),
        infringing=by_verdict.get("infringing", 0),
        not_infringing=by_verdict.get("not_infringing", 0),
        unsure=by_verdict.get("unsure", 0),
        waiting=without_answer.get(CaseState.OPEN, 0),
        unanswered=sum(without_answer.get(state, 0) for state in (CaseState.EXPIRED, CaseState.RELEASED)),
        median_hours=None if took is None else round(took / timedelta(hours=1), 2),
    )


def _fakes(session: Session, filed: ColumnElement[bool], *, reported: int) -> FoundFigures:
    strongest = Case.findings[0]["kind"].astext
    standing = (
        select(strongest, func.count())
        .join(Complaint, Complaint.case_id == Case.id)
        .where(filed, Complaint.state.in_(AGAINST_THE_SELLER), Case.listing_id.not_in(covers()))
        .group_by(strongest)
    )
    by_kind = _counts(session, standing)
    found = sum(by_kind.values())
    return FoundFigures(
        found=found,
        by_kind=by_kind,
        reported=reported,
        found_per_report=round(found / reported, 2) if reported else None,
    )


def _counts(session: Session, query: Select[Any, int]) -> dict[Any, int]:
    """What the rows of `query` count, by name."""
    return dict(session.execute(query).all())
