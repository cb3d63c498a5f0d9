"""/v1/cases"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from serve.loop import cases, closings, complaints, doubts, judgements
from serve.loop.cases import CaseView
from serve.loop.closings import NewRelease
from serve.loop.complaints import ComplaintView, NewComplaint
from serve.loop.doubts import NewDoubt
from serve.loop.judgements import Judgement, JudgementOutcome, Judgements
from serve.loop.states import CaseState
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import BoundedWork, CaseReader, Complainant, Examiner, Judge, OpenService
from serve.routes.statements import read_statement, statement_body
from serve.text.wording import Text

router = APIRouter(prefix="/v1/cases", tags=["cases"])

Number = Annotated[int, Path(ge=0, le=999)]
PICTURE = {200: {"content": {"image/png": {}}}, **documented(404)}


@router.get("", responses=documented())
def list_cases(
    *,
    caller: CaseReader,
    service: OpenService,
    state: CaseState | None = None,
    brand: Annotated[Text | None, Query(max_length=64, description="Cases of this brand only")] = None,
    listing: Annotated[
        Text | None, Query(max_length=200, description="Cases of this listing only: the marketplace's own id")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CaseView]:
    """The cases that the key may see, oldest first; `state=open` is the queue."""
    return cases.list_cases(
        service.database, caller=caller, brand_id=brand, state=state, listing_id=listing, limit=limit, cursor=cursor
    )


@router.post("/judgements", responses=documented())
def judge_many(given: Judgements, caller: Judge, service: OpenService) -> list[JudgementOutcome]:
    """Judge several cases; each counts by itself, and the answer says of each what became of it."""
    return judgements.judge_many(
        service.database, given.judgements, prove_ownership=service.settings.prove_ownership, caller=caller
    )


@router.get("/doubtful", responses=documented())
def list_doubtful_cases(
    caller: Examiner, service: OpenService, limit: Limit = 50, cursor: Cursor = None
) -> Page[CaseView]:
    """What rights holders who are suspended cleared or did not answer, oldest first, until you doubt it."""
    return doubts.list_doubtful_cases(service.database, limit=limit, cursor=cursor)


@router.get("/no-complaint", responses=documented())
def list_without_complaint(
    caller: Examiner, service: OpenService, limit: Limit = 50, cursor: Cursor = None
) -> Page[CaseView]:
    """What was judged infringing without a complaint in time, or closed by only a suspended rights holder's word, and
    is offered still, oldest first, until you doubt or release it.
    """
    return doubts.list_without_complaint(service.database, limit=limit, cursor=cursor)


@router.get("/{case_id}", responses=documented(404))
def get_case(case_id: str, caller: CaseReader, service: OpenService) -> CaseView:
    """One case."""
    return cases.get_case(service.database, case_id)


@router.get("/{case_id}/pictures/{number}.png", response_class=Response, responses=PICTURE)
async def get_picture(
    case_id: str, number: Number, caller: CaseReader, service: OpenService, workload: BoundedWork
) -> Response:
    """A picture of the listing, upright, as PNG."""
    picture = await workload.run(service.listings.picture, case_id, number)
    return Response(picture, media_type="image/png")


@router.get("/{case_id}/evidence/{number}.png", response_class=Response, responses=PICTURE)
def get_evidence(case_id: str, number: Number, caller: CaseReader, service: OpenService) -> Response:
    """The picture that shows a finding: region, genuine reference and their difference."""
    return Response(cases.evidence(service.database, service.objects, case_id, number), media_type="image/png")


@router.post("/{case_id}/judgement", responses=documented(404, 409))
def judge(case_id: str, judgement: Judgement, caller: Judge, service: OpenService) -> CaseView:
    """Say whether the listing infringes."""
    return judgements.judge(
        service.database, case_id, judgement, prove_ownership=service.settings.prove_ownership, caller=caller
    )


@router.delete("/{case_id}/judgement", responses=documented(404, 409))
def retract(case_id: str, caller: Judge, service: OpenService) -> CaseView:
    """Take the judgement back, while nothing followed from it."""
    return judgements.retract(
        service.database, case_id, prove_ownership=service.settings.prove_ownership, caller=caller
    )


@router.post(
    "/{case_id}/complaint",
    status_code=201,
    responses=documented(400, 404, 409, 413, 415),
    openapi_extra=statement_body(NewComplaint, required=False),
)
async def file_complaint(
    request: Request, case_id: str, caller: Complainant, service: OpenService, response: Response
) -> ComplaintView:
    """Stand behind the judgement `infringing`; trust & safety will decide. The evidence is attached by itself."""
    new, files = await read_statement(request, NewComplaint)
    filed = await run_in_threadpool(
        complaints.file_complaint,
        service.database,
        service.objects,
        case_id,
        new,
        files,
        prove_ownership=service.settings.prove_ownership,
        caller=caller,
    )
    response.headers["Location"] = f"/v1/complaints/{filed.id}"
    return filed


@router.post("/{case_id}/doubt", status_code=201, responses=documented(404, 409))
def doubt(case_id: str, new: NewDoubt, caller: Examiner, service: OpenService, response: Response) -> ComplaintView:
    """Doubt that nothing infringes: a complaint of the platform's own, to be decided as any is."""
    filed = doubts.doubt(service.database, case_id, new, caller=caller)
    response.headers["Location"] = f"/v1/complaints/{filed.id}"
    return filed


@router.post("/{case_id}/release", responses=documented(404, 409))
def release(case_id: str, new: NewRelease, caller: Examiner, service: OpenService) -> CaseView:
    """Close a case whose time ran out without an answer that counts: nothing follows, and the listing may be sold."""
    return closings.release(service.database, case_id, new, caller=caller)
