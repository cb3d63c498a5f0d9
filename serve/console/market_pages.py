"""/console: what trust & safety follow on the marketplace: texts that are held up, sellers, networks, the report"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from serve.console.rendering import START, PageRoute, page, to
from serve.console.sessions import Visit, Visitor, sent_by
from serve.genuine.brands import brand_names
from serve.loop.report import report
from serve.loop.sellers import networks, sellers
from serve.loop.texts import text_holds
from serve.loop.texts.text_holds import Clearance, State, TextHoldView
from serve.protocol.paging import Cursor
from serve.protocol.problems import unprocessable
from serve.routes.dependencies import OpenService
from serve.routes.forms import validated
from serve.text.listing import BrokenRule
from serve.text.listing_rules import rules_for_sellers
from serve.text.wording import Text

router = APIRouter(prefix=START, route_class=PageRoute, include_in_schema=False)

TextReader = Annotated[Visit, Depends(Visitor("listings.read"))]
TextExaminer = Annotated[Visit, Depends(Visitor("listing_rules.clear"))]
SellerReader = Annotated[Visit, Depends(Visitor("sellers.read"))]
NetworkReader = Annotated[Visit, Depends(Visitor("networks.read"))]
ReportReader = Annotated[Visit, Depends(Visitor("report.read"))]

PAGE = 50

AROUND = 80
"""Letters that are shown before and behind what breaks a rule."""


@router.get("/texts")
def list_texts(
    request: Request, visit: TextReader, service: OpenService, state: Annotated[State | None, Query()] = None,
    cursor: Cursor = None,
) -> Response:  # fmt: skip
    """Listings that are, or were, held up for what their text says."""
    found = text_holds.list_text_holds(service.database, seller=None, state=state, limit=PAGE, cursor=cursor)
    names = brand_names(
        service.database, {brand for one in found.items for rule in one.broken_rules for brand in rule.brand_ids}
    )
    return page(
        request, "texts.html", visit=visit, found=found, state=state, rules=rules_for_sellers(),
        around=_around,
        names_of=lambda rule: sorted({names[brand] for brand in rule.brand_ids if brand in names}),
    )  # fmt: skip


@router.post("/texts/{hold_id}/clearance")
async def clear_text(hold_id: str, request: Request, visit: TextExaminer, service: OpenService) -> Response:
    """Say that a text breaks nothing."""
    texts, _ = await sent_by(visit, request, "reason")
    clearance = validated(Clearance, texts)
    await run_in_threadpool(text_holds.clear_text, service.database, hold_id, clearance, caller=visit.caller)
    return to(f"{START}/texts?state=held")


@router.get("/sellers")
def list_sellers(
    *,
    request: Request,
    visit: SellerReader,
    service: OpenService,
    seller: Annotated[Text | None, Query(max_length=500)] = None,
    repeated: bool = False,
    cursor: Cursor = None,
) -> Response:
    """Sellers against whom something was found."""
    found = sellers.list_infringers(
        service.database, seller=seller or None, repeated=repeated, limit=PAGE, cursor=cursor
    )
    return page(request, "sellers.html", visit=visit, found=found, seller=seller or "", repeated=repeated)


@router.get("/networks")
def list_networks(request: Request, visit: NetworkReader, service: OpenService, cursor: Cursor = None) -> Response:
    """Sellers who offer the same fakes."""
    found = networks.list_networks(service.database, limit=PAGE, cursor=cursor)
    return page(request, "networks.html", visit=visit, found=found)


@router.get("/report")
def show_report(
    request: Request, visit: ReportReader, service: OpenService, since: str = "", until: str = ""
) -> Response:
    """The figures of a stretch of days."""
    figures = report(service.database, since=_midnight(since), until=_midnight(until))
    return page(request, "report.html", visit=visit, figures=figures, since=since, until=until)


def _around(broken: BrokenRule, hold: TextHoldView) -> tuple[str, str, str]:
    """What stands before and behind what breaks the rule, and between them what does; shortened."""
    said = {"title": hold.title, "description": hold.description}.get(broken.where) or ""
    before, found, behind = said.partition(broken.text)
    if not found:
        return "", broken.text, ""
    return (
        before if len(before) <= AROUND else f"…{before[-AROUND:]}",
        broken.text,
        behind if len(behind) <= AROUND else f"{behind[:AROUND]}…",
    )


def _midnight(day: str) -> datetime | None:
    """When a day (YYYY-MM-DD) begins, UTC; None for none. Raises `Problem` (422)."""
    if not day:
        return None
    try:
        return datetime.combine(date.fromisoformat(day), time(), UTC)
    except ValueError as error:
        raise unprocessable("invalid-request", f"{day!r} is no day; write it as 2026-12-01.") from error
