"""The database of a service under benchmark, from outside: what is due in days comes now, and jobs are waited for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psycopg

from serve.loop.cases import EXPIRE
from serve.loop.deadlines import WAITING

PATIENCE_SECONDS = 1_800.0
"""An answer, or the end of all jobs, that takes longer than this does not come."""


@dataclass(frozen=True, slots=True)
class OutsideDatabase:
    """The PostgreSQL at `url` (libpq)."""

    url: str

    def change(self, statement: str, *values: object) -> None:
        """Change the database, which is how time passes here."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SET search_path TO public, procrastinate")
            connection.execute(statement, values)

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(query, values).fetchall()

    def settle(self) -> None:
        """Wait until nothing is left to do: no job under way or due. Raises `TimeoutError`."""
        waiting = (
            "SELECT task_name, status FROM procrastinate.procrastinate_jobs WHERE task_name <> 'retry stalled jobs' "
            "AND (status = 'doing' OR status = 'todo' AND coalesce(scheduled_at, now()) <= now())"
        )
        until = time.monotonic() + PATIENCE_SECONDS
        while rows := self.ask(waiting):
            if time.monotonic() > until:
                raise TimeoutError(f"jobs that nobody runs: {rows}")
            time.sleep(0.5)

    def end_cases(self) -> None:
        """Let the five working days of every case that waits pass, and have each ended."""
        states = [state.value for state in WAITING]
        self.change("UPDATE cases SET expires = now() - interval '1 second' WHERE state = ANY(%s)", states)
        self.change(
            "UPDATE procrastinate_jobs SET scheduled_at = now() - interval '1 second' "
            "WHERE task_name = %s AND status = 'todo'",
            EXPIRE,
        )
        self.settle()
