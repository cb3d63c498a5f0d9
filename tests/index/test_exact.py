import numpy as np
import pytest
from index_contract import DIMENSION, IndexContract, entry, unit

from index.exact import ExactIndex


class TestExactIndex(IndexContract):
    @pytest.fixture
    def index(self):
        return ExactIndex(dimension=DIMENSION)


def test_the_oracle_agrees_with_cosines_by_hand():
    rng = np.random.default_rng(0)
    vectors = unit(rng.normal(size=(50, DIMENSION)))
    query = unit(rng.normal(size=DIMENSION))
    index = ExactIndex(dimension=DIMENSION)
    index.add([entry(number, vector) for number, vector in enumerate(vectors)], version=1)
    expected = {n: sum(float(a) * float(b) for a, b in zip(v, query, strict=True)) for n, v in enumerate(vectors)}
    (hits,) = index.search(query[None], k=50)
    assert [hit.vector_id for hit in hits] == sorted(expected, key=lambda n: -expected[n])
    assert [hit.similarity for hit in hits] == pytest.approx(sorted(expected.values(), reverse=True), abs=1e-6)
