"""A rights holder's web server."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook
from waiting import eventually


@dataclass(frozen=True)
class Message:
    """A request as it came; `moment` is of `time.monotonic`."""

    headers: dict[str, str]
    body: bytes
    moment: float

    def verified(self, secret: str) -> Any:
        """What it says. Raises `WebhookVerificationError` when `secret` did not sign it."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Answers with the statuses of `answers`, one each, and with 204 from then on; a number of seconds is a pause."""

    answers: list[int | float] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def __enter__(self) -> Receiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.messages.append(Message(dict(self.headers), body, time.monotonic()))
                answer = receiver.answers.pop(0) if receiver.answers else 204
                if isinstance(answer, float):
                    time.sleep(answer)
                    answer = 204
                self.send_response(answer)
                self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hallmark"

    def wait(self, count: int, *, seconds: float = 10.0) -> list[Message]:
        """The messages, once there are `count`."""
        eventually(lambda: len(self.messages) >= count, seconds=seconds)
        return self.messages
