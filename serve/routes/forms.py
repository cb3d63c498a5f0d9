"""Multipart bodies, read in one way: nothing that was sent is left out, and nothing is kept that was not sent so.

A part that is not known, a text that comes twice, one file too many, text in another encoding, or a body that was cut
off is refused. FastAPI's own form parameters take the last of two, drop what they do not know, take the body's end for
its closing boundary, and read what is no UTF-8 as Latin-1.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from serve.loop.attachments import SentFile
from serve.protocol.problems import Problem, unprocessable

Model = TypeVar("Model", bound=BaseModel)

MULTIPART: Final = "multipart/form-data"
URLENCODED: Final = "application/x-www-form-urlencoded"
MOST_NAME: Final = 200

NAMELESS: Final = "file"
"""What a file is called that came without a name."""


class Sent(NamedTuple):
    """What a form held: texts by name, their lines ended by a plain newline, and the files."""

    texts: dict[str, str]
    files: list[SentFile]


class Form:
    """A form that may hold each of `texts` once, and `least` to `most` files in parts called `file`.

    `says` tells people what to send; it ends each refusal. A form that needs no file may come URL-encoded too.
    """

    def __init__(self, texts: Iterable[str], *, file: str, says: str, least: int = 0, most: int = 1) -> None:
        self._texts = frozenset(texts)
        self._file = file
        self._least = least
        self._most = most
        self._says = says

    async def read(self, request: Request) -> Sent:
        """What was sent. Raises `Problem` (400, 415, 422)."""
        kind = media_type(request)
        if kind == MULTIPART:
            parts = await self._multipart(request)
        elif kind == URLENCODED and not self._least:
            parts = self._urlencoded(await request.body())
        else:
            raise Problem(415, "unsupported-type", self._says)
        files = [part for name, part in parts if name == self._file and isinstance(part, SentFile)]
        if len(files) < self._least:
            raise unprocessable(
                f"{self._file}-missing", f"A part `{self._file}` is missing, or has no file name. {self._says}"
            )
        if len(files) > self._most:
            raise Problem(400, "bad-request", f"At most {self._most} files may be called `{self._file}`. {self._says}")
        return Sent(self._named(parts), files)

    def _named(self, parts: list[tuple[str, bytes | SentFile]]) -> dict[str, str]:
        """The texts by name, once it is seen that every part is what its name says."""
        texts: dict[str, str] = {}
        for name, part in parts:
            if isinstance(part, SentFile):
                if name != self._file:
                    raise self._refused(f"The part {name!r} is a file; only {self._file!r} may be.")
            elif name == self._file:
                raise self._refused(f"The part {name!r} has no file name.")
            elif name not in self._texts:
                raise self._refused(f"A text called {name!r} is not known here.")
            elif name in texts:
                raise self._refused(f"The part {name!r} came twice.")
            else:
                texts[name] = utf8(part, what=f"part {name!r}").replace("\r\n", "\n")
        return texts

    def _refused(self, why: str) -> Problem:
        return unprocessable("invalid-form", f"{why} {self._says}")

    async def _multipart(self, request: Request) -> list[tuple[str, bytes | SentFile]]:
        # Read as Latin-1, bytes are neither lost nor refused before it is known what they are.
        headers = Headers({"content-type": request.headers["content-type"] + "; charset=latin-1"})
        room = len(self._texts)  # a text that came as a file, or the other way round, is told by its name
        async with aclosing(request.stream()) as stream:
            parser = _Multipart(headers, stream, max_files=self._most + room, max_fields=self._most + room)
            try:
                form = await parser.parse()
            except MultiPartException as error:
                raise Problem(400, "bad-request", f"{error.message} {self._says}") from error
        try:
            return [
                (_bytes(name).decode("utf-8", "replace"), await _content(part)) for name, part in form.multi_items()
            ]
        finally:
            await form.close()

    def _urlencoded(self, body: bytes) -> list[tuple[str, bytes | SentFile]]:
        try:
            texts = parse_qsl(
                utf8(body, what="body"), keep_blank_values=True, errors="strict", max_num_fields=2 * len(self._texts)
            )
        except UnicodeError as error:
            raise _not_utf8("body") from error
        except ValueError as error:
            raise Problem(400, "bad-request", f"The body has too many fields. {self._says}") from error
        return [(name, text.encode()) for name, text in texts]


class _Multipart(MultiPartParser):
    """Starlette's reader, which takes a body that was cut off for a whole one; this one asks for its end."""

    def __init__(
        self, headers: Headers, stream: AsyncIterator[bytes], *, max_files: int, max_fields: int
    ) -> None:  # fmt: skip
        super().__init__(headers, self._whole(stream), max_files=max_files, max_fields=max_fields)
        self._ended = False

    def on_end(self) -> None:
        self._ended = True

    async def _whole(self, stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """`stream`, whose end is an error before the closing boundary: raised here, it has the files closed."""
        async for chunk in stream:
            yield chunk
        if not self._ended:
            raise MultiPartException("The body ended before its closing boundary; send all of it again.")


def form_body(model: type[BaseModel], *, required: Iterable[str] = (), files: Mapping[str, Any]) -> dict[str, Any]:
    """How /openapi.json describes a form: the fields of `model`, and `files`, of which `required` must be there."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    needed = [*schema.get("required", ()), *required]
    return {
        **schema,
        "properties": {**schema["properties"], **files},
        **({"required": needed} if needed else {}),
    }


def file_schema(description: str) -> dict[str, str]:
    """How /openapi.json describes a file."""
    return {"type": "string", "format": "binary", "description": description}


def only_form(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The `openapi_extra` of a route whose body is a form of this `schema` and nothing else."""
    return {"requestBody": {"required": True, "content": {MULTIPART: {"schema": schema}}}}


def media_type(request: Request) -> str:
    """What the body is said to be, in lower case and without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def validated(model: type[Model], texts: Mapping[str, str]) -> Model:
    """The model of a form's texts; an empty one says nothing. Raises `RequestValidationError` (422)."""
    try:
        return model.model_validate({name: text for name, text in texts.items() if text})
    except ValidationError as error:
        raise _invalid(error) from error


def validated_json(model: type[Model], text: str) -> Model:
    """The model in a JSON text. Raises `RequestValidationError` (422)."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise _invalid(error) from error


def utf8(data: bytes, *, what: str) -> str:
    """The text in `data`. Raises `Problem` (400) where it is none in UTF-8: a guess would keep garbage for words."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(what) from error


def _not_utf8(what: str) -> Problem:
    return Problem(400, "bad-request", f"The {what} is not text in UTF-8; convert it to UTF-8 and send it again.")


def _invalid(error: ValidationError) -> RequestValidationError:
    return RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in error.errors()])


async def _content(part: str | UploadFile) -> bytes | SentFile:
    """A part as it was sent; the name of a file is a label, of which letters that are not UTF-8 are left open."""
    if isinstance(part, str):
        return _bytes(part)
    label = _bytes(part.filename or "").decode("utf-8", "replace")
    shown = "".join(letter for letter in label if letter.isprintable())
    return SentFile(name=shown[:MOST_NAME] or NAMELESS, data=await part.read())


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")
