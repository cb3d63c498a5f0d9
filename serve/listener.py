"""Follows what other processes change: woken by LISTEN/NOTIFY, and looking twice a second in case a notice is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from serve.database.engine import Database

POLL_SECONDS = 0.5
RECONNECT_SECONDS = 0.5
RETRY_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Listener:
    """A thread that calls `look` with its own connection at each notice of `channel`; a lost one is made anew.

    Only `close` ends it: when `look` fails, that is logged, and it looks again after a while. A full disk or a store
    that is away may be mended, and a process that follows no more would never know.
    """

    def __init__(self, database: Database, *, channel: str, look: Callable[[psycopg.Connection], None]) -> None:
        self._database = database
        self._channel = channel
        self._look = look
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._listen, name=f"{channel}-listener", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """End; safe to call before `start`."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(timeout=POLL_SECONDS + 5.0)

    def _listen(self) -> None:
        while not self._ending.is_set():
            try:
                url, name = self._database.libpq_url, f"{self._channel} listener"
                with psycopg.connect(url, autocommit=True, connect_timeout=5, application_name=name) as connection:
                    connection.execute(f"LISTEN {self._channel}")
                    self._follow(connection)
            except (psycopg.Error, SQLAlchemyError) as error:
                log.warning("a listener lost the database", channel=self._channel, error=str(error))
                self._ending.wait(RECONNECT_SECONDS)
            except Exception:
                log.exception("a change cannot be followed; trying again", channel=self._channel)
                self._ending.wait(RETRY_SECONDS)

    def _follow(self, connection: psycopg.Connection) -> None:
        while not self._ending.is_set():
            for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                pass
            self._look(connection)
