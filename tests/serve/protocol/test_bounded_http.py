"""What a client without a key may send before its request's body, over a real socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from serve.protocol import bounded_http
from serve.protocol.bounded_http import MOST_HEAD_BYTES, BoundedHttpProtocol


async def echo(scope, receive, send) -> None:
    """Answers how many bytes the body had, at once where nobody may send any, as without a key."""
    if scope["type"] != "http":
        return
    size, more = 0, scope["path"] != "/refused"
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    body = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def port() -> Iterator[int]:
    config = uvicorn.Config(echo, port=0, log_config=None, lifespan="off", http=BoundedHttpProtocol)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def answers(port: int, *parts: bytes) -> bytes:
    """All that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        received = b""
        try:
            for part in parts:
                connection.sendall(part)
            while piece := connection.recv(65_536):
                received += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
        return received


def test_ordinary_requests_are_served_one_after_the_other_on_one_connection(port: int) -> None:
    large = b"x" * 300_000
    first = b"POST / HTTP/1.1\r\nHost: a\r\nX-Note: %s\r\nContent-Length: 300000\r\n\r\n" % (b"n" * 30_000) + large
    last = b"GET /again HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    received = answers(port, first, last)
    assert received.count(b"HTTP/1.1 200") == 2
    assert b"\r\n\r\n300000HTTP/1.1" in received


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Note: " + b"n" * (2 * MOST_HEAD_BYTES),
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Note: n\r\n" * (MOST_HEAD_BYTES // 4),
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Note: " + b"n" * (MOST_HEAD_BYTES + 1) + b"\r\n\r\n",
        b"GET /" + b"p" * (MOST_HEAD_BYTES + 1) + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ids=["a line without end", "lines without end", "a line too long", "a path too long"],
)
def test_header_lines_that_are_too_large_are_refused(port: int, head: bytes) -> None:
    received = answers(port, head)
    assert received.startswith(b"HTTP/1.1 431 ")
    problem = json.loads(received.partition(b"\r\n\r\n")[2])
    assert (problem["status"], problem["type"]) == (431, "urn:hallmark:problem:headers-too-large")


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost:"])
def test_whoever_stops_in_the_midst_is_not_waited_for(port: int, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(bounded_http, "HEAD_SECONDS", 0.2)
    assert answers(port, begun).startswith(b"HTTP/1.1 408 ")


def test_a_body_may_take_longer_than_the_header_lines(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_http, "HEAD_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n1")
        threading.Event().wait(0.5)
        connection.sendall(b"2")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def is_closed(connection: socket.socket) -> bool:
    """Whether the server ends the connection by itself."""
    connection.settimeout(5)
    try:
        while connection.recv(65_536):
            pass
    except TimeoutError:
        return False
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize(
    ("request_line", "then"),
    [(b"GET / HTTP/1.1\r\n", b"\r\n"), (b"POST /refused HTTP/1.1\r\nContent-Length: 900\r\n", b"x")],
    ids=["an empty line", "a piece of a body that nobody reads"],
)
def test_a_connection_on_which_nothing_ends_after_an_answer_is_closed(
    port: int, monkeypatch: pytest.MonkeyPatch, request_line: bytes, then: bytes
) -> None:
    monkeypatch.setattr(bounded_http, "HEAD_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request_line + b"Host: a\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(then)
        assert is_closed(connection)


def test_trailers_are_bounded_too(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /refused HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        try:
            connection.sendall(b"0\r\n")
            for _ in range(100):
                connection.sendall(b"X-Note: n\r\n" * 1_000)
        except OSError:
            return
        assert is_closed(connection)


def test_what_follows_a_refused_request_is_neither_run_nor_part_of_another(port: int) -> None:
    first = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
    refused = b"POST / HTTP/1.1\r\nHost: a\r\nX: " + b"n" * MOST_HEAD_BYTES + b"\r\nContent-Length: 2\r\n\r\n22"
    received = answers(port, first + refused + first)
    assert received.count(b"HTTP/1.1 200") == 1
    assert received.partition(b"\r\n\r\n")[2].startswith(b"3")


def test_thousands_of_requests_and_chunks_on_one_connection_are_not_too_much(port: int) -> None:
    last = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    received = answers(
        port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2_000 + last + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n"
    )
    assert received.count(b"HTTP/1.1 200") == 2_001
    assert received.endswith(b"50000")
