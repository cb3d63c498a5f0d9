"""Ids that tell their kind and sort by the time they were made."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime
from typing import Literal

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, in lower case: no i, l, o, u."""

IdKind = Literal[
    "brand",
    "key",
    "ref",
    "scan",
    "req",
    "holder",
    "list",
    "image",
    "case",
    "complaint",
    "file",
    "notice",
    "msg",
    "credit",
    "test",
    "dispute",
    "label",
    "document",
    "jury",
    "switch",
    "trait",
    "hold",
    "sweep",
    "suggestion",
    "store",
    "authorisation",
]


def new_id(kind: IdKind, *, after: str | None = None) -> str:
    """`<kind>_` and 26 characters: 48 bits of milliseconds since 1970, then 80 random bits (as a ULID).

    It sorts behind the id `after`, where one is given, whatever the clock says.
    """
    number = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10), "big")
    if after is not None:
        number = max(number, _number_of(after) + 1)
    return f"{kind}_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def moment_of(name: str, *, kind: IdKind) -> datetime:
    """When the id of that kind was made, UTC. Raises `ValueError` for what is none."""
    if re.fullmatch(f"{kind}_[0-7][{ALPHABET}]{{25}}", name) is None:
        raise ValueError(f"expected an id such as {kind}_0123456789abcdefghjkmnpqrs, got {name!r}")
    return datetime.fromtimestamp((_number_of(name) >> 80) / 1000, UTC)


def _number_of(name: str) -> int:
    number = 0
    for character in name.rpartition("_")[2]:
        number = number << 5 | ALPHABET.index(character)
    return number
