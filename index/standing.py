"""The live index at one version: what a scan searches while the index moves on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.columns import Labels
from index.interface import Entry, Hit, IndexView
from index.ranking import best_first, best_of_brands, shortlist
from index.segment import Segment
from index.vectors import check_count, check_queries, cosine

FIRST_DEPTH = 32
"""Rows fetched at first beyond those asked for: hidden rows and crowding brands take their share."""

DEPTHS_PER_BRAND = 16
"""Rows fetched at first for each brand asked for."""

COMPARED_AT_ONCE = 16
"""Queries compared with the whole base in one product; bounds its memory (4 bytes for each of them and each row)."""

Choice = Callable[[NDArray[np.float32], NDArray[np.intp]], tuple[NDArray[np.intp], float]]
"""From float32 scores and their rows, the places of those worth an exact look, and the bar (see `shortlist`)."""


class StandingView(IndexView):
    """A base segment, the rows of it that are hidden, and a tail of entries added since. Nothing of it changes.

    Rows are numbered through: the base's first, then the tail's. A search asks FAISS for some rows of the base and
    compares the whole tail. Where the rows fetched cannot prove that nothing better is left (many are hidden, or one
    brand crowds the others out), the whole base is compared; the answer is exact in any case, as far as a flat base
    goes, and where the base has coarse codes it is exact among all that these propose.
    """

    def __init__(
        self,
        base: Segment,
        *,
        hidden: NDArray[np.bool_],
        tail: tuple[Entry, ...],
        tail_vectors: NDArray[np.float32],
        version: int,
        threads: int,
    ) -> None:
        self.base = base
        self.hidden = hidden
        self.tail = tail
        self.tail_vectors = tail_vectors
        self._version = version
        self._threads = threads

    @property
    def version(self) -> int:
        """The version at which the view was taken."""
        return self._version

    def __len__(self) -> int:
        return len(self.base) - self.hidden_count + len(self.tail)

    @cached_property
    def brands(self) -> int:
        """As `IndexView.brands`."""
        shown = self.base.columns.brands.codes[~self.hidden]
        return len(np.unique(np.concatenate([shown, self._tail_brand_codes])))

    @cached_property
    def hidden_count(self) -> int:
        """How many rows of the base are hidden."""
        return int(np.count_nonzero(self.hidden))

    def search(self, queries: NDArray[np.float32], *, k: int) -> list[list[Hit]]:
        """As `IndexView.search`."""
        check_count(k, name="k")

        def choose(scores: NDArray[np.float32], rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], float]:
            return shortlist(scores, count=k)

        rows = check_queries(queries, dimension=self.tail_vectors.shape[1])
        return [best_first(hits)[:k] for hits in self._candidates(rows, depth=k + FIRST_DEPTH, choose=choose)]

    def search_brands(self, queries: NDArray[np.float32], *, brands: int, per_brand: int = 1) -> list[list[Hit]]:
        """As `IndexView.search_brands`.

        The best brands are found first; their further references are then looked up among the rows of these brands.
        """
        check_count(brands, name="brands")
        check_count(per_brand, name="per_brand")

        def choose(scores: NDArray[np.float32], rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], float]:
            return shortlist(scores, count=brands, groups=self._brand_codes(rows))

        rows = check_queries(queries, dimension=self.tail_vectors.shape[1])
        depth = DEPTHS_PER_BRAND * brands + FIRST_DEPTH
        answers = []
        for query, hits in zip(rows, self._candidates(rows, depth=depth, choose=choose), strict=True):
            chosen = best_of_brands(hits, brands=brands)
            if per_brand > 1:
                more = [hit for best in chosen for hit in self._of_brand(best.brand_id, query=query, count=per_brand)]
                chosen = best_of_brands(more, brands=brands, per_brand=per_brand)
            answers.append(chosen)
        return answers

    def search_brand(self, queries: NDArray[np.float32], *, brand_id: str, references: int = 1) -> list[list[Hit]]:
        """As `IndexView.search_brand`: exact, whatever codes the base has."""
        check_count(references, name="references")
        rows = check_queries(queries, dimension=self.tail_vectors.shape[1])
        found = (self._of_brand(brand_id, query=query, count=references) for query in rows)
        return [best_of_brands(hits, brands=1, per_brand=references) for hits in found]

    def _candidates(self, queries: NDArray[np.float32], *, depth: int, choose: Choice) -> list[list[Hit]]:
        """For each query the hits that may be in its answer, in no order, with exact similarities."""
        if not len(queries):
            return []
        tail_rows = np.arange(len(self.base), len(self.base) + len(self.tail))
        tail_scores = queries @ self.tail_vectors.T
        depth = min(depth, len(self.base))
        if not depth:
            chosen = [tail_rows[choose(scores, tail_rows)[0]] for scores in tail_scores]
            return [self._hits(rows, query=query) for rows, query in zip(chosen, queries, strict=True)]
        fetched, fetched_scores = self.base.nearest(queries, depth=depth, threads=self._threads)
        chosen, unproven = [], []
        for place in range(len(queries)):
            shown = ~self.hidden[fetched[place]]
            rows = np.concatenate([fetched[place][shown], tail_rows])
            places, bar = choose(np.concatenate([fetched_scores[place][shown], tail_scores[place]]), rows)
            chosen.append(rows[places])
            # What was not fetched scores at most as the last row that was.
            if depth < len(self.base) and fetched_scores[place, -1] >= bar:
                unproven.append(place)
        for start in range(0, len(unproven), COMPARED_AT_ONCE):
            batch = unproven[start : start + COMPARED_AT_ONCE]
            found = self._among_all(queries[batch], tail_scores=tail_scores[batch], choose=choose)
            for place, rows in zip(batch, found, strict=True):
                chosen[place] = rows
        return [self._hits(rows, query=query) for rows, query in zip(chosen, queries, strict=True)]

    def _among_all(
        self, queries: NDArray[np.float32], *, tail_scores: NDArray[np.float32], choose: Choice
    ) -> list[NDArray[np.intp]]:
        """The rows that `choose` takes for each query from all that can be found."""
        shown = ~self.hidden
        rows = np.flatnonzero(np.concatenate([shown, np.ones(len(self.tail), dtype=np.bool_)]))
        chosen = []
        # One product for all queries: reading the vectors from memory is what takes the time.
        for base_scores, own_tail_scores in zip(queries @ self.base.vectors.T, tail_scores, strict=True):
            places, _ = choose(np.concatenate([base_scores[shown], own_tail_scores]), rows)
            chosen.append(rows[places])
        return chosen

    def _of_brand(self, brand_id: str, *, query: NDArray[np.float32], count: int) -> list[Hit]:
        """Hits of one brand among which are the best views of its `count` best references."""
        rows = self.base.columns.brands.rows_of(brand_id)
        in_tail = [place for place, entry in enumerate(self.tail) if entry.brand_id == brand_id]
        rows = np.concatenate([rows[~self.hidden[rows]], np.array(in_tail, dtype=np.intp) + len(self.base)])
        places, _ = shortlist(self._vectors(rows) @ query, count=count, groups=self._reference_codes(rows))
        return self._hits(rows[places], query=query)

    def _hits(self, rows: NDArray[np.intp], *, query: NDArray[np.float32]) -> list[Hit]:
        similarities = cosine(self._vectors(rows), query).tolist()
        return [self._hit(row, similarity) for row, similarity in zip(rows.tolist(), similarities, strict=True)]

    def _hit(self, row: int, similarity: float) -> Hit:
        if row < len(self.base):
            return self.base.columns.hit(row, similarity=similarity)
        entry = self.tail[row - len(self.base)]
        return Hit(entry.vector_id, entry.reference_id, entry.brand_id, entry.view, similarity)

    def _vectors(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """The vectors of `rows`, (n, d)."""
        in_base = rows < len(self.base)
        vectors = np.empty((len(rows), self.tail_vectors.shape[1]), dtype=np.float32)
        vectors[in_base] = self.base.vectors[rows[in_base]]
        vectors[~in_base] = self.tail_vectors[rows[~in_base] - len(self.base)]
        return vectors

    def _brand_codes(self, rows: NDArray[np.intp]) -> NDArray[np.int32]:
        return self._codes(self.base.columns.brands, self._tail_brand_codes, rows)

    def _reference_codes(self, rows: NDArray[np.intp]) -> NDArray[np.int32]:
        return self._codes(self.base.columns.references, self._tail_reference_codes, rows)

    def _codes(self, base: Labels, tail: NDArray[np.int32], rows: NDArray[np.intp]) -> NDArray[np.int32]:
        """A number for each of `rows`, equal where their labels are equal."""
        in_base = rows < len(self.base)
        codes = np.empty(len(rows), dtype=np.int32)
        codes[in_base] = base.codes[rows[in_base]]
        codes[~in_base] = tail[rows[~in_base] - len(self.base)]
        return codes

    @cached_property
    def _tail_brand_codes(self) -> NDArray[np.int32]:
        return codes_beside(self.base.columns.brands, [entry.brand_id for entry in self.tail])

    @cached_property
    def _tail_reference_codes(self) -> NDArray[np.int32]:
        return codes_beside(self.base.columns.references, [entry.reference_id for entry in self.tail])

    def compact(self, *, flat_limit: int) -> Segment:
        """One segment of all that can be found, base first, then the tail; the base itself where it is all."""
        if not self.tail and not self.hidden_count:
            return self.base
        shown = np.flatnonzero(~self.hidden)
        columns = self.base.columns.taken(shown).extended(self.tail)
        vectors = np.concatenate([self.base.vectors[shown], self.tail_vectors])
        return Segment.of(columns, vectors, flat_limit=flat_limit)


def codes_beside(labels: Labels, texts: Sequence[str]) -> NDArray[np.int32]:
    """A number for each of `texts`: that of the same name in `labels`, else a new one above all of them."""
    new: dict[str, int] = {}
    known = labels.places
    codes = [known[text] if text in known else new.setdefault(text, len(known) + len(new)) for text in texts]
    return np.array(codes, dtype=np.int32)
