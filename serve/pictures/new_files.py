"""Files that a transaction refers to: kept when it commits, removed again when it does not."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import DBAPIError

from serve.pictures.objects import Objects, ObjectsAwayError

log = structlog.get_logger(__name__)


class NewFiles:
    """Use it around the transaction: `with NewFiles(objects) as files, database.write() as session`.

    If the connection was lost, nobody knows whether the transaction committed, so the files stay: an unreferenced file
    wastes space, a missing one is lost evidence.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._keys: list[str] = []

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`, which nothing has yet."""
        self._keys.append(key)
        self._objects.put(key, data)

    def get(self, key: str) -> bytes:
        """The bytes under `key`, of a new file or another. Raises `ObjectMissingError`."""
        return self._objects.get(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or (isinstance(error, DBAPIError) and error.connection_invalidated):
            return
        for key in self._keys:
            try:
                self._objects.delete(key)
            except ObjectsAwayError as away:  # the caller is told of `error`, which came first
                log.warning("a file that nothing refers to stays", key=key, error=str(away))
