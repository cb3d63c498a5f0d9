"""The words that a brand had, so that a scan which read them can be made again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("index_changes", sa.Column("former_words", ARRAY(sa.Text())))
