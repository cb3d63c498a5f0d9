"""/console/cases: the rights holder's queue, answered there or case by case, with evidence, judgement and complaint"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from serve.access.keys import Caller
from serve.console.rendering import START, PageRoute, page, to
from serve.console.sessions import SAYS, Visit, Visitor, sent_by
from serve.loop import cases, closings, complaints, doubts, judgements
from serve.loop.attachments import MOST_FILES
from serve.loop.cases import CaseView
from serve.loop.closings import NewRelease
from serve.loop.complaints import NewComplaint
from serve.loop.doubts import NewDoubt
from serve.loop.good_faith import rights_documents
from serve.loop.good_faith.rights_documents import DocumentKind
from serve.loop.judgements import LONGEST_TAG, MOST_TAGS, Judgement, Judgements
from serve.loop.states import CaseAction, CaseState
from serve.loop.stock.named_fakes import named_fakes
from serve.loop.teaching.juries import juries_of_case
from serve.loop.waiting import suggested
from serve.protocol.paging import Cursor, Page, cursor_of
from serve.protocol.problems import KNOWN, Problem, of_error, unprocessable
from serve.routes import cases as case_routes
from serve.routes import complaints as complaint_routes
from serve.routes.dependencies import BoundedWork, OpenService
from serve.routes.forms import validated, validated_json
from serve.service import Service
from serve.text.wording import Reason, Text

router = APIRouter(prefix=f"{START}/cases", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Visit, Depends(Visitor("cases.read"))]
Judge = Annotated[Visit, Depends(Visitor("cases.judge"))]
Complainant = Annotated[Visit, Depends(Visitor("complaints.create"))]
Doubter = Annotated[Visit, Depends(Visitor("complaints.decide"))]

PAGE = 20
"""Cases on a page."""

ANSWERS = tuple(f"{name}{number}" for number in range(PAGE) for name in ("case", "revision", "verdict"))
"""What the form of a page of the queue holds of each of its cases."""

TAGS = tuple(f"tag{number}" for number in range(MOST_TAGS))
"""The boxes of a judgement's form that name fake traits."""


class Closing(BaseModel):
    """What becomes of the listing of a case that nobody's word ended, and why."""

    model_config = ConfigDict(extra="forbid")

    listing: Literal["release", "take_off"]
    reason: Reason


@router.get("")
def list_cases(
    request: Request, visit: Reader, service: OpenService, *,
    state: CaseState | Literal["all"] | None = None,
    listing: Annotated[Text | None, Query(max_length=200)] = None, cursor: Cursor = None,
) -> Response:  # fmt: skip
    """The queue, cases in another state, or those of a listing."""
    shown = state or ("all" if listing else CaseState.OPEN)
    found = cases.list_cases(
        service.database, caller=visit.caller, state=None if shown == "all" else shown, listing_id=listing or None,
        limit=PAGE, cursor=cursor,
    )  # fmt: skip
    return page(
        request, "cases.html", visit=visit, found=found, state=shown, states=list(CaseState), listing=listing,
        CaseState=CaseState, suggested=suggested(service.database, caller=visit.caller),
        unproven=_unproven(service, visit, {one.brand_id for one in found.items}),
        known_fakes=named_fakes(service.database, found.items),
    )  # fmt: skip


@router.get("/doubtful")
def list_doubtful(request: Request, visit: Doubter, service: OpenService, cursor: Cursor = None) -> Response:
    """What rights holders who are suspended cleared or did not answer, for trust & safety to doubt."""
    found = doubts.list_doubtful_cases(service.database, limit=PAGE, cursor=cursor)
    return _to_doubt(request, visit, service, found, state="doubtful")


@router.get("/no-complaint")
def list_without_complaint(request: Request, visit: Doubter, service: OpenService, cursor: Cursor = None) -> Response:
    """What ended without a complaint or by only a suspended rights holder's word, for trust & safety to close."""
    found = doubts.list_without_complaint(service.database, limit=PAGE, cursor=cursor)
    return _to_doubt(request, visit, service, found, state="no_complaint")


@router.post("/answers")
async def answer_several(request: Request, visit: Judge, service: OpenService) -> Response:
    """Judge those cases of a page that were answered, and, where that is wished, complain of what infringes."""
    texts, _ = await sent_by(visit, request, "complain", *ANSWERS)
    given = [
        {"case_id": texts.get(f"case{n}"), "verdict": texts[f"verdict{n}"], "revision": texts.get(f"revision{n}")}
        for n in range(PAGE)
        if f"verdict{n}" in texts
    ]
    if not given:
        raise unprocessable("invalid-request", f"No case was answered. {SAYS}")
    wanted = validated_json(Judgements, json.dumps({"judgements": given})).judgements
    judged = await run_in_threadpool(
        judgements.judge_many, service.database, wanted,
        prove_ownership=service.settings.prove_ownership, caller=visit.caller,
    )  # fmt: skip
    refused = [
        (one.case_id, Problem(one.status, one.code or "", one.detail or ""))
        for one in judged
        if one.status != HTTPStatus.OK
    ]
    without_complaint = list[tuple[str, Problem]]()
    if "complain" in texts and visit.may("complaints.create"):
        for one in judged:
            if one.state == CaseState.INFRINGING:
                try:
                    await run_in_threadpool(_complain, service, one.case_id, caller=visit.caller)
                except KNOWN as error:
                    without_complaint.append((one.case_id, of_error(error)))
    if not refused and not without_complaint:
        return to(f"{START}/cases")
    taken = sum(one.status == HTTPStatus.OK for one in judged)
    return page(
        request, "answered.html", visit=visit, status=207, once=True, taken=taken, refused=refused,
        without_complaint=without_complaint,
    )  # fmt: skip


@router.get("/{case_id}")
def show_case(case_id: str, request: Request, visit: Reader, service: OpenService) -> Response:
    """A case, and what the visitor may do about it."""
    case = cases.get_case(service.database, case_id)
    filed = complaints.get_complaint(service.database, case.complaint_id) if case.complaint_id else None
    return page(
        request, "case.html", visit=visit, case=case, complaint=filed, traits=_traits(service, visit, case.brand_id),
        CaseAction=CaseAction, CaseState=CaseState, next_case=_next_open(service, visit, case_id),
        may_follow=closings.open_to(service.database, case_id) if visit.may("complaints.decide") else frozenset(),
        retractable=visit.may("cases.judge") and judgements.is_retractable(service.database, case_id),
        unproven=_unproven(service, visit, {case.brand_id}),
        known_fake=named_fakes(service.database, [case]).get(case_id),
        juries=juries_of_case(service.database, case_id) if visit.may("juries.run") else [],
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
    await run_in_threadpool(
        judgements.retract, service.database, case_id, prove_ownership=service.settings.prove_ownership,
        caller=visit.caller,
    )  # fmt: skip
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


@router.post("/{case_id}/closing")
async def close(case_id: str, request: Request, visit: Doubter, service: OpenService) -> Response:
    """Let be sold, or take off, what nobody's word ended."""
    texts, _ = await sent_by(visit, request, "listing", "reason")
    wanted = validated(Closing, texts)
    if wanted.listing == "release":
        await run_in_threadpool(
            closings.release, service.database, case_id, NewRelease(reason=wanted.reason), caller=visit.caller
        )
        return to(f"{START}/cases/{case_id}")
    made = await run_in_threadpool(
        closings.take_off, service.database, case_id, NewDoubt(reason=wanted.reason),
        window=complaint_routes.counter_notice_window(service), caller=visit.caller,
    )  # fmt: skip
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


def _to_doubt(request: Request, visit: Visit, service: Service, found: Page[CaseView], *, state: str) -> Response:
    """The page of what trust & safety may doubt; `state` is the name of the list."""
    return page(
        request, "cases.html", visit=visit, found=found, state=state, states=list(CaseState), listing=None,
        CaseState=CaseState, suggested=[], unproven={}, known_fakes=named_fakes(service.database, found.items),
    )  # fmt: skip


def _next_open(service: Service, visit: Visit, case_id: str) -> str | None:
    """The next open case after that one, and after the last the first."""
    for cursor in (cursor_of(case_id), None):
        found = cases.list_cases(service.database, caller=visit.caller, state=CaseState.OPEN, limit=1, cursor=cursor)
        if found.items:
            return found.items[0].id if found.items[0].id != case_id else None
    return None


def _unproven(service: Service, visit: Visit, brand_ids: set[str]) -> dict[str, frozenset[DocumentKind]]:
    """Of which of the brands the visitor has yet to prove the rights, and by what, before it may answer."""
    return rights_documents.unproven_brands(
        service.database, brand_ids, caller=visit.caller, of_owners=service.settings.prove_ownership
    )


def _complain(service: Service, case_id: str, *, caller: Caller) -> None:
    complaints.file_complaint(
        service.database, service.objects, case_id, NewComplaint(), [],
        prove_ownership=service.settings.prove_ownership, caller=caller,
    )  # fmt: skip


def _traits(service: Service, visit: Visit, brand_id: str) -> list[str]:
    """The newest fake traits of the brand in words that are short enough to be named by a judgement."""
    if not visit.may("cases.judge"):
        return []
    said = [trait.text for trait in service.traits.list(brand_id) if trait.text and len(trait.text) <= LONGEST_TAG]
    return said[-len(TAGS) :]
