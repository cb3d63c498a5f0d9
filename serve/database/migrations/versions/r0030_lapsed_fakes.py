"""Cases say by which known fake their listing was found, and are dropped when that counts no more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("cases", sa.Column("known_fake", sa.Text))
    op.execute(
        "UPDATE cases SET known_fake = (SELECT content::json ->> 'fake' FROM audit_log "
        "WHERE action = 'known fake found listing' AND subject = cases.id ORDER BY number DESC LIMIT 1)"
    )
    op.drop_constraint("cases_state", "cases", type_="check")
    op.create_check_constraint(
        "cases_state",
        "cases",
        "state IN ('open', 'infringing', 'not_infringing', 'unsure', 'complained', 'closed', 'expired', 'dropped')",
    )
