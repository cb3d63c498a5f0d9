"""Sellers whom a brand lets use its official photos."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "authorised_sellers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("brand_id", sa.Text, sa.ForeignKey("brands.id", ondelete="CASCADE"), nullable=False),
        sa.Column("seller", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("until", sa.Date),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    op.create_index("authorised_sellers_brand_seller", "authorised_sellers", ["brand_id", "seller"], unique=True)
    op.create_index("authorised_sellers_brand", "authorised_sellers", ["brand_id", "id"])
    op.create_index("authorised_sellers_seller", "authorised_sellers", ["seller"])
