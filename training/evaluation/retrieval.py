"""How well vectors find their like: recall at 1 and mean average precision over cosine similarity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def recall_at_1(
    vectors: NDArray[np.float32], label: NDArray[np.generic], *, group: NDArray[np.generic] | None = None
) -> NDArray[np.bool_]:
    """For each of n vectors (n, d) of length 1: is the most similar other vector of the same `label` (n,)?

    `group` (n,) names what a query must not be answered from (its own photo); without it, only itself.
    """
    nearest = _similarities(vectors, group).argmax(axis=1)
    return np.asarray(label[nearest] == label)


def mean_average_precision(
    vectors: NDArray[np.float32], label: NDArray[np.generic], *, group: NDArray[np.generic] | None = None
) -> NDArray[np.float64]:
    """The average precision 0..1 of each query that has another vector of its label outside its `group`, else nan."""
    similarities = _similarities(vectors, group)
    found = np.full(len(vectors), np.nan)
    for query, row in enumerate(similarities):
        order = np.argsort(-row, kind="stable")
        right = (label[order] == label[query])[row[order] > -np.inf]
        if right.any():
            precision = np.cumsum(right) / np.arange(1, len(right) + 1)
            found[query] = float(precision[right].mean())
    return found


def top_label(
    queries: NDArray[np.float32], references: NDArray[np.float32], label: NDArray[np.generic]
) -> NDArray[np.generic]:
    """The label (of the references' (m,) `label`) of the reference nearest to each of n queries."""
    return np.asarray(label[(queries @ references.T).argmax(axis=1)])


def _similarities(vectors: NDArray[np.float32], group: NDArray[np.generic] | None) -> NDArray[np.float32]:
    """Cosines (n, n) with minus infinity where a query may not look."""
    similarities = vectors @ vectors.T
    own = np.arange(len(vectors)) if group is None else group
    similarities[own[:, None] == own[None]] = -np.inf
    return np.asarray(similarities, np.float32)
