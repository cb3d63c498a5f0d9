"""Any order of changes, merges and restarts: the live index answers as the exact one does."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from index_contract import unit

from index.columns import Columns
from index.exact import ExactIndex
from index.interface import Entry
from index.live import LiveIndex, LiveOptions
from index.segment import Segment

DIMENSION = 4
# Few directions, so that equal and nearly equal vectors are common; none is zero.
coordinates = st.lists(st.integers(-1, 1), min_size=DIMENSION, max_size=DIMENSION).filter(any)
brands = st.sampled_from("abcd")


class LiveAgainstExact(RuleBasedStateMachine):
    references = Bundle("references")

    @initialize(tail_limit=st.sampled_from([0, 3, 1000]), hidden_limit=st.sampled_from([0.0, 0.5]))
    def start(self, tail_limit, hidden_limit):
        self.options = LiveOptions(
            dimension=DIMENSION, tail_limit=tail_limit, hidden_limit=hidden_limit, background=False
        )
        self.live = LiveIndex(self.options)
        self.exact = ExactIndex(dimension=DIMENSION)
        self.version = 0
        self.next_id = 0
        self.stored: dict[str, list[Entry]] = {}

    def both(self):
        self.version += 1
        return self.live, self.exact

    @rule(target=references, vectors=st.lists(coordinates, min_size=1, max_size=3), brand=brands)
    def add(self, vectors, brand):
        name = f"ref-{self.next_id}"
        self.stored[name] = [
            Entry(self.next_id + place, name, brand, f"view-{place}", unit(vector))
            for place, vector in enumerate(vectors)
        ]
        self.next_id += len(vectors)
        for index in self.both():
            index.add(self.stored[name], version=self.version)
        return name

    @rule(vector=coordinates, count=st.integers(30, 90), brand=brands)
    def add_crowd(self, vector, count, brand):
        crowd = [Entry(self.next_id + n, f"ref-{self.next_id + n}", brand, "plain", unit(vector)) for n in range(count)]
        self.next_id += count
        self.stored |= {entry.reference_id: [entry] for entry in crowd}
        for index in self.both():
            index.add(crowd, version=self.version)

    @rule(name=references)
    def disable(self, name):
        live, exact = self.both()
        assert live.remove(name, version=self.version) == exact.remove(name, version=self.version)

    @rule(name=references)
    def enable(self, name):
        for index in self.both():
            index.add(self.stored[name], version=self.version)

    @rule(target=references, name=consumes(references), vector=coordinates)
    def embed_anew(self, name, vector):
        old = self.stored[name]
        self.stored[name] = [Entry(e.vector_id, name, e.brand_id, e.view, unit(vector)) for e in old]
        for index in self.both():
            index.add(self.stored[name], version=self.version)
        return multiple(name)

    @rule()
    def merge(self):
        self.live.merge()

    @rule()
    def restart(self):
        """As from a snapshot."""
        base = self.live.view().compact(flat_limit=1000)
        self.live = LiveIndex(self.options)
        self.live.restore(base, version=self.version)

    @rule(name=references)
    def rebuild(self, name):
        for index in self.both():
            index.rebuild(self.stored[name], version=self.version)

    @rule(vectors=st.lists(coordinates, min_size=1, max_size=3), k=st.integers(1, 8), per_brand=st.integers(1, 3))
    def search(self, vectors, k, per_brand):
        queries = unit(vectors)
        assert self.live.search(queries, k=k) == self.exact.search(queries, k=k)
        found = self.live.search_brands(queries, brands=k // 2 + 1, per_brand=per_brand)
        assert found == self.exact.search_brands(queries, brands=k // 2 + 1, per_brand=per_brand)

    @invariant()
    def same_size_and_version(self):
        assert (len(self.live), self.live.version) == (len(self.exact), self.exact.version)


LiveAgainstExact.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
test_live_against_exact = LiveAgainstExact.TestCase


def test_coarse_codes_with_everything_proposed_are_exact():
    """Where the codes propose all rows, only the full vectors decide."""
    rng = np.random.default_rng(0)
    vectors = unit(rng.normal(size=(700, 16)))
    entries = [Entry(n, f"r{n}", f"b{n % 9}", "plain", vector) for n, vector in enumerate(vectors)]
    live, exact = LiveIndex(LiveOptions(dimension=16)), ExactIndex(dimension=16)
    live.restore(Segment.of(Columns.of(entries), vectors, flat_limit=100), version=1)
    exact.rebuild(entries, version=1)
    queries = unit(rng.normal(size=(5, 16)))
    assert live.view().base.coarse is not None
    assert live.search(queries, k=200) == exact.search(queries, k=200)
