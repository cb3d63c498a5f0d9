"""Bodies of complaints and counter-notices: JSON, or a form with the same fields and files."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel

from serve.loop.attachments import MOST_FILES, SentFile
from serve.protocol.problems import Problem
from serve.routes.forms import MULTIPART, Form, Model, form_body, media_type, utf8, validated, validated_json

JSON: Final = "application/json"

SAYS: Final = (
    "Send JSON, or multipart/form-data with the same fields as text parts and up to "
    f"{MOST_FILES} files as parts named `file`."
)


def statement_body(model: type[BaseModel], *, required: bool) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads a statement with files."""
    files = {"type": "array", "items": {"type": "string", "format": "binary"}, "maxItems": MOST_FILES}
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    content = {JSON: {"schema": schema}, MULTIPART: {"schema": form_body(model, files={"file": files})}}
    return {"requestBody": {"required": required, "content": content}}


async def read_statement(request: Request, model: type[Model]) -> tuple[Model, list[SentFile]]:
    """What is said, and the files that come with it; no body says nothing.

    Raises `Problem` (400, 415, 422) and `RequestValidationError` (422).
    """
    if media_type(request) == MULTIPART:
        sent = await Form(model.model_fields, file="file", most=MOST_FILES, says=SAYS).read(request)
        return validated(model, sent.texts), sent.files
    body = await request.body()
    if not body:
        return validated(model, {}), []
    if media_type(request) != JSON:
        raise Problem(415, "unsupported-type", SAYS)
    return validated_json(model, utf8(body, what="body")), []
