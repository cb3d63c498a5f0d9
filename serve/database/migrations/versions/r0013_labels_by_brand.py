"""Labels by brand and by trait: each listing that comes in is compared with what its brands know to be fake."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_index("labels_brand", "labels", ["brand_id", "id"])
    op.create_index("labels_trait", "labels", ["trait_id"])
