"""/v1/listings"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile

from serve.loop.listings import MOST_IMAGES, ListingResult, NewListing
from serve.problems import Problem, documented, unprocessable
from serve.routes.dependencies import BoundedWork, ListingSender, OpenService
from serve.routes.forms import validated_json

router = APIRouter(prefix="/v1/listings", tags=["listings"])

FORM = (
    "Send multipart/form-data: `listing`, JSON text with `id` and `seller`, "
    f"and 1 to {MOST_IMAGES} pictures as parts named `image`."
)
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


async def _read(request: Request) -> tuple[NewListing, list[bytes]]:
    """The listing and its pictures' files. Raises `Problem` (415, 422)."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Problem(415, "unsupported-type", FORM)
    async with request.form(max_files=MOST_IMAGES, max_fields=4) as form:
        listing = form.get("listing")
        if not isinstance(listing, str):
            raise unprocessable("invalid-listing", f"The part `listing` is missing. {FORM}")
        images = form.getlist("image")
        if not images or not all(isinstance(image, UploadFile) for image in images):
            raise unprocessable("image-missing", f"A part `image` is missing, or has no file name. {FORM}")
        new = validated_json(NewListing, listing)
        return new, [await image.read() for image in images if isinstance(image, UploadFile)]
