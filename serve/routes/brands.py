"""/v1/brands"""

from __future__ import annotations

from fastapi import APIRouter, Response

from serve.genuine import brands
from serve.genuine.brands import BrandChange, BrandView, NewBrand
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import BrandCreator, BrandEditor, BrandReader, OpenService

router = APIRouter(prefix="/v1/brands", tags=["brands"])


@router.post("", status_code=201, responses=documented(404, 409))
def create_brand(new: NewBrand, caller: BrandCreator, service: OpenService, response: Response) -> BrandView:
    """Register a brand."""
    made = brands.create_brand(service.database, new, actor=caller.key_id, replica=service.replica)
    response.headers["Location"] = f"/v1/brands/{made.id}"
    return made


@router.get("", responses=documented())
def list_brands(caller: BrandReader, service: OpenService, limit: Limit = 50, cursor: Cursor = None) -> Page[BrandView]:
    """The brands that the key may see, oldest first."""
    return brands.list_brands(service.database, caller=caller, limit=limit, cursor=cursor)


@router.get("/{brand_id}", responses=documented(404))
def get_brand(brand_id: str, caller: BrandReader, service: OpenService) -> BrandView:
    """One brand."""
    return brands.get_brand(service.database, brand_id)


@router.patch("/{brand_id}", responses=documented(404, 409))
def change_brand(brand_id: str, change: BrandChange, caller: BrandEditor, service: OpenService) -> BrandView:
    """Change a brand's name, aliases or words; fields left out stay."""
    return brands.change_brand(service.database, brand_id, change, actor=caller.key_id, replica=service.replica)
