from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from serve.database.engine import Database
from serve.jobs import AT_ONCE, LONG_AT_ONCE, Ending, JobRunner, LongTask, defer
from serve.settings import Settings


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    opened = Database(settings)
    yield opened
    opened.close()


class Notebook:
    """A task that notes what it was given."""

    def __init__(self, expected: int) -> None:
        self.words: list[str] = []
        self._expected = expected
        self._done = threading.Event()

    async def note(self, word: str) -> None:
        self.words.append(word)
        if len(self.words) == self._expected:
            self._done.set()

    def wait(self) -> list[str]:
        assert self._done.wait(10), self.words
        return self.words


def run(database: Database, notebook: Notebook) -> list[str]:
    runner = JobRunner(database, {"note": notebook.note})
    runner.start()
    try:
        return notebook.wait()
    finally:
        runner.close()


def test_a_job_runs_when_its_transaction_committed_and_not_otherwise(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as session:
        defer(session, "note", word="rolled back")
        raise RuntimeError
    with database.write() as session:
        defer(session, "note", at=datetime.now(UTC) + timedelta(hours=1), word="later")
        defer(session, "note", word="now")
    assert run(database, Notebook(1)) == ["now"]


def test_the_session_goes_on_as_before(database: Database) -> None:
    with database.write() as session:
        defer(session, "note", word="a")
        assert session.execute(text("SELECT count(*) FROM brands")).scalar() == 0


def test_a_job_whose_runner_died_runs_again(database: Database) -> None:
    with database.write() as session:
        defer(session, "note", word="again")
        session.execute(text("SET LOCAL search_path TO procrastinate"))
        worker = session.execute(
            text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute') RETURNING id")
        ).scalar_one()
        session.execute(text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :id"), {"id": worker})
    assert run(database, Notebook(1)) == ["again"]


def test_a_job_that_fails_runs_again(database: Database) -> None:
    class Unlucky(Notebook):
        async def note(self, word: str) -> None:
            await super().note(word)
            if len(self.words) == 1:
                raise OSError("the object store is away")

    with database.write() as session:
        defer(session, "note", word="twice")
    assert run(database, Unlucky(2)) == ["twice", "twice"]


def test_a_job_that_is_broken_off_runs_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.jobs.STOP_SECONDS", 0.1)
    begun = threading.Event()

    async def endless(word: str) -> None:
        begun.set()
        await asyncio.sleep(60)

    with database.write() as session:
        defer(session, "note", word="broken off")
    runner = JobRunner(database, {"note": endless})
    runner.start()
    assert begun.wait(10)
    runner.close()
    assert run(database, Notebook(1)) == ["broken off"]


def test_jobs_that_last_hold_up_no_others(database: Database) -> None:
    long, go_on = LongTask("long"), threading.Event()

    async def last(word: str) -> None:
        await asyncio.to_thread(go_on.wait)

    notebook = Notebook(1)
    with database.write() as session:
        for _ in range(AT_ONCE + LONG_AT_ONCE):
            defer(session, long, word="long")
        defer(session, "note", word="short")
    runner = JobRunner(database, {long: last, "note": notebook.note})
    runner.start()
    assert notebook.wait() == ["short"]
    go_on.set()
    runner.close()


def test_of_jobs_that_name_the_same_one_runs_at_a_time(database: Database) -> None:
    running, most = [0], [0]

    class Slow(Notebook):
        async def note(self, word: str) -> None:
            running[0] += 1
            most[0] = max(most[0], running[0])
            await asyncio.sleep(0.05)
            running[0] -= 1
            await super().note(word)

    with database.write() as session:
        for word in "abc":
            defer(session, "note", one_at_a_time="brand", word=word)
    assert run(database, Slow(3)) == ["a", "b", "c"]
    assert most == [1]


def test_a_task_that_lasts_ends_with_its_runner_and_runs_again(database: Database) -> None:
    ending, begun = Ending(), threading.Event()

    async def last(word: str) -> None:
        begun.set()
        await asyncio.to_thread(ending.look, wait_seconds=60.0)

    with database.write() as session:
        defer(session, LongTask("note"), word="broken off")
    runner = JobRunner(database, {"note": last})
    runner.start()
    assert begun.wait(10)
    ending.begin()
    runner.close()
    assert run(database, Notebook(1)) == ["broken off"]


def test_a_runner_ends_at_whatever_moment(database: Database) -> None:
    for pause in (0.0, 0.01, 0.03, 0.1, 0.3):
        runner = JobRunner(database, {})
        runner.start()
        time.sleep(pause)
        runner.close()
