"""Labels of cases that the rights holder closed as not infringing."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.drop_constraint("labels_origin", "labels")
    op.create_check_constraint(
        "labels_origin",
        "labels",
        "origin IN ('complaint', 'counter_notice', 'judgement', 'blind_test', 'jury', 'trait')",
    )
