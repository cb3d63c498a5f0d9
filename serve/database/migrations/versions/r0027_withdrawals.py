"""Listings are withdrawn, and what held them up for their text ends with that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("listings", sa.Column("withdrawn", sa.DateTime(timezone=True)))
    op.create_index("listings_withdrawn", "listings", ["id"], postgresql_where=sa.text("withdrawn IS NOT NULL"))
    # Whoever removes a listing asks whether these refer to it.
    op.create_index("labels_image", "labels", ["image_id"])
    op.create_index("notices_listing", "notices", ["listing_id"])
    op.drop_constraint("text_holds_state", "text_holds")
    op.create_check_constraint(
        "text_holds_state", "text_holds", "state IN ('held', 'corrected', 'cleared', 'lifted', 'withdrawn')"
    )
