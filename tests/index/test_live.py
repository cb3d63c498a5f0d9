import pytest
from index_contract import DIMENSION, IndexContract

from index.live import LiveIndex, LiveOptions


class TestLiveIndex(IndexContract):
    """All in the tail: no change makes a merge due."""

    @pytest.fixture
    def index(self):
        return LiveIndex(LiveOptions(dimension=DIMENSION, tail_limit=10_000))


class TestLiveIndexMergedByEachChange(IndexContract):
    """All in the base."""

    @pytest.fixture
    def index(self):
        return LiveIndex(
            LiveOptions(dimension=DIMENSION, tail_limit=0, tail_fraction=0, hidden_limit=0, background=False)
        )


class TestLiveIndexInBothParts(IndexContract):
    """Hidden rows in the base, and a tail, merged in a thread."""

    @pytest.fixture
    def index(self):
        index = LiveIndex(LiveOptions(dimension=DIMENSION, tail_limit=100))
        yield index
        index.close()


class TestLiveIndexWithCoarseCodes(IndexContract):
    """Codes propose candidates from a few rows on; so few rows are all proposed, so it must agree exactly."""

    @pytest.fixture
    def index(self):
        options = LiveOptions(dimension=DIMENSION, tail_limit=50, hidden_limit=0.1, flat_limit=100, background=False)
        return LiveIndex(options)
