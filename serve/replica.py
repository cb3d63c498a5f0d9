"""The index of this process, kept in step with the database.

The database is the truth. A writer commits and then calls `catch_up`, so its own change is searchable before it
answers; other processes are woken by LISTEN/NOTIFY, and look twice a second besides, in case a notification is lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import psycopg
import structlog
from sqlalchemy import Row, Select, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from index.interface import Entry
from index.live import LiveIndex
from index.snapshot import SnapshotRejected, latest_snapshot, load_snapshot, save_snapshot
from serve.catalogue import Catalogue
from serve.changes import CHANNEL
from serve.database.engine import Database
from serve.database.tables import IndexChange, IndexCounter, Reference, ReferenceVector
from serve.metrics import Metrics

POLL_SECONDS = 0.5
RECONNECT_SECONDS = 0.5
MOST_SINGLE_CHANGES = 1_000
"""From more missed changes than this, reading everything anew is quicker than applying them one by one."""

STALE_SECONDS = 10.0
"""A copy that has not heard of the database for this long is not ready."""

log = structlog.get_logger(__name__)


class IndexReplica:
    """A `LiveIndex` that follows the database's change log. `start` it before use, `close` it after."""

    def __init__(
        self, database: Database, *, index: LiveIndex, catalogue: Catalogue, model: str, snapshots: Path,
        metrics: Metrics,
    ) -> None:  # fmt: skip
        self.index = index
        self._database = database
        self._catalogue = catalogue
        self._model = model
        self._snapshots = snapshots
        self._metrics = metrics
        self._applying = threading.Lock()
        self._ending = threading.Event()
        self._heard = 0.0
        self._saved_version = 0
        self._listener = threading.Thread(target=self._listen, name="index-listener", daemon=True)

    def start(self) -> None:
        """Load the snapshot and what changed since, or everything from the database; then follow the changes."""
        with self._applying:
            self._restore()
        self._listener.start()

    def close(self) -> None:
        """Stop following, and end the index's own work."""
        self._ending.set()
        if self._listener.is_alive():
            self._listener.join(timeout=POLL_SECONDS + 5.0)
        self.index.close()

    @property
    def current(self) -> bool:
        """Whether the copy heard of the database lately."""
        return time.monotonic() - self._heard < STALE_SECONDS

    def catch_up(self, *, version: int | None = None) -> None:
        """Apply the changes that are missing; returns at once when the index already holds `version`."""
        with self._applying:
            if version is not None and self.index.version >= version:
                return
            with self._database.read() as session:
                self._apply(session)
        self._note()

    def save_snapshot(self) -> Path | None:
        """Write the index as a snapshot unless this version was saved before; None when there is nothing to do.

        Changes go on meanwhile. One that slips in between label and files makes a snapshot that the next start
        rejects, and that start reads the database instead.
        """
        version = self.index.version
        if version in (0, self._saved_version):
            return None
        with self._database.read() as session:
            label = self._label(session, version)
        if label is None:
            return None
        path = save_snapshot(self.index, folder=self._snapshots, model=label)
        self._saved_version = version
        return path

    def _restore(self) -> None:
        with self._database.read() as session:
            if self._load_snapshot(session):
                self._apply(session)
                expected = session.scalar(select(func.count()).select_from(_active_vectors(self._model).subquery()))
                if len(self.index) == expected:
                    log.info("index ready", version=self.index.version, vectors=len(self.index), source="snapshot")
                    self._note()
                    return
                log.warning("index disagrees with the database", vectors=len(self.index), expected=expected)
            self._rebuild(session)
        self._note()
        log.info("index ready", version=self.index.version, vectors=len(self.index), source="database")

    def _load_snapshot(self, session: Session) -> bool:
        path = latest_snapshot(self._snapshots)
        if path is None:
            return False
        label = self._label(session, int(path.name.rpartition("-")[2]))
        if label is None:
            log.warning("snapshot rejected", path=str(path), reason="the database does not know its version")
            return False
        try:
            snapshot = load_snapshot(path, model=label)
        except SnapshotRejected as rejected:
            log.warning("snapshot rejected", path=str(path), reason=rejected.reason)
            return False
        self.index.restore(snapshot.base, version=snapshot.version)
        self._saved_version = snapshot.version
        return True

    def _label(self, session: Session, version: int) -> str | None:
        """What a snapshot of `version` must be labelled with: the model, and the mark of the change in this history."""
        mark = session.scalar(select(IndexChange.mark).where(IndexChange.version == version))
        return None if mark is None else f"{self._model}+{mark}"

    def _apply(self, session: Session) -> None:
        """Bring the index to the version that `session` sees."""
        latest = _latest_version(session)
        changes = session.execute(
            select(IndexChange.version, IndexChange.action, IndexChange.brand_id, IndexChange.reference_id)
            .where(IndexChange.version > self.index.version)
            .order_by(IndexChange.version)
            .limit(MOST_SINGLE_CHANGES + 1)
        ).all()
        if latest < self.index.version or len(changes) > MOST_SINGLE_CHANGES:
            self._rebuild(session)
            return
        entries = _entries_of(session, {change.reference_id for change in changes}, model=self._model)
        for change in changes:
            if change.reference_id is None:
                self._catalogue.forget_brand(change.brand_id)
                self.index.add((), version=change.version)
            elif change.action == "add" and change.reference_id in entries:
                self.index.add(entries[change.reference_id], version=change.version)
            else:
                # Also an addition whose reference was disabled or removed again since: a later change says so.
                self.index.remove(change.reference_id, version=change.version)
                self._catalogue.forget(change.reference_id)

    def _rebuild(self, session: Session) -> None:
        version = _latest_version(session)
        self._catalogue.forget_all()
        rows = session.execute(_active_vectors(self._model)).yield_per(10_000)
        self.index.rebuild((_entry(row) for row in rows), version=version)

    def _note(self) -> None:
        self._heard = time.monotonic()
        self._metrics.index_version.set(self.index.version)
        self._metrics.index_vectors.set(len(self.index))

    def _listen(self) -> None:
        """Follow the changes until closed; a lost connection is made anew."""
        while not self._ending.is_set():
            try:
                with psycopg.connect(self._database.libpq_url, autocommit=True, connect_timeout=5) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._follow(connection)
            except (psycopg.Error, SQLAlchemyError) as error:
                log.warning("index listener lost the database", error=str(error))
                self._ending.wait(RECONNECT_SECONDS)

    def _follow(self, connection: psycopg.Connection) -> None:
        while not self._ending.is_set():
            for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                pass
            row = connection.execute("SELECT version FROM index_counter").fetchone()
            if row is not None and row[0] != self.index.version:
                self.catch_up()
            self._note()


def _latest_version(session: Session) -> int:
    return session.execute(select(IndexCounter.version)).scalar_one()


def _active_vectors(model: str) -> Select[int, str, str, str, bytes]:
    return (
        select(
            ReferenceVector.vector_id, Reference.id, Reference.brand_id, ReferenceVector.view, ReferenceVector.vector
        )
        .join(Reference, Reference.id == ReferenceVector.reference_id)
        .where(Reference.status == "active", ReferenceVector.model == model)
        .order_by(ReferenceVector.vector_id)
    )


def _entries_of(session: Session, references: Iterable[str | None], *, model: str) -> dict[str, list[Entry]]:
    """The entries of those of `references` that are active, by reference."""
    wanted = [reference for reference in references if reference is not None]
    found: dict[str, list[Entry]] = {}
    for row in session.execute(_active_vectors(model).where(Reference.id.in_(wanted))):
        entry = _entry(row)
        found.setdefault(entry.reference_id, []).append(entry)
    return found


def _entry(row: Row[int, str, str, str, bytes]) -> Entry:
    vector_id, reference_id, brand_id, view, vector = row
    return Entry(vector_id, reference_id, brand_id, view, np.frombuffer(vector, dtype="<f4"))
