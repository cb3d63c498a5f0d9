"""How messages get out: a rights holder names its webhook, and must not reach the marketplace's inner network by it."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import Final

import httpx2
import structlog

TRY_SECONDS: Final = 10.0
"""A whole try: name lookup, connection, sending, and the head of the answer. Its body is not read."""

GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All IPv6 addresses that were ever given to anybody (RFC 4291, IANA); what Python takes for global goes beyond."""

INTO_IPV4: Final = ipaddress.IPv6Network("2002::/16")
"""Of them, those behind which is an IPv4 address, of any kind (RFC 3056)."""


log = structlog.get_logger(__name__)


class NotPublicError(Exception):
    """A host has an address that is not public."""


@dataclass(frozen=True, slots=True)
class Egress:
    """Sends requests to addresses that strangers give.

    They go through the HTTP `proxy`, which then decides what may be reached; without one, to public addresses alone
    unless `inside` allows any.
    """

    proxy: str | None = None
    inside: bool = False

    async def post(self, url: str, *, content: str, headers: dict[str, str]) -> int:
        """The status that came back; no redirect is followed.

        Raises `TimeoutError`, `NotPublicError`, `httpx2.HTTPError`, `httpx2.InvalidURL`, `OSError`, or `UnicodeError`
        for a host that can be nobody's name.
        """
        try:
            async with asyncio.timeout(TRY_SECONDS):
                return await self._post(httpx2.URL(url), content=content, headers=headers)
        except TimeoutError as error:
            raise TimeoutError(f"no answer in {TRY_SECONDS:g} seconds") from error

    async def _post(self, target: httpx2.URL, *, content: str, headers: dict[str, str]) -> int:
        async with httpx2.AsyncClient(timeout=TRY_SECONDS, trust_env=False, proxy=self.proxy) as client:
            if self.proxy is not None or self.inside:
                return await _status(client, target, content=content, headers=headers)
            return await _post_to(client, target, await _public_addresses(target), content=content, headers=headers)


def is_public(address: str) -> bool:
    """Whether `address` (IPv4 or IPv6) is one of the whole Internet. Raises `ValueError`."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and (parsed not in GLOBAL_UNICAST or parsed in INTO_IPV4):
        return False
    return parsed.is_global and not parsed.is_multicast


async def _public_addresses(target: httpx2.URL) -> list[str]:
    """The addresses of the host. Raises `NotPublicError`, `OSError` for a name that nobody knows, `UnicodeError`."""
    found = await asyncio.get_running_loop().getaddrinfo(target.host, None, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    inner = [address for address in addresses if not is_public(address)]
    if inner:
        log.warning("a webhook leads to an address that is not public", host=target.host, address=inner[0])
        raise NotPublicError(f"{target.host} has no public address")
    return addresses


async def _post_to(
    client: httpx2.AsyncClient, target: httpx2.URL, addresses: list[str], *, content: str, headers: dict[str, str]
) -> int:
    """The status from the first of `addresses` that can be reached.

    What was looked up is what is connected to: a name that has another address a moment later leads nowhere else.
    """
    headers = {**headers, "host": target.netloc.decode("ascii")}
    for address in addresses[:-1]:
        try:
            return await _status(client, target.copy_with(host=address), content=content, headers=headers, of=target)
        except httpx2.ConnectError:
            continue
    return await _status(client, target.copy_with(host=addresses[-1]), content=content, headers=headers, of=target)


async def _status(
    client: httpx2.AsyncClient, url: httpx2.URL, *, content: str, headers: dict[str, str], of: httpx2.URL | None = None
) -> int:
    """The status from `url`; its certificate must be that of the host of `of`, where that is given."""
    extensions = {} if of is None else {"sni_hostname": of.host}
    async with client.stream("POST", url, content=content, headers=headers, extensions=extensions) as answer:
        return int(answer.status_code)
