"""The models' tables: which are known, and when which one was put in place."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from serve.database.tables import Table


class ModelRecord(Table):
    """A model bundle whose files lie in the object store under `models/<name>/`.

    `sha256` is of its manifest, which names every file by its own. `kept`: it gets vectors of every new reference, and
    so can serve at once.
    """

    __tablename__ = "models"

    name: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    kept: Mapped[bool]
    created: Mapped[datetime] = mapped_column(server_default=func.now())


class ModelSwitch(Table):
    """One model put in another's place, from `index_version` on; null until it is done, and `failure` says why never.

    At most one switch is under way. The model of the last one that was done serves; before the first, the setting's.
    """

    __tablename__ = "model_switches"

    id: Mapped[str] = mapped_column(primary_key=True)
    action: Mapped[str]
    model: Mapped[str] = mapped_column(ForeignKey("models.name"))
    replaces: Mapped[str] = mapped_column(ForeignKey("models.name"))
    actor: Mapped[str]
    override: Mapped[str | None]
    asked: Mapped[datetime] = mapped_column(server_default=func.now())
    ended: Mapped[datetime | None]
    index_version: Mapped[int | None] = mapped_column(BigInteger)
    failure: Mapped[str | None]

    __table_args__ = (
        Index("model_switches_open", text("(ended IS NULL)"), unique=True, postgresql_where=text("ended IS NULL")),
        CheckConstraint("action IN ('promote', 'rollback')", name="model_switches_action"),
        CheckConstraint(
            "(ended IS NOT NULL) = (index_version IS NOT NULL OR failure IS NOT NULL)", name="model_switches_end"
        ),
    )
