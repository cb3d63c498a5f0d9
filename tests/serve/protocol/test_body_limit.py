from __future__ import annotations

import asyncio
from typing import Any

import pytest

from serve.protocol import body_limit
from serve.protocol.body_limit import BodyLimit
from serve.protocol.problems import Problem


def read(*pieces: dict[str, Any], after_body: float = 0.0) -> int:
    """How many bytes an application reads; where no piece is left, nothing comes."""
    sizes: list[int] = []
    left = list(pieces)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            sizes.append(len(message["body"]))
            more = message["more_body"]
        if after_body:
            waiting = asyncio.ensure_future(receive())
            await asyncio.sleep(after_body)
            assert not waiting.done(), "the end of the connection is waited for as long as it takes"
            waiting.cancel()

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        return {"type": "http.request", **left.pop(0)}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    limited = BodyLimit(application, most_bytes=10, most_bytes_at={})
    asyncio.run(limited({"type": "http", "path": "/", "headers": []}, receive, send))
    return sum(sizes)


def test_a_body_that_stops_coming_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "PIECE_SECONDS", 0.05)
    with pytest.raises(Problem) as refused:
        read({"body": b"12", "more_body": True})
    assert (refused.value.status_code, refused.value.code) == (408, "request-timeout")


def test_a_request_that_is_whole_may_be_answered_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "PIECE_SECONDS", 0.05)
    assert read({"body": b"12", "more_body": True}, {"body": b"3", "more_body": False}, after_body=0.2) == 3
