"""Reasons of policies, replays of scans, fake traits, keys of agencies, and a case's end is announced once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    moment = sa.DateTime(timezone=True)
    op.add_column("policies", sa.Column("reason", sa.Text(), server_default="as installed", nullable=False))
    op.add_column("policies", sa.Column("author", sa.Text(), server_default="hallmark", nullable=False))
    op.add_column("policies", sa.Column("basis", JSONB(), server_default="{}", nullable=False))
    op.add_column("references", sa.Column("removed", moment))
    op.drop_constraint("references_status", "references")
    op.create_check_constraint("references_status", "references", "status IN ('active', 'disabled', 'removed')")
    op.create_check_constraint("references_removed", "references", "(status = 'removed') = (removed IS NOT NULL)")
    op.create_index("references_gone", "references", ["removed"], postgresql_where=sa.text("removed IS NOT NULL"))
    op.add_column("index_changes", sa.Column("former_name", sa.Text()))
    op.create_index("listing_images_sha256", "listing_images", ["sha256"])
    op.create_table(
        "traits",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("brand_id", sa.Text(), sa.ForeignKey("brands.id"), nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.Column("sha256", sa.LargeBinary()),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("object_key", sa.Text()),
        sa.Column("created", moment, server_default=sa.func.now(), nullable=False),
        sa.Column("removed", moment),
        sa.CheckConstraint("text IS NOT NULL OR object_key IS NOT NULL", name="traits_content"),
    )
    op.create_index("traits_brand", "traits", ["brand_id", "id"])
    op.add_column("labels", sa.Column("trait_id", sa.Text(), sa.ForeignKey("traits.id")))
    op.alter_column("labels", "image_id", nullable=True)
    op.drop_constraint("labels_origin", "labels")
    op.create_check_constraint(
        "labels_origin", "labels", "origin IN ('complaint', 'counter_notice', 'blind_test', 'jury', 'trait')"
    )
    op.create_check_constraint("labels_picture", "labels", "num_nonnulls(image_id, trait_id) = 1")
    op.add_column("api_keys", sa.Column("holder_id", sa.Text(), sa.ForeignKey("rights_holders.id")))
    op.drop_constraint("api_keys_brand", "api_keys")
    op.create_check_constraint(
        "api_keys_brand",
        "api_keys",
        "num_nonnulls(brand_id, holder_id) = CASE WHEN role = 'brand' THEN 1 ELSE 0 END",
    )
    op.add_column("cases", sa.Column("reminded", moment))
