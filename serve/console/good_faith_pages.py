"""/console: how far rights holders are believed: what they prove, blind tests, disputes, their standing"""

from __future__ import annotations

from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from serve.console.rendering import START, PageRoute, page, to
from serve.console.sessions import SAYS, Visit, Visitor, sent_by
from serve.genuine import brands
from serve.loop.good_faith import blind_tests, disputes, reputation, rights_documents, rights_holders
from serve.loop.good_faith.blind_tests import Cover, NewBlindTest
from serve.loop.good_faith.disputes import Referral, Settlement, State
from serve.loop.good_faith.reputation import TierChange
from serve.loop.good_faith.rights_documents import DocumentReview, NewRightsDocument
from serve.protocol.paging import Cursor
from serve.protocol.problems import unprocessable
from serve.routes import rights_documents as document_routes
from serve.routes.dependencies import BoundedWork, OpenService
from serve.routes.forms import validated

router = APIRouter(prefix=START, route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Visit, Depends(Visitor("rights_holders.read"))]
Editor = Annotated[Visit, Depends(Visitor("rights_holders.change"))]
Overseer = Annotated[Visit, Depends(Visitor("rights_holders.oversee"))]

COVER = ("seller", "title", "description", "price", "url")
"""What a form says of the listing that a repeat pretends to be, beside its number."""

PAGE = 50
"""Disputes, or blind tests, on a page."""


@router.post("/brands/{brand_id}/documents")
async def lodge(brand_id: str, request: Request, visit: Editor, service: OpenService) -> Response:
    """Prove a right to the brand."""
    texts, files = await sent_by(visit, request, *NewRightsDocument.model_fields, most=1)
    if not files:
        raise unprocessable("file-missing", f"No document was chosen. {SAYS}")
    new = validated(NewRightsDocument, texts)
    await run_in_threadpool(
        rights_documents.lodge, service.database, service.objects, brand_id, new, files[0], caller=visit.caller
    )
    return to(f"{START}/brands/{brand_id}#documents")


@router.get("/brands/{brand_id}/documents/{document_id}/file")
def read_file(brand_id: str, document_id: str, visit: Reader, service: OpenService) -> Response:
    """The document, to be kept as a file."""
    return document_routes.read_file(brand_id, document_id, visit.caller, service)


@router.post("/brands/{brand_id}/documents/{document_id}/review")
async def review(
    brand_id: str, document_id: str, request: Request, visit: Overseer, service: OpenService
) -> Response:  # fmt: skip
    """Accept or refuse a document, or find it forged."""
    texts, _ = await sent_by(visit, request, "state", "reason")
    found = validated(DocumentReview, texts)
    await run_in_threadpool(
        rights_documents.review, service.database, brand_id, document_id, found, caller=visit.caller
    )
    return to(f"{START}/brands/{brand_id}#documents")


@router.post("/brands/{brand_id}/tier")
async def set_tier(brand_id: str, request: Request, visit: Overseer, service: OpenService) -> Response:
    """Suspend the brand's rights holder, or lift it."""
    texts, _ = await sent_by(visit, request, "tier", "reason")
    change, holder_id = validated(TierChange, texts), brands.get_brand(service.database, brand_id).rights_holder_id
    await run_in_threadpool(reputation.set_tier, service.database, holder_id, change, caller=visit.caller)
    return to(f"{START}/brands/{brand_id}")


@router.get("/disputes")
def list_disputes(
    request: Request, visit: Overseer, service: OpenService, state: State | None = None, cursor: Cursor = None
) -> Response:
    """Where rights holders contradicted themselves, or forged; in one state or in any."""
    found = disputes.list_disputes(service.database, state=state, limit=PAGE, cursor=cursor)
    owned = brands.brands_of(service.database, {one.rights_holder_id for one in found.items})
    holders = {one: rights_holders.get_rights_holder(service.database, one) for one in owned}
    return page(
        request,
        "disputes.html",
        visit=visit,
        found=found,
        owned=owned,
        holders=holders,
        state=state,
        states=get_args(State),
    )


@router.post("/disputes/{dispute_id}/referral")
async def refer(dispute_id: str, request: Request, visit: Overseer, service: OpenService) -> Response:
    """Ask a second examiner."""
    texts, _ = await sent_by(visit, request, "examiner")
    referral = validated(Referral, texts)
    await run_in_threadpool(disputes.refer, service.database, dispute_id, referral, caller=visit.caller)
    return to(f"{START}/disputes")


@router.post("/disputes/{dispute_id}/settlement")
async def settle(dispute_id: str, request: Request, visit: Overseer, service: OpenService) -> Response:
    """End a dispute."""
    texts, _ = await sent_by(visit, request, "contradiction", "reason")
    settlement = validated(Settlement, texts)
    await run_in_threadpool(disputes.settle_dispute, service.database, dispute_id, settlement, caller=visit.caller)
    return to(f"{START}/disputes")


@router.get("/blind-tests")
def list_blind_tests(request: Request, visit: Overseer, service: OpenService, cursor: Cursor = None) -> Response:
    """What rights holders were tested by, and what that showed."""
    found = blind_tests.list_blind_tests(service.database, limit=PAGE, cursor=cursor)
    return page(request, "blind_tests.html", visit=visit, found=found)


@router.post("/cases/{case_id}/blind-test")
async def make_blind_test(
    case_id: str, request: Request, visit: Overseer, service: OpenService, workload: BoundedWork
) -> Response:
    """Make the case a test, or ask it once more under another listing."""
    texts, _ = await sent_by(visit, request, "truth", "cover", *COVER)
    new = validated(NewBlindTest, {"case_id": case_id, "truth": texts.get("truth", "")})
    cover = {name: texts[name] for name in COVER if name in texts}
    if cover or "cover" in texts:
        new = new.model_copy(update={"cover": validated(Cover, {"id": texts.get("cover", ""), **cover})})
    await workload.run(
        blind_tests.make_blind_test, service.database, service.objects, new, look=service.listings.look,
        model=service.bundle.name, caller=visit.caller,
    )  # fmt: skip
    return to(f"{START}/blind-tests")
