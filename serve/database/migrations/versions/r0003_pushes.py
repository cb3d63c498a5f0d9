"""Webhooks, their deliveries, and the tables of procrastinate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("cases", sa.Column("fallback", sa.Text()))
    op.create_check_constraint("cases_fallback", "cases", "fallback IN ('allow', 'review')")
    webhooks()
    jobs()


def webhooks() -> None:
    """Where rights holders are told, and what was sent."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "webhooks",
        sa.Column("holder_id", sa.Text(), sa.ForeignKey("rights_holders.id"), primary_key=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created", moment, server_default=sa.func.now(), nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("holder_id", sa.Text(), sa.ForeignKey("rights_holders.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("round_attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt", moment),
        sa.Column("created", moment, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'failed')", name="deliveries_state"),
    )
    op.create_index("deliveries_holder", "deliveries", ["holder_id", "id"])
    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("delivery_id", sa.Text(), sa.ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False),
        sa.Column("moment", moment, nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("error", sa.Text()),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
    )
    op.create_index("delivery_attempts_delivery", "delivery_attempts", ["delivery_id", "id"])


def jobs() -> None:
    """The schema that procrastinate 3.10 brings, apart from ours; a newer one needs a migration with its changes."""
    op.execute("CREATE SCHEMA procrastinate")
    op.execute("SET LOCAL search_path TO procrastinate")
    # Several statements at once, with percent signs: past SQLAlchemy, straight to the driver.
    driver = op.get_bind().connection.dbapi_connection
    if driver is None:
        raise RuntimeError("the migration has no connection")
    driver.cursor().execute(SchemaManager.get_schema())
    op.execute("SET LOCAL search_path TO DEFAULT")
