"""The first tables: brands, keys, references, vectors, the change log, scans, policies, idempotency keys."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def created() -> sa.Column[datetime]:
    """The column that says when a row was made."""
    return sa.Column("created", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def texts(name: str) -> sa.Column[list[str]]:
    """A column of several texts."""
    return sa.Column(name, postgresql.ARRAY(sa.Text()), nullable=False)


def text(name: str, *, null: bool = False, primary_key: bool = False) -> sa.Column[str]:
    """A column of text."""
    return sa.Column(name, sa.Text(), nullable=null, primary_key=primary_key)


def upgrade() -> None:
    """Apply the change."""
    catalogue_tables()
    index_tables()
    record_tables()


def catalogue_tables() -> None:
    """Who uploads, and what."""
    op.create_table("brands", text("id", primary_key=True), text("name"), texts("aliases"), texts("words"), created())
    op.create_index("brands_name", "brands", [sa.text("lower(name)")], unique=True)
    op.create_table(
        "api_keys",
        text("id", primary_key=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=False, unique=True),
        text("prefix"),
        text("role"),
        sa.Column("brand_id", sa.Text(), sa.ForeignKey("brands.id", ondelete="CASCADE")),
        created(),
        sa.Column("revoked", sa.DateTime(timezone=True)),
        sa.CheckConstraint("role IN ('platform', 'brand', 'trust', 'ml', 'admin')", name="api_keys_role"),
        sa.CheckConstraint("(role = 'brand') = (brand_id IS NOT NULL)", name="api_keys_brand"),
    )
    op.create_table(
        "references",
        text("id", primary_key=True),
        sa.Column("brand_id", sa.Text(), sa.ForeignKey("brands.id", ondelete="CASCADE"), nullable=False),
        text("kind"),
        text("sku", null=True),
        text("note", null=True),
        text("status"),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        text("object_key"),
        created(),
        sa.CheckConstraint("kind IN ('logo', 'product')", name="references_kind"),
        sa.CheckConstraint("status IN ('active', 'disabled')", name="references_status"),
    )
    op.create_index("references_brand", "references", ["brand_id", "id"])


def index_tables() -> None:
    """What the index is a copy of."""
    op.create_table(
        "reference_vectors",
        sa.Column("vector_id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("reference_id", sa.Text(), sa.ForeignKey("references.id", ondelete="CASCADE"), nullable=False),
        text("model"),
        text("view"),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
    )
    op.create_index("reference_vectors_reference", "reference_vectors", ["reference_id", "model", "view"], unique=True)
    counter = op.create_table(
        "index_counter",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="index_counter_one_row"),
    )
    op.bulk_insert(counter, [{"id": 1, "version": 0}])
    op.create_table(
        "index_changes",
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
        text("mark"),
        text("action"),
        text("brand_id"),
        text("reference_id", null=True),
        created(),
        sa.CheckConstraint("action IN ('add', 'remove', 'rename')", name="index_changes_action"),
    )


def record_tables() -> None:
    """What was answered, and by which rules."""
    op.create_table(
        "scans",
        text("id", primary_key=True),
        sa.Column("result", postgresql.JSONB(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        text("model"),
        sa.Column("index_version", sa.BigInteger(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        created(),
    )
    op.create_index("scans_created", "scans", ["created"])
    op.create_table(
        "policies",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        created(),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("api_key_id", sa.Text(), sa.ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True),
        text("key", primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        text("owner"),
        sa.Column("lock_expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", postgresql.JSONB()),
        sa.Column("body", sa.LargeBinary()),
        created(),
    )
    op.create_index("idempotency_keys_created", "idempotency_keys", ["created"])
