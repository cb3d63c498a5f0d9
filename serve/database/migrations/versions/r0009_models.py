"""Models that are promoted and rolled back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "models",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("created", moment, server_default=sa.func.now(), nullable=False),
    )
    op.create_table(
        "model_switches",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), sa.ForeignKey("models.name"), nullable=False),
        sa.Column("replaces", sa.Text(), sa.ForeignKey("models.name"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("override", sa.Text()),
        sa.Column("asked", moment, server_default=sa.func.now(), nullable=False),
        sa.Column("ended", moment),
        sa.Column("index_version", sa.BigInteger()),
        sa.Column("failure", sa.Text()),
        sa.CheckConstraint("action IN ('promote', 'rollback')", name="model_switches_action"),
        sa.CheckConstraint(
            "(ended IS NOT NULL) = (index_version IS NOT NULL OR failure IS NOT NULL)", name="model_switches_end"
        ),
    )
    op.create_index(
        "model_switches_open",
        "model_switches",
        [sa.text("(ended IS NULL)")],
        unique=True,
        postgresql_where=sa.text("ended IS NULL"),
    )
    op.alter_column("index_changes", "brand_id", nullable=True)
    op.drop_constraint("index_changes_action", "index_changes")
    op.create_check_constraint(
        "index_changes_action", "index_changes", "action IN ('add', 'remove', 'rename', 'switch')"
    )
    op.create_check_constraint("index_changes_brand", "index_changes", "(action = 'switch') = (brand_id IS NULL)")
