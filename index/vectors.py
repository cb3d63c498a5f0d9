"""Checks of vectors at the border of an index, and the one definition of similarity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.interface import Entry

UNIT_TOLERANCE = 1e-3
"""How far the length of a vector may be from 1: room for rounding, not for a vector that was never normalised."""


def cosine(vectors: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Similarity of each row of `vectors` (n, d) to `query` (d,), as (n,) float32.

    Products and sums are in float64 and row by row, then rounded: a similarity depends on its two vectors alone and
    never on the rows beside them. A matrix product rounds differently with the shape of the batch, which would make
    ties, and so the order of hits, a matter of luck.
    """
    products: NDArray[np.float64] = vectors.astype(np.float64)
    products *= query
    similarities: NDArray[np.float64] = products.sum(axis=1)
    return similarities.astype(np.float32)


def check_queries(queries: NDArray[np.float32], *, dimension: int) -> NDArray[np.float32]:
    """`queries` as a contiguous (n, dimension) float32 array; raises `ValueError` that says what is wrong."""
    rows = np.ascontiguousarray(queries, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] != dimension:
        raise ValueError(f"queries must have shape (n, {dimension}), not {rows.shape}")
    _check_lengths(rows, what="query")
    return rows


def check_count(value: int, *, name: str) -> None:
    """Raise `ValueError` when a count of wanted results is below 1."""
    if value < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")


def entry_matrix(entries: Sequence[Entry], *, dimension: int) -> NDArray[np.float32]:
    """The vectors of `entries` as a new (n, dimension) float32 array.

    Raises `ValueError` on a wrong shape, a length other than 1, or a `vector_id` that comes twice.
    """
    matrix = np.empty((len(entries), dimension), dtype=np.float32)
    for row, entry in enumerate(entries):
        if entry.vector.shape != (dimension,):
            raise ValueError(f"vector {entry.vector_id} must have shape ({dimension},), not {entry.vector.shape}")
        matrix[row] = entry.vector
    _check_lengths(matrix, what="entry")
    if len({entry.vector_id for entry in entries}) != len(entries):
        raise ValueError("a vector_id comes twice among the entries")
    return matrix


def _check_lengths(rows: NDArray[np.float32], *, what: str) -> None:
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    # `not <=` and not `>`: a NaN is wrong too.
    wrong = np.flatnonzero(~(np.abs(lengths - 1.0) <= UNIT_TOLERANCE))
    if wrong.size:
        raise ValueError(f"{what} {wrong[0]} must have length 1, not {lengths[wrong[0]]:.4g}")
