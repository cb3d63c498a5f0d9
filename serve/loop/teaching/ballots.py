"""Ballots: a juror's way to a page of Hallmark's own, where the mark for sale stands beside the genuine one.

A ballot is a secret that stands for one juror of one jury; whoever holds it may cast that juror's vote. A juror who is
given another one can use the first no more.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from model.encoding import png
from model.regions import Box
from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import Ballot, Case, Jury, JuryVote, ListingImage
from serve.database.tables import Brand, Reference
from serve.loop.teaching.juries import MOST_JURORS, require_disinterested, require_open, vote
from serve.pictures.objects import ObjectMissingError, Objects, decode_stored
from serve.protocol.answers import Answer
from serve.protocol.problems import Problem, not_found
from serve.text.wording import Name

PAGE: Final = "/console/jury"
"""Where the pages of ballots lie."""

SECRET_BYTES: Final = 24

AROUND: Final = 0.3
"""Of the sides of the mark for sale that are shown with it."""

Side = Literal["offered", "genuine"]


class NewBallots(BaseModel):
    """For whom ballots are made."""

    model_config = ConfigDict(extra="forbid")

    jurors: Annotated[
        list[Name], Field(min_length=1, max_length=MOST_JURORS, description="The marketplace's own ids of jurors")
    ]


class BallotView(Answer):
    """A ballot, sent this once."""

    juror: str
    path: Annotated[str, Field(description="Of the page where the juror votes")]


@dataclass(frozen=True, slots=True)
class Question:
    """What a ballot asks: how many pairs of marks to compare, of which brand, and how it stands."""

    brand: str
    pairs: int
    state: Literal["open", "voted", "over"]


def make_ballots(
    database: Database, jury_id: str, new: NewBallots, *, replace: bool = True, caller: Caller
) -> list[BallotView]:
    """Make a ballot for each of the jurors, in place of the one that a juror has.

    Raises `Problem`: 404, 409 once the jury has voted, for whom the case is about, or, without `replace`, where a
    juror has one.
    """
    made = []
    with database.write() as session:
        jury = session.get(Jury, jury_id, with_for_update=True)
        if jury is None:
            raise not_found("jury", jury_id)
        require_open(jury)
        require_disinterested(session.get_one(Case, jury.case_id), new.jurors)
        theirs = (Ballot.jury_id == jury_id) & Ballot.juror.in_(new.jurors)
        if not replace and (having := session.scalars(select(Ballot.juror).where(theirs)).all()):
            raise Problem(
                409, "has-ballots",
                f"{', '.join(sorted(having))} have ballots. Leave them out, or have theirs replaced.",
            )  # fmt: skip
        session.execute(delete(Ballot).where(theirs))
        for juror in dict.fromkeys(new.jurors):
            secret = secrets.token_urlsafe(SECRET_BYTES)
            session.add(Ballot(sha256=_digest(secret), jury_id=jury_id, juror=juror, key_id=caller.key_id))
            made.append(BallotView(juror=juror, path=f"{PAGE}/{secret}"))
        session.flush()
        audit.record(
            session, actor=caller.key_id, action="jury ballots made", subject=jury_id, content={"ballots": len(made)}
        )
    return made


def question(database: Database, secret: str) -> Question:
    """What the ballot asks. Raises `Problem` (404)."""
    with database.read() as session:
        ballot, jury, case = _find(session, secret)
        brand = session.get_one(Brand, case.brand_id).name
        if session.get(JuryVote, (jury.id, ballot.juror)) is not None:
            return Question(brand, 0, "voted")
        if jury.ended is not None or case.revision != jury.revision:
            return Question(brand, 0, "over")
        return Question(brand, len(case.findings), "open")


def cast(database: Database, secret: str, *, misleads: bool) -> None:
    """Cast the vote of the ballot's juror, in the name of whoever made the ballot.

    Raises `Problem`: 404, and 409 as `serve.loop.teaching.juries.vote` does.
    """
    with database.read() as session:
        ballot, jury, _ = _find(session, secret)
    vote(database, jury.id, juror=ballot.juror, misleads=misleads, actor=ballot.key_id)


def shown(database: Database, objects: Objects, secret: str, number: int, *, side: Side) -> bytes:
    """One side of a pair as PNG: the mark as it is offered, or the genuine one that it is compared with.

    Neither says what Hallmark thinks of it. Raises `Problem` (404).
    """
    with database.read() as session:
        _, jury, case = _find(session, secret)
        if case.revision != jury.revision or number >= len(case.findings):
            raise not_found("picture", str(number))
        finding = case.findings[number]
        if side == "genuine":
            key = session.scalar(select(Reference.object_key).where(Reference.id == finding["reference_id"]))
        else:
            key = session.scalar(
                select(ListingImage.object_key).where(
                    ListingImage.listing_id == case.listing_id, ListingImage.revision == case.revision,
                    ListingImage.position == finding["image"],
                )
            )  # fmt: skip
    if key is None:
        raise not_found("picture", str(number))
    try:
        picture = decode_stored(objects.get(key))
    except ObjectMissingError as error:
        raise not_found("picture", str(number)) from error
    return png(picture if side == "genuine" else Box(*finding["box"]).grown(AROUND).crop(picture))


def _find(session: Session, secret: str) -> tuple[Ballot, Jury, Case]:
    """The ballot, its jury and case. Raises `Problem` (404)."""
    ballot = session.get(Ballot, _digest(secret))
    if ballot is None:
        raise Problem(404, "not-found", "There is no such ballot, or it was replaced by another one.")
    jury = session.get_one(Jury, ballot.jury_id)
    return ballot, jury, session.get_one(Case, jury.case_id)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
