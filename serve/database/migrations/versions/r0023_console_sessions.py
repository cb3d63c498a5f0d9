"""Who is signed in to the console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "console_sessions",
        sa.Column("sha256", sa.LargeBinary, primary_key=True),
        sa.Column("key_id", sa.Text, sa.ForeignKey("api_keys.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created", moment, server_default=sa.func.now(), nullable=False),
        sa.Column("expires", moment, nullable=False),
    )
    op.create_index("ix_console_sessions_expires", "console_sessions", ["expires"])
