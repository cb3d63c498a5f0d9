"""What waits for trust & safety without a complaint is found without reading all cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_index(
        "cases_no_complaint",
        "cases",
        ["id"],
        postgresql_where=sa.text(
            "(state = 'expired' AND verdict = 'infringing') OR (state = 'closed' AND fallback IS NOT NULL)"
        ),
    )
