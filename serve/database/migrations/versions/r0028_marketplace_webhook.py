"""The marketplace has a webhook beside the rights holders', and knows what it was told last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    for table in ("webhooks", "deliveries"):
        op.drop_constraint(f"{table}_holder_id_fkey", table, type_="foreignkey")
        op.alter_column(table, "holder_id", new_column_name="receiver")
    op.execute("ALTER INDEX deliveries_holder RENAME TO deliveries_receiver")
    op.create_index("deliveries_ended", "deliveries", ["created"], postgresql_where=sa.text("state <> 'pending'"))
    op.create_index(
        "hallmark_jobs_todo", "procrastinate_jobs", ["task_name", "scheduled_at"], schema="procrastinate",
        postgresql_where=sa.text("status = 'todo'"),
    )  # fmt: skip
    op.add_column("webhooks", sa.Column("told", sa.BigInteger()))
