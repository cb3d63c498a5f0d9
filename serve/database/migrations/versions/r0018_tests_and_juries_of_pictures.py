"""A blind test that repeats a case, and a jury, are about the pictures that the case showed when they were made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

SHOWN = """
    SELECT (shown.content::json ->> 'revision')::integer
    FROM audit_log AS made JOIN audit_log AS shown ON shown.number < made.number
    WHERE made.subject = {made} AND made.action = '{action}' AND shown.subject = cases.id
        AND shown.action IN ('case opened', 'case shows other pictures')
    ORDER BY shown.number DESC LIMIT 1
"""
"""What the case showed when a test or a jury was made, as the audit log has it."""


def upgrade() -> None:
    """Apply the change."""
    op.add_column("blind_tests", sa.Column("source_revision", sa.Integer))
    op.add_column("blind_tests", sa.Column("source_model", sa.Text))
    shown = SHOWN.format(made="blind_tests.id", action="blind test made")
    op.execute(
        f"UPDATE blind_tests SET source_revision = coalesce(({shown}), cases.revision), source_model = cases.model "
        "FROM cases WHERE cases.id = blind_tests.source_id"
    )
    op.create_check_constraint(
        "blind_tests_source", "blind_tests", "num_nonnulls(source_id, source_revision, source_model) IN (0, 3)"
    )
