"""/console/cases: the rights holder's queue, and a case with its evidence, its judgement and its complaint"""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from serve.console.rendering import START, PageRoute, page, to
from serve.console.sessions import Visit, Visitor, sent_by
from serve.loop import cases, complaints, doubts, judgements
from serve.loop.attachments import MOST_FILES
from serve.loop.complaints import NewComplaint
from serve.loop.doubts import NewDoubt
from serve.loop.judgements import LONGEST_TAG, MOST_TAGS, Judgement
from serve.loop.states import CaseState
from serve.protocol.paging import Cursor
from serve.routes import cases as case_routes
from serve.routes.dependencies import BoundedWork, OpenService
from serve.routes.forms import validated, validated_json
from serve.service import Service

router = APIRouter(prefix=f"{START}/cases", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Visit, Depends(Visitor("cases.read"))]
Judge = Annotated[Visit, Depends(Visitor("cases.judge"))]
Complainant = Annotated[Visit, Depends(Visitor("complaints.create"))]
Doubter = Annotated[Visit, Depends(Visitor("complaints.decide"))]

PAGE = 20
"""Cases on a page."""

TAGS = tuple(f"tag{number}" for number in range(MOST_TAGS))
"""The boxes of a judgement's form that name fake traits."""


@router.get("")
def list_cases(
    request: Request, visit: Reader, service: OpenService,
    state: Annotated[CaseState | None, Query()] = None, cursor: Cursor = None,
) -> Response:  # fmt: skip
    """The queue, or cases in another state."""
    found = cases.list_cases(service.database, caller=visit.caller, state=state, limit=PAGE, cursor=cursor)
    return page(
        request, "cases.html", visit=visit, found=found, state=state, states=list(CaseState),
        suggested=service.suggestions.waiting(caller=visit.caller),
    )  # fmt: skip


@router.get("/{case_id}")
def show_case(case_id: str, request: Request, visit: Reader, service: OpenService) -> Response:
    """A case, and what the visitor may do about it."""
    case = cases.get_case(service.database, case_id)
    filed = complaints.get_complaint(service.database, case.complaint_id) if case.complaint_id else None
    waiting = cases.list_cases(service.database, caller=visit.caller, state=CaseState.OPEN, limit=2, cursor=None)
    return page(
        request, "case.html", visit=visit, case=case, complaint=filed, traits=_traits(service, visit, case.brand_id),
        CaseState=CaseState, next_case=next((one.id for one in waiting.items if one.id != case_id), None),
    )  # fmt: skip


@router.post("/{case_id}/judgement")
async def judge(case_id: str, request: Request, visit: Judge, service: OpenService) -> Response:
    """Say whether the listing infringes."""
    texts, _ = await sent_by(visit, request, "verdict", "reason", "revision", *TAGS)
    tags = [texts.pop(name) for name in TAGS if name in texts]
    given = validated_json(Judgement, json.dumps({**texts, "tags": tags}))
    await run_in_threadpool(
        judgements.judge, service.database, case_id, given, prove_ownership=service.settings.prove_ownership,
        caller=visit.caller,
    )  # fmt: skip
    return to(f"{START}/cases/{case_id}#answer")


@router.post("/{case_id}/retraction")
async def retract(case_id: str, request: Request, visit: Judge, service: OpenService) -> Response:
    """Take the judgement back."""
    await sent_by(visit, request)
    await run_in_threadpool(judgements.retract, service.database, case_id, caller=visit.caller)
    return to(f"{START}/cases/{case_id}")


@router.post("/{case_id}/complaint")
async def complain(case_id: str, request: Request, visit: Complainant, service: OpenService) -> Response:
    """Stand behind the judgement."""
    texts, files = await sent_by(visit, request, "statement", most=MOST_FILES)
    await run_in_threadpool(
        complaints.file_complaint, service.database, service.objects, case_id, validated(NewComplaint, texts), files,
        prove_ownership=service.settings.prove_ownership, caller=visit.caller,
    )  # fmt: skip
    return to(f"{START}/cases/{case_id}")


@router.post("/{case_id}/doubt")
async def doubt(case_id: str, request: Request, visit: Doubter, service: OpenService) -> Response:
    """See it otherwise than the rights holder."""
    texts, _ = await sent_by(visit, request, "reason")
    made = await run_in_threadpool(
        doubts.doubt, service.database, case_id, validated(NewDoubt, texts), caller=visit.caller
    )
    return to(f"{START}/complaints/{made.id}")


@router.get("/{case_id}/pictures/{number}.png")
async def show_picture(
    case_id: str, number: case_routes.Number, visit: Reader, service: OpenService, workload: BoundedWork
) -> Response:
    """A picture of the listing."""
    return await case_routes.get_picture(case_id, number, visit.caller, service, workload)


@router.get("/{case_id}/evidence/{number}.png")
def show_evidence(case_id: str, number: case_routes.Number, visit: Reader, service: OpenService) -> Response:
    """The picture that shows a finding."""
    return case_routes.get_evidence(case_id, number, visit.caller, service)


def _traits(service: Service, visit: Visit, brand_id: str) -> list[str]:
    """The newest fake traits of the brand in words that are short enough to be named by a judgement."""
    if not visit.may("cases.judge"):
        return []
    said = [trait.text for trait in service.traits.list(brand_id) if trait.text and len(trait.text) <= LONGEST_TAG]
    return said[-len(TAGS) :]
