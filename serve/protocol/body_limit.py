"""A limit on the size of a request's body, kept while it streams in, so that memory cannot grow with it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.protocol.problems import Problem

ENVELOPE_BYTES = 1024 * 1024
"""What the other parts of a multipart body may take beside the pictures."""


class BodyLimit:
    """ASGI middleware: 413 for a body over `most_bytes` and its envelope, by its header or as it is read.

    `most_bytes_at` says so for the paths that take several pictures, by patterns that match them whole.
    """

    def __init__(self, app: ASGIApp, *, most_bytes: int, most_bytes_at: Mapping[re.Pattern[str], int]) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._most_bytes_at = dict(most_bytes_at)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises `Problem` (400, 413)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        allowed = self._allowed(scope["path"])
        most = allowed + ENVELOPE_BYTES
        declared = dict(scope["headers"]).get(b"content-length")
        if declared is not None and not declared.isdigit():
            raise Problem(400, "bad-request", "Content-Length is not a number; send the size of the body in bytes.")
        if declared is not None and int(declared) > most:
            raise _too_large(allowed)
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise _too_large(allowed)
            return message

        await self._app(scope, counted, send)

    def _allowed(self, path: str) -> int:
        several = (most for pattern, most in self._most_bytes_at.items() if pattern.fullmatch(path))
        return next(several, self._most_bytes)


def _too_large(allowed: int) -> Problem:
    return Problem(
        413,
        "too-large",
        f"The body is larger than what may be sent here ({allowed:,} bytes). "
        "Send fewer or smaller files; scale pictures down, or save them as JPEG of quality 85.",
        headers={"Connection": "close"},
    )
