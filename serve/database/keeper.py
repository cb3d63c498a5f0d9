"""Starts the embedded PostgreSQL again when it dies under a service that goes on."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Final, Self

import structlog

from serve.database.embedded import EmbeddedPostgres, EmbeddedPostgresError

LOOK_SECONDS: Final = 2.0
MOST_SECONDS: Final = 60.0
"""The pause between two starts that fail doubles up to this."""

log = structlog.get_logger(__name__)


class Keeper:
    """A thread beside a server that was started; use it around the block that needs the server."""

    def __init__(self, server: EmbeddedPostgres, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._server = server
        self._look_seconds = look_seconds
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="embedded-database", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()

    def _keep(self) -> None:
        pause = self._look_seconds
        while not self._ending.wait(pause):
            try:
                if self._server.start_again():
                    log.warning("embedded database had died and was started again", folder=str(self._server.folder))
                pause = self._look_seconds
            except (EmbeddedPostgresError, OSError) as error:
                pause = min(2.0 * pause, MOST_SECONDS)
                log.error(
                    "embedded database died and does not start; trying again", error=str(error), seconds=pause
                )  # fmt: skip
