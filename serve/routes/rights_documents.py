"""/v1/brands/{brand_id}/rights-documents"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from serve.loop.good_faith import rights_documents
from serve.loop.good_faith.rights_documents import DocumentReview, NewRightsDocument, RightsDocumentView
from serve.protocol.problems import documented
from serve.routes.dependencies import OpenService, Overseer, RightsHolderEditor, RightsHolderReader
from serve.routes.forms import Form, file_schema, form_body, only_form, validated

router = APIRouter(prefix="/v1/brands/{brand_id}/rights-documents", tags=["rights holders"])

FORM = Form(
    NewRightsDocument.model_fields, file="file", least=1,
    says="Send multipart/form-data: the document as the part `file`, `kind`, `number`, `expires`, and if need be "
    "`classes` and `territory`.",
)  # fmt: skip
KINDS: Final = {b"%PDF": "pdf", b"\x89PNG": "png", b"\xff\xd8\xff": "jpg"}
"""How files of a document begin, and how their names end; whatever it is, it is only ever kept as a file."""

BODY = only_form(form_body(NewRightsDocument, required=["file"], files={"file": file_schema("The document")}))


@router.post("", status_code=201, responses=documented(400, 404, 413, 415), openapi_extra=BODY)
async def lodge(
    request: Request, brand_id: str, caller: RightsHolderEditor, service: OpenService
) -> RightsDocumentView:
    """Prove a right to the brand; trust & safety will look at it."""
    sent = await FORM.read(request)
    new = validated(NewRightsDocument, sent.texts)
    return await run_in_threadpool(
        rights_documents.lodge, service.database, service.objects, brand_id, new, sent.files[0], caller=caller
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
    kind = next((kind for begins, kind in KINDS.items() if data.startswith(begins)), "bin")
    headers = {
        "Content-Disposition": f'attachment; filename="{document_id}.{kind}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.post("/{document_id}/review", responses=documented(404))
def review(
    brand_id: str, document_id: str, found: DocumentReview, caller: Overseer, service: OpenService
) -> RightsDocumentView:
    """Accept or refuse a document, or find it forged."""
    return rights_documents.review(service.database, brand_id, document_id, found, caller=caller)
