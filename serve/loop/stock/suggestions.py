"""Suggestions: marks that listings of a brand keep showing and no reference does, put before the brand.

Its answer makes them references, by which they are recognised from then on, or fake traits, or is remembered.
`serve.loop.stock.mark_search` finds them.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import ListingImage, Suggestion, Trait
from serve.database.tables import REMOVED, Brand, Reference
from serve.genuine.references import NewReference, ReferenceLibrary
from serve.loop.stock.traits import NewTrait, TraitLibrary
from serve.pictures.objects import ObjectMissingError, Objects
from serve.protocol.answers import Answer
from serve.protocol.paging import Page, cursor_after, last_id
from serve.protocol.problems import Problem, not_found, unprocessable

MOST_PICTURES: Final = 4
"""Of a mark, the places that are shown."""

SuggestionAnswer = Literal["genuine", "fake", "neither"]
SuggestionState = Literal["open", "genuine", "fake", "neither"]


class NewAnswer(BaseModel):
    """What the brand says of a suggested mark."""

    model_config = ConfigDict(extra="forbid")

    answer: Annotated[
        SuggestionAnswer,
        Field(
            description="`genuine`: the brand's own mark, its cut-outs become references; `fake`: the photos become "
            "fake traits; `neither`: it is not asked about again"
        ),
    ]
    pictures: Annotated[
        list[Annotated[int, Field(ge=0, lt=MOST_PICTURES)]] | None,
        Field(min_length=1, max_length=MOST_PICTURES, description="Those that show it, by number; all if left out"),
    ] = None


class SeenMark(Answer):
    """A place where the mark was seen."""

    number: int
    picture: Annotated[str, Field(description="Path of the cut-out")]
    listing_id: Annotated[str, Field(description="The marketplace's own")]
    position: Annotated[int, Field(description="Which of the listing's pictures, from 0")]
    box: Annotated[
        tuple[float, float, float, float],
        Field(description="Where in it: x, y, width, height in pixels, upright image"),
    ]


class SuggestionView(Answer):
    """A suggestion as it is sent."""

    id: str
    brand_id: str
    photos: Annotated[int, Field(description="Different photos that show the mark")]
    sellers: Annotated[int, Field(description="Of so many sellers")]
    pictures: Annotated[list[SeenMark], Field(description=f"At most {MOST_PICTURES} places")]
    state: Annotated[SuggestionState, Field(description="`open`, or what was answered")]
    became: Annotated[list[str], Field(description="Ids of the references or fake traits that followed")]
    created: datetime
    answered: datetime | None


class Suggestions:
    """The suggestions of all brands; safe to use from several threads."""

    def __init__(
        self, database: Database, objects: Objects, *, references: ReferenceLibrary, traits: TraitLibrary
    ) -> None:
        self._database = database
        self._objects = objects
        self._references = references
        self._traits = traits

    def list(
        self, brand_id: str, *, state: SuggestionState | None = None, limit: int, cursor: str | None
    ) -> Page[SuggestionView]:
        """The brand's suggestions, oldest first, in one state or in any. Raises `Problem` (404)."""
        query = select(Suggestion).where(Suggestion.brand_id == brand_id, Suggestion.id > last_id(cursor, "suggestion"))
        if state is not None:
            query = query.where(Suggestion.state == state)
        with self._database.read() as session:
            if session.get(Brand, brand_id) is None:
                raise not_found("brand", brand_id)
            rows = session.scalars(query.order_by(Suggestion.id).limit(limit + 1)).all()
        return Page(
            items=[view_suggestion(row) for row in rows[:limit]],
            next_cursor=cursor_after([row.id for row in rows], limit=limit),
        )

    def picture(self, brand_id: str, suggestion_id: str, number: int) -> bytes:
        """A cut-out as PNG. Raises `Problem` (404)."""
        with self._database.read() as session:
            _find(session, brand_id, suggestion_id)
        try:
            return self._objects.get(cut_out_key(suggestion_id, number))
        except ObjectMissingError as error:
            raise not_found("picture of the suggestion", str(number)) from error

    def answer(self, brand_id: str, suggestion_id: str, new: NewAnswer, *, caller: Caller) -> SuggestionView:
        """Do what the answer asks for, and keep it.

        What was begun by an answer that broke off is not done twice. Raises `Problem`: 404, 409 of one that was
        answered, 422 of pictures that it does not have, and 403 of a fake without proof of rights.
        """
        with self._database.lock(answering(suggestion_id)):  # two at once would make everything twice
            return self._answer(brand_id, suggestion_id, new, caller=caller)

    def _answer(self, brand_id: str, suggestion_id: str, new: NewAnswer, *, caller: Caller) -> SuggestionView:
        with self._database.read() as session:
            suggestion = _find(session, brand_id, suggestion_id)
            if audit.carried_out(session, suggestion_id):
                return view_suggestion(suggestion)
            _require_open(suggestion)
        numbers = sorted(set(range(len(suggestion.pictures)) if new.pictures is None else new.pictures))
        if numbers[-1] >= len(suggestion.pictures):
            raise unprocessable("no-such-picture", f"The suggestion has {len(suggestion.pictures)} pictures, from 0.")
        became: list[str] = []
        if new.answer == "genuine":
            became = [self._reference(suggestion, number, caller=caller) for number in numbers]
        elif new.answer == "fake":
            became = [self._trait(suggestion, number, caller=caller) for number in numbers]
        with self._database.write() as session:
            suggestion = _find(session, brand_id, suggestion_id, for_update=True)
            _require_open(suggestion)
            suggestion.state, suggestion.answered = new.answer, datetime.now(UTC)
            suggestion.became = list(dict.fromkeys(became))  # cut-outs may be the same to the last pixel
            session.flush()
            audit.record(
                session, actor=caller.key_id, action="suggestion answered", subject=suggestion_id,
                content={"brand": brand_id, "answer": new.answer, "became": suggestion.became},
            )  # fmt: skip
            return view_suggestion(suggestion)

    def _reference(self, suggestion: Suggestion, number: int, *, caller: Caller) -> str:
        """The id of the reference that the cut-out is, made now if it is none yet. Raises `Problem`."""
        data = self._stored(cut_out_key(suggestion.id, number), number=number)
        same = select(Reference.id).where(
            Reference.brand_id == suggestion.brand_id, Reference.status != REMOVED, Reference.sha256 == _sha256(data)
        )
        new = NewReference(kind="logo", note=f"Seen in listing {suggestion.pictures[number]['listing_id']}")
        made = self._made(same)
        return made or self._references.add(suggestion.brand_id, data, new=new, actor=caller.key_id).id

    def _trait(self, suggestion: Suggestion, number: int, *, caller: Caller) -> str:
        """The id of the fake trait that the whole photo is, made now if it is none yet. Raises `Problem`."""
        with self._database.read() as session:
            key = session.get_one(ListingImage, suggestion.pictures[number]["image_id"]).object_key
        data = self._stored(key, number=number)
        same = select(Trait.id).where(
            Trait.brand_id == suggestion.brand_id, Trait.removed.is_(None), Trait.sha256 == _sha256(data)
        )
        return self._made(same) or self._traits.add(suggestion.brand_id, NewTrait(), data, caller=caller).id

    def _stored(self, key: str, *, number: int) -> bytes:
        """The suggestion's picture of that number. Raises `Problem` (404) where the store has lost it."""
        try:
            return self._objects.get(key)
        except ObjectMissingError as error:
            raise not_found("picture of the suggestion", str(number)) from error

    def _made(self, query: Select[str]) -> str | None:
        with self._database.read() as session:
            return session.scalar(query.limit(1))


def answering(suggestion_id: str) -> str:
    """The lock of who answers the suggestion."""
    return f"answer to {suggestion_id}"


def cut_out_key(suggestion_id: str, number: int) -> str:
    """Where the suggestion's cut-out of that number lies."""
    return f"suggestions/{suggestion_id}/{number}.png"


def _find(session: Session, brand_id: str, suggestion_id: str, *, for_update: bool = False) -> Suggestion:
    """The suggestion, if it is the brand's. Raises `Problem` (404)."""
    found = session.get(Suggestion, suggestion_id, with_for_update=for_update)
    if found is None or found.brand_id != brand_id:
        raise not_found("suggestion", suggestion_id)
    return found


def _require_open(suggestion: Suggestion) -> None:
    if suggestion.state != "open":
        detail = f"The suggestion was answered before: {suggestion.state}."
        raise Problem(409, "not-allowed-now", detail, extra={"state": suggestion.state})


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def view_suggestion(row: Suggestion) -> SuggestionView:
    """The suggestion as it is sent."""
    path = f"/v1/brands/{row.brand_id}/suggestions/{row.id}/pictures"
    return SuggestionView(
        id=row.id, brand_id=row.brand_id, photos=row.photos, sellers=row.sellers,
        pictures=[
            SeenMark(
                number=number, picture=f"{path}/{number}.png", listing_id=one["listing_id"], position=one["position"],
                box=one["box"],
            )
            for number, one in enumerate(row.pictures)
        ],
        state=row.state,  # type: ignore[arg-type] # checked by the table
        became=row.became, created=row.created, answered=row.answered,
    )  # fmt: skip
