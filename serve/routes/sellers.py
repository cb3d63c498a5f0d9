"""/v1/sellers"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from serve.loop.sellers import sellers
from serve.loop.sellers.sellers import SellerView
from serve.protocol.names import whole_name
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import OpenService, SellerReader
from serve.text.wording import Text

router = APIRouter(prefix="/v1/sellers", tags=["sellers"])


@router.get("", responses=documented())
def list_infringers(
    *,
    caller: SellerReader,
    service: OpenService,
    seller: Annotated[Text | None, Query(max_length=500, description="This seller only")] = None,
    repeated: Annotated[bool, Query(description="Only those that went on after they were told")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SellerView]:
    """Sellers against whom a complaint was upheld, in the order of their first."""
    return sellers.list_infringers(service.database, seller=seller, repeated=repeated, limit=limit, cursor=cursor)


@router.get(whole_name("seller"), responses=documented(404))
def get_seller(seller: Annotated[Text, Path(max_length=500)], caller: SellerReader, service: OpenService) -> SellerView:
    """What was found against a seller, and whether it went on after it was told."""
    return sellers.get_seller(service.database, seller)
