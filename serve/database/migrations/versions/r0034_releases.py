"""Trust & safety release a case that nobody's word ended."""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.drop_constraint("cases_state", "cases", type_="check")
    op.create_check_constraint(
        "cases_state",
        "cases",
        "state IN ('open', 'infringing', 'not_infringing', 'unsure', 'complained', 'closed', 'expired', 'dropped', "
        "'released')",
    )
