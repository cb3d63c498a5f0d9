"""/v1/brands/{brand_id}/references"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from serve.database.tables import ReferenceKind, ReferenceStatus
from serve.genuine.references import NewReference, ReferenceChange, ReferenceView
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import BoundedWork, OpenService, ReferenceCreator, ReferenceEditor, ReferenceReader
from serve.routes.forms import Form, file_schema, form_body, only_form, validated

router = APIRouter(prefix="/v1/brands/{brand_id}/references", tags=["references"])

FORM = Form(
    NewReference.model_fields, file="image", least=1,
    says="Send multipart/form-data: the picture as the part `image`, `kind` (logo or product), and if need be `sku` "
    "and `note`.",
)  # fmt: skip
BODY = only_form(
    form_body(
        NewReference, required=["image"], files={"image": file_schema("The genuine picture: JPEG, PNG, WebP or GIF")}
    )
)


@router.post("", status_code=201, responses=documented(400, 404, 409, 413, 415), openapi_extra=BODY)
async def add_reference(
    *,
    request: Request,
    brand_id: str,
    caller: ReferenceCreator,
    service: OpenService,
    workload: BoundedWork,
    response: Response,
) -> ReferenceView:
    """Upload a genuine picture; scans find it from the moment that the reply arrives."""
    sent = await FORM.read(request)
    new = validated(NewReference, sent.texts)
    made = await workload.run(service.references.add, brand_id, sent.files[0].data, new=new, actor=caller.key_id)
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
    return service.references.change(brand_id, reference_id, change, actor=caller.key_id)


@router.delete("/{reference_id}", status_code=204, responses=documented(404))
def remove_reference(brand_id: str, reference_id: str, caller: ReferenceEditor, service: OpenService) -> None:
    """Remove a reference and its picture; scans do not find it any more when the reply arrives."""
    service.references.remove(brand_id, reference_id, actor=caller.key_id)
