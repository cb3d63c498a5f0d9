"""Which models are known, and which one serves."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from serve.database.engine import Database
from serve.database.model_tables import ModelRecord, ModelSwitch


def serving_model(session: Session) -> str | None:
    """The model of the last switch that was done; None while the setting `model` decides."""
    newest = select(ModelSwitch.model).where(ModelSwitch.index_version.is_not(None))
    return session.scalar(newest.order_by(ModelSwitch.index_version.desc()).limit(1))


def predecessor(session: Session, model: str) -> str | None:
    """The model that `model` was last promoted in place of; None when it never was."""
    promoted = select(ModelSwitch.replaces).where(
        ModelSwitch.model == model, ModelSwitch.action == "promote", ModelSwitch.index_version.is_not(None)
    )
    return session.scalar(promoted.order_by(ModelSwitch.index_version.desc()).limit(1))


def switch_under_way(session: Session) -> ModelSwitch | None:
    """The switch that is not ended."""
    return session.scalar(select(ModelSwitch).where(ModelSwitch.ended.is_(None)))


def others_are_kept(session: Session, *, serving: str) -> bool:
    """Whether a model beside `serving` must get vectors of every new reference."""
    return bool(session.scalar(select(exists().where(ModelRecord.kept, ModelRecord.name != serving))))


def known_models(database: Database) -> list[ModelRecord]:
    """The models that were ever promoted or replaced, in the order in which they came."""
    with database.read() as session:
        return list(session.scalars(select(ModelRecord).order_by(ModelRecord.created, ModelRecord.name)))
