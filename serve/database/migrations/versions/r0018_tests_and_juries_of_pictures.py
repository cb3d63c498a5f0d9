"""A blind test that repeats a case, and a jury, are about the pictures that the case showed when they were made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

SHOWN = """
    CREATE TEMPORARY TABLE shown ON COMMIT DROP AS
    SELECT DISTINCT ON (made.number) made.subject AS made, (said.content::json ->> 'revision')::integer AS revision
    FROM audit_log AS made
    JOIN audit_log AS said ON said.number < made.number
        AND said.subject = coalesce(made.content::json ->> 'source', made.content::json ->> 'case')
    WHERE made.action IN ('blind test made', 'jury called')
        AND said.action IN ('case opened', 'case shows other pictures')
    ORDER BY made.number, said.number DESC
"""
"""What the case showed when each test and each jury was made, as the audit log has it."""


def upgrade() -> None:
    """Apply the change."""
    op.execute(SHOWN)
    op.add_column("blind_tests", sa.Column("source_revision", sa.Integer))
    op.add_column("blind_tests", sa.Column("source_model", sa.Text))
    op.execute(
        "UPDATE blind_tests SET source_model = cases.model, "
        "source_revision = coalesce((SELECT revision FROM shown WHERE made = blind_tests.id), cases.revision) "
        "FROM cases WHERE cases.id = blind_tests.source_id"
    )
    op.create_check_constraint(
        "blind_tests_source", "blind_tests", "num_nonnulls(source_id, source_revision, source_model) IN (0, 3)"
    )
    op.add_column("juries", sa.Column("revision", sa.Integer))
    op.execute(
        "UPDATE juries SET "
        "revision = coalesce((SELECT shown.revision FROM shown WHERE made = juries.id), cases.revision) "
        "FROM cases WHERE cases.id = juries.case_id"
    )
    op.alter_column("juries", "revision", nullable=False)
