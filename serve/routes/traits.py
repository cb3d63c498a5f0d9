"""/v1/brands/{brand_id}/traits"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from serve.loop.stock.traits import NewTrait, TraitView
from serve.protocol.problems import documented
from serve.routes.dependencies import BoundedWork, OpenService, ReferenceCreator, ReferenceEditor, ReferenceReader
from serve.routes.forms import Form, file_schema, form_body, only_form, validated

router = APIRouter(prefix="/v1/brands/{brand_id}/traits", tags=["brands"])

FORM = Form(
    NewTrait.model_fields, file="image",
    says="Send multipart/form-data: `text`, a picture of the fake as the part `image`, or both, and if need be `note`.",
)  # fmt: skip
BODY = only_form(form_body(NewTrait, files={"image": file_schema("A picture of the fake")}))


@router.post("", status_code=201, responses=documented(400, 403, 404, 413, 415), openapi_extra=BODY)
async def add_trait(
    request: Request, brand_id: str, caller: ReferenceCreator, service: OpenService, workload: BoundedWork
) -> TraitView:
    """Say how a fake of the brand is known; its picture becomes a label, and the stock is searched for it."""
    sent = await FORM.read(request)
    new, picture = validated(NewTrait, sent.texts), sent.files[0].data if sent.files else None
    return await workload.run(service.traits.add, brand_id, new, picture, caller=caller)


@router.get("", responses=documented(404))
def list_traits(brand_id: str, caller: ReferenceReader, service: OpenService) -> list[TraitView]:
    """The brand's fake traits, oldest first."""
    return service.traits.list(brand_id)


@router.get(
    "/{trait_id}/picture",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **documented(404)},
)
async def get_picture(
    brand_id: str, trait_id: str, caller: ReferenceReader, service: OpenService, workload: BoundedWork
) -> Response:
    """The picture of the fake, upright, as PNG."""
    return Response(await workload.run(service.traits.picture, brand_id, trait_id), media_type="image/png")


@router.delete("/{trait_id}", status_code=204, responses=documented(403, 404))
def remove_trait(brand_id: str, trait_id: str, caller: ReferenceEditor, service: OpenService) -> None:
    """Take a trait back; its label counts no more."""
    service.traits.remove(brand_id, trait_id, caller=caller)
