"""The database says which object store is its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "object_store",
        sa.Column(
            "number", sa.SmallInteger, sa.CheckConstraint("number = 1", name="object_store_one"), primary_key=True
        ),
        sa.Column("owner", sa.Text, nullable=False),
    )
