"""Labels: what decisions teach."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "labels",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("holder_id", sa.Text(), sa.ForeignKey("rights_holders.id"), nullable=False),
        sa.Column("brand_id", sa.Text(), sa.ForeignKey("brands.id"), nullable=False),
        sa.Column("image_id", sa.Text(), sa.ForeignKey("listing_images.id"), nullable=False),
        sa.Column("reference_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("box", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column("target", sa.Double(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("decided", moment, nullable=False),
        sa.Column("available", moment),
        sa.Column("withdrawn", moment),
        sa.CheckConstraint("origin IN ('complaint', 'counter_notice', 'blind_test')", name="labels_origin"),
        sa.CheckConstraint("target BETWEEN 0 AND 1 AND weight BETWEEN 0 AND 1", name="labels_range"),
    )
    op.create_index("labels_subject", "labels", ["subject"])
