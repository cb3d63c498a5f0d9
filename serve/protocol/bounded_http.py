"""uvicorn's HTTP protocol with a bound on what comes before a request's body.

httptools takes header lines as long as they come, and nothing of the application runs before their end: whoever sends
on and on, or stops in their midst, would hold memory or a connection for ever, without a key.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES: Final = 64 * 1024
"""Of a request line and the header lines together."""

HEAD_SECONDS: Final = 20.0
"""In which the head of a request has to come, from the connection or its first byte on."""

_REFUSALS: Final = {
    408: ("request-timeout", "Request Timeout", "The header lines did not come in time; send the request again."),
    431: (
        "headers-too-large", "Request Header Fields Too Large",
        "The header lines are too large; send fewer or shorter ones.",
    ),
}  # fmt: skip


class BoundedHttpProtocol(HttpToolsProtocol):
    """Answers 431 to a head of more than `MOST_HEAD_BYTES`, and 408 to one that does not come within `HEAD_SECONDS`."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes: int | None = 0  # None from the end of a head to the beginning of the next
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and count what belongs to a head."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
                self._refuse(431)

    def on_message_begin(self) -> None:
        """A head begins; the first one of a connection is waited for already."""
        super().on_message_begin()
        if self._head_bytes is None:
            self._head_bytes = 0
            self._await_head()

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self._stop_waiting()
        self._head_bytes = None
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MOST_HEAD_BYTES:
            self._refuse(431)
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body came."""
        if self.cycle is not None:  # none where the head was refused
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if self.cycle is not None:
            super().on_message_complete()

    def _await_head(self) -> None:
        self._stop_waiting()
        self._late = self.loop.call_later(HEAD_SECONDS, self._refuse, 408)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self, status: int) -> None:
        """Say why, and close; where an earlier request is being answered still, close after that."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
            return
        code, reason, detail = _REFUSALS[status]
        problem = {"type": f"urn:hallmark:problem:{code}", "title": reason, "status": status, "detail": detail}
        body = json.dumps(problem)
        self.transport.write(
            f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
        )
        self.transport.close()
