"""/v1/listings"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from serve.loop import listing_decisions, stored_listings, withdrawal
from serve.loop.listing_decisions import DecisionPage
from serve.loop.listings import MOST_IMAGES, ListingResult, NewListing
from serve.loop.stored_listings import StoredListing
from serve.loop.withdrawal import Withdrawal, Withdrawn
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented, unprocessable
from serve.routes.dependencies import BoundedWork, ListingReader, ListingSender, OpenService
from serve.routes.forms import Form, validated_json
from serve.scanning.results import Decision
from serve.text.wording import Text

router = APIRouter(prefix="/v1/listings", tags=["listings"])

SAYS = (
    "Send multipart/form-data: `listing`, JSON text with `id` and `seller`, "
    f"and 1 to {MOST_IMAGES} pictures as parts named `image`."
)
FORM = Form(["listing"], file="image", least=1, most=MOST_IMAGES, says=SAYS)
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["listing", "image"],
                    "properties": {
                        "listing": {"type": "string", "description": "JSON: `id`, `seller`, and what `Listing` has"},
                        "image": {
                            "type": "array", "minItems": 1, "maxItems": MOST_IMAGES,
                            "items": {"type": "string", "format": "binary"},
                        },
                    },
                }
            },
        },
    }
}  # fmt: skip


@router.post("", status_code=201, responses=documented(400, 409, 413, 415), openapi_extra=BODY)
async def send_listing(
    request: Request, caller: ListingSender, service: OpenService, workload: BoundedWork
) -> ListingResult:
    """Scan a listing's pictures, decide, store it; a `review` opens a case for the brand."""
    new, pictures = await _read(request)
    return await workload.run(service.listings.receive, new, pictures, actor=caller.key_id)


@router.get("", responses=documented())
def list_listings(
    *,
    caller: ListingReader,
    service: OpenService,
    listing_id: Annotated[
        Text | None, Query(alias="id", max_length=200, description="The marketplace's own id: this one only")
    ] = None,
    seller: Annotated[Text | None, Query(max_length=500, description="Of this seller only")] = None,
    decision: Annotated[Decision | None, Query(description="With this decision only")] = None,
    withdrawn: Annotated[
        bool | None, Query(description="Only those that are offered no more, or only those that are")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[StoredListing]:
    """Stored listings with what holds for them now, in the order in which they first came."""
    return stored_listings.list_listings(
        service.database, listing_id=listing_id, seller=seller, decision=decision, withdrawn=withdrawn, limit=limit,
        cursor=cursor,
    )  # fmt: skip


@router.get("/decisions", responses=documented())
def list_decisions(
    *, caller: ListingReader, service: OpenService, limit: Limit = 50, cursor: Cursor = None
) -> DecisionPage:
    """Each change of what holds for a listing, oldest first; keep `resume_cursor` to fetch what is new."""
    return listing_decisions.list_decisions(service.database, limit=limit, cursor=cursor)


@router.post("/withdrawals", responses=documented())
def withdraw_listings(new: Withdrawal, caller: ListingSender, service: OpenService) -> Withdrawn:
    """Say that listings are offered no more: they leave the stock. One that is sent again is offered again."""
    return withdrawal.withdraw(service.database, new, caller=caller)


async def _read(request: Request) -> tuple[NewListing, list[bytes]]:
    """The listing and its pictures' files. Raises `Problem` (400, 415, 422) and `RequestValidationError` (422)."""
    sent = await FORM.read(request)
    if "listing" not in sent.texts:
        raise unprocessable("invalid-listing", f"The part `listing` is missing. {SAYS}")
    return validated_json(NewListing, sent.texts["listing"]), [image.data for image in sent.files]
