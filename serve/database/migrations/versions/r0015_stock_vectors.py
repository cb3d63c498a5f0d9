"""The stock as vectors, and which references it was searched for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "stock_vectors",
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("image_id", sa.Text, sa.ForeignKey("listing_images.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("vectors", sa.LargeBinary, nullable=False),
    )
    op.create_index("stock_vectors_image", "stock_vectors", ["image_id"])
    op.add_column("listings", sa.Column("index_version", sa.BigInteger))
    op.add_column("references", sa.Column("searched", sa.TIMESTAMP(timezone=True)))
