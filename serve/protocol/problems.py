"""Errors as RFC 9457 problem documents: what went wrong, in words that say what to do.

Services raise a `Problem`; the HTTP layer sends it, the command line prints its detail. `type` is
`urn:hallmark:problem:<code>`; the codes are listed in docs/api.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from model.rejection import EMPTY, TOO_LARGE, UNSUPPORTED_TYPE, ImageRejected
from serve.pictures.decoding import DecoderUnavailable
from serve.pictures.objects import ObjectsAwayError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:hallmark:problem:"
RETRY_SECONDS = 2

log = structlog.get_logger(__name__)


class Problem(HTTPException):
    """A refusal; `code` is for programs, `detail` for people, `extra` becomes further members of the document.

    It is an `HTTPException` so that FastAPI lets it pass when it is raised while a body is read.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(status_code=status, detail=detail, headers=headers)
        self.code = code
        self.extra = dict(extra or {})


def not_found(what: str, name: str) -> Problem:
    """404: nothing of this name, or nothing that the caller may know of."""
    return Problem(404, "not-found", f"There is no {what} {name!r}, or your key may not see it.")


def unprocessable(code: str, detail: str) -> Problem:
    """422: understood, but it cannot be done."""
    return Problem(422, code, detail)


def unavailable(code: str, detail: str, *, retry_seconds: int = RETRY_SECONDS) -> Problem:
    """503: not the caller's fault; worth another try."""
    return Problem(503, code, detail, headers={"Retry-After": str(retry_seconds)})


def of_picture(rejected: ImageRejected) -> Problem:
    """The refusal of a picture."""
    status = {EMPTY: 400, TOO_LARGE: 413, UNSUPPORTED_TYPE: 415}.get(rejected.code, 422)
    return Problem(status, rejected.code.replace("_", "-"), rejected.detail)


class ProblemDocument(BaseModel):
    """An RFC 9457 problem document."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(examples=["urn:hallmark:problem:not-found"])]
    title: Annotated[str, Field(examples=["Not Found"])]
    status: Annotated[int, Field(examples=[404])]
    detail: Annotated[str, Field(description="What was wrong and what to do")]
    instance: Annotated[str, Field(description="The path that was asked")]
    request_id: Annotated[str, Field(description="Names the request in the logs")]


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these problems, beside those that every route may."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        for status in sorted({401, 403, 422, 500, 503, *statuses})
    }


def response(problem: Problem, *, path: str, request_id: str) -> JSONResponse:
    """The HTTP answer that carries `problem`."""
    document = {
        "type": TYPE_PREFIX + problem.code,
        "title": HTTPStatus(problem.status_code).phrase,
        "status": problem.status_code,
        "detail": problem.detail,
        "instance": path,
        "request_id": request_id,
        **problem.extra,
    }
    return JSONResponse(document, status_code=problem.status_code, headers=problem.headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make `app` answer the errors it knows with a problem document; serve/protocol/requests.py sees to the others."""
    for kind in KNOWN:
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    problem = of_error(error)
    if problem.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        problem.headers = {"Allow": ", ".join(_methods_at(request))}
    return response(problem, path=request.url.path, request_id=request.state.request_id)


def _methods_at(request: Request) -> list[str]:
    """The methods that the request's path takes. Each has a route of its own, and a route knows its own one alone."""
    found = [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]
    return ["GET", "HEAD", *found[1:]] if found[:1] == ["GET"] else found


KNOWN: Final[tuple[type[Exception], ...]] = (
    Problem, HTTPException, RequestValidationError, ImageRejected, OperationalError, PoolTimeoutError,
    DecoderUnavailable, ObjectsAwayError, ClientDisconnect,
)  # fmt: skip
"""Errors that are the caller's, or an outage; any other is a fault of Hallmark's."""


def of_error(error: Exception) -> Problem:
    """The problem that `error` is to the caller; an unexpected error is logged with its trace and becomes a 500."""
    match error:
        case Problem():
            return error
        case ImageRejected():
            return of_picture(error)
        case RequestValidationError():
            return _of_validation(error)
        case HTTPException():
            return _of_http(error)
        case ClientDisconnect():
            return Problem(400, "bad-request", "The body ended early; send the request again.")
        case _:
            return _of_fault(error)


def _of_fault(error: Exception) -> Problem:
    """An outage, which is logged in a line, or a fault of Hallmark's, which is logged with its trace."""
    match error:
        case OperationalError() | PoolTimeoutError():
            log.error("database away", error=str(error))
            return unavailable("database-away", "The database does not answer at the moment; send the request again.")
        case DecoderUnavailable():
            log.error("decoder away", error=str(error))
            return unavailable("decoder-away", "Pictures cannot be read at the moment; send the request again.")
        case ObjectsAwayError():
            log.error("object store away", error=str(error))
            return unavailable(
                "objects-away", "Pictures cannot be stored or fetched at the moment; send the request again."
            )
    log.error("unexpected error", exc_info=error)
    return Problem(
        500, "internal", "Something failed inside Hallmark; report the request_id of this answer, then try again."
    )


def _of_validation(error: RequestValidationError) -> Problem:
    errors = [
        {"where": ".".join(str(part) for part in item["loc"]), "message": item["msg"], "type": item["type"]}
        for item in error.errors()
    ]
    first = errors[0]
    return Problem(
        422,
        "invalid-request",
        f"{first['where']}: {first['message']}. The request's form is described at /openapi.json.",
        extra={"errors": errors},
    )


def _of_http(error: HTTPException) -> Problem:
    """Starlette's own refusals, with words that say what to do."""
    known = {
        400: ("bad-request", f"{error.detail}. Check the body and its Content-Type against /openapi.json."),
        404: ("not-found", "There is nothing at this path; /openapi.json lists the paths."),
        405: ("method-not-allowed", "This path does not take this method; the Allow header lists those it takes."),
    }
    code, detail = known.get(error.status_code, ("http-error", str(error.detail)))
    return Problem(error.status_code, code, detail, headers=error.headers)
