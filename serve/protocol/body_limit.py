"""A limit on the size of a request's body, kept while it streams in, so that memory cannot grow with it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.protocol.problems import Problem

ENVELOPE_BYTES = 1024 * 1024
"""What the other parts of a multipart body may take beside the pictures."""


PIECE_SECONDS = 20.0
"""In which the next piece of a body has to come."""


class BodyLimit:
    """ASGI middleware: 413 for a body over `most_bytes` and its envelope, by its header or as it is read, and 408 for
    one that stops coming.

    `most_bytes_at` says how large bodies may be at the paths that take several pictures, by patterns that match them
    whole.
    """

    def __init__(self, app: ASGIApp, *, most_bytes: int, most_bytes_at: Mapping[re.Pattern[str], int]) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._most_bytes_at = dict(most_bytes_at)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises `Problem` (400, 408, 413)."""
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
        received, is_whole = 0, False

        async def counted() -> Message:
            nonlocal received, is_whole
            try:  # after the last piece nothing but the end of the connection comes, in its own time
                message = await asyncio.wait_for(receive(), None if is_whole else PIECE_SECONDS)
            except TimeoutError as error:
                raise _too_slow() from error
            is_whole = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > most:
                raise _too_large(allowed)
            return message

        await self._app(scope, counted, send)

    def _allowed(self, path: str) -> int:
        several = (most for pattern, most in self._most_bytes_at.items() if pattern.fullmatch(path))
        return next(several, self._most_bytes)


def _too_slow() -> Problem:
    return Problem(
        408,
        "request-timeout",
        f"No piece of the body came for {PIECE_SECONDS:g} seconds; send the request again.",
        headers={"Connection": "close"},
    )


def _too_large(allowed: int) -> Problem:
    return Problem(
        413,
        "too-large",
        f"The body is larger than what may be sent here ({allowed:,} bytes). "
        "Send fewer or smaller files; scale pictures down, or save them as JPEG of quality 85.",
        headers={"Connection": "close"},
    )
