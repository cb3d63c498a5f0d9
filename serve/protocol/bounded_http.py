"""uvicorn's HTTP protocol with a bound on what comes around a request's body.

httptools takes header lines, and trailers after a chunked body, as long as they come, and nothing of the application
runs before their end: whoever sends on and on, or stops in their midst, would hold memory or a connection for ever,
without a key.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES: Final = 64 * 1024
"""Of a request line, the header lines and the trailers together."""

HEAD_SECONDS: Final = 20.0
"""How long a request's head may take, counted from the opening of the connection or the head's first byte; also how
long a connection may stay idle, or go on sending a request that was already answered, before it is closed.
"""

BETWEEN: Final = 32
"""Upper bound, in bytes, of what the parser consumes between two callbacks without reporting it: method, version,
colons, line ends, chunk sizes.
"""

_REFUSALS: Final = {
    408: ("request-timeout", "Request Timeout", "The header lines did not come in time; send the request again."),
    431: (
        "headers-too-large", "Request Header Fields Too Large",
        "The header lines are too large; send fewer or shorter ones.",
    ),
}  # fmt: skip


class BoundedHttpProtocol(HttpToolsProtocol):
    """Answers 431 to more than `MOST_HEAD_BYTES` of lines, and 408 to a head that does not come in `HEAD_SECONDS`.

    What follows a refused request on its connection is not read.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._lines = 0  # bytes of the present request's lines that were parsed
        self._silent = 0  # bytes that came and belong to nothing that was parsed yet
        self._parsed = 0  # bytes of what is being read that belong to what was parsed
        self._has_head = False  # of the present request, or the last one
        self._has_body = False
        self._refused = False
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the request was refused, and count what is no whole line yet."""
        if self._refused or self.transport.is_closing():
            return
        self._parsed = 0
        super().data_received(data)
        kept = 0 if self._parsed else self._silent
        self._silent = max(kept + len(data) - self._parsed, 0)
        if self._silent > MOST_HEAD_BYTES:
            self._refuse(431)
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and not self.pipeline and self.timeout_keep_alive_task is None and self._late is None:
            self._wait()  # what came ended uvicorn's own wait for the next request

    def on_message_begin(self) -> None:
        """A head begins."""
        if self._refused:
            return
        self._lines, self._has_head, self._has_body = 0, False, False
        super().on_message_begin()
        self._wait()

    def on_url(self, url: bytes) -> None:
        """A piece of the request line."""
        if not self._refused and self._counts(url):
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole line of the head, or a trailer, which nobody reads."""
        if not self._refused and self._counts(name, value) and not self._has_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head is whole."""
        if self._refused:
            return
        self._stop_waiting()
        self._has_head = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        if not self._refused:
            self._parsed += len(body) + BETWEEN
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if not self._refused:
            self._has_body = True
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """A request is answered; where it has not ended, it is to end soon."""
        super().on_response_complete()
        if not self._has_body and not self.pipeline and not self.transport.is_closing():
            self._wait()

    def _counts(self, *parts: bytes) -> bool:
        """Count a line, and say whether it may be kept."""
        size = sum(map(len, parts))
        self._lines += size
        self._parsed += size + BETWEEN
        if self._lines > MOST_HEAD_BYTES:
            self._refuse(431)
        return not self._refused

    def _wait(self) -> None:
        self._stop_waiting()
        self._late = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        """Close; where a head is awaited, say so."""
        if self._has_head:
            self._refused = True
            self.transport.close()
        else:
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        """Say why, and close; where an earlier request is being answered still, close after that."""
        if self._refused:
            return
        self._refused = True
        self._stop_waiting()
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
