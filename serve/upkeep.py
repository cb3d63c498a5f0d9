"""What is done now and then: old scans, withdrawn listings, messages and idempotency keys go, the index snapshot is
written; once a day replaced pictures go.

One process does it.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, select

from serve.console.sessions import forget_sessions
from serve.database.engine import Database
from serve.database.tables import IdempotencyKey, ScanRecord
from serve.genuine.references import forget_removed
from serve.genuine.replica import IndexReplica
from serve.loop.push.deliveries import forget_deliveries
from serve.loop.withdrawal import forget_replaced, forget_withdrawn
from serve.pictures.objects import Objects
from serve.protocol.idempotency import KEPT
from serve.settings import Settings

LOCK = "hallmark-upkeep"
BATCH = 500

THOROUGH_SECONDS: Final = 24 * 3600.0
"""Between two looks at all listings, and not only at what has an end."""

log = structlog.get_logger(__name__)


class Upkeep:
    """A thread that tidies up every `snapshot_seconds`, and once more at the end."""

    def __init__(self, database: Database, objects: Objects, *, replica: IndexReplica, settings: Settings) -> None:
        self._database = database
        self._objects = objects
        self._replica = replica
        self._settings = settings
        self._thorough = 0.0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; the snapshot is brought up to date, so that the next start is quick."""
        self._ending.set()
        self._thread.join()

    def run_once(self) -> None:
        """Tidy up now, unless another process does."""
        with self._database.try_lock(LOCK) as ours:
            if not ours:
                return
            forget_scans(self._database, self._objects, days=self._settings.scan_retention_days)
            forget_removed(self._database, self._objects, days=self._settings.scan_retention_days)
            forget_withdrawn(self._database, self._objects, days=self._settings.withdrawn_retention_days)
            forget_deliveries(self._database, days=self._settings.delivery_retention_days)
            forget_idempotency_keys(self._database)
            forget_sessions(self._database)
            if time.monotonic() >= self._thorough:
                self._thorough = time.monotonic() + THOROUGH_SECONDS
                forget_replaced(self._database, self._objects, days=self._settings.withdrawn_retention_days)
            path = self._replica.save_snapshot()
            if path is not None:
                log.info("index snapshot written", path=str(path))

    def _work(self) -> None:
        while not self._ending.wait(self._settings.snapshot_seconds):
            self._run_safely()
        self._run_safely()

    def _run_safely(self) -> None:
        try:
            self.run_once()
        except Exception:
            # Nothing that serves depends on it, and the next turn tries again.
            log.exception("upkeep failed")


def forget_scans(database: Database, objects: Objects, *, days: int) -> int:
    """Remove the scans older than `days`, with their evidence; returns how many."""
    before = datetime.now(UTC) - timedelta(days=days)
    forgotten = 0
    while True:
        with database.read() as session:
            ids = session.scalars(select(ScanRecord.id).where(ScanRecord.created < before).limit(BATCH)).all()
        for scan_id in ids:  # before their rows, by which a process that was killed meanwhile finds them again
            objects.delete_folder(f"scans/{scan_id}")
        with database.write() as session:
            session.execute(delete(ScanRecord).where(ScanRecord.id.in_(ids)))
        forgotten += len(ids)
        if len(ids) < BATCH:
            return forgotten


def forget_idempotency_keys(database: Database) -> None:
    """Remove the idempotency keys whose time is over."""
    before = datetime.now(UTC) - KEPT
    with database.write() as session:
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created < before))
