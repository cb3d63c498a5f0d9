"""What surrounds every request: its id, its line in the log, its metrics, and an answer whatever happens."""

from __future__ import annotations

import re
import time
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.identifiers import new_id
from serve.metrics import Metrics
from serve.protocol import problems

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
QUIET_PATHS = frozenset({"/livez", "/readyz", "/metrics"})

BALLOT: Final = re.compile("(?<=/console/jury/)[^/]+")
"""The part of a path that nobody may read in a log: whoever has it votes."""

log = structlog.get_logger(__name__)


class RequestContext:
    """The outermost ASGI middleware."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; what the application raises becomes a problem document."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        request_id = given.decode("ascii") if REQUEST_ID.fullmatch(given) else new_id("req")
        scope.setdefault("state", {})["request_id"] = request_id
        start, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((b"x-request-id", request_id.encode("ascii")))
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, noted)
            except Exception as error:
                if status:
                    log.error("failed while answering", exc_info=error)
                    raise
                answer = problems.response(problems.of_error(error), path=scope["path"], request_id=request_id)
                await answer(scope, receive, noted)
            finally:
                self._note(scope, status, seconds=time.perf_counter() - start)

    def _note(self, scope: Scope, status: int, *, seconds: float) -> None:
        unrouted = "replayed" if scope["state"].get("replayed") else "unmatched"
        route = getattr(scope.get("route"), "path_format", unrouted)
        self._metrics.requests.labels(method=_method(scope), route=route, status=str(status)).inc()
        self._metrics.request_seconds.labels(method=_method(scope), route=route).observe(seconds)
        if scope["path"] in QUIET_PATHS:
            return
        caller = scope["state"].get("caller")
        path = BALLOT.sub("{ballot}", scope["path"])
        log.info(
            "request", method=scope["method"], path=path, status=status, ms=round(seconds * 1000.0, 1),
            key_id=getattr(caller, "key_id", None), scan_id=scope["state"].get("scan_id"),
        )  # fmt: skip


def _method(scope: Scope) -> str:
    """The method as a label: clients may invent any number of others."""
    method: str = scope["method"]
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "OTHER"
