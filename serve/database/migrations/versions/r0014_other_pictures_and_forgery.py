"""A complaint stays about its own pictures, others are asked about beside it; a forged document opens a dispute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.drop_index("cases_under_way", "cases")
    op.create_index(
        "cases_asked",
        "cases",
        ["listing_id", "brand_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('open', 'not_infringing', 'unsure')"),
    )
    op.add_column("disputes", sa.Column("document_id", sa.Text, sa.ForeignKey("rights_documents.id")))
    op.alter_column("disputes", "case_id", nullable=True)
    op.alter_column("disputes", "source_id", nullable=True)
    op.create_check_constraint(
        "disputes_matter",
        "disputes",
        "num_nonnulls(case_id, document_id) = 1 AND num_nonnulls(case_id, source_id) <> 1",
    )
