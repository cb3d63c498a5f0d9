"""What people are told of the known fake by which the listing of a case was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from serve.database.engine import Database
from serve.database.loop_tables import Complaint, Trait
from serve.loop.cases import CaseView
from serve.loop.states import ComplaintState
from serve.loop.stock.fake_words import said_in, telling_words
from serve.text.phrases import says


@dataclass(frozen=True, slots=True)
class FakeTrait:
    """A fake trait: its `words`, if it has any, and whether the listing is `said` to have them, as it is shown."""

    id: str
    words: str | None
    said: bool
    has_picture: bool
    removed: bool


@dataclass(frozen=True, slots=True)
class UpheldBefore:
    """What an earlier complaint was about; its state may be another by now."""

    id: str
    state: ComplaintState


NamedFake = FakeTrait | UpheldBefore


def named_fakes(database: Database, cases: Sequence[CaseView]) -> dict[str, NamedFake]:
    """By the id of a case, for those that were found by a known fake, what it is."""
    known_by = {case.known_fake for case in cases if case.known_fake is not None}
    if not known_by:
        return {}
    with database.read() as session:
        traits = {row.id: row for row in session.scalars(select(Trait).where(Trait.id.in_(known_by)))}
        complaints = {row.id: row for row in session.scalars(select(Complaint).where(Complaint.id.in_(known_by)))}
    named: dict[str, NamedFake] = {}
    for case in cases:
        fake = case.known_fake or ""
        if fake in traits:
            named[case.id] = _of_trait(traits[fake], case)
        elif fake in complaints:
            named[case.id] = UpheldBefore(fake, ComplaintState(complaints[fake].state))
    return named


def _of_trait(trait: Trait, case: CaseView) -> FakeTrait:
    return FakeTrait(
        trait.id,
        trait.text,
        said=says(said_in(case.listing.model_dump()), telling_words(trait.text)),
        has_picture=trait.object_key is not None and trait.removed is None,
        removed=trait.removed is not None,
    )
