"""Juries and their votes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "juries",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("case_id", sa.Text(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("jurors", sa.Integer(), nullable=False),
        sa.Column("misleads", sa.Double()),
        sa.Column("created", moment, server_default=sa.func.now(), nullable=False),
        sa.Column("ended", moment),
    )
    op.create_table(
        "jury_votes",
        sa.Column("jury_id", sa.Text(), sa.ForeignKey("juries.id"), primary_key=True),
        sa.Column("juror", sa.Text(), primary_key=True),
        sa.Column("misleads", sa.Boolean(), nullable=False),
        sa.Column("created", moment, server_default=sa.func.now(), nullable=False),
    )
    op.drop_constraint("labels_origin", "labels")
    op.create_check_constraint(
        "labels_origin", "labels", "origin IN ('complaint', 'counter_notice', 'blind_test', 'jury')"
    )
