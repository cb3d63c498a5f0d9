"""The audit log is read for what changed for listings."""

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
