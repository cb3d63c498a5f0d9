"""Which scored rows can belong to the answer of one query, and which hits make it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from index.interface import Hit

SCORE_ERROR = 2e-5
"""Bound of the rounding error of a float32 inner product of two 256-d vectors of length 1 (256 × 2**-24 = 1.5e-5)."""


def best_first(hits: Iterable[Hit]) -> list[Hit]:
    """`hits` by falling similarity; equal ones by `vector_id`."""
    return sorted(hits, key=lambda hit: (-hit.similarity, hit.vector_id))


def best_of_brands(hits: Iterable[Hit], *, brands: int, per_brand: int = 1) -> list[Hit]:
    """Of all `hits`, those of the `brands` best brands: the best view of each one's `per_brand` best references."""
    references_of: dict[str, set[str]] = {}
    chosen = []
    for hit in best_first(hits):
        if hit.brand_id not in references_of:
            if len(references_of) == brands:
                continue
            references_of[hit.brand_id] = set()
        references = references_of[hit.brand_id]
        if hit.reference_id in references or len(references) == per_brand:
            continue
        references.add(hit.reference_id)
        chosen.append(hit)
    return chosen


def shortlist(
    scores: NDArray[np.float32], *, count: int, groups: NDArray[np.int32] | None = None
) -> tuple[NDArray[np.intp], float]:
    """Places in `scores` that may be among the best `count`, whatever float32 has rounded away, and the bar.

    `scores` (n,) are inner products in float32. With `groups` (n,) only the best of each group counts, and `count`
    is a number of groups. A row that is not in `scores` cannot belong to the answer if its score is below the bar; the
    bar is -inf where there are fewer than `count` to choose from.
    """
    if groups is None:
        if len(scores) <= count:
            return np.arange(len(scores)), -np.inf
        bar = float(np.partition(scores, -count)[-count]) - 2 * SCORE_ERROR
        return np.flatnonzero(scores >= bar), bar
    if len(groups) <= groups.max(initial=0):  # few rows of many groups: number only theirs
        groups = np.unique(groups, return_inverse=True)[1].astype(np.int32)
    best = np.full(groups.max(initial=0) + 1, -np.inf, dtype=np.float32)  # of each group
    np.maximum.at(best, groups, scores)
    bar = -np.inf if len(best) < count else float(np.partition(best, -count)[-count]) - 2 * SCORE_ERROR
    return np.flatnonzero(scores >= np.maximum(best - 2 * SCORE_ERROR, bar)[groups]), bar
