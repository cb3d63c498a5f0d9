"""Listings that are held up for what their text says, and when the stock was searched for such."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "text_holds",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("listing_id", sa.Text, sa.ForeignKey("listings.id"), nullable=False),
        sa.Column("text_sha256", sa.LargeBinary, nullable=False),
        sa.Column("broken", JSONB, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("policy_version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("created", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("ended", MOMENT),
        sa.CheckConstraint("state IN ('held', 'corrected', 'cleared', 'lifted')", name="text_holds_state"),
        sa.CheckConstraint("decision IN ('review', 'block')", name="text_holds_decision"),
    )
    op.create_index("text_holds_listing", "text_holds", ["listing_id", "id"])
    op.create_index(
        "text_holds_held", "text_holds", ["listing_id"], unique=True, postgresql_where=sa.text("state = 'held'")
    )
    op.create_table(
        "text_sweeps",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("rules_sha256", sa.LargeBinary, nullable=False),
        sa.Column("policy_version", sa.Integer, nullable=False),
        sa.Column("listings", sa.Integer, nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
        sa.Column("created", MOMENT, server_default=sa.func.now(), nullable=False),
    )
