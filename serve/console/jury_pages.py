"""/console/juries: juries for trust & safety; /console/jury: the page on which a juror votes, by a ballot"""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from serve.console.rendering import START, PageRoute, page, to
from serve.console.sessions import SAYS, Visit, Visitor, sent_by
from serve.loop.cases import cases_by_id
from serve.loop.teaching import ballots, juries
from serve.loop.teaching.ballots import PAGE as BALLOT_PAGE
from serve.loop.teaching.ballots import NewBallots, Side
from serve.loop.teaching.juries import NewJury, Opinion
from serve.protocol.paging import Cursor
from serve.protocol.problems import Problem
from serve.routes.dependencies import BoundedWork, OpenService
from serve.routes.forms import Form, validated, validated_json

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Clerk = Annotated[Visit, Depends(Visitor("juries.run"))]
Overseer = Annotated[Visit, Depends(Visitor("rights_holders.oversee"))]

Ballot = Annotated[str, Path(max_length=200)]

PAGE = 50
"""Juries on a page."""


@router.get(f"{START}/juries")
def list_juries(request: Request, visit: Clerk, service: OpenService, cursor: Cursor = None) -> Response:
    """What juries were asked, and what came of it."""
    found = juries.list_juries(service.database, limit=PAGE, cursor=cursor)
    asked = cases_by_id(service.database, {jury.case_id for jury in found.items})
    return page(request, "juries.html", visit=visit, found=found, cases=asked)


@router.post(f"{START}/cases/{{case_id}}/jury")
async def call_jury(case_id: str, request: Request, visit: Overseer, service: OpenService) -> Response:
    """Have the public say whether the case misleads."""
    texts, _ = await sent_by(visit, request, "jurors")
    new = validated(NewJury, {"case_id": case_id, **texts})
    made = await run_in_threadpool(juries.call_jury, service.database, new, caller=visit.caller)
    return to(f"{START}/juries/{made.id}")


@router.get(f"{START}/juries/{{jury_id}}")
def show_jury(jury_id: str, request: Request, visit: Clerk, service: OpenService) -> Response:
    """A jury, and a form for ballots."""
    return page(request, "jury.html", visit=visit, jury=juries.get_jury(service.database, jury_id), made=[])


@router.post(f"{START}/juries/{{jury_id}}/end")
async def call_off(jury_id: str, request: Request, visit: Overseer, service: OpenService) -> Response:
    """End a jury that has not voted."""
    await sent_by(visit, request)
    await run_in_threadpool(juries.call_off, service.database, jury_id, caller=visit.caller)
    return to(f"{START}/juries/{jury_id}")


@router.post(f"{START}/juries/{{jury_id}}/ballots")
async def make_ballots(jury_id: str, request: Request, visit: Clerk, service: OpenService) -> Response:
    """Make ballots for the jurors that the form names, a line each, and show them, this once."""
    texts, _ = await sent_by(visit, request, "jurors", "replace")
    named = [line.strip() for line in texts.get("jurors", "").splitlines() if line.strip()]
    new = validated_json(NewBallots, json.dumps({"jurors": named}))
    made = await run_in_threadpool(
        ballots.make_ballots, service.database, jury_id, new, replace="replace" in texts, caller=visit.caller
    )
    return page(
        request, "jury.html", visit=visit, once=True, jury=juries.get_jury(service.database, jury_id), made=made,
        address=str(request.base_url).rstrip("/"),
    )  # fmt: skip


@router.get(f"{BALLOT_PAGE}/{{ballot}}")
def show_ballot(ballot: Ballot, request: Request, service: OpenService) -> Response:
    """What the juror is asked."""
    asked = ballots.question(service.database, ballot)
    return page(request, "ballot.html", visit=None, ballot=ballot, question=asked)


@router.post(f"{BALLOT_PAGE}/{{ballot}}")
async def cast(ballot: Ballot, request: Request, service: OpenService) -> Response:
    """Take the juror's vote. The form needs no proof: whoever knows the ballot may cast it."""
    sent = await Form(["misleads"], file="file", most=0, says=SAYS).read(request)
    said = validated(Opinion, sent.texts)
    try:
        await run_in_threadpool(ballots.cast, service.database, ballot, misleads=said.misleads)
    except Problem as problem:
        if problem.status_code != 409:
            raise  # of a vote that counts no more the page tells
    return to(f"{BALLOT_PAGE}/{ballot}")


@router.get(f"{BALLOT_PAGE}/{{ballot}}/{{side}}/{{number}}.png")
async def show_side(
    ballot: Ballot, side: Side, number: Annotated[int, Path(ge=0, le=999)], service: OpenService, workload: BoundedWork
) -> Response:
    """A mark of a pair."""
    picture = await workload.run(ballots.shown, service.database, service.objects, ballot, number, side=side)
    return Response(picture, media_type="image/png")
