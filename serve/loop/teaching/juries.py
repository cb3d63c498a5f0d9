"""Public appraisal: jurors say whether a look-alike misleads, each without knowing what the others said.

The pictures that they compare are the case's evidence, as it is when the jury is called; once the case shows others, no
vote counts any more. When the last vote is in, the votes of all juries that are over weigh the jurors
(serve/loop/teaching/dawid_skene.py), and the result with its confidence goes to trust & safety and the labels.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import Case, Jury, JuryVote
from serve.identifiers import new_id
from serve.loop.cases import lock_case
from serve.loop.teaching.dawid_skene import dawid_skene
from serve.loop.teaching.labels import teach_jury
from serve.protocol.answers import Answer
from serve.protocol.paging import Page, cursor_after, last_id
from serve.protocol.problems import Problem, not_found
from serve.text.wording import Name

LEAST_JURORS: Final = 3
MOST_JURORS: Final = 1_001


class NewJury(BaseModel):
    """What is asked, and of how many."""

    model_config = ConfigDict(extra="forbid")

    case_id: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
    jurors: Annotated[int, Field(ge=LEAST_JURORS, le=MOST_JURORS)] = 11


class Opinion(BaseModel):
    """What a juror says."""

    model_config = ConfigDict(extra="forbid")

    misleads: Annotated[bool, Field(description="Whether it may be taken for the genuine mark")]


class NewVote(Opinion):
    """What a juror says, and who it is."""

    juror: Annotated[Name, Field(description="The marketplace's own id of the juror; no party to the case")]


class JuryView(Answer):
    """A jury as it is sent; while it votes it does not say what the votes are."""

    id: str
    case_id: str
    revision: Annotated[int, Field(description="The case's, whose pictures jurors compare")]
    evidence: Annotated[
        list[str], Field(description="Paths of the pictures that jurors compare; none when the case shows others now")
    ]
    jurors: int
    votes: Annotated[int, Field(description="Cast so far")]
    misleads: Annotated[float | None, Field(description="Probability, once all have voted")]
    created: datetime
    ended: Annotated[datetime | None, Field(description="When the last one voted, or it was called off")]


def call_jury(database: Database, new: NewJury, *, caller: Caller) -> JuryView:
    """Have a case appraised. Raises `Problem` (404)."""
    with database.write() as session:
        made = audit.made_before(session, "jury called")
        if made is not None:
            return _view(session, session.get_one(Jury, made))
        case = session.get(Case, new.case_id)
        if case is None:
            raise not_found("case", new.case_id)
        jury = Jury(id=new_id("jury"), case_id=case.id, revision=case.revision, jurors=new.jurors)
        session.add(jury)
        session.flush()
        session.refresh(jury)
        audit.record(
            session, actor=caller.key_id, action="jury called", subject=jury.id,
            content={"case": case.id, "jurors": new.jurors},
        )  # fmt: skip
        return _view(session, jury)


def vote(database: Database, jury_id: str, *, juror: str, misleads: bool, actor: str) -> JuryView:
    """Cast a juror's one vote; the last one ends the jury.

    Raises `Problem`: 404, or 409 for a second or late vote, one about pictures that the case shows no more, or one of
    whom the case is about.
    """
    with database.write() as session:
        jury, case = _lock(session, jury_id)
        if audit.carried_out(session, jury_id):
            return _view(session, jury)
        if case.revision != jury.revision:
            raise Problem(
                409, "other-pictures", "The case shows other pictures than the jury was called for; call another jury.",
                extra={"revision": case.revision},
            )  # fmt: skip
        require_open(jury)
        require_disinterested(case, [juror])
        if session.get(JuryVote, (jury_id, juror)) is not None:
            raise Problem(409, "voted-already", "This juror has voted; a vote is not changed.")
        session.add(JuryVote(jury_id=jury_id, juror=juror, misleads=misleads))
        audit.record(
            session, actor=actor, action="jury vote", subject=jury_id, content={"juror": juror, "misleads": misleads}
        )
        if _votes(session, jury_id) == jury.jurors:
            _end(session, jury, case, actor=actor)
        return _view(session, jury)


def call_off(database: Database, jury_id: str, *, caller: Caller) -> JuryView:
    """End a jury that has not voted; its votes say nothing. Raises `Problem`: 404, 409 once it has."""
    with database.write() as session:
        jury, _ = _lock(session, jury_id)
        if not audit.carried_out(session, jury_id):
            require_open(jury)
            _call_off(session, jury, actor=caller.key_id)
        return _view(session, jury)


def call_off_juries(session: Session, case: Case) -> None:
    """End the juries about the case that have not voted: it shows other pictures now, or is asked no more."""
    open_ones = select(Jury).where(Jury.case_id == case.id, Jury.ended.is_(None)).order_by(Jury.id)
    for jury in session.scalars(open_ones.with_for_update()).all():
        _call_off(session, jury, actor=audit.SYSTEM)


def _call_off(session: Session, jury: Jury, *, actor: str) -> None:
    jury.ended = datetime.now(UTC)
    session.flush()
    audit.record(session, actor=actor, action="jury called off", subject=jury.id, content={"case": jury.case_id})


def require_open(jury: Jury) -> None:
    """Raises `Problem` (409) where the jury has voted, or was called off."""
    if jury.ended is not None:
        said = "was called off" if jury.misleads is None else "has voted"
        raise Problem(409, "not-allowed-now", f"The jury {said}; call another one.")


def require_disinterested(case: Case, jurors: Collection[str]) -> None:
    """Raises `Problem` (409) where a juror is the listing's seller, or the brand or rights holder of the case.

    Jurors and sellers have ids of the marketplace's own; who has the same as both is one person.
    """
    parties = {case.listing["seller"].strip(): "sells what the case is about"}
    parties |= dict.fromkeys((case.brand_id, case.holder_id), "is whom the case was opened for")
    for juror in jurors:
        if juror in parties:
            raise Problem(
                409, "interested-party", f"{juror} {parties[juror]}, and has no vote on it; ask somebody else."
            )  # fmt: skip


def get_jury(database: Database, jury_id: str) -> JuryView:
    """One jury. Raises `Problem` (404)."""
    with database.read() as session:
        jury = session.get(Jury, jury_id)
        if jury is None:
            raise not_found("jury", jury_id)
        return _view(session, jury)


def list_juries(
    database: Database, *, case_id: str | None = None, limit: int, cursor: str | None
) -> Page[JuryView]:  # fmt: skip
    """The juries about one case or about any, oldest first."""
    query = select(Jury).where(Jury.id > last_id(cursor, "jury")).order_by(Jury.id).limit(limit + 1)
    if case_id is not None:
        query = query.where(Jury.case_id == case_id)
    with database.read() as session:
        rows = session.scalars(query).all()
        items = [_view(session, row) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor_after([row.id for row in rows], limit=limit))


def juries_of_case(database: Database, case_id: str) -> list[JuryView]:
    """The juries about a case, oldest first; none where there is no such case."""
    with database.read() as session:
        rows = session.scalars(select(Jury).where(Jury.case_id == case_id).order_by(Jury.id)).all()
        return [_view(session, row) for row in rows]


def _lock(session: Session, jury_id: str) -> tuple[Jury, Case]:
    """The jury and its case, locked until the transaction ends. Raises `Problem` (404)."""
    case_id = session.scalar(select(Jury.case_id).where(Jury.id == jury_id))
    if case_id is None:
        raise not_found("jury", jury_id)
    case, _ = lock_case(session, case_id)
    return session.get_one(Jury, jury_id, with_for_update=True), case


def _end(session: Session, jury: Jury, case: Case, *, actor: str) -> None:
    jury.misleads, jury.ended = _appraisal(session, jury), datetime.now(UTC)
    teach_jury(session, case, jury.id, misleads=jury.misleads)
    audit.record(
        session, actor=actor, action="jury voted", subject=jury.id,
        content={"case": jury.case_id, "misleads": f"{jury.misleads:.4f}"},
    )  # fmt: skip


def _appraisal(session: Session, jury: Jury) -> float:
    """The probability that the jury's case misleads, its jurors weighed by all votes of juries that are over."""
    query = select(JuryVote.jury_id, JuryVote.juror, JuryVote.misleads).join(Jury, Jury.id == JuryVote.jury_id)
    rows = session.execute(query.where(Jury.misleads.is_not(None) | (Jury.id == jury.id))).all()
    juries = {name: number for number, name in enumerate(sorted({row.jury_id for row in rows}))}
    jurors = {name: number for number, name in enumerate(sorted({row.juror for row in rows}))}
    opinion = dawid_skene(
        np.array([juries[row.jury_id] for row in rows]),
        np.array([jurors[row.juror] for row in rows]),
        np.array([row.misleads for row in rows]),
    )
    return float(opinion.yes[juries[jury.id]])


def _votes(session: Session, jury_id: str) -> int:
    return session.scalar(select(func.count()).where(JuryVote.jury_id == jury_id)) or 0


def _view(session: Session, jury: Jury) -> JuryView:
    case = session.get_one(Case, jury.case_id)
    return JuryView(
        id=jury.id,
        case_id=jury.case_id,
        revision=jury.revision,
        evidence=[finding["evidence"] for finding in case.findings if case.revision == jury.revision],
        jurors=jury.jurors,
        votes=_votes(session, jury.id),
        misleads=jury.misleads,
        created=jury.created,
        ended=jury.ended,
    )
