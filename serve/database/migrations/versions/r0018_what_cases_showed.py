"""What a case showed when a blind test was made of it, or a jury called; where the evidence of what it shows lies."""

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

COPIES = """
    UPDATE cases SET evidence = ARRAY(
        SELECT 'cases/' || id || '/' || number || '.png'
        FROM generate_series(0, jsonb_array_length(findings) - 1) AS number ORDER BY number
    )
"""
"""Where the evidence of a case's findings lay before each copy had a place of its own."""


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
    op.add_column("cases", sa.Column("evidence", sa.ARRAY(sa.Text)))
    op.execute(COPIES)
    op.alter_column("cases", "evidence", nullable=False)
