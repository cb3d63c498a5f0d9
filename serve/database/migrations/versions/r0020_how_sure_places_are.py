"""Product references get their logo places anew, with how sure the detector is of each, when they are next loaded."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

FIND_ANEW: Final = """UPDATE "references" SET logo_places = NULL WHERE kind = 'product'"""


def upgrade() -> None:
    """Apply the change."""
    op.execute(FIND_ANEW)
