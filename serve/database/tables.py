"""The tables. Truth lives here; every index is a copy of `references` and `reference_vectors`.

Ids are text, `<kind>_<26 characters>`, and sort by the time they were made (see serve/identifiers.py), so that a list
pages by its primary key.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, Literal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ReferenceKind = Literal["logo", "product"]
ReferenceStatus = Literal["active", "disabled"]

REMOVED: Final = "removed"
"""The status of a reference that is there to nobody but to replays."""


class Table(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it as it stands)
        str: Text,
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(Text),
        list[Any]: JSONB,
        dict[str, Any]: JSONB,
    }


class ObjectStore(Table):
    """Which object store is the database's: the `owner` that it names. One row."""

    __tablename__ = "object_store"

    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    owner: Mapped[str]

    __table_args__ = (CheckConstraint("number = 1", name="object_store_one"),)


class RightsHolder(Table):
    """Who answers for one or several brands, as their owner or an agency; its country and time zone set due dates."""

    __tablename__ = "rights_holders"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    country: Mapped[str]
    time_zone: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="owner")
    tier: Mapped[str] = mapped_column(server_default="standard")
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("kind IN ('owner', 'agency')", name="rights_holders_kind"),
        CheckConstraint("tier IN ('standard', 'trusted', 'suspended')", name="rights_holders_tier"),
    )


class Brand(Table):
    """A brand whose marks are looked for."""

    __tablename__ = "brands"

    id: Mapped[str] = mapped_column(primary_key=True)
    holder_id: Mapped[str] = mapped_column(ForeignKey("rights_holders.id"))
    name: Mapped[str]
    aliases: Mapped[list[str]]
    words: Mapped[list[str]]
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("brands_name", text("lower(name)"), unique=True),
        Index("brands_holder", "holder_id", "id"),
    )


class AuthorisedSeller(Table):
    """A seller whom a brand lets use its official photos, through the day `until`, or for ever where it is null."""

    __tablename__ = "authorised_sellers"

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brands.id", ondelete="CASCADE"))
    seller: Mapped[str]
    note: Mapped[str | None]
    until: Mapped[date | None]
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("authorised_sellers_brand_seller", "brand_id", "seller", unique=True),
        Index("authorised_sellers_brand", "brand_id", "id"),
        Index("authorised_sellers_seller", "seller"),
    )


class ApiKey(Table):
    """A key: 256 random bits, of which only the SHA-256 is kept, with the prefix that people tell keys apart by.

    One of role `brand` is for a brand, or for all that the rights holder answers for, whenever they came.
    """

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    prefix: Mapped[str]
    role: Mapped[str]
    brand_id: Mapped[str | None] = mapped_column(ForeignKey("brands.id", ondelete="CASCADE"))
    holder_id: Mapped[str | None] = mapped_column(ForeignKey("rights_holders.id"))
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("role IN ('platform', 'brand', 'trust', 'ml', 'admin')", name="api_keys_role"),
        CheckConstraint(
            "num_nonnulls(brand_id, holder_id) = CASE WHEN role = 'brand' THEN 1 ELSE 0 END", name="api_keys_brand"
        ),
    )


class Reference(Table):
    """A genuine picture that a brand uploaded; `object_key` names its pixels (PNG) in the object store.

    `logo_places` are the boxes (left, top, width, height in its pixels) of a product's logos, each with the detector's
    score, or of the marks within a logo's picture, null before they are found. A removed one is there to nobody; it is
    kept as long as a scan that may have seen it can be replayed. `searched` is when the stock was searched for it, or
    there was none, null before.
    """

    __tablename__ = "references"

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brands.id", ondelete="CASCADE"))
    kind: Mapped[str]
    sku: Mapped[str | None]
    note: Mapped[str | None]
    status: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    width: Mapped[int]
    height: Mapped[int]
    object_key: Mapped[str]
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    removed: Mapped[datetime | None]
    logo_places: Mapped[list[list[float]] | None] = mapped_column(JSONB(none_as_null=True))
    searched: Mapped[datetime | None]

    __table_args__ = (
        Index("references_brand", "brand_id", "id"),
        Index("references_gone", "removed", postgresql_where=text("removed IS NOT NULL")),
        CheckConstraint("kind IN ('logo', 'product')", name="references_kind"),
        CheckConstraint("status IN ('active', 'disabled', 'removed')", name="references_status"),
        CheckConstraint("(status = 'removed') = (removed IS NOT NULL)", name="references_removed"),
    )


class ReferenceVector(Table):
    """One view of a reference as the model `model` embeds it: 256 float32, little-endian, of length 1."""

    __tablename__ = "reference_vectors"

    vector_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    reference_id: Mapped[str] = mapped_column(ForeignKey("references.id", ondelete="CASCADE"))
    model: Mapped[str]
    view: Mapped[str]
    vector: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("reference_vectors_reference", "reference_id", "model", "view", unique=True),)


class IndexCounter(Table):
    """One row: the version of the last change. Updating it makes writers take turns, so versions have no gaps."""

    __tablename__ = "index_counter"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("id = 1", name="index_counter_one_row"),)


class IndexChange(Table):
    """What changed at a version. `reference_id` may name a row that is gone; `brand_id` alone means that a brand was
    made, or goes by other names: those before are `former_name` and `former_words`. Neither: another model serves from
    this version.

    `mark` is random: a snapshot remembers it, so that one from before a restored backup is not taken for this history.
    """

    __tablename__ = "index_changes"

    version: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    mark: Mapped[str]
    action: Mapped[str]
    brand_id: Mapped[str | None]
    reference_id: Mapped[str | None]
    former_name: Mapped[str | None]
    former_words: Mapped[list[str] | None]
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("action IN ('create', 'rename', 'add', 'remove', 'switch')", name="index_changes_action"),
        CheckConstraint("(action = 'switch') = (brand_id IS NULL)", name="index_changes_brand"),
    )


class ScanRecord(Table):
    """A scan's answer as it was sent, with what is needed to replay it."""

    __tablename__ = "scans"

    id: Mapped[str] = mapped_column(primary_key=True)
    result: Mapped[dict[str, Any]]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    model: Mapped[str]
    index_version: Mapped[int] = mapped_column(BigInteger)
    policy_version: Mapped[int]
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("scans_created", "created"),)


class ConsoleSession(Table):
    """Who signed in to the console with a key; of the cookie's token only the SHA-256 is kept."""

    __tablename__ = "console_sessions"

    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"))
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    expires: Mapped[datetime] = mapped_column(index=True)


class PolicyRecord(Table):
    """A version of the policy; the highest one is in force. `basis` says of each brand what its thresholds rest on."""

    __tablename__ = "policies"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(server_default="as installed")
    author: Mapped[str] = mapped_column(server_default="hallmark")
    basis: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created: Mapped[datetime] = mapped_column(server_default=func.now())


class IdempotencyKey(Table):
    """An `Idempotency-Key` of one API key: what was asked, and the answer once there is one.

    While `status` is null the request runs; `owner` is who runs it, and from `lock_expires` on another may take over.
    """

    __tablename__ = "idempotency_keys"

    api_key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    owner: Mapped[str]
    lock_expires: Mapped[datetime]
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("idempotency_keys_created", "created"),)
