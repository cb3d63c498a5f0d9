"""That a brand is made is a change like any other; disputes say what came out; cases are found by their listing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.drop_constraint("index_changes_action", "index_changes", type_="check")
    op.create_check_constraint(
        "index_changes_action", "index_changes", "action IN ('create', 'rename', 'add', 'remove', 'switch')"
    )
    op.create_index("cases_shown_listing", "cases", [sa.text("(listing ->> 'id')")])
    op.add_column("disputes", sa.Column("contradiction", sa.Boolean()))
    op.execute(
        "UPDATE disputes SET contradiction = (content::json ->> 'contradiction')::boolean FROM audit_log "
        "WHERE action = 'dispute settled' AND subject = disputes.id"
    )
