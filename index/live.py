"""The index that serves: searched by many threads while references come and go.

All content is one `StandingView`, which never changes. A change builds the next view beside the current one and puts it
in its place by one assignment, so a search takes no lock and sees either all of a change or nothing of it. Changes are
one at a time, under a lock that no search takes.

To make a change cheap, new entries go to the view's tail, and removed rows of its base are only hidden. When the tail
is long or many rows are hidden, a thread *merges*: it builds a new base from all that can be found. Changes go on
meanwhile; when the base is ready, what has happened since is carried over to it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.columns import Columns
from index.interface import DIMENSION, Entry, StaleVersionError, VectorIndex
from index.segment import FLAT_LIMIT, Segment
from index.standing import StandingView
from index.vectors import entry_matrix

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LiveOptions:
    """How a live index is built.

    `tail_limit` and `tail_fraction`: entries in the tail, all of which every search compares, before it is merged into
    the base; the larger of a number and a fraction of the base's rows, since a merge costs in proportion to them.
    `hidden_limit`: fraction of the base's rows that may be hidden before a merge drops them, 0..1 (`tail_limit` rows
    may be hidden in any case).
    `flat_limit`: rows up to which the base compares all vectors (see `index.segment`).
    `threads`: OpenMP threads of one search. 1, because a service answers many at once.
    `background`: merge in a thread of its own; otherwise in the change that makes it due.
    """

    dimension: int = DIMENSION
    tail_limit: int = 1024
    tail_fraction: float = 0.02
    hidden_limit: float = 0.25
    flat_limit: int = FLAT_LIMIT
    threads: int = 1
    background: bool = True


class LiveIndex(VectorIndex):
    """FAISS in memory, changed while it is searched."""

    def __init__(self, options: LiveOptions | None = None) -> None:
        self.options = options or LiveOptions()
        self._writing = threading.Lock()
        self._merging = threading.Lock()
        self._merger: threading.Thread | None = None
        empty = np.empty((0, self.options.dimension), dtype=np.float32)
        self._view = self._standing(Segment.of(Columns.of(()), empty), version=0)

    def view(self) -> StandingView:
        """As `VectorIndex.view`; costs nothing."""
        return self._view

    def add(self, entries: Iterable[Entry], *, version: int) -> None:
        """As `VectorIndex.add`."""
        new = tuple(entries)
        vectors = entry_matrix(new, dimension=self.options.dimension)
        ids = [entry.vector_id for entry in new]
        with self._writing:
            view = self._current(version)
            hidden = view.hidden
            replaced = np.isin(view.base.columns.vector_ids, ids)
            if replaced.any():
                hidden = hidden | replaced
            gone = set(ids)
            kept = [place for place, entry in enumerate(view.tail) if entry.vector_id not in gone]
            tail, tail_vectors = view.tail, view.tail_vectors
            if len(kept) < len(tail):
                tail, tail_vectors = tuple(tail[place] for place in kept), tail_vectors[kept]
            self._view = self._standing(
                view.base,
                hidden=hidden,
                tail=tail + new,
                tail_vectors=np.concatenate([tail_vectors, vectors]),
                version=version,
            )
        self._merge_if_due()

    def remove(self, reference_id: str, *, version: int) -> int:
        """As `VectorIndex.remove`."""
        with self._writing:
            view = self._current(version)
            hidden = view.hidden
            rows = view.base.columns.references.rows_of(reference_id)
            if len(rows):
                hidden = hidden.copy()
                hidden[rows] = True
            kept = [place for place, entry in enumerate(view.tail) if entry.reference_id != reference_id]
            tail, tail_vectors = view.tail, view.tail_vectors
            if len(kept) < len(tail):
                tail, tail_vectors = tuple(tail[place] for place in kept), tail_vectors[kept]
            removed_from = len(view)
            self._view = self._standing(view.base, hidden=hidden, tail=tail, tail_vectors=tail_vectors, version=version)
            removed = removed_from - len(self._view)
        self._merge_if_due()
        return removed

    def rebuild(self, entries: Iterable[Entry], *, version: int) -> None:
        """As `VectorIndex.rebuild`. The new base is built before the lock is taken."""
        new = tuple(entries)
        vectors = entry_matrix(new, dimension=self.options.dimension)
        self.restore(Segment.of(Columns.of(new), vectors, flat_limit=self.options.flat_limit), version=version)

    def restore(self, base: Segment, *, version: int) -> None:
        """Replace all content by `base`, a segment that is complete at `version` (from a snapshot)."""
        if base.vectors.shape[1] != self.options.dimension:
            raise ValueError(f"the segment has {base.vectors.shape[1]} dimensions, the index {self.options.dimension}")
        with self._writing:
            self._view = self._standing(base, version=version)

    def merge(self) -> None:
        """Build a new base from all that can be found, and carry over to it what changes meanwhile.

        Runs in the calling thread; changes and searches go on. Does nothing when the base is all there is.
        """
        with self._merging:
            start = self._view
            base = start.compact(flat_limit=self.options.flat_limit)
            if base is start.base:
                return
            with self._writing:
                # After a rebuild the content merged here is not the index's any more.
                if self._view.base is start.base:
                    self._view = self._carried_over(start, base)

    def close(self) -> None:
        """Wait for a merge that is running."""
        merger = self._merger
        if merger is not None:
            merger.join()

    def _current(self, version: int) -> StandingView:
        """The view that a change of `version` builds on."""
        if version < self._view.version:
            raise StaleVersionError(f"change {version} is older than the index, which is at {self._view.version}")
        return self._view

    def _standing(
        self,
        base: Segment,
        *,
        version: int,
        hidden: NDArray[np.bool_] | None = None,
        tail: tuple[Entry, ...] = (),
        tail_vectors: NDArray[np.float32] | None = None,
    ) -> StandingView:
        return StandingView(
            base,
            hidden=np.zeros(len(base), dtype=np.bool_) if hidden is None else hidden,
            tail=tail,
            tail_vectors=np.empty((0, self.options.dimension), np.float32) if tail_vectors is None else tail_vectors,
            version=version,
            threads=self.options.threads,
        )

    def _carried_over(self, start: StandingView, base: Segment) -> StandingView:
        """The current view on `base`, which holds all of `start`: base rows that were shown, then the tail.

        Entries are told apart by identity: one that was removed and added again may share its id with the old one.
        """
        now = self._view
        still_there = set(now.tail)
        hidden_of_tail = np.array([entry not in still_there for entry in start.tail], dtype=np.bool_)
        merged = set(start.tail)
        new = [place for place, entry in enumerate(now.tail) if entry not in merged]
        return self._standing(
            base,
            hidden=np.concatenate([now.hidden[~start.hidden], hidden_of_tail]),
            tail=tuple(now.tail[place] for place in new),
            tail_vectors=now.tail_vectors[new],
            version=now.version,
        )

    def _merge_due(self) -> bool:
        view = self._view
        rows, options = len(view.base), self.options
        long_tail = len(view.tail) > max(options.tail_limit, options.tail_fraction * rows)
        return long_tail or view.hidden_count > max(options.tail_limit, options.hidden_limit * rows)

    def _merge_if_due(self) -> None:
        if not self._merge_due():
            return
        if not self.options.background:
            self.merge()
            return
        with self._writing:
            if self._merger is not None and self._merger.is_alive():
                return
            self._merger = threading.Thread(target=self._merge_all, name="index-merge", daemon=True)
            self._merger.start()

    def _merge_all(self) -> None:
        """Merge until no more is due: a rush of changes may fill the next tail meanwhile."""
        try:
            while self._merge_due():
                self.merge()
        except Exception:
            # Searches and changes go on with the long tail, only slower; the next change tries again.
            log.exception("merging the index failed")
