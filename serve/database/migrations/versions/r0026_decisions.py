"""What changed for listings is read from the audit log; when they arrived; indexes for what is asked often."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_index(
        "audit_log_decisions", "audit_log", ["number"], postgresql_where=sa.text("action = 'listing decided'")
    )
    op.add_column("listings", sa.Column("arrived", sa.DateTime(timezone=True)))
    op.create_index("listings_held", "listings", ["decision", "id"], postgresql_where=sa.text("decision <> 'allow'"))
    op.create_index("labels_own_word", "labels", ["holder_id", "origin"], postgresql_where=sa.text("withdrawn IS NULL"))
