"""/v1/labels"""

from __future__ import annotations

from itertools import chain

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from serve.loop.teaching import labels
from serve.loop.teaching.labels import LabelView
from serve.protocol.problems import documented
from serve.routes.dependencies import BoundedWork, LabelReader, OpenService

router = APIRouter(prefix="/v1/labels", tags=["labels"])

LINES = "application/x-ndjson"


@router.get(
    "",
    response_class=Response,
    responses={
        200: {"content": {LINES: {"schema": LabelView.model_json_schema()}}, "description": "One label a line"},
        **documented(),
    },
)
def list_labels(caller: LabelReader, service: OpenService) -> Response:
    """What decisions and fake traits teach now, one JSON object a line, the surest first."""
    found = labels.counting_labels(service.database, share=service.settings.label_share)
    lines = (labels.json_line(label) for label, _ in found)
    first = next(lines, "")  # a database that is away is told before the answer has begun
    return StreamingResponse(chain([first], lines), media_type=LINES)


@router.get(
    "/{label_id}/picture.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **documented(404)},
)
async def get_picture(label_id: str, caller: LabelReader, service: OpenService, workload: BoundedWork) -> Response:
    """The picture that a label is about, upright, as PNG."""
    picture = await workload.run(service.listings.label_picture, label_id)
    return Response(picture, media_type="image/png")
