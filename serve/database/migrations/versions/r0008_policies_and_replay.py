"""Policies say why they changed; what a scan saw can be put together again; a case's end is announced once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    moment = sa.DateTime(timezone=True)
    op.add_column("policies", sa.Column("reason", sa.Text(), server_default="as installed", nullable=False))
    op.add_column("policies", sa.Column("author", sa.Text(), server_default="hallmark", nullable=False))
    op.add_column("policies", sa.Column("basis", JSONB(), server_default="{}", nullable=False))
    op.add_column("references", sa.Column("removed", moment))
    op.drop_constraint("references_status", "references")
    op.create_check_constraint("references_status", "references", "status IN ('active', 'disabled', 'removed')")
    op.create_check_constraint("references_removed", "references", "(status = 'removed') = (removed IS NOT NULL)")
    op.create_index("references_gone", "references", ["removed"], postgresql_where=sa.text("removed IS NOT NULL"))
    op.add_column("index_changes", sa.Column("former_name", sa.Text()))
    op.create_index("listing_images_sha256", "listing_images", ["sha256"])
    op.add_column("cases", sa.Column("reminded", moment))
