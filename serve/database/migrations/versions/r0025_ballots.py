"""Ballots of jurors, by which they vote on a page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "ballots",
        sa.Column("sha256", sa.LargeBinary, primary_key=True),
        sa.Column("jury_id", sa.Text, sa.ForeignKey("juries.id"), nullable=False),
        sa.Column("juror", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    op.create_index("ballots_juror", "ballots", ["jury_id", "juror"], unique=True)
