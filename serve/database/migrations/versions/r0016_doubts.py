"""Judgements that trust & safety doubt, those of suspended rights holders first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("cases", sa.Column("tier", sa.Text))
    op.create_check_constraint("cases_tier", "cases", "tier IN ('standard', 'trusted', 'suspended')")
    op.create_index("cases_holder", "cases", ["holder_id", "id"])
    op.add_column("complaints", sa.Column("party", sa.Text, nullable=False, server_default="rights_holder"))
    op.create_check_constraint("complaints_party", "complaints", "party IN ('rights_holder', 'platform')")
    op.drop_constraint("labels_origin", "labels")
    op.create_check_constraint(
        "labels_origin",
        "labels",
        "origin IN ('complaint', 'counter_notice', 'doubt', 'judgement', 'blind_test', 'jury', 'trait')",
    )
