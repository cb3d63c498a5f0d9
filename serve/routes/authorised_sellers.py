"""/v1/brands/{brand_id}/authorised-sellers"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path

from serve.loop.sellers import authorised_sellers
from serve.loop.sellers.authorised_sellers import AuthorisedSellerView, NewAuthorisation, Seller
from serve.protocol.names import whole_name
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import OpenService, ReferenceEditor, ReferenceReader

router = APIRouter(prefix="/v1/brands/{brand_id}/authorised-sellers", tags=["brands"])

Named = Annotated[Seller, Path(description="The marketplace's own name of the seller, as its listings have it")]


@router.put(whole_name("authorised_seller"), responses=documented(403, 404))
def authorise(
    brand_id: str,
    authorised_seller: Named,
    new: Annotated[NewAuthorisation, Body(default_factory=NewAuthorisation)],
    caller: ReferenceEditor,
    service: OpenService,
) -> AuthorisedSellerView:
    """Let a seller use the brand's official photos: its copied photos hold nothing up from now on."""
    return authorised_sellers.authorise(
        service.database, brand_id, authorised_seller, new, caller=caller,
        prove_ownership=service.settings.prove_ownership,
    )  # fmt: skip


@router.get("", responses=documented(404))
def list_authorised(
    brand_id: str, caller: ReferenceReader, service: OpenService, limit: Limit = 50, cursor: Cursor = None
) -> Page[AuthorisedSellerView]:
    """The sellers that the brand authorised, oldest first."""
    return authorised_sellers.list_authorised(service.database, brand_id, limit=limit, cursor=cursor)


@router.delete(whole_name("authorised_seller"), status_code=204, responses=documented(403, 404))
def take_back(brand_id: str, authorised_seller: Named, caller: ReferenceEditor, service: OpenService) -> None:
    """Take an authorisation back."""
    authorised_sellers.take_back(
        service.database, brand_id, authorised_seller, caller=caller, prove_ownership=service.settings.prove_ownership
    )
