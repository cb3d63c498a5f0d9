"""A limit on the size of a request's body, kept while it streams in, so that memory cannot grow with it."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.problems import Problem

ENVELOPE_BYTES = 1024 * 1024
"""What the other parts of a multipart body may take beside the picture."""


class BodyLimit:
    """ASGI middleware: 413 for a body over `max_upload_bytes` and its envelope, by its header or as it is read."""

    def __init__(self, app: ASGIApp, *, max_upload_bytes: int) -> None:
        self._app = app
        self._max_upload_bytes = max_upload_bytes
        self._most = max_upload_bytes + ENVELOPE_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises `Problem` (400, 413)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length")
        if declared is not None and not declared.isdigit():
            raise Problem(400, "bad-request", "Content-Length is not a number; send the size of the body in bytes.")
        if declared is not None and int(declared) > self._most:
            raise self._too_large()
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most:
                raise self._too_large()
            return message

        await self._app(scope, counted, send)

    def _too_large(self) -> Problem:
        return Problem(
            413,
            "too-large",
            f"The body is larger than a picture may be ({self._max_upload_bytes:,} bytes). "
            "Scale the picture down or save it as JPEG of quality 85.",
            headers={"Connection": "close"},
        )
