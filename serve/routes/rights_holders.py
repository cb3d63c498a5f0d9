"""/v1/rights-holders"""

from __future__ import annotations

from fastapi import APIRouter, Response

from serve.loop.good_faith import rights_holders
from serve.loop.good_faith.rights_holders import NewRightsHolder, RightsHolderChange, RightsHolderView
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import OpenService, RightsHolderCreator, RightsHolderEditor, RightsHolderReader

router = APIRouter(prefix="/v1/rights-holders", tags=["rights holders"])


@router.post("", status_code=201, responses=documented())
def create_rights_holder(
    new: NewRightsHolder, caller: RightsHolderCreator, service: OpenService, response: Response
) -> RightsHolderView:
    """Register a rights holder, for several brands to name."""
    made = rights_holders.create_rights_holder(service.database, new, caller=caller)
    response.headers["Location"] = f"/v1/rights-holders/{made.id}"
    return made


@router.get("", responses=documented())
def list_rights_holders(
    caller: RightsHolderReader, service: OpenService, limit: Limit = 50, cursor: Cursor = None
) -> Page[RightsHolderView]:
    """The rights holders that the key may see, oldest first."""
    return rights_holders.list_rights_holders(service.database, caller=caller, limit=limit, cursor=cursor)


@router.get("/{holder_id}", responses=documented(404))
def get_rights_holder(holder_id: str, caller: RightsHolderReader, service: OpenService) -> RightsHolderView:
    """One rights holder."""
    return rights_holders.get_rights_holder(service.database, holder_id)


@router.patch("/{holder_id}", responses=documented(404))
def change_rights_holder(
    holder_id: str, change: RightsHolderChange, caller: RightsHolderEditor, service: OpenService
) -> RightsHolderView:
    """Change name, country or time zone; due dates that are set do not move."""
    return rights_holders.change_rights_holder(service.database, holder_id, change, caller=caller)
