"""/v1/brands/{brand_id}/traits"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile

from serve.loop.traits import NewTrait, TraitView
from serve.problems import documented
from serve.routes.dependencies import BoundedWork, OpenService, ReferenceCreator, ReferenceEditor, ReferenceReader
from serve.wording import Note

router = APIRouter(prefix="/v1/brands/{brand_id}/traits", tags=["brands"])


@router.post("", status_code=201, responses=documented(400, 403, 404, 413, 415))
async def add_trait(
    *,
    brand_id: str,
    caller: ReferenceCreator,
    service: OpenService,
    workload: BoundedWork,
    image: Annotated[UploadFile | None, File(description="A picture of the fake")] = None,
    text: Annotated[Note | None, Form(description="How the fake is known")] = None,
    note: Annotated[Note | None, Form(description="For the brand's own use")] = None,
) -> TraitView:
    """Say how a fake of the brand is known; its picture becomes a label, and the stock is searched for it."""
    picture = None if image is None else await image.read()
    return await workload.run(service.traits.add, brand_id, NewTrait(text=text, note=note), picture, caller=caller)


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
