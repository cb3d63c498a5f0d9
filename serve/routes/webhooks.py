"""/v1/rights-holders/{holder_id}/webhook and …/deliveries"""

from __future__ import annotations

from fastapi import APIRouter

from serve.loop.push import deliveries, webhooks
from serve.loop.push.deliveries import DeliveryView, State
from serve.loop.push.webhooks import NewWebhook, WebhookView, WebhookWithSecret
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import OpenService, WebhookEditor, WebhookReader

router = APIRouter(prefix="/v1/rights-holders/{holder_id}", tags=["webhooks"])


@router.put("/webhook", responses=documented(404))
def set_webhook(holder_id: str, new: NewWebhook, caller: WebhookEditor, service: OpenService) -> WebhookWithSecret:
    """Say where to push what happens; the answer holds the secret that verifies signatures, this once."""
    return webhooks.set_webhook(service.database, holder_id, new, caller=caller)


@router.get("/webhook", responses=documented(404))
def get_webhook(holder_id: str, caller: WebhookReader, service: OpenService) -> WebhookView:
    """Where it is pushed."""
    return webhooks.get_webhook(service.database, holder_id)


@router.delete("/webhook", status_code=204, responses=documented(404))
def remove_webhook(holder_id: str, caller: WebhookEditor, service: OpenService) -> None:
    """Push nothing any more."""
    webhooks.remove_webhook(service.database, holder_id, caller=caller)


@router.get("/deliveries", responses=documented(404))
def list_deliveries(
    holder_id: str, caller: WebhookReader, service: OpenService, *, state: State | None = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> Page[DeliveryView]:  # fmt: skip
    """What was pushed, in one state or in any, oldest first, with every try."""
    return deliveries.list_deliveries(service.database, holder_id, state=state, limit=limit, cursor=cursor)


@router.post("/deliveries/{delivery_id}/redelivery", status_code=202, responses=documented(404))
def redeliver(holder_id: str, delivery_id: str, caller: WebhookEditor, service: OpenService) -> DeliveryView:
    """Send a message again, with the same id."""
    return deliveries.redeliver(service.database, holder_id, delivery_id)
