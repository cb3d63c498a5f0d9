"""Lists by cursor: the cursor holds the last id of the page before, so that rows added meanwhile do not shift pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from serve.identifiers import IdKind
from serve.protocol.problems import Problem, unprocessable

MAX_LIMIT = 500

Item = TypeVar("Item", bound=BaseModel)

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items of a page")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before")]


class Page(BaseModel, Generic[Item]):
    """One page; `next_cursor` is null on the last."""

    items: list[Item]
    next_cursor: str | None


class ResumablePage(Page[Item]):
    """A page of a list that grows, and where to go on when others have come."""

    resume_cursor: Annotated[
        str | None, Field(description="Keep it: as `cursor`, it fetches what came after all that was listed up to here")
    ]


def last_id(cursor: str | None, kind: IdKind) -> str:
    """The id after which a page of a list by ids of that kind begins; the empty text before the first.

    Raises `Problem` (422), also for a cursor of a list of other things: it would leave out what it never showed.
    """
    last = _last(cursor)
    if last and last.rpartition("_")[0] != kind:
        raise _unknown()
    return last


def last_number(cursor: str | None, *, most: int) -> int:
    """The number after which a page of a list by numbers begins; 0 before the first. Raises `Problem` (422)."""
    last = _last(cursor) or "0"
    if not (last.isdecimal() and len(last) <= len(str(most)) and int(last) <= most):
        raise _unknown()
    return int(last)


def _last(cursor: str | None) -> str:
    if cursor is None:
        return ""
    try:
        found = base64.urlsafe_b64decode(cursor.encode("ascii")).decode("ascii")
    except (binascii.Error, UnicodeError) as error:
        raise _unknown() from error
    if not found.replace("_", "").isalnum() or cursor_of(found) != cursor:  # decoding skips what it does not know
        raise _unknown()
    return found


def cursor_after(ids: Sequence[str], *, limit: int) -> str | None:
    """The cursor of the next page, given the ids of up to `limit` + 1 rows."""
    return cursor_of(ids[limit - 1]) if len(ids) > limit else None


def _unknown() -> Problem:
    return unprocessable("invalid-cursor", "The cursor is not one that this list gave; start without one.")


def cursor_of(last: str) -> str:
    """The cursor of what comes after the id `last`."""
    return base64.urlsafe_b64encode(last.encode("ascii")).decode("ascii")
