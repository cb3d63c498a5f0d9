"""Brings the tables to the form that this Hallmark needs, when it starts."""

from __future__ import annotations

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x48414C4C  # "HALL": one process migrates, the others wait

log = structlog.get_logger(__name__)


class NewerDatabaseError(RuntimeError):
    """The database was written by a newer Hallmark."""


def migrate(engine: Engine) -> None:
    """Apply the migrations that are missing, in one transaction under an advisory lock.

    Raises `NewerDatabaseError` when the database knows a migration that this Hallmark does not.
    """
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    script = ScriptDirectory.from_config(config)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        current = MigrationContext.configure(connection).get_current_revision()
        if current == script.get_current_head():
            return
        if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
            raise NewerDatabaseError(f"the database is at migration {current}, which is newer than this Hallmark")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        log.info("database migrated", before=current, after=script.get_current_head())
