"""A part of the index that never changes: its vectors in FAISS, its other fields by column."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.columns import Columns

FLAT_LIMIT = 20_000
"""Up to so many vectors all are compared; above, compressed codes propose candidates."""

REFINE_FACTOR = 4
"""For each row wanted, the codes propose so many, and the full vectors choose."""

REFINE_MINIMUM = 512
"""The codes never propose fewer: their order is rough, and the nearest vector may be far down the list."""


class Segment:
    """n vectors, found by inner product.

    `flat` is a FAISS `IndexFlatIP` and owns the vectors. `coarse`, if there, is a FAISS `IndexPQFastScan` over the
    same rows: 4 bits for every 2 dimensions, 16 times less to read than the vectors. Its scores are too rough to
    be an answer (alone it finds the nearest vector half of the time), so every row it proposes is scored again.

    Only searches of a FAISS index are thread-safe, so nothing here is changed after it was made.
    """

    def __init__(self, columns: Columns, *, flat: Any, coarse: Any | None) -> None:
        self.columns = columns
        self.flat = flat
        self.coarse = coarse
        # A view of FAISS's own memory, which lives as long as `flat` does.
        self.vectors: NDArray[np.float32] = faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d).reshape(-1, flat.d)
        self.vectors.flags.writeable = False

    @classmethod
    def of(cls, columns: Columns, vectors: NDArray[np.float32], *, flat_limit: int = FLAT_LIMIT) -> Segment:
        """Build the segment of `vectors`, shape (n, d), dtype float32; above `flat_limit` rows with coarse codes."""
        dimension = vectors.shape[1]
        flat = faiss.IndexFlatIP(dimension)
        flat.add(vectors)
        coarse = None
        if len(vectors) > flat_limit:
            faiss.omp_set_num_threads(1)  # a build beside a running service must not take its cores
            coarse = faiss.index_factory(dimension, f"PQ{dimension // 2}x4fs", faiss.METRIC_INNER_PRODUCT)
            coarse.train(vectors)
            coarse.add(vectors)
        return cls(columns, flat=flat, coarse=coarse)

    def __len__(self) -> int:
        return len(self.columns)

    def nearest(
        self, queries: NDArray[np.float32], *, depth: int, threads: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows near each query and their inner products in float32, both (queries, depth), best first.

        `depth` must be between 1 and the number of rows.
        """
        # OpenMP keeps the number of threads for each calling thread, so it has to be said in every one of them.
        faiss.omp_set_num_threads(threads)
        proposed = min(max(depth * REFINE_FACTOR, REFINE_MINIMUM), len(self))
        candidates = None
        if self.coarse is not None and proposed < len(self):
            _, candidates = self.coarse.search(queries, proposed)
        # FAISS drops rows whose rounded score is the lowest possible, and says -1 for what it then lacks.
        if candidates is None or (candidates < 0).any():
            scores, rows = self.flat.search(queries, depth)
            return rows, scores
        rows = np.empty((len(queries), depth), dtype=np.int64)
        scores = np.empty((len(queries), depth), dtype=np.float32)
        for place, query in enumerate(queries):
            refined = self.vectors[candidates[place]] @ query
            best = np.argsort(-refined, kind="stable")[:depth]
            rows[place], scores[place] = candidates[place][best], refined[best]
        return rows, scores
