"""The model, the index and the brands' words of this process, kept in step with the database.

The database is the truth. A writer commits and then calls `catch_up`, so its own change is searchable before it
answers; other processes are woken by LISTEN/NOTIFY, and look twice a second besides, in case a notification is lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg
import structlog
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from index.interface import Entry, IndexView
from index.live import LiveIndex
from index.snapshot import SnapshotRejected, latest_snapshot, load_snapshot, save_snapshot
from model.bundle import ModelBundle
from serve.database.engine import Database
from serve.database.tables import IndexChange, IndexCounter, Reference, ReferenceVector
from serve.genuine.catalogue import Catalogue
from serve.genuine.changes import CHANNEL
from serve.listener import Listener
from serve.metrics import Metrics
from serve.models.bundles import Bundles
from serve.models.registry import serving_model
from serve.text.brand_words import BrandWords, stored_names

MOST_SINGLE_CHANGES = 1_000
"""From more missed changes than this, reading everything anew is quicker than applying them one by one."""

STALE_SECONDS = 10.0
"""A copy that has not heard of the database for this long is not ready."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Serving:
    """A model and the index of its vectors: a scan takes both at once, and keeps them to its end.

    When another model is put in place, another pair takes the place of this one; its index then stands still.
    """

    bundle: ModelBundle
    index: LiveIndex


@dataclass(frozen=True, slots=True)
class Standing:
    """The model, the index and the brands' words of one version, as a scan takes them; they change no more."""

    bundle: ModelBundle
    view: IndexView
    words: BrandWords


class IndexReplica:
    """A model and its `LiveIndex` that follow the database's change log. `start` it before use, `close` it after."""

    def __init__(
        self, database: Database, *, bundles: Bundles, catalogue: Catalogue, snapshots: Path, metrics: Metrics
    ) -> None:
        self._database = database
        self._bundles = bundles
        self._catalogue = catalogue
        self._snapshots = snapshots
        self._metrics = metrics
        self._serving: Serving | None = None
        self._words = BrandWords()
        self._standing: Standing | None = None
        self._applying = threading.Lock()
        self._heard = 0.0
        self._saved_version = 0
        self._listener = Listener(database, channel=CHANNEL, look=self._look)

    def start(self) -> None:
        """Load the model, then the snapshot and what changed since, or everything from the database; follow changes.

        Raises `BundleRejected`.
        """
        with self._applying:
            self._restore()
            self._publish()
        self._listener.start()

    def close(self) -> None:
        """Stop following, and end the index's own work."""
        self._listener.close()
        if self._serving is not None:
            self._serving.index.close()

    @property
    def serving(self) -> Serving:
        """What serves now. Raises `RuntimeError` before `start`."""
        if self._serving is None:
            raise RuntimeError("the replica was not started")
        return self._serving

    @property
    def standing(self) -> Standing:
        """What a scan that begins now is made with, all of one version. Raises `RuntimeError` before `start`."""
        if self._standing is None:
            raise RuntimeError("the replica was not started")
        return self._standing

    @property
    def index(self) -> LiveIndex:
        """The index that serves now."""
        return self.serving.index

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
            self._publish()
        self._note()

    def save_snapshot(self) -> Path | None:
        """Write the index as a snapshot unless this version was saved before; None when there is nothing to do.

        Changes go on meanwhile. One that slips in between label and files makes a snapshot that the next start
        rejects, and that start reads the database instead.
        """
        serving = self.serving
        version = serving.index.version
        if version in (0, self._saved_version):
            return None
        with self._database.read() as session:
            label = _label(session, version, model=serving.bundle.name)
        if label is None:
            return None
        path = save_snapshot(serving.index, folder=self._snapshots, model=label)
        self._saved_version = version
        return path

    def _restore(self) -> None:
        with self._database.read() as session:
            bundle = self._bundles.load(serving_model(session))
            self._serving = Serving(bundle, LiveIndex())
            self._words = BrandWords(stored_names(session))
            if self._load_snapshot(session):
                self._apply(session)
                expected = session.scalar(select(func.count()).select_from(_active_vectors(bundle.name).subquery()))
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
        label = _label(session, int(path.name.rpartition("-")[2]), model=self.serving.bundle.name)
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

    def _apply(self, session: Session) -> None:
        """Bring the index to the version that `session` sees."""
        latest = _latest_version(session)
        changes = session.execute(
            select(IndexChange.version, IndexChange.action, IndexChange.brand_id, IndexChange.reference_id)
            .where(IndexChange.version > self.index.version)
            .order_by(IndexChange.version)
            .limit(MOST_SINGLE_CHANGES + 1)
        ).all()
        switched = any(change.action == "switch" for change in changes)
        if switched or latest < self.index.version or len(changes) > MOST_SINGLE_CHANGES:
            self._rebuild(session)
            return
        references = {change.reference_id for change in changes}
        entries = _entries_of(session, references, model=self.serving.bundle.name)
        named = {change.brand_id for change in changes if change.brand_id is not None and change.reference_id is None}
        if named:
            self._words = self._words.with_brands(stored_names(session, named))
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

    def _publish(self) -> None:
        """Have scans take what there is now: words and references change together, however many changes came."""
        serving = self.serving
        self._standing = Standing(serving.bundle, serving.index.view(), self._words)

    def _rebuild(self, session: Session) -> None:
        """Read everything anew, as `session` sees it. Scans go on with what serves until it is complete."""
        version, before = _latest_version(session), self.serving
        bundle = self._bundles.load(serving_model(session))
        another = bundle.name != before.bundle.name
        index = LiveIndex() if another else before.index
        self._catalogue.forget_all()
        self._words = BrandWords(stored_names(session))
        rows = session.execute(_active_vectors(bundle.name)).yield_per(10_000)
        index.rebuild((_entry(row) for row in rows), version=version)
        bundle.load_cohort(brands=index.view().brands)
        if another:
            self._serving, self._saved_version = Serving(bundle, index), 0
            before.index.close()
            log.info("another model serves", model=bundle.name, before=before.bundle.name, index_version=version)

    def _note(self) -> None:
        self._heard = time.monotonic()
        self._metrics.index_version.set(self.index.version)
        self._metrics.index_vectors.set(len(self.index))

    def _look(self, connection: psycopg.Connection) -> None:
        """Catch up. While that fails scans go on with what serves, and /readyz says soon that it is behind."""
        row = connection.execute("SELECT version FROM index_counter").fetchone()
        if row is not None and row[0] != self.index.version:
            self.catch_up()
        else:
            with self._applying:
                self._publish()  # the index may have merged its tail
            self._note()


def _label(session: Session, version: int, *, model: str) -> str | None:
    """What a snapshot of `version` must be labelled with: the model, and the mark of the change in this history."""
    mark = session.scalar(select(IndexChange.mark).where(IndexChange.version == version))
    return None if mark is None else f"{model}+{mark}"


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
