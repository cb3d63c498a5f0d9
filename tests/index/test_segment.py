import numpy as np
import pytest
from index_contract import unit

from index.columns import Columns, Labels
from index.exact import ExactIndex
from index.interface import Entry
from index.live import LiveIndex, LiveOptions
from index.segment import Segment

DIMENSION = 256


def clusters(count: int, *, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors in clusters of `size` with cosines of about 0.8 inside, and 40 further members as queries."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(count // size, DIMENSION))
    vectors = np.resize(centres, (count, DIMENSION)) + 0.5 * rng.normal(size=(count, DIMENSION))
    queries = centres[rng.integers(len(centres), size=40)] + 0.5 * rng.normal(size=(40, DIMENSION))
    return unit(vectors), unit(queries)


def entries_of(vectors: np.ndarray) -> list[Entry]:
    return [Entry(row, f"r{row // 2}", f"b{row % 97}", "plain", vector) for row, vector in enumerate(vectors)]


@pytest.mark.parametrize("size", [20, 200])
def test_refined_codes_find_what_the_exact_index_finds(size):
    vectors, queries = clusters(6000, size=size, seed=1)
    entries = entries_of(vectors)
    base = Segment.of(Columns.of(entries), vectors, flat_limit=5000)
    live, exact = LiveIndex(), ExactIndex()
    live.restore(base, version=1)
    exact.rebuild(entries, version=1)
    found, expected = live.search(queries, k=10), exact.search(queries, k=10)
    assert [hits[0] for hits in found] == [hits[0] for hits in expected]
    shared = [len(set(mine) & set(right)) for mine, right in zip(found, expected, strict=True)]
    assert np.mean(shared) >= 9.9
    brands = [hits[0] for hits in live.search_brands(queries, brands=5)]
    assert brands == [hits[0] for hits in expected]
    assert base.coarse is not None
    alone = base.coarse.search(queries, 1)[1][:, 0]
    assert np.mean(alone == [hits[0].vector_id for hits in expected]) < 0.9, "then the codes need no refinement"


def test_rows_that_faiss_drops_are_not_lost():
    """Vectors along few axes round to the lowest score, where FAISS says -1 instead of a row."""
    axes = np.eye(DIMENSION, dtype=np.float32)
    vectors = axes[np.random.default_rng(2).integers(4, size=3000)]
    entries = entries_of(vectors)
    live, exact = LiveIndex(LiveOptions(flat_limit=1000)), ExactIndex()
    live.rebuild(entries, version=1)
    exact.rebuild(entries, version=1)
    queries = np.concatenate([axes[:2], -axes[:1], axes[200:201]])
    base = live.view().base
    assert base.coarse is not None
    assert (base.coarse.search(queries, 600)[1] < 0).any(), "FAISS drops no rows any more"
    assert live.search(queries, k=7) == exact.search(queries, k=7)


def test_the_vectors_of_a_segment_cannot_be_changed():
    vectors, _ = clusters(40, size=20, seed=3)
    base = Segment.of(Columns.of(entries_of(vectors)), vectors)
    with pytest.raises(ValueError, match="read-only"):
        base.vectors[0] = 0


def test_labels_drop_names_that_no_row_holds():
    labels = Labels.of(["a", "b", "a", "c"])
    assert labels.rows_of("a").tolist() == [0, 2]
    assert labels.rows_of("z").tolist() == []
    taken = labels.taken(np.array([1, 3]))
    assert [taken.names[code] for code in taken.codes] == ["b", "c"]
    assert len(taken.names) == 2
    longer = taken.extended(["c", "d"])
    assert [longer.names[code] for code in longer.codes] == ["b", "c", "c", "d"]
