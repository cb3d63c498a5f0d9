"""What rights holders prove before they may act for a brand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("rights_holders", sa.Column("kind", sa.Text(), server_default="owner", nullable=False))
    op.create_check_constraint("rights_holders_kind", "rights_holders", "kind IN ('owner', 'agency')")
    op.create_table(
        "rights_documents",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("brand_id", sa.Text(), sa.ForeignKey("brands.id"), nullable=False),
        sa.Column("holder_id", sa.Text(), sa.ForeignKey("rights_holders.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("classes", sa.Text()),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("expires", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("kind IN ('trademark', 'letter_of_authority')", name="rights_documents_kind"),
        sa.CheckConstraint("state IN ('pending', 'accepted', 'refused', 'forged')", name="rights_documents_state"),
    )
    op.create_index("rights_documents_brand", "rights_documents", ["brand_id", "id"])
