"""Brands: made, listed, changed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, func, literal, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database, violates
from serve.database.tables import Brand, RightsHolder
from serve.genuine.changes import record_change
from serve.genuine.replica import IndexReplica
from serve.identifiers import new_id
from serve.loop.good_faith.rights_holders import NewRightsHolder, new_rights_holder
from serve.loop.texts.text_sweep import sweep_later
from serve.protocol.paging import Page, cursor_after, last_id
from serve.protocol.problems import Problem, not_found
from serve.text.brand_words import names_of
from serve.text.wording import Name, Text

Names = Annotated[list[Name], Field(max_length=100)]


class NewBrand(BaseModel):
    """What makes a brand."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Name, Field(examples=["Acme"])]
    aliases: Annotated[Names, Field(description="Other names that it goes by")] = []
    words: Annotated[Names, Field(description="Its trademark words, as sellers write them")] = []
    rights_holder_id: Annotated[
        Text | None, Field(max_length=64, description="Who answers for it; left out, a rights holder of its own name")
    ] = None


class BrandChange(BaseModel):
    """What to change; fields left out stay."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    aliases: Names | None = None
    words: Names | None = None


CREATED: Final = "brand created"
"""The step of the audit log that makes one."""


class BrandView(BaseModel):
    """A brand as it is sent."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    rights_holder_id: Annotated[str, Field(validation_alias="holder_id")]
    name: str
    aliases: list[str]
    words: list[str]
    created: datetime


def create_brand(database: Database, new: NewBrand, *, actor: str, replica: IndexReplica | None = None) -> BrandView:
    """Make a brand; its names count in texts before this returns, if `replica` is of the process that reads them.

    Raises `Problem`: 409 when one has the name, however its letters are written, 404 for an unknown rights holder.
    """
    brand = Brand(id=new_id("brand"), name=new.name, aliases=new.aliases, words=new.words)
    try:
        with database.write() as session:
            made = audit.made_before(session, CREATED)
            if made is not None:
                if replica is not None:
                    replica.catch_up()
                return BrandView.model_validate(session.get_one(Brand, made))
            _require_free(session, new.name, brand_id=brand.id)
            holder = _holder(session, new)
            session.add(holder)
            session.flush()
            brand.holder_id = holder.id
            session.add(brand)
            session.flush()
            session.refresh(brand)
            sweep_later(session)
            audit.record(
                session, actor=actor, action=CREATED, subject=brand.id,
                content={"rights_holder": holder.id, **_said(brand)},
            )  # fmt: skip
            version = record_change(session, "create", brand_id=brand.id)
    except IntegrityError as error:
        if not violates(error, "brands_name"):
            raise
        raise _name_taken(new.name) from error
    if replica is not None:
        replica.catch_up(version=version)
    return BrandView.model_validate(brand)


def list_brands(database: Database, *, caller: Caller | None, limit: int, cursor: str | None) -> Page[BrandView]:
    """The brands that `caller` sees (None: all), oldest first."""
    query = select(Brand).where(Brand.id > last_id(cursor, "brand")).order_by(Brand.id).limit(limit + 1)
    if caller is not None and caller.brand_ids is not None:
        query = query.where(Brand.id.in_(caller.brand_ids))
    with database.read() as session:
        rows = list(session.scalars(query))
    return Page(
        items=[BrandView.model_validate(row) for row in rows[:limit]],
        next_cursor=cursor_after([row.id for row in rows], limit=limit),
    )


def get_brand(database: Database, brand_id: str) -> BrandView:
    """One brand. Raises `Problem` (404)."""
    with database.read() as session:
        brand = session.get(Brand, brand_id)
    if brand is None:
        raise not_found("brand", brand_id)
    return BrandView.model_validate(brand)


def brands_of(database: Database, holder_ids: Collection[str]) -> dict[str, list[BrandView]]:
    """The brands of each of the rights holders, oldest first."""
    query = select(Brand).where(Brand.holder_id.in_(holder_ids)).order_by(Brand.id)
    found: dict[str, list[BrandView]] = {holder_id: [] for holder_id in holder_ids}
    with database.read() as session:
        for brand in session.scalars(query):
            found[brand.holder_id].append(BrandView.model_validate(brand))
    return found


def brand_names(database: Database, brand_ids: Collection[str]) -> dict[str, str]:
    """The names of those of the brands that there are, by id."""
    with database.read() as session:
        found = session.execute(select(Brand.id, Brand.name).where(Brand.id.in_(brand_ids)))
        return {row.id: row.name for row in found}


def change_brand(
    database: Database, brand_id: str, change: BrandChange, *, actor: str, replica: IndexReplica
) -> BrandView:
    """Change a brand; scans know it by its new names before this returns. Raises `Problem` (404, 409)."""
    version = None
    try:
        with database.write() as session:
            brand = session.get(Brand, brand_id, with_for_update=True)
            if brand is None:
                raise not_found("brand", brand_id)
            former = names_of(brand)
            if change.name not in (None, brand.name):
                _require_free(session, str(change.name), brand_id=brand_id)
            for field, value in change.model_dump(exclude_none=True).items():
                setattr(brand, field, value)
            session.flush()
            audit.record(session, actor=actor, action="brand changed", subject=brand_id, content=_said(brand))
            if names_of(brand) != former:
                sweep_later(session)
                version = record_change(
                    session, "rename", brand_id=brand_id, former_name=former.name, former_words=former.words
                )
    except IntegrityError as error:
        if not violates(error, "brands_name"):
            raise
        raise _name_taken(str(change.name)) from error
    if version is not None:
        replica.catch_up(version=version)
    return BrandView.model_validate(brand)


def _require_free(session: Session, name: str, *, brand_id: str) -> None:
    """Raises `Problem` (409) where another brand has the name, in whatever case, in wide, round or other letters.

    Who asks takes turns with others to the end of the transaction. Brands that were stored under one name stay.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("hallmark names of brands"))))
    same = _as_compared(Brand.name) == _as_compared(literal(name))
    if session.scalar(select(Brand.id).where(same, Brand.id != brand_id).limit(1)) is not None:
        raise _name_taken(name)


def _as_compared(name: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[str]:
    return func.lower(func.normalize(name, literal_column("NFKC")))


def _said(brand: Brand) -> dict[str, str | list[str]]:
    """What the audit log tells of a brand."""
    return {"name": brand.name, "aliases": brand.aliases, "words": brand.words}


def _holder(session: Session, new: NewBrand) -> RightsHolder:
    if new.rights_holder_id is None:
        return new_rights_holder(NewRightsHolder(name=new.name))
    found = session.get(RightsHolder, new.rights_holder_id)
    if found is None:
        raise not_found("rights holder", new.rights_holder_id)
    return found


def _name_taken(name: str) -> Problem:
    return Problem(
        409, "brand-exists", f"A brand has the name {name!r}. Use it, or add what tells the two apart to the name."
    )
