"""Searching threads while references come and go."""

import threading
import time

import faiss
import numpy as np
import pytest
from index_contract import DIMENSION, entry, ids, random_entries, unit

from index.interface import Entry
from index.live import LiveIndex, LiveOptions
from index.segment import Segment

SECONDS = 1.5


def test_searches_see_whole_changes_and_never_what_is_gone():
    """The writer keeps every reference at two vectors and says which are promised; readers check each answer.

    `promised` is widened after `add` returned and narrowed before `remove` is called, `possible` the other way round:
    what a reader knew before its search must be found, and what could not be there after it must not.
    """
    index = LiveIndex(LiveOptions(dimension=DIMENSION, tail_limit=30, hidden_limit=0.2))
    index.rebuild(random_entries(200, seed=1), version=1)
    rng = np.random.default_rng(2)
    pairs = [unit(rng.normal(size=(2, DIMENSION))) for _ in range(400)]
    promised: set[int] = set()
    removed: set[int] = set()
    faults: list[str] = []
    searches = [0, 0]
    done = threading.Event()

    def read(reader: int) -> None:
        draw = np.random.default_rng(reader)
        while not done.is_set():
            before, gone = set(promised), set(removed)
            number = int(draw.integers(len(pairs)))
            view = index.view()
            found = [ids(hits) for hits in view.search(pairs[number], k=3)]
            seen = [1000 + 2 * number + place in found[place] for place in range(2)]
            if seen[0] != seen[1]:
                faults.append(f"half of reference {number} at version {view.version}")
            if number in before and number in promised and not seen[0]:
                faults.append(f"reference {number} was added and is not found at version {view.version}")
            if number in gone and seen[0]:
                faults.append(f"reference {number} was removed and is found at version {view.version}")
            searches[reader] += 1

    readers = [threading.Thread(target=read, args=(reader,)) for reader in range(2)]
    for reader in readers:
        reader.start()
    # Each number is added once and removed once, so that membership of `promised` before and after means always.
    version, end = 1, time.monotonic() + SECONDS
    for number, pair in enumerate(pairs):
        version += 1
        views = [entry(1000 + 2 * number + place, pair[place], reference=f"pair-{number}") for place in range(2)]
        index.add(views, version=version)
        promised.add(number)
        if number >= 40:
            promised.discard(number - 40)
            version += 1
            index.remove(f"pair-{number - 40}", version=version)
            removed.add(number - 40)
        if time.monotonic() > end:
            break
        time.sleep(0.001)
    done.set()
    for reader in readers:
        reader.join()
    index.close()
    assert faults == []
    assert min(searches) > 20
    assert len(index) == 200 + 2 * len(promised)
    assert index.version == version


def test_changes_during_a_merge_are_carried_over(monkeypatch):
    index = LiveIndex(LiveOptions(dimension=DIMENSION, tail_limit=1000))
    first = unit(np.random.default_rng(3).normal(size=(8, DIMENSION)))
    entries = [entry(number, vector) for number, vector in enumerate(first)]
    index.rebuild(entries[:4], version=1)
    index.add(entries[4:], version=2)
    build = Segment.of

    def build_while_the_index_changes(*args, **options):
        base = build(*args, **options)
        index.remove("ref-0", version=3)
        index.remove("ref-4", version=4)
        index.remove("ref-5", version=5)
        index.add([entries[5]], version=6)
        index.add([entry(6, -first[6], reference="ref-6")], version=7)
        index.add([entry(1, -first[1], reference="ref-1"), entry(8, first[0])], version=8)
        return base

    monkeypatch.setattr("index.segment.Segment.of", build_while_the_index_changes)
    index.merge()
    monkeypatch.undo()
    assert (len(index), index.version) == (7, 8)
    queries = np.concatenate([first, -first[[1, 6]]])
    best = [hits[0] for hits in index.search(queries, k=1)]
    exact = [hit.vector_id if hit.similarity > 0.999 else None for hit in best]
    assert exact == [8, None, 2, 3, None, 5, None, 7, 1, 6]
    index.merge()
    assert [hits[0] for hits in index.search(queries, k=1)] == best


def test_a_rebuild_during_a_merge_wins(monkeypatch):
    index = LiveIndex(LiveOptions(dimension=DIMENSION))
    index.add(random_entries(20, seed=4), version=1)
    build = Segment.of

    def build_while_the_index_is_rebuilt(*args, **options):
        base = build(*args, **options)
        monkeypatch.undo()
        index.rebuild(random_entries(6, seed=5), version=2)
        return base

    monkeypatch.setattr("index.segment.Segment.of", build_while_the_index_is_rebuilt)
    index.merge()
    assert (len(index), index.version) == (6, 2)


def test_a_failed_merge_is_logged_and_loses_nothing(monkeypatch, caplog):
    index = LiveIndex(LiveOptions(dimension=DIMENSION, tail_limit=5))

    def no_memory(*_, **__):
        raise MemoryError("no room for a new base")

    monkeypatch.setattr("index.segment.Segment.of", no_memory)
    index.add(random_entries(20, seed=6), version=1)
    index.close()
    assert "merging the index failed" in caplog.text
    assert len(index) == 20
    monkeypatch.undo()
    index.add([entry(99, unit(np.ones(DIMENSION)))], version=2)
    index.close()
    assert (len(index), len(index.view().tail)) == (21, 0)


@pytest.mark.parametrize("threads", [1, 2])
def test_each_searching_thread_uses_as_many_cores_as_set(threads):
    """OpenMP's number is kept for each thread; a new one starts with all cores of the machine."""
    index = LiveIndex(LiveOptions(dimension=DIMENSION, threads=threads))
    index.rebuild([Entry(1, "a", "b", "plain", unit(np.ones(DIMENSION)))], version=1)
    seen = []

    def search() -> None:
        index.search(unit(np.ones((1, DIMENSION))), k=1)
        seen.append(faiss.omp_get_max_threads())

    thread = threading.Thread(target=search)
    thread.start()
    thread.join()
    assert seen == [threads]
