"""/v1/networks"""

from __future__ import annotations

from fastapi import APIRouter

from serve.loop.sellers import networks
from serve.loop.sellers.networks import NetworkView
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import NetworkReader, OpenService

router = APIRouter(prefix="/v1/networks", tags=["sellers"])


@router.get("", responses=documented())
def list_networks(
    caller: NetworkReader, service: OpenService, limit: Limit = 50, cursor: Cursor = None
) -> Page[NetworkView]:
    """Sellers who offer the same fakes, and the listings that show it."""
    return networks.list_networks(service.database, limit=limit, cursor=cursor)
