"""Tests that every index must pass. A new engine inherits them: subclass `IndexContract` and make an `index` fixture.

The fixture gives an empty index of `DIMENSION` dimensions.
"""

import numpy as np
import pytest

from index.exact import ExactIndex
from index.interface import Entry, StaleVersionError, VectorIndex

DIMENSION = 16


def unit(rows) -> np.ndarray:
    rows = np.asarray(rows, dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def axis(place: int) -> np.ndarray:
    return np.eye(DIMENSION, dtype=np.float32)[place]


def entry(
    vector_id: int, vector: np.ndarray, *, reference: str = "", brand: str = "acme", view: str = "plain"
) -> Entry:
    return Entry(vector_id, reference or f"ref-{vector_id}", brand, view, vector)


def random_entries(count: int, *, seed: int, brands: int = 20, dimension: int = DIMENSION) -> list[Entry]:
    """Two views a reference, brands of unequal size, marks of one brand near each other."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(brands, dimension))
    brand_of = np.minimum(rng.geometric(2 / brands, size=(count + 1) // 2) - 1, brands - 1).repeat(2)[:count]
    vectors = unit(centres[brand_of] + 0.5 * rng.normal(size=(count, dimension)))
    return [
        Entry(place, f"ref-{place // 2}", f"brand-{brand_of[place]}", ("plain", "inverted")[place % 2], vectors[place])
        for place in range(count)
    ]


def ids(hits) -> list[int]:
    return [hit.vector_id for hit in hits]


class IndexContract:
    """Inherit, and define the fixture `index`."""

    def test_a_brand_counts_while_one_of_its_references_can_be_found(self, index: VectorIndex):
        index.add([entry(1, axis(0), brand="a"), entry(2, axis(1), brand="a"), entry(3, axis(2), brand="b")], version=1)
        assert index.view().brands == index.brands == 2
        index.add([entry(4, axis(3), brand="c")], version=2)
        index.remove("ref-1", version=3)
        assert index.brands == 3
        index.remove("ref-2", version=4)
        assert index.brands == 2

    def test_an_empty_index_finds_nothing(self, index: VectorIndex):
        assert (len(index), index.version, index.brands) == (0, 0, 0)
        assert index.search(unit(np.ones((2, DIMENSION))), k=3) == [[], []]
        assert index.search_brands(unit(np.ones((2, DIMENSION))), brands=3) == [[], []]
        assert index.search(np.empty((0, DIMENSION), np.float32), k=3) == []

    def test_a_hit_carries_what_was_added(self, index: VectorIndex):
        index.add([Entry(7, "ref-a", "brand-a", "inverted", axis(2))], version=3)
        assert (len(index), index.version) == (1, 3)
        (hits,) = index.search(unit([0.6 * axis(2) + 0.8 * axis(3)]), k=5)
        assert hits[0][:4] == (7, "ref-a", "brand-a", "inverted")
        assert hits[0].similarity == pytest.approx(0.6, abs=1e-6)

    def test_similarity_can_be_negative(self, index: VectorIndex):
        index.add([entry(1, axis(0))], version=1)
        assert index.search(-axis(0)[None], k=1)[0][0].similarity == -1.0

    def test_best_first_and_equal_ones_by_id(self, index: VectorIndex):
        near = unit(axis(0) + 0.1 * axis(1))
        index.add([entry(9, axis(0)), entry(4, near), entry(2, axis(0)), entry(5, axis(0))], version=1)
        assert ids(index.search(axis(0)[None], k=4)[0]) == [2, 5, 9, 4]
        assert ids(index.search(axis(0)[None], k=2)[0]) == [2, 5]

    def test_equal_vectors_are_cut_by_id_among_hundreds(self, index: VectorIndex):
        index.add([entry(number, axis(0)) for number in reversed(range(300))], version=1)
        assert ids(index.search(axis(0)[None], k=3)[0]) == [0, 1, 2]

    def test_removed_is_not_found_and_may_return(self, index: VectorIndex):
        a, b, c = entry(1, axis(0), reference="a"), entry(2, axis(1), reference="a"), entry(3, axis(2), reference="b")
        index.add([a, b, c], version=1)
        assert index.remove("a", version=2) == 2
        assert (len(index), index.version) == (1, 2)
        assert ids(index.search(axis(0)[None], k=9)[0]) == [3]
        index.add([a], version=3)
        assert ids(index.search(axis(0)[None], k=9)[0]) == [1, 3]

    def test_removing_the_unknown_only_moves_the_version(self, index: VectorIndex):
        assert index.remove("nobody", version=4) == 0
        assert index.version == 4

    def test_the_same_id_again_replaces(self, index: VectorIndex):
        index.add([entry(1, axis(0), reference="old")], version=1)
        index.add([entry(1, axis(1), reference="new")], version=2)
        (hits,) = index.search(axis(0)[None], k=9)
        assert [(hit.vector_id, hit.reference_id, hit.similarity) for hit in hits] == [(1, "new", 0.0)]
        assert len(index) == 1
        assert index.remove("old", version=3) == 0

    def test_an_older_change_is_refused(self, index: VectorIndex):
        index.add([entry(1, axis(0))], version=5)
        with pytest.raises(StaleVersionError, match="4 is older than the index, which is at 5"):
            index.add([entry(2, axis(1))], version=4)
        with pytest.raises(StaleVersionError):
            index.remove("ref-1", version=4)
        index.add([entry(2, axis(1))], version=5)
        assert len(index) == 2

    @pytest.mark.parametrize("vector", [axis(0) * 2, axis(0) * np.nan, np.zeros(DIMENSION, np.float32), axis(0)[:-1]])
    def test_a_wrong_vector_changes_nothing(self, index: VectorIndex, vector):
        with pytest.raises(ValueError, match="must have"):
            index.add([entry(1, axis(0)), entry(2, vector)], version=1)
        with pytest.raises(ValueError, match="must have"):
            index.rebuild([entry(2, vector)], version=1)
        with pytest.raises(ValueError, match="must have"):
            index.search(vector[None], k=1)
        assert (len(index), index.version) == (0, 0)

    def test_an_id_twice_in_one_call_is_refused(self, index: VectorIndex):
        with pytest.raises(ValueError, match="twice"):
            index.add([entry(1, axis(0)), entry(1, axis(1))], version=1)

    def test_counts_below_one_are_refused(self, index: VectorIndex):
        with pytest.raises(ValueError, match="k must be at least 1"):
            index.search(axis(0)[None], k=0)
        with pytest.raises(ValueError, match="brands must be at least 1"):
            index.search_brands(axis(0)[None], brands=0)
        with pytest.raises(ValueError, match="per_brand must be at least 1"):
            index.search_brands(axis(0)[None], brands=1, per_brand=0)

    def test_a_vector_changed_by_its_owner_stays_as_it_was_added(self, index: VectorIndex):
        vector = axis(0).copy()
        index.add([entry(1, vector)], version=1)
        vector[:] = axis(1)
        assert index.search(axis(0)[None], k=1)[0][0].similarity == 1.0

    def test_a_crowd_of_one_brand_does_not_hide_the_second(self, index: VectorIndex):
        rng = np.random.default_rng(1)
        crowd = unit(axis(0) + 0.01 * rng.normal(size=(2000, DIMENSION)))
        index.add([entry(number, vector, brand="crowd") for number, vector in enumerate(crowd)], version=1)
        index.add([entry(5000, unit(axis(0) + axis(1)), brand="lone"), entry(5001, axis(2), brand="far")], version=2)
        (hits,) = index.search_brands(axis(0)[None], brands=3)
        assert [hit.brand_id for hit in hits] == ["crowd", "lone", "far"]

    def test_a_brand_gives_its_best_references_each_by_its_best_view(self, index: VectorIndex):
        def at(degrees: float) -> np.ndarray:
            return unit(np.cos(np.radians(degrees)) * axis(0) + np.sin(np.radians(degrees)) * axis(1))

        index.add(
            [
                entry(1, at(10), reference="a1", brand="a", view="plain"),
                entry(2, at(5), reference="a1", brand="a", view="inverted"),
                entry(3, at(20), reference="a2", brand="a"),
                entry(4, at(30), reference="a3", brand="a"),
                entry(5, at(15), reference="b1", brand="b"),
                entry(6, at(1), reference="c1", brand="c"),
            ],
            version=1,
        )
        assert ids(index.search_brands(axis(0)[None], brands=2, per_brand=2)[0]) == [6, 2, 3]
        assert ids(index.search_brands(axis(0)[None], brands=2)[0]) == [6, 2]

    def test_one_brand_is_asked_for_its_best_references(self, index: VectorIndex):
        index.add(
            [
                entry(1, axis(0), reference="b1", brand="b"),
                entry(2, unit(axis(0) + axis(1)), reference="a1", brand="a", view="plain"),
                entry(3, unit(axis(0) + 2 * axis(1)), reference="a1", brand="a", view="inverted"),
                entry(4, unit(axis(0) + 3 * axis(1)), reference="a2", brand="a"),
                entry(5, axis(2), reference="a3", brand="a"),
            ],
            version=1,
        )
        queries = unit([axis(0), axis(2)])
        assert [ids(hits) for hits in index.search_brand(queries, brand_id="a", references=2)] == [[2, 4], [5, 2]]
        assert [ids(hits) for hits in index.search_brand(queries, brand_id="a")] == [[2], [5]]
        index.remove("a3", version=2)
        assert ids(index.search_brand(queries, brand_id="a")[1]) == [2]
        assert index.search_brand(queries, brand_id="nobody") == [[], []]
        with pytest.raises(ValueError, match="references must be at least 1"):
            index.search_brand(queries, brand_id="a", references=0)

    def test_rebuild_replaces_everything(self, index: VectorIndex):
        index.add([entry(1, axis(0))], version=9)
        index.rebuild(iter([entry(2, axis(1)), entry(3, axis(2))]), version=4)
        assert (len(index), index.version) == (2, 4)
        assert sorted(ids(index.search(axis(0)[None], k=9)[0])) == [2, 3]

    def test_a_view_stands_still(self, index: VectorIndex):
        index.add([entry(1, axis(0))], version=1)
        view = index.view()
        index.add([entry(2, axis(0))], version=2)
        index.remove("ref-1", version=3)
        assert (view.version, len(view), ids(view.search(axis(0)[None], k=9)[0])) == (1, 1, [1])
        assert (index.version, ids(index.search(axis(0)[None], k=9)[0])) == (3, [2])

    def test_answers_do_not_depend_on_the_batch(self, index: VectorIndex):
        index.add(random_entries(500, seed=3), version=1)
        queries = unit(np.random.default_rng(4).normal(size=(40, DIMENSION)))
        together = index.search(queries, k=7)
        assert together == [index.search(query[None], k=7)[0] for query in queries]

    def test_agrees_with_the_exact_index(self, index: VectorIndex):
        entries = random_entries(900, seed=5)
        exact = ExactIndex(dimension=DIMENSION)
        for version, step in enumerate(range(0, 900, 150), start=1):
            for one in (index, exact):
                one.add(entries[step : step + 150], version=version)
                for number in range(step // 2, step // 2 + 20):
                    one.remove(f"ref-{number}", version=version)
        queries = unit(np.random.default_rng(6).normal(size=(30, DIMENSION)))
        assert len(index) == len(exact)
        assert index.search(queries, k=10) == exact.search(queries, k=10)
        assert index.search_brands(queries, brands=4) == exact.search_brands(queries, brands=4)
        expected = exact.search_brands(queries, brands=4, per_brand=3)
        assert index.search_brands(queries, brands=4, per_brand=3) == expected
