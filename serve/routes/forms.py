"""Multipart bodies that FastAPI's own form parameters cannot say: JSON beside files."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from serve.loop.attachments import MOST_FILES, SentFile
from serve.problems import Problem, unprocessable

Model = TypeVar("Model", bound=BaseModel)

MOST_NAME: Final = 200

STATEMENT_FORMS: Final = (
    "Send JSON, or multipart/form-data with the same fields as text parts and up to "
    f"{MOST_FILES} files as parts named `file`."
)


def statement_body(model: type[BaseModel], *, required: bool) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads a statement with files."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    form = {
        **schema,
        "properties": {
            **schema["properties"],
            "file": {"type": "array", "items": {"type": "string", "format": "binary"}, "maxItems": MOST_FILES},
        },
    }
    content = {"application/json": {"schema": schema}, "multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": required, "content": content}}


async def read_statement(request: Request, model: type[Model]) -> tuple[Model, list[SentFile]]:
    """What is said, and the files that come with it; no body says nothing. Raises `Problem` (415, 422)."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "multipart/form-data":
        async with request.form(max_files=MOST_FILES, max_fields=8) as form:
            fields = {name: value.replace("\r\n", "\n") for name, value in form.items() if isinstance(value, str)}
            return validated(model, fields), [await _sent(part) for part in uploads(form, "file")]
    body = await request.body()
    if body and content_type != "application/json":
        raise Problem(415, "unsupported-type", STATEMENT_FORMS)
    return (validated_json(model, body.decode("utf-8", "replace")) if body else validated(model, {})), []


def uploads(form: FormData, name: str) -> list[UploadFile]:
    """The files among the parts called `name`. Raises `Problem` (422) when one is no file, or is called otherwise."""
    for other, part in form.multi_items():
        if isinstance(part, UploadFile) != (other == name):
            raise unprocessable("invalid-form", f"The part {other!r}: files, and nothing else, are called {name!r}.")
    return [part for part in form.getlist(name) if isinstance(part, UploadFile)]


def validated(model: type[Model], fields: dict[str, str]) -> Model:
    """The model of a form's fields. Raises `Problem` (422)."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise _invalid(error) from error


def validated_json(model: type[Model], text: str, *, code: str = "invalid-request", part: str | None = None) -> Model:
    """The model in a JSON text, the body or its `part`. Raises `Problem` (422) with `code`."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise _invalid(error, code=code, part=part) from error


def _invalid(error: ValidationError, *, code: str = "invalid-request", part: str | None = None) -> Problem:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"])) or part or "body"
    return unprocessable(code, ("" if part is None else f"The part `{part}`: ") + f"{where}: {first['msg']}.")


async def _sent(part: UploadFile) -> SentFile:
    name = "".join(letter for letter in part.filename or "file" if letter.isprintable())
    return SentFile(name=name[:MOST_NAME] or "file", data=await part.read())
