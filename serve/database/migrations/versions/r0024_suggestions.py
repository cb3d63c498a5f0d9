"""Listings that name a brand of which nothing was recognised, and the marks that are suggested as references."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply the change."""
    brand = sa.ForeignKey("brands.id", ondelete="CASCADE")
    listing = sa.ForeignKey("listings.id", ondelete="CASCADE")
    op.create_table(
        "unrecognised",
        sa.Column("brand_id", sa.Text, brand, primary_key=True),
        sa.Column("listing_id", sa.Text, listing, primary_key=True),
    )
    op.create_index("unrecognised_listing", "unrecognised", ["listing_id"])
    op.create_table(
        "mark_searches",
        sa.Column("brand_id", sa.Text, sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("due", MOMENT),
    )
    op.create_table(
        "suggestions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("brand_id", sa.Text, sa.ForeignKey("brands.id", ondelete="CASCADE"), nullable=False),
        sa.Column("photos", sa.Integer, nullable=False),
        sa.Column("sellers", sa.Integer, nullable=False),
        sa.Column("pictures", JSONB, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("became", ARRAY(sa.Text), nullable=False),
        sa.Column("created", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("answered", MOMENT),
        sa.CheckConstraint("state IN ('open', 'genuine', 'fake', 'neither')", name="suggestions_state"),
        sa.CheckConstraint("(state = 'open') = (answered IS NULL)", name="suggestions_answered"),
    )
    op.create_index("suggestions_brand", "suggestions", ["brand_id", "id"])
