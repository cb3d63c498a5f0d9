"""API keys: made, found by what a caller sends, revoked."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, func, select

from serve import audit
from serve.access.roles import Role
from serve.database.engine import Database
from serve.database.tables import ApiKey, Brand, RightsHolder
from serve.identifiers import new_id
from serve.protocol.problems import Problem, not_found

KEY_PREFIX = "hallmark_"
SECRET_BYTES = 32
SHOWN_CHARACTERS = len(KEY_PREFIX) + 6


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request; `brand_ids` are the brands that a key of role `brand` is for, None for any other key."""

    key_id: str
    role: Role
    brand_ids: frozenset[str] | None

    def sees(self, brand_id: str) -> bool:
        """Whether the caller may know of the brand: a brand key knows its own only."""
        return self.brand_ids is None or brand_id in self.brand_ids


def create_key(database: Database, *, role: Role, brand_id: str | None = None, holder_id: str | None = None) -> str:
    """Make a key and return it; only its hash is kept, so this is the one time that it can be read.

    A key of role `brand` is for the brand `brand_id`, or for all brands of the rights holder `holder_id`, such as an
    agency. Raises `Problem`: 422 unless a brand key names exactly one of the two and any other key neither, 404 when
    the one named is unknown.
    """
    if (brand_id is not None) + (holder_id is not None) != (role is Role.BRAND):
        raise Problem(
            422,
            "key-brand",
            "A key of role `brand` needs its brand's id or its rights holder's; no other key takes one.",
        )
    key = KEY_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    with database.write() as session:
        if brand_id is not None and session.get(Brand, brand_id) is None:
            raise not_found("brand", brand_id)
        if holder_id is not None and session.get(RightsHolder, holder_id) is None:
            raise not_found("rights holder", holder_id)
        key_id = new_id("key")
        session.add(
            ApiKey(
                id=key_id, sha256=_digest(key), prefix=key[:SHOWN_CHARACTERS], role=role.value,
                brand_id=brand_id, holder_id=holder_id,
            )
        )  # fmt: skip
        audit.record(
            session, actor=audit.OPERATOR, action="key created", subject=key_id,
            content={"role": role.value, "brand": brand_id, "rights_holder": holder_id},
        )  # fmt: skip
    return key


def find_caller(database: Database, key: str) -> Caller | None:
    """The holder of `key`, or None when it is unknown or revoked."""
    return _caller(database, ApiKey.sha256 == _digest(key))


def caller_with(database: Database, key_id: str) -> Caller | None:
    """The holder of the key of this id, or None when it was revoked."""
    return _caller(database, ApiKey.id == key_id)


def _caller(database: Database, wanted: ColumnElement[bool]) -> Caller | None:
    brands = select(func.array_agg(Brand.id)).where(
        (Brand.id == ApiKey.brand_id) | (Brand.holder_id == ApiKey.holder_id)
    )
    query = select(ApiKey.id, ApiKey.role, brands.correlate(ApiKey).scalar_subquery().label("brand_ids")).where(
        wanted, ApiKey.revoked.is_(None)
    )
    with database.once() as session:
        row = session.execute(query).one_or_none()
    if row is None:
        return None
    role = Role(row.role)
    return Caller(row.id, role, frozenset(row.brand_ids or ()) if role is Role.BRAND else None)


def list_keys(database: Database) -> list[ApiKey]:
    """All keys, oldest first."""
    with database.read() as session:
        return list(session.scalars(select(ApiKey).order_by(ApiKey.id)))


def revoke_key(database: Database, key_id: str) -> None:
    """Make a key useless from now on. Raises `Problem` (404)."""
    with database.write() as session:
        found = session.get(ApiKey, key_id)
        if found is None:
            raise not_found("key", key_id)
        found.revoked = found.revoked or datetime.now(UTC)
        audit.record(session, actor=audit.OPERATOR, action="key revoked", subject=key_id, content={})


def _digest(key: str) -> bytes:
    """SHA-256: 256 random bits need no slow hash, and the lookup is one index probe."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
