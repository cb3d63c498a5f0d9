"""What was found against a seller, and what shows a known fake, is found without reading all of the loop."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_index("cases_listing", "cases", ["listing_id", "id"])
    op.create_index("notices_complaint", "notices", ["complaint_id", "id"])
    op.create_index(
        "audit_log_known_fakes", "audit_log", ["subject"], postgresql_where=text("action = 'known fake found listing'")
    )
