"""Rights holders, listings, cases, complaints and the audit log."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def moment(name: str, *, null: bool = False, now: bool = False) -> sa.Column[datetime]:
    """A column of a moment; `now` fills it in."""
    default = sa.func.now() if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=null)


def text(name: str, *, null: bool = False, primary_key: bool = False, unique: bool = False) -> sa.Column[str]:
    """A column of text."""
    return sa.Column(name, sa.Text(), nullable=null, primary_key=primary_key, unique=unique)


def texts(name: str) -> sa.Column[list[str]]:
    """A column of several texts."""
    return sa.Column(name, postgresql.ARRAY(sa.Text()), nullable=False)


def link(
    name: str, target: str, *, ondelete: str | None = None, primary_key: bool = False, unique: bool = False
) -> sa.Column[str]:
    """A column that names a row of another table."""
    return sa.Column(
        name,
        sa.Text(),
        sa.ForeignKey(target, ondelete=ondelete),
        nullable=False,
        primary_key=primary_key,
        unique=unique,
    )


def integer(name: str) -> sa.Column[int]:
    """A column of a number."""
    return sa.Column(name, sa.Integer(), nullable=False)


def binary(name: str) -> sa.Column[bytes]:
    """A column of bytes."""
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def upgrade() -> None:
    """Apply the change."""
    rights_holders()
    listings()
    cases()
    complaints()
    audit_log()


def rights_holders() -> None:
    """Every brand gets a rights holder; those that stand already, one of their own name."""
    op.create_table(
        "rights_holders", text("id", primary_key=True), text("name"), text("country"), text("time_zone"),
        moment("created", now=True),
    )  # fmt: skip
    op.execute(
        "INSERT INTO rights_holders (id, name, country, time_zone, created) "
        "SELECT replace(id, 'brand_', 'holder_'), name, 'CN', 'Asia/Shanghai', created FROM brands"
    )
    op.add_column("brands", sa.Column("holder_id", sa.Text(), sa.ForeignKey("rights_holders.id")))
    op.execute("UPDATE brands SET holder_id = replace(id, 'brand_', 'holder_')")
    op.alter_column("brands", "holder_id", nullable=False)
    op.create_index("brands_holder", "brands", ["holder_id", "id"])


def listings() -> None:
    """What sellers offer."""
    op.create_table(
        "listings",
        text("id", primary_key=True),
        text("marketplace_id", unique=True),
        text("seller"),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        integer("revision"),
        binary("fingerprint"),
        text("scanned"),
        text("decision"),
        texts("reasons"),
        sa.Column("findings", postgresql.JSONB(), nullable=False),
        moment("created", now=True),
        moment("updated", now=True),
        sa.CheckConstraint("decision IN ('allow', 'review', 'block')", name="listings_decision"),
    )
    op.create_index("listings_seller", "listings", ["seller", "id"])
    op.create_table(
        "listing_images",
        text("id", primary_key=True),
        link("listing_id", "listings.id", ondelete="CASCADE"),
        integer("revision"),
        integer("position"),
        binary("sha256"),
        text("object_key"),
        moment("created", now=True),
    )
    op.create_index("listing_images_place", "listing_images", ["listing_id", "revision", "position"], unique=True)


def cases() -> None:
    """What rights holders are asked."""
    op.create_table(
        "cases",
        text("id", primary_key=True),
        link("listing_id", "listings.id"),
        integer("revision"),
        link("brand_id", "brands.id"),
        link("holder_id", "rights_holders.id"),
        sa.Column("listing", postgresql.JSONB(), nullable=False),
        text("state"),
        text("verdict", null=True),
        text("reason", null=True),
        texts("tags"),
        moment("judged", null=True),
        sa.Column("findings", postgresql.JSONB(), nullable=False),
        text("model"),
        due_day(),
        moment("announced"),
        moment("expires"),
        text("calendar"),
        text("note", null=True),
        moment("created", now=True),
        moment("ended", null=True),
        sa.CheckConstraint(
            "state IN ('open', 'infringing', 'not_infringing', 'unsure', 'complained', 'closed', 'expired')",
            name="cases_state",
        ),
        sa.CheckConstraint("verdict IN ('infringing', 'not_infringing', 'unsure')", name="cases_verdict"),
    )
    op.create_index("cases_brand", "cases", ["brand_id", "id"])
    under_way = "state IN ('open', 'infringing', 'not_infringing', 'unsure', 'complained')"
    op.create_index(
        "cases_under_way", "cases", ["listing_id", "brand_id"], unique=True, postgresql_where=sa.text(under_way)
    )


def due_day() -> sa.Column[date]:
    """The last working day on which an answer counts."""
    return sa.Column("due_day", sa.Date(), nullable=False)


def complaints() -> None:
    """What rights holders stand behind, and what sellers answer."""
    op.create_table(
        "complaints",
        text("id", primary_key=True),
        link("case_id", "cases.id", unique=True),
        text("state"),
        text("statement", null=True),
        text("reason", null=True),
        moment("decided", null=True),
        moment("window_ends", null=True),
        moment("created", now=True),
        sa.CheckConstraint(
            "state IN ('filed', 'upheld', 'dismissed', 'countered', 'confirmed', 'overturned')", name="complaints_state"
        ),
    )
    op.create_table(
        "counter_notices",
        link("complaint_id", "complaints.id", primary_key=True),
        text("statement"),
        moment("created", now=True),
    )
    op.create_table(
        "attachments",
        text("id", primary_key=True),
        link("complaint_id", "complaints.id"),
        text("party"),
        text("name"),
        binary("sha256"),
        integer("size"),
        text("object_key"),
        moment("created", now=True),
        sa.CheckConstraint("party IN ('rights_holder', 'seller')", name="attachments_party"),
    )
    op.create_index("attachments_complaint", "attachments", ["complaint_id", "id"])
    op.create_table(
        "notices",
        text("id", primary_key=True),
        text("seller"),
        link("listing_id", "listings.id"),
        link("complaint_id", "complaints.id"),
        text("subject"),
        text("reason"),
        moment("answer_until", null=True),
        moment("created", now=True),
    )
    op.create_index("notices_seller", "notices", ["seller", "id"])


def audit_log() -> None:
    """Rows that can only be added."""
    op.create_table(
        "audit_log",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        moment("moment"),
        text("actor"),
        text("action"),
        text("subject"),
        text("content"),
        binary("digest"),
    )
    op.create_index("audit_log_subject", "audit_log", ["subject", "number"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        binary("digest"),
        sa.CheckConstraint("id = 1", name="audit_head_one_row"),
    )
    op.bulk_insert(head, [{"id": 1, "number": 0, "digest": bytes(32)}])
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log can only be added to'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )
