"""References that were never searched for, since there was no stock when they came, or no search yet, count as searched
for: the brand's next reference would otherwise have the stock searched for them all."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

COUNT_AS_SEARCHED: Final = """
    UPDATE "references" SET searched = now()
    WHERE searched IS NULL AND NOT EXISTS (
        SELECT FROM procrastinate.procrastinate_jobs
        WHERE task_name = 'search the stock for a reference'
        AND status IN ('todo', 'doing') AND args->>'reference_id' = "references".id
    )
"""
"""But for those whose search is still to come."""


def upgrade() -> None:
    """Apply the change."""
    op.execute(COUNT_AS_SEARCHED)
