"""/v1/brands/{brand_id}/suggestions"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from serve.loop.stock.suggestions import MOST_PICTURES, NewAnswer, SuggestionState, SuggestionView
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import BoundedWork, OpenService, ReferenceCreator, ReferenceReader

Number = Annotated[int, Path(ge=0, lt=MOST_PICTURES)]

router = APIRouter(prefix="/v1/brands/{brand_id}/suggestions", tags=["brands"])


@router.get("", responses=documented(404))
def list_suggestions(
    *,
    brand_id: str,
    caller: ReferenceReader,
    service: OpenService,
    state: Annotated[SuggestionState | None, Query(description="In this state only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SuggestionView]:
    """Marks that listings of the brand keep showing and no reference does, oldest first."""
    return service.suggestions.list(brand_id, state=state, limit=limit, cursor=cursor)


@router.get(
    "/{suggestion_id}/pictures/{number}.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **documented(404)},
)
def get_picture(
    brand_id: str,
    suggestion_id: str,
    number: Number,
    caller: ReferenceReader,
    service: OpenService,
) -> Response:
    """A place where the mark was seen, cut out, as PNG."""
    return Response(service.suggestions.picture(brand_id, suggestion_id, number), media_type="image/png")


@router.post("/{suggestion_id}/answer", responses=documented(403, 404, 409))
async def answer_suggestion(
    *,
    brand_id: str, suggestion_id: str, new: NewAnswer, caller: ReferenceCreator, service: OpenService,
    workload: BoundedWork,
) -> SuggestionView:  # fmt: skip
    """Say what the mark is: the brand's own, a fake's, or neither."""
    return await workload.run(service.suggestions.answer, brand_id, suggestion_id, new, caller=caller)
