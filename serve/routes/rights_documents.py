"""/v1/brands/{brand_id}/rights-documents"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from serve.loop import rights_documents
from serve.loop.attachments import SentFile
from serve.loop.rights_documents import DocumentKind, DocumentReview, NewRightsDocument, RightsDocumentView
from serve.loop.working_days import Country
from serve.problems import documented
from serve.routes.dependencies import OpenService, Overseer, RightsHolderEditor, RightsHolderReader
from serve.wording import Name

router = APIRouter(prefix="/v1/brands/{brand_id}/rights-documents", tags=["rights holders"])


@router.post("", status_code=201, responses=documented(400, 404, 413))
async def lodge(
    *,
    brand_id: str,
    caller: RightsHolderEditor,
    service: OpenService,
    file: Annotated[UploadFile, File(description="The document")],
    kind: Annotated[DocumentKind, Form()],
    number: Annotated[Name, Form()],
    expires: Annotated[date, Form(description="The last day on which it counts")],
    classes: Annotated[Name | None, Form(description="Of the Nice classification")] = None,
    territory: Annotated[Country, Form(description="ISO 3166")] = "CN",
) -> RightsDocumentView:
    """Prove a right to the brand; trust & safety will look at it."""
    new = NewRightsDocument(kind=kind, number=number, expires=expires, classes=classes, territory=territory)
    sent = SentFile(name="document", data=await file.read())
    return await run_in_threadpool(
        rights_documents.lodge, service.database, service.objects, brand_id, new, sent, caller=caller
    )


@router.get("", responses=documented(404))
def list_documents(brand_id: str, caller: RightsHolderReader, service: OpenService) -> list[RightsDocumentView]:
    """The brand's documents, oldest first."""
    return rights_documents.list_documents(service.database, brand_id)


@router.get(
    "/{document_id}/file",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, **documented(404)},
)
def read_file(brand_id: str, document_id: str, caller: RightsHolderReader, service: OpenService) -> Response:
    """The document itself, as it came."""
    data = rights_documents.read_file(service.database, service.objects, brand_id, document_id)
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.post("/{document_id}/review", responses=documented(404))
def review(
    brand_id: str, document_id: str, found: DocumentReview, caller: Overseer, service: OpenService
) -> RightsDocumentView:
    """Accept or refuse a document, or find it forged."""
    return rights_documents.review(service.database, brand_id, document_id, found, caller=caller)
