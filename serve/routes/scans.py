"""/v1/scan and /v1/scans"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from serve.protocol.problems import documented, unprocessable
from serve.routes.dependencies import BoundedWork, OpenService, ScanReader, ScanSender
from serve.routes.forms import Form, media_type
from serve.scanning.results import ScanResult
from serve.text.listing import Listing, SentListing

router = APIRouter(prefix="/v1", tags=["scans"])

SAYS = "Send the picture as the `image` part of a multipart/form-data body, or raw with Content-Type image/*."
FORM = Form(["listing"], file="image", least=1, says=SAYS)
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image"],
                    "properties": {
                        "image": {"type": "string", "format": "binary"},
                        "listing": {"type": "string", "description": "JSON: what the seller says, see `Listing`"},
                    },
                }
            },
            "image/*": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post("/scan", responses=documented(400, 409, 413, 415), openapi_extra=BODY)
async def scan(request: Request, caller: ScanSender, service: OpenService, workload: BoundedWork) -> ScanResult:
    """Whose marks are in the picture, and is each genuine, smeared or imitated? The picture is not kept."""
    data, listing = await read_upload(request)
    result = await workload.run(service.scans.scan, data, listing=listing)
    request.state.scan_id = result.scan_id
    return result


@router.get("/scans/{scan_id}", response_model=ScanResult, responses=documented(404))
def get_scan(scan_id: str, caller: ScanReader, service: OpenService) -> JSONResponse:
    """An earlier answer, as it was sent."""
    return JSONResponse(service.scans.find(scan_id))


@router.get(
    "/scans/{scan_id}/evidence/{number}.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **documented(404)},
)
def get_evidence(
    scan_id: str, number: Annotated[int, Path(ge=0, le=999)], caller: ScanReader, service: OpenService
) -> Response:
    """The picture that shows a finding: region, genuine reference and their difference."""
    return Response(service.scans.evidence(scan_id, number), media_type="image/png")


async def read_upload(request: Request) -> tuple[bytes, Listing | None]:
    """The picture's file and what the seller says. Raises `Problem` (400, 415, 422)."""
    kind = media_type(request)
    if kind.startswith("image/") or kind == "application/octet-stream":
        return await request.body(), None
    sent = await FORM.read(request)
    listing = sent.texts.get("listing")
    return sent.files[0].data, None if listing is None else parsed_listing(listing)


def parsed_listing(text: str) -> Listing:
    """The listing in a JSON text. Raises `Problem` (422)."""
    try:
        return SentListing.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "listing"
        raise unprocessable("invalid-listing", f"The part `listing`: {where}: {first['msg']}.") from error
