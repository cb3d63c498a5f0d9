"""What happens later: jobs in PostgreSQL, run by procrastinate.

`defer` writes a job in the transaction of what it follows from, so that neither is there without the other. Every
process of the service has a `JobRunner`; a job whose runner died is given to another, and one that fails runs again, so
a job may run twice: each looks first whether its work is still to be done. Jobs that last have a queue of their own,
and so have those that wait for machines of others, so that no case waits for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import procrastinate
import structlog
from procrastinate.sync_psycopg_connector import SyncPsycopgConnector
from procrastinate.worker import Worker
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from sqlalchemy import text
from sqlalchemy.orm import Session

from serve.database.engine import Database

SCHEMA: Final = "procrastinate"
"""The schema of the job tables; they are procrastinate's own."""

QUEUE: Final = "default"
AT_ONCE: Final = 16

LONG_QUEUE: Final = "long"
LONG_AT_ONCE: Final = 2
"""Jobs that last, at once in a process: each keeps a CPU busy, beside the scans that are asked for."""

OUTSIDE_QUEUE: Final = "outside"
OUTSIDE_AT_ONCE: Final = 32
"""Jobs that wait for machines of others, at once in a process: one that never answers holds up its kind alone."""

POLL_SECONDS: Final = 1.0
"""Jobs that are due at once are notified; those that become due are found by looking."""

AGAIN: Final = procrastinate.RetryStrategy(wait=2, linear_wait=30)
"""A job that fails, most often because the database or the object store is away, or that was broken off, runs again,
each time half a minute later than the time before."""

STALLED_CRON: Final = "* * * * *"
STOP_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 2.0

Task = Callable[..., Awaitable[None]]


class LongTask(str):
    """The name of a task that may last minutes, or hours."""

    __slots__ = ()


class OutsideTask(str):
    """The name of a task that waits for a machine of others."""

    __slots__ = ()


class BrokenOff(Exception):
    """The process ends before a job is done; it runs again later."""


QUEUES: Final[Mapping[type[str], str]] = {LongTask: LONG_QUEUE, OutsideTask: OUTSIDE_QUEUE}
"""Where the jobs of tasks of a kind wait; others in `QUEUE`."""


class Ending:
    """Tells a task that lasts when its process ends; the task looks between two steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def begin(self) -> None:
        """Have whoever looks from now on break off."""
        self._event.set()

    def look(self, *, wait_seconds: float = 0.0) -> None:
        """Go on, after a while. Raises `BrokenOff` once the process ends."""
        if self._event.wait(wait_seconds):
            raise BrokenOff


log = structlog.get_logger(__name__)

_DEFERRING: Final = procrastinate.App(connector=SyncPsycopgConnector())  # never opened: it writes on given connections


def defer(
    session: Session, name: str, *, at: datetime | None = None, one_at_a_time: str | None = None, **arguments: str
) -> None:
    """Have the task `name` run once `session` has committed, not before `at`.

    Of jobs that name the same `one_at_a_time` one runs at a time, in all processes, and the others wait in the table.
    """
    session.execute(text(f"SET LOCAL search_path TO {SCHEMA}"))
    connection = session.connection().connection.dbapi_connection
    _DEFERRING.configure_task(
        name,
        allow_unknown=True,
        connection=connection,
        queue=next((queue for kind, queue in QUEUES.items() if isinstance(name, kind)), QUEUE),
        lock=one_at_a_time,
        schedule_at=at,
    ).defer(**arguments)
    session.execute(text("SET LOCAL search_path TO DEFAULT"))


def defer_together(session: Session, name: str, *, after: timedelta) -> None:
    """Have the task `name` run `after` a while, once for all who ask for it until then, when `session` has committed.

    Whoever finds such a job that is not due yet holds it back until the own transaction ends, and makes none.
    """
    found = text(
        "SELECT id FROM procrastinate.procrastinate_jobs WHERE task_name = :name AND status = 'todo' "
        "AND scheduled_at > clock_timestamp() LIMIT 1 FOR SHARE SKIP LOCKED"
    )
    if session.execute(found, {"name": name}).first() is None:
        defer(session, name, at=datetime.now(UTC) + after, one_at_a_time=name)


class JobRunner:
    """A thread with an event loop that runs the jobs of `tasks`, each under its name."""

    def __init__(self, database: Database, tasks: Mapping[str, Task]) -> None:
        self._url = database.libpq_url
        self._tasks = dict(tasks)
        self._begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="jobs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        self._begun.wait()

    def close(self) -> None:
        """End; a job that does not end in a few seconds is broken off, and runs again later.

        What a job does in a thread cannot be broken off, and is waited for: tasks that last look themselves whether
        they are to end (`Ending`).
        """
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        self._begun.set()
        while not self._ending.is_set():
            try:
                await self._work()
            except Exception:
                # Most often the database is away. Nothing is lost: the jobs wait in it.
                log.exception("the job runner stopped; it starts again")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), RETRY_SECONDS)

    async def _work(self) -> None:
        """Run jobs until the end, or until the database is lost."""
        app = self._app()
        async with app.open_async():  # never broken off: a pool of connections that is, does not end
            await retry_stalled(app)
            workers = [
                _worker(app, queue, at_once=at_once)
                for queue, at_once in ((QUEUE, AT_ONCE), (LONG_QUEUE, LONG_AT_ONCE), (OUTSIDE_QUEUE, OUTSIDE_AT_ONCE))
            ]
            running = [asyncio.create_task(worker.run()) for worker in workers]  # type: ignore[no-untyped-call]
            ended = asyncio.create_task(self._ending.wait())
            await asyncio.wait({*running, ended}, return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            for worker in workers:
                worker.stop()  # type: ignore[no-untyped-call]
            await asyncio.wait(running)
            for task in running:
                task.result()

    def _app(self) -> procrastinate.App:
        connector = procrastinate.PsycopgConnector(
            conninfo=self._url, min_size=1, max_size=4, configure=_use_schema, kwargs={"connect_timeout": 5}
        )
        app = procrastinate.App(connector=connector)
        for name, task in self._tasks.items():
            app.task(name=name, retry=AGAIN)(task)

        @app.periodic(cron=STALLED_CRON)
        @app.task(name="retry stalled jobs", queueing_lock="retry stalled jobs")
        async def every_minute(timestamp: int) -> None:
            await retry_stalled(app)

        return app


def _worker(app: procrastinate.App, queue: str, *, at_once: int) -> Worker:
    """What runs the jobs of a queue, once it is started, until it is stopped: cancelled, it may not notice."""
    return Worker(
        app,
        queues=[queue],
        concurrency=at_once,
        fetch_job_polling_interval=POLL_SECONDS,
        shutdown_graceful_timeout=STOP_SECONDS,
        delete_jobs="successful",
        install_signal_handlers=False,
    )


async def retry_stalled(app: procrastinate.App) -> None:
    """Give the jobs of runners that have not been heard of for half a minute to another."""
    for job in await app.job_manager.get_stalled_jobs():
        log.warning("a job's runner died; the job runs again", job=job.id, task=job.task_name)
        await app.job_manager.retry_job(job)


async def _use_schema(connection: AsyncConnection[TupleRow]) -> None:
    await connection.execute(f"SET search_path TO {SCHEMA}")
    await connection.commit()
