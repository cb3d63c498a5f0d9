"""Credit of rights holders, their tiers, and blind tests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIERS = "IN ('standard', 'trusted', 'suspended')"


def upgrade() -> None:
    """Apply the change."""
    moment = sa.DateTime(timezone=True)
    op.add_column("rights_holders", sa.Column("tier", sa.Text(), server_default="standard", nullable=False))
    op.create_check_constraint("rights_holders_tier", "rights_holders", f"tier {TIERS}")
    op.add_column("complaints", sa.Column("tier", sa.Text(), server_default="standard", nullable=False))
    op.create_check_constraint("complaints_tier", "complaints", f"tier {TIERS}")
    op.create_table(
        "credit_events",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("holder_id", sa.Text(), sa.ForeignKey("rights_holders.id"), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("moment", moment, nullable=False),
        sa.Column("withdrawn", moment),
    )
    op.create_index("credit_events_holder", "credit_events", ["holder_id", "id"])
    op.create_index(
        "credit_events_subject",
        "credit_events",
        ["subject"],
        unique=True,
        postgresql_where=sa.text("withdrawn IS NULL"),
    )
    op.create_table(
        "blind_tests",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("case_id", sa.Text(), sa.ForeignKey("cases.id"), nullable=False, unique=True),
        sa.Column("source_id", sa.Text(), sa.ForeignKey("cases.id")),
        sa.Column("truth", sa.Text()),
        sa.Column("outcome", sa.Text()),
        sa.Column("created", moment, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("truth IN ('genuine', 'fake')", name="blind_tests_truth"),
        sa.CheckConstraint("truth IS NOT NULL OR source_id IS NOT NULL", name="blind_tests_expectation"),
    )
    op.create_table(
        "disputes",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("holder_id", sa.Text(), sa.ForeignKey("rights_holders.id"), nullable=False),
        sa.Column("case_id", sa.Text(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("source_id", sa.Text(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("examiner", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("created", moment, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'referred', 'settled')", name="disputes_state"),
    )
    op.create_index("disputes_holder", "disputes", ["holder_id", "id"])
