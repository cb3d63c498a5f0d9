"""/v1/brands/{brand_id}/references"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile

from serve.database.tables import ReferenceKind, ReferenceStatus
from serve.paging import Cursor, Limit, Page
from serve.problems import documented
from serve.references import NewReference, ReferenceChange, ReferenceView
from serve.routes.dependencies import BoundedWork, OpenService, ReferenceCreator, ReferenceEditor, ReferenceReader
from serve.wording import Name, Note

router = APIRouter(prefix="/v1/brands/{brand_id}/references", tags=["references"])


@router.post("", status_code=201, responses=documented(400, 404, 409, 413, 415))
async def add_reference(
    *,
    brand_id: str,
    caller: ReferenceCreator,
    service: OpenService,
    workload: BoundedWork,
    response: Response,
    image: Annotated[UploadFile, File(description="The genuine picture: JPEG, PNG, WebP or GIF")],
    kind: Annotated[ReferenceKind, Form(description="A logo, or a product photo")],
    sku: Annotated[Name | None, Form(description="The product that it shows")] = None,
    note: Annotated[Note | None, Form()] = None,
) -> ReferenceView:
    """Upload a genuine picture; scans find it from the moment that the reply arrives."""
    new = NewReference(kind=kind, sku=sku, note=note)
    made = await workload.run(service.references.add, brand_id, await image.read(), new=new)
    response.headers["Location"] = f"/v1/brands/{brand_id}/references/{made.id}"
    return made


@router.get("", responses=documented(404))
def list_references(
    *,
    brand_id: str,
    caller: ReferenceReader,
    service: OpenService,
    kind: ReferenceKind | None = None,
    status: ReferenceStatus | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ReferenceView]:
    """A brand's references, oldest first."""
    return service.references.list(brand_id, kind=kind, status=status, limit=limit, cursor=cursor)


@router.get("/{reference_id}", responses=documented(404))
def get_reference(brand_id: str, reference_id: str, caller: ReferenceReader, service: OpenService) -> ReferenceView:
    """One reference."""
    return service.references.get(brand_id, reference_id)


@router.get(
    "/{reference_id}/picture",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **documented(404)},
)
def get_picture(brand_id: str, reference_id: str, caller: ReferenceReader, service: OpenService) -> Response:
    """The reference's pixels, upright and on white, as PNG."""
    picture = service.references.picture(brand_id, reference_id)
    return Response(picture, media_type="image/png", headers={"Cache-Control": "private, max-age=86400"})


@router.patch("/{reference_id}", responses=documented(404))
def change_reference(
    brand_id: str, reference_id: str, change: ReferenceChange, caller: ReferenceEditor, service: OpenService
) -> ReferenceView:
    """Disable a reference, make it active again, or change what is said of it; effective at once."""
    return service.references.change(brand_id, reference_id, change)


@router.delete("/{reference_id}", status_code=204, responses=documented(404))
def remove_reference(brand_id: str, reference_id: str, caller: ReferenceEditor, service: OpenService) -> None:
    """Remove a reference and its picture; scans do not find it any more when the reply arrives."""
    service.references.remove(brand_id, reference_id)
