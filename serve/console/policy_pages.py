"""/console/policies: from when on listings are held up"""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from serve.console.rendering import START, PageRoute, page, to
from serve.console.sessions import Visit, Visitor, sent_by
from serve.genuine.brands import brand_names
from serve.loop.policy import policies
from serve.loop.policy.policies import NewPolicy, Restoration
from serve.protocol.paging import Cursor
from serve.routes.dependencies import OpenService
from serve.routes.forms import validated, validated_json
from serve.routes.policies import fit_policy, restore_policy, set_policy
from serve.text.listing import RULES
from serve.text.listing_rules import rules_for_sellers

router = APIRouter(prefix=f"{START}/policies", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Visit, Depends(Visitor("policies.read"))]
Editor = Annotated[Visit, Depends(Visitor("policies.change"))]

PAGE = 50
"""Versions on a page."""


@router.get("")
def list_policies(request: Request, visit: Reader, service: OpenService, cursor: Cursor = None) -> Response:
    """What is in force, and the versions, oldest first."""
    current = service.policies.current
    held = policies.get_policy(service.database, str(current.version))
    of_their_own = [one.brand_id for one in held.thresholds if one.brand_id is not None]
    return page(
        request, "policies.html", visit=visit, current=current, rules=rules_for_sellers(), held=held,
        model=service.bundle.name, names=brand_names(service.database, of_their_own),
        found=policies.list_policies(service.database, limit=PAGE, cursor=cursor),
    )  # fmt: skip


@router.post("")
async def change_policy(request: Request, visit: Editor, service: OpenService) -> Response:
    """Set what holds for all brands; what holds for single ones stays."""
    texts, _ = await sent_by(visit, request, "reason", "review_at", "block_at", *RULES)
    rules = {rule: texts.pop(rule) for rule in RULES if rule in texts}
    new = validated_json(NewPolicy, json.dumps({"block_at": None, **texts, "listing_rules": rules}))
    await run_in_threadpool(set_policy, new, visit.caller, service)
    return to(f"{START}/policies")


@router.post("/fit")
async def fit(request: Request, visit: Editor, service: OpenService) -> Response:
    """Fit the thresholds to what is settled."""
    await sent_by(visit, request)
    await run_in_threadpool(fit_policy, visit.caller, service)
    return to(f"{START}/policies")


@router.post("/{policy_version}/restoration")
async def restore(policy_version: str, request: Request, visit: Editor, service: OpenService) -> Response:
    """Put an earlier version back into force."""
    texts, _ = await sent_by(visit, request, "reason")
    restoration = validated(Restoration, texts)
    await run_in_threadpool(restore_policy, policy_version, restoration, visit.caller, service)
    return to(f"{START}/policies")
