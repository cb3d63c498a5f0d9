from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from service_client import NewSettings
from sqlalchemy import text

from serve.database.engine import Database
from serve.database.loop_tables import Case
from serve.database.migration import NewerDatabaseError
from serve.settings import Settings


@pytest.fixture
def settings(new_settings: NewSettings) -> Iterator[Settings]:
    """Settings with a database that has no table yet."""
    with new_settings(migrated=False) as own:
        yield own


def test_the_migrations_make_the_tables_that_the_code_expects(settings: Settings) -> None:
    database = Database(settings)
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Case.metadata) == []
    database.close()


def test_several_processes_may_start_at_once(settings: Settings) -> None:
    opened: list[Database] = []
    threads = [threading.Thread(target=lambda: opened.append(Database(settings))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 4
    for database in opened:
        database.ping()
        database.close()


def test_a_database_of_a_newer_hallmark_is_refused(settings: Settings) -> None:
    database = Database(settings)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(NewerDatabaseError, match="9999"):
        Database(settings)


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        Database(Settings.model_validate({"database_url": "mysql://h/d"}))


def test_a_lock_is_held_by_one(settings: Settings) -> None:
    database = Database(settings)
    with database.try_lock("a") as first, database.try_lock("a") as second, database.try_lock("b") as other:
        assert (first, second, other) == (True, False, True)
    with database.try_lock("a") as again:
        assert again
    database.close()
