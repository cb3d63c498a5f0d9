"""/v1/labels"""

from __future__ import annotations

from fastapi import APIRouter, Response

from serve.loop import labels
from serve.loop.labels import LabelView
from serve.problems import documented
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
    """What ended complaints, counter-notices and blind tests teach now, one JSON object a line, the surest first."""
    found = labels.list_labels(service.database, share=service.settings.label_share)
    return Response(labels.json_lines(found), media_type=LINES)


@router.get(
    "/{label_id}/picture.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **documented(404)},
)
async def get_picture(label_id: str, caller: LabelReader, service: OpenService, workload: BoundedWork) -> Response:
    """The picture that a label is about, upright, as PNG."""
    picture = await workload.run(service.listings.label_picture, label_id)
    return Response(picture, media_type="image/png")
