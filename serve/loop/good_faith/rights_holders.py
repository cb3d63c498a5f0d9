"""Rights holders: who answers for a brand. A new brand gets one of its own unless it names one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.tables import Brand, RightsHolder
from serve.identifiers import new_id
from serve.loop.working_days import Country, TimeZone
from serve.protocol.paging import Page, cursor_after, last_id
from serve.protocol.problems import not_found
from serve.text.wording import Name

Kind = Literal["owner", "agency"]


class NewRightsHolder(BaseModel):
    """What makes a rights holder."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    kind: Annotated[Kind, Field(description="An agency must prove that it may act for a brand")] = "owner"
    country: Annotated[Country, Field(description="ISO 3166; its working days count")] = "CN"
    time_zone: Annotated[TimeZone, Field(description="IANA; a due date ends at midnight there")] = "Asia/Shanghai"


class RightsHolderChange(BaseModel):
    """What to change; fields left out stay. Due dates that are set already do not move."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    country: Country | None = None
    time_zone: TimeZone | None = None


class RightsHolderView(BaseModel):
    """A rights holder as it is sent."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    kind: Kind
    country: str
    time_zone: str
    created: datetime


CREATED: Final = "rights holder created"
"""The step of the audit log that makes one."""


def new_rights_holder(new: NewRightsHolder) -> RightsHolder:
    """The row of a new rights holder."""
    return RightsHolder(id=new_id("holder"), name=new.name, kind=new.kind, country=new.country, time_zone=new.time_zone)


def create_rights_holder(database: Database, new: NewRightsHolder, *, caller: Caller) -> RightsHolderView:
    """Make a rights holder, for brands to name."""
    holder = new_rights_holder(new)
    with database.write() as session:
        made = audit.made_before(session, CREATED)
        if made is not None:
            return RightsHolderView.model_validate(session.get_one(RightsHolder, made))
        session.add(holder)
        session.flush()
        session.refresh(holder)
        audit.record(
            session, actor=caller.key_id, action=CREATED, subject=holder.id, content=new.model_dump(mode="json")
        )
    return RightsHolderView.model_validate(holder)


def list_rights_holders(
    database: Database, *, caller: Caller, limit: int, cursor: str | None
) -> Page[RightsHolderView]:  # fmt: skip
    """The rights holders that `caller` sees, oldest first: to a brand's key, those of whose brands it sees all."""
    query = select(RightsHolder).where(RightsHolder.id > last_id(cursor, "holder")).order_by(RightsHolder.id)
    if caller.brand_ids is not None:
        every = func.bool_and(Brand.id.in_(caller.brand_ids))  # as serve/access/ownership.py says of each
        query = query.where(RightsHolder.id.in_(select(Brand.holder_id).group_by(Brand.holder_id).having(every)))
    with database.read() as session:
        rows = session.scalars(query.limit(limit + 1)).all()
    return Page(
        items=[RightsHolderView.model_validate(row) for row in rows[:limit]],
        next_cursor=cursor_after([row.id for row in rows], limit=limit),
    )


def get_rights_holder(database: Database, holder_id: str) -> RightsHolderView:
    """One rights holder. Raises `Problem` (404)."""
    with database.read() as session:
        holder = session.get(RightsHolder, holder_id)
    if holder is None:
        raise not_found("rights holder", holder_id)
    return RightsHolderView.model_validate(holder)


def change_rights_holder(
    database: Database, holder_id: str, change: RightsHolderChange, *, caller: Caller
) -> RightsHolderView:
    """Change a rights holder. Raises `Problem` (404)."""
    with database.write() as session:
        holder = session.get(RightsHolder, holder_id, with_for_update=True)
        if holder is None:
            raise not_found("rights holder", holder_id)
        for field, value in change.model_dump(exclude_none=True).items():
            setattr(holder, field, value)
        session.flush()
        audit.record(
            session, actor=caller.key_id, action="rights holder changed", subject=holder_id,
            content=change.model_dump(mode="json", exclude_none=True),
        )  # fmt: skip
    return RightsHolderView.model_validate(holder)
