"""/v1/text-holds"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from serve.loop.texts import text_holds
from serve.loop.texts.text_holds import Clearance, State, TextHoldPage, TextHoldView
from serve.protocol.paging import Cursor, Limit
from serve.protocol.problems import documented
from serve.routes.dependencies import ListingReader, OpenService, TextExaminer
from serve.text.wording import Text

router = APIRouter(prefix="/v1/text-holds", tags=["listing texts"])


@router.get("", responses=documented())
def list_text_holds(
    *,
    caller: ListingReader,
    service: OpenService,
    seller: Annotated[Text | None, Query(max_length=500, description="Of this seller only")] = None,
    state: Annotated[State | None, Query(description="In this state only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> TextHoldPage:
    """Listings that are, or were, held up for what their text says of brands, oldest first."""
    return text_holds.list_text_holds(service.database, seller=seller, state=state, limit=limit, cursor=cursor)


@router.post("/{hold_id}/clearance", status_code=201, responses=documented(404, 409))
def clear_text(hold_id: str, clearance: Clearance, caller: TextExaminer, service: OpenService) -> TextHoldView:
    """Say that the text breaks no rule after all: the listing is held up for it no longer."""
    return text_holds.clear_text(service.database, hold_id, clearance, caller=caller)
