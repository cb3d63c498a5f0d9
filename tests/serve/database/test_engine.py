from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import column, insert, table, text
from sqlalchemy.exc import OperationalError
from waiting import eventually

from serve.database import engine
from serve.database.engine import NEED_NOT_WAIT, Database
from serve.settings import Settings


def cut_off(database: Database) -> None:
    """End all connections but the one that does it, which is closed: as a restarted server leaves the pool."""
    others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with database.engine.connect() as connection:
        connection.execute(others)
        connection.invalidate()


def test_a_connection_that_was_cut_while_it_rested_is_replaced(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "RESTED_SECONDS", 0.0)
    database = Database(settings)
    with database.engine.connect() as one, database.engine.connect() as two:  # two connections for the pool to keep
        one.execute(text("SELECT 1"))
        two.execute(text("SELECT 1"))
    cut_off(database)
    for _ in range(3):
        with database.once() as session:
            assert session.scalar(text("SELECT 1")) == 1
    database.close()


def test_locks_that_are_held_and_waited_for_leave_the_pool_alone(settings: Settings) -> None:
    database = Database(settings.model_copy(update={"database_connections": 2}))

    def take() -> None:
        with database.lock("a"), database.read() as session:
            session.execute(text("SELECT 1"))

    with ThreadPoolExecutor() as threads:
        with database.lock("a"), database.try_lock("b"):
            waiting = [threads.submit(take) for _ in range(4)]
            eventually(lambda: waiting_for_locks(database) == 4)
            began = time.monotonic()
            database.ping()
            assert time.monotonic() - began < 2.0
        for one in waiting:
            one.result()
    database.close()


def waiting_for_locks(database: Database) -> int:
    query = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with database.once() as session:
        return int(session.execute(query).scalar_one())


def test_what_is_done_once_is_committed_and_the_setting_ends_with_the_statement(settings: Settings) -> None:
    database = Database(settings)
    with database.once() as session:
        session.execute(text("CREATE TABLE notes (word text)"))
    with database.once() as session:
        notes = table("notes", column("word"))
        session.execute(insert(notes).values(word="kept").returning(NEED_NOT_WAIT))
        assert session.scalar(text("SHOW synchronous_commit")) == "on"
    with database.read() as session:
        assert session.scalar(text("SELECT word FROM notes")) == "kept"
    database.close()


def test_a_database_that_cannot_be_written_is_away_until_it_can(settings: Settings) -> None:
    database = Database(settings)
    count = text("CREATE TABLE counted (number integer)")

    def set_read_only(value: str) -> None:
        with psycopg.connect(database.libpq_url, autocommit=True) as connection:
            name = connection.info.dbname
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')  # type: ignore[arg-type]

    set_read_only("on")
    with database.write() as session:
        session.execute(text("CREATE TABLE before (number integer)"))  # what is connected already may go on
    with pytest.raises(OperationalError), database.write() as session:
        session.execute(text("SET TRANSACTION READ ONLY"))
        session.execute(count)
    with pytest.raises(OperationalError, match="read-only"):
        database.ping()
    set_read_only("off")
    database.ping()
    with database.write() as session:
        session.execute(count)
    database.close()
