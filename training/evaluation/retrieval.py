"""How well queries find their like, from similarities of any kind: recall, mean average precision, accepted pairs.

Similarities are (n, m), of n queries with m pictures of a gallery, larger for more alike; minus infinity where a query
may not look, such as at another crop of its own photo.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.evaluation.intervals import Estimate, Numbers

Similarities = NDArray[np.float32]
Labels = NDArray[np.generic]


def recall_at_1(vectors: NDArray[np.float32], label: Labels, *, group: Labels | None = None) -> NDArray[np.bool_]:
    """For each of n vectors (n, d) of length 1: is the most similar other vector of the same `label` (n,)?

    `group` (n,) names what a query must not be answered from (its own photo); without it, only itself.
    """
    own = np.arange(len(vectors)) if group is None else group
    return first_is_right(hide_own(vectors @ vectors.T, own, own), label, label)


def hide_own(similarities: Similarities, query_group: Labels, gallery_group: Labels) -> Similarities:
    """A copy with minus infinity where query and picture are of one group (one photo)."""
    hidden = query_group[:, None] == gallery_group[None]
    return np.where(hidden, -np.inf, similarities).astype(np.float32)


def expanded(similarities: Similarities, group: Labels, *, first: int = 2) -> Similarities:
    """Similarities (n, n) of pictures with each other, each asked with the `first` most similar of other groups.

    Average query expansion (Chum et al. 2007, https://doi.org/10.1109/ICCV.2007.4408891): of vectors of length 1, the
    similarity to the sum of theirs is the sum of the similarities.
    """
    nearest = np.argsort(-hide_own(similarities, group, group), axis=1, kind="stable")[:, :first]
    return np.asarray(similarities + similarities[nearest].sum(axis=1), np.float32)


def first_is_right(similarities: Similarities, query_label: Labels, gallery_label: Labels) -> NDArray[np.bool_]:
    """For each query: is the most similar picture of its label?"""
    return np.asarray(gallery_label[similarities.argmax(axis=1)] == query_label)


def average_precisions(similarities: Similarities, query_label: Labels, gallery_label: Labels) -> Numbers:
    """The average precision 0..1 of each query that may look at a picture of its label, else nan."""
    found = np.full(len(similarities), np.nan)
    for query, row in enumerate(similarities):
        order = np.argsort(-row, kind="stable")
        right = (gallery_label[order] == query_label[query])[row[order] > -np.inf]
        if right.any():
            precision = np.cumsum(right) / np.arange(1, len(right) + 1)
            found[query] = float(precision[right].mean())
    return found


def best_by_label(similarities: Similarities, gallery_label: Labels) -> tuple[Similarities, Labels]:
    """The best similarity (n, l) of each query with the pictures of each of l labels, and the labels in order."""
    labels, place = np.unique(gallery_label, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(labels)))
    return np.maximum.reduceat(similarities[:, order], starts, axis=1), labels


def among_first(similarities: Similarities, query_label: Labels, labels: Labels, *, first: int) -> NDArray[np.bool_]:
    """For each query: are fewer than `first` labels at least as similar as its own? `similarities` by label (n, l).

    Ties count against the query, so that a method that tells nothing apart gains nothing by it.
    """
    own = labels[None] == query_label[:, None]
    right = np.where(own, similarities, -np.inf).max(axis=1, initial=-np.inf)
    rivals = (np.where(own, -np.inf, similarities) >= right[:, None]).sum(axis=1)
    return np.asarray((rivals < first) & (right > -np.inf))


def true_accepts(
    similarities: Similarities,
    query_label: Labels,
    gallery_label: Labels,
    *,
    false_accept_rate: float = 0.01,
    group: Labels,
    resamples: int = 200,
) -> Estimate:
    """Share of the pairs of one label that lie above the similarity that `false_accept_rate` of the others reach.

    The threshold is taken anew in every resample; the queries of one `group` (n,), such as a photo, are drawn together.
    NaN when there is no pair of either kind.
    """
    seen = similarities > -np.inf
    same = (query_label[:, None] == gallery_label[None])[seen]
    row = np.broadcast_to(np.unique(group, return_inverse=True)[1][:, None], seen.shape)[seen]
    if not same.any() or same.all():
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    order = np.argsort(-similarities[seen], kind="stable")
    values, same, row = similarities[seen][order], same[order], row[order]
    ends = np.append(values[1:] != values[:-1], True)
    groups = int(row.max()) + 1
    rng = np.random.default_rng(0)
    drawn = [
        _accepted(np.bincount(rng.integers(groups, size=groups), minlength=groups)[row], same, ends, false_accept_rate)
        for _ in range(resamples)
    ]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    value = _accepted(np.ones(len(row), np.int64), same, ends, false_accept_rate)
    return Estimate(value, float(low), float(high), int(same.sum()))


def _accepted(weight: NDArray[np.int64], same: NDArray[np.bool_], ends: NDArray[np.bool_], rate: float) -> float:
    """True accepts at the lowest threshold, between distinct similarities (`ends`), with few enough false ones."""
    true, false = np.cumsum(weight * same), np.cumsum(weight * ~same)
    if true[-1] == 0 or false[-1] == 0:
        return float("nan")
    allowed = ends & (false <= rate * false[-1] + 1e-9)
    return float(true[allowed].max(initial=0) / true[-1])
