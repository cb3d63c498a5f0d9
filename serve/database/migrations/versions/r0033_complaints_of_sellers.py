"""Complaints about a seller's listings are found without reading all cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_index("cases_shown_seller", "cases", [sa.text("(listing ->> 'seller')")])
