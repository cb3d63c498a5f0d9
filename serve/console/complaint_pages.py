"""/console/complaints: what trust & safety decide on"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from serve.console.rendering import START, PageRoute, page, to
from serve.console.sessions import Visit, Visitor, sent_by
from serve.genuine.brands import brand_names
from serve.loop import adjudication, cases, complaints, counter_notices
from serve.loop.adjudication import Decision, Reversal
from serve.loop.attachments import MOST_FILES
from serve.loop.complaints import ComplaintView
from serve.loop.counter_notices import NewCounterNotice
from serve.loop.states import COMPLAINT, ComplaintAction, ComplaintState
from serve.loop.stock.named_fakes import named_fakes
from serve.protocol.paging import Cursor
from serve.routes import complaints as complaint_routes
from serve.routes.dependencies import OpenService
from serve.routes.forms import validated

router = APIRouter(prefix=f"{START}/complaints", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Visit, Depends(Visitor("complaints.read"))]
Examiner = Annotated[Visit, Depends(Visitor("complaints.decide"))]
CounterNoticeSender = Annotated[Visit, Depends(Visitor("counter_notices.create"))]

PAGE = 50
"""Complaints on a page."""


@router.get("")
def list_complaints(
    request: Request, visit: Reader, service: OpenService,
    state: Annotated[ComplaintState | None, Query()] = None, cursor: Cursor = None,
) -> Response:  # fmt: skip
    """Complaints, in one state or in any."""
    found = complaints.list_complaints(service.database, caller=visit.caller, state=state, limit=PAGE, cursor=cursor)
    answered = complaints.list_complaints(
        service.database, caller=visit.caller, state=ComplaintState.COUNTERED, limit=1, cursor=None
    )
    return page(
        request, "complaints.html", visit=visit, found=found, state=state, states=list(ComplaintState),
        brands=brand_names(service.database, {one.brand_id for one in found.items}),
        answered=bool(answered.items),
    )  # fmt: skip


@router.get("/{complaint_id}")
def show_complaint(complaint_id: str, request: Request, visit: Reader, service: OpenService) -> Response:
    """A complaint with its case, and what may follow."""
    complaint = complaints.get_complaint(service.database, complaint_id)
    case = cases.get_case(service.database, complaint.case_id)
    may_follow = {action for state, action in COMPLAINT if state == complaint.state}
    return page(
        request, "complaint.html", visit=visit, complaint=complaint, case=case,
        decisions=adjudication.decisions_on(service.database, complaint_id),
        decidable=ComplaintAction.UPHOLD in may_follow, reversible=ComplaintAction.REVERSE in may_follow,
        answerable=ComplaintAction.ANSWER in may_follow and _is_in_time(complaint),
        known_fake=named_fakes(service.database, [case]).get(case.id),
    )  # fmt: skip


@router.post("/{complaint_id}/decision")
async def decide(complaint_id: str, request: Request, visit: Examiner, service: OpenService) -> Response:
    """Uphold or dismiss."""
    texts, _ = await sent_by(visit, request, "outcome", "reason", "state")
    await run_in_threadpool(
        adjudication.decide, service.database, complaint_id, validated(Decision, texts),
        window=complaint_routes.counter_notice_window(service), caller=visit.caller,
    )  # fmt: skip
    return to(f"{START}/complaints/{complaint_id}")


@router.post("/{complaint_id}/reversal")
async def reverse(complaint_id: str, request: Request, visit: Examiner, service: OpenService) -> Response:
    """Turn a decision round."""
    texts, _ = await sent_by(visit, request, "reason", "state")
    await run_in_threadpool(
        adjudication.reverse, service.database, complaint_id, validated(Reversal, texts),
        window=complaint_routes.counter_notice_window(service), caller=visit.caller,
    )  # fmt: skip
    return to(f"{START}/complaints/{complaint_id}")


@router.post("/{complaint_id}/counter-notice")
async def enter_counter_notice(
    complaint_id: str, request: Request, visit: CounterNoticeSender, service: OpenService
) -> Response:
    """Enter what the seller answered."""
    texts, files = await sent_by(visit, request, "statement", most=MOST_FILES)
    await run_in_threadpool(
        counter_notices.send_counter_notice, service.database, service.objects, complaint_id,
        validated(NewCounterNotice, texts), files, caller=visit.caller,
    )  # fmt: skip
    return to(f"{START}/complaints/{complaint_id}")


@router.get("/{complaint_id}/files/{file_id}")
def show_file(complaint_id: str, file_id: str, visit: Reader, service: OpenService) -> Response:
    """An attached file, as it came."""
    return complaint_routes.get_file(complaint_id, file_id, visit.caller, service)


def _is_in_time(complaint: ComplaintView) -> bool:
    """Whether the seller may answer still."""
    return complaint.window_ends is not None and datetime.now(UTC) < complaint.window_ends
