"""Messages go to public addresses, and to those that were looked up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from receiver import Receiver

from serve.loop.push import egress
from serve.loop.push.egress import Egress, NotPublicError, is_public


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


def post(way: Egress, url: str) -> int:
    return asyncio.run(way.post(url, content="{}", headers={"webhook-id": "msg_1"}))


def look_up(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Have every name be of these addresses."""

    async def getaddrinfo(self: Any, host: str, port: Any, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]

    monkeypatch.setattr("asyncio.BaseEventLoop.getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.2.3", False), ("0.0.0.0", False),  # noqa: S104
        ("169.254.169.254", False), ("100.64.0.1", False), ("224.0.0.1", False), ("::1", False), ("fe80::1", False),
        ("::ffff:127.0.0.1", False), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("64:ff9b:1::1", False),
        ("::ffff:8.8.8.8", False), ("::8.8.8.8", False), ("fec0::1", False), ("4000::1", False),
    ],
)  # fmt: skip
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::1]"])
def test_an_inner_address_is_not_asked(receiver: Receiver, host: str) -> None:
    port = httpx2.URL(receiver.url).port
    with pytest.raises(NotPublicError, match="has no public address"):
        post(Egress(), f"http://{host}:{port}/")
    assert receiver.messages == []


def test_one_inner_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up(monkeypatch, "8.8.8.8", "10.0.0.7")
    with pytest.raises(NotPublicError, match=r"hooks\.example has no public address"):
        post(Egress(), "https://hooks.example/")


def test_the_address_that_was_looked_up_gets_the_message(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "is_public", lambda address: True)
    look_up(monkeypatch, "127.0.0.2", "127.0.0.1")  # nobody listens on the first
    port = httpx2.URL(receiver.url).port
    assert post(Egress(), f"http://hooks.example:{port}/here?a=b") == httpx2.codes.NO_CONTENT
    (message,) = receiver.messages
    assert message.headers["host" if "host" in message.headers else "Host"] == f"hooks.example:{port}"


def test_inside_is_allowed_where_the_marketplace_says_so(receiver: Receiver) -> None:
    assert post(Egress(inside=True), receiver.url) == httpx2.codes.NO_CONTENT


def test_a_proxy_gets_what_is_meant_for_others(receiver: Receiver) -> None:
    assert post(Egress(proxy=receiver.url), "http://inner.example/hook") == httpx2.codes.NO_CONTENT
    (message,) = receiver.messages
    assert message.headers["host" if "host" in message.headers else "Host"] == "inner.example"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answers.append(302)
    assert post(Egress(inside=True), receiver.url) == httpx2.codes.FOUND
    assert len(receiver.messages) == 1
