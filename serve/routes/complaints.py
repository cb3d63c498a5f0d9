"""/v1/complaints and /v1/notices"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from serve.loop import adjudication, attachments, complaints, counter_notices, notices
from serve.loop.adjudication import Decision, Reversal
from serve.loop.complaints import ComplaintView
from serve.loop.counter_notices import NewCounterNotice
from serve.loop.notices import NoticePage
from serve.loop.states import ComplaintState
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import ComplaintReader, CounterNoticeSender, Examiner, NoticeReader, OpenService
from serve.routes.statements import read_statement, statement_body
from serve.service import Service
from serve.text.wording import Text

router = APIRouter(prefix="/v1", tags=["complaints"])


@router.get("/complaints", responses=documented())
def list_complaints(
    *,
    caller: ComplaintReader,
    service: OpenService,
    state: ComplaintState | None = None,
    listing: Annotated[
        Text | None, Query(max_length=200, description="About this listing only: the marketplace's own id")
    ] = None,
    seller: Annotated[Text | None, Query(max_length=500, description="About this seller's listings only")] = None,
    brand: Annotated[Text | None, Query(max_length=64, description="Of this brand only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ComplaintView]:
    """The complaints that the key may see, oldest first."""
    return complaints.list_complaints(
        service.database, caller=caller, state=state, listing_id=listing, seller=seller, brand_id=brand, limit=limit,
        cursor=cursor,
    )  # fmt: skip


@router.get("/complaints/{complaint_id}", responses=documented(404))
def get_complaint(complaint_id: str, caller: ComplaintReader, service: OpenService) -> ComplaintView:
    """One complaint."""
    return complaints.get_complaint(service.database, complaint_id)


@router.get(
    "/complaints/{complaint_id}/files/{file_id}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, **documented(404)},
)
def get_file(complaint_id: str, file_id: str, caller: ComplaintReader, service: OpenService) -> Response:
    """An attached file, as it came. Hallmark does not open it; take care when you do."""
    data = attachments.read_attachment(service.database, service.objects, complaint_id, file_id)
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.post("/complaints/{complaint_id}/decision", responses=documented(404, 409))
def decide(complaint_id: str, decision: Decision, caller: Examiner, service: OpenService) -> ComplaintView:
    """Uphold or dismiss a complaint, or decide on the seller's answer; the seller is told the reason."""
    return adjudication.decide(
        service.database, complaint_id, decision, window=counter_notice_window(service), caller=caller
    )


@router.post("/complaints/{complaint_id}/reversal", responses=documented(404, 409))
def reverse(complaint_id: str, reversal: Reversal, caller: Examiner, service: OpenService) -> ComplaintView:
    """Turn a decision round."""
    return adjudication.reverse(
        service.database, complaint_id, reversal, window=counter_notice_window(service), caller=caller
    )


@router.post(
    "/complaints/{complaint_id}/counter-notice",
    status_code=201,
    responses=documented(400, 404, 409, 413, 415),
    openapi_extra=statement_body(NewCounterNotice, required=True),
)
async def send_counter_notice(
    request: Request, complaint_id: str, caller: CounterNoticeSender, service: OpenService
) -> ComplaintView:
    """The seller's one answer to an upheld complaint, sent by the marketplace."""
    new, files = await read_statement(request, NewCounterNotice)
    return await run_in_threadpool(
        counter_notices.send_counter_notice, service.database, service.objects, complaint_id, new, files, caller=caller
    )


@router.get("/notices", responses=documented())
def list_notices(
    *,
    caller: NoticeReader,
    service: OpenService,
    seller: Annotated[Text | None, Query(max_length=500, description="Notices to this seller only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> NoticePage:
    """What sellers are to be told, oldest first; keep `resume_cursor` to fetch what is new."""
    return notices.list_notices(service.database, seller=seller, limit=limit, cursor=cursor)


def counter_notice_window(service: Service) -> timedelta:
    """How long a seller may answer."""
    return timedelta(days=service.settings.counter_notice_days)
