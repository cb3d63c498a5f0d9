"""/v1/webhook: where the marketplace is told"""

from __future__ import annotations

from fastapi import APIRouter

from serve.loop.push import deliveries, webhooks
from serve.loop.push.deliveries import MARKETPLACE, DeliveryView, State
from serve.loop.push.webhooks import NewWebhook, WebhookView, WebhookWithSecret
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import MarketplaceWebhookEditor, MarketplaceWebhookReader, OpenService

router = APIRouter(prefix="/v1/webhook", tags=["webhooks"])


@router.put("", responses=documented())
def set_webhook(new: NewWebhook, caller: MarketplaceWebhookEditor, service: OpenService) -> WebhookWithSecret:
    """Say where to push what holds for listings and what sellers are told; the answer holds the secret, this once."""
    return webhooks.set_webhook(service.database, MARKETPLACE, new, caller=caller)


@router.get("", responses=documented(404))
def get_webhook(caller: MarketplaceWebhookReader, service: OpenService) -> WebhookView:
    """Where it is pushed."""
    return webhooks.get_webhook(service.database, MARKETPLACE)


@router.delete("", status_code=204, responses=documented())
def remove_webhook(caller: MarketplaceWebhookEditor, service: OpenService) -> None:
    """Push nothing any more."""
    webhooks.remove_webhook(service.database, MARKETPLACE, caller=caller)


@router.get("/deliveries", responses=documented())
def list_deliveries(
    caller: MarketplaceWebhookReader, service: OpenService, state: State | None = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> Page[DeliveryView]:  # fmt: skip
    """What was pushed, in one state or in any, oldest first, with every try."""
    return deliveries.list_deliveries(service.database, MARKETPLACE, state=state, limit=limit, cursor=cursor)


@router.post("/deliveries/{message_id}/redelivery", status_code=202, responses=documented(404))
def redeliver(message_id: str, caller: MarketplaceWebhookEditor, service: OpenService) -> DeliveryView:
    """Send a message again, with the same id."""
    return deliveries.redeliver(service.database, MARKETPLACE, message_id)
