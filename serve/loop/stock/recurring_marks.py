"""What keeps being shown: places that photos of many listings have alike, and that other listings do not show.

Listings that name a brand which was not recognised well in them have that brand in common; a place that looks alike in
several of their photos, and hardly ever elsewhere, is most often a version of its mark that no reference shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

ALIKE: Final = 0.6
"""Cosine from which two places may show one mark: so alike are most crops of one, and hardly any others."""

SAME_PHOTO: Final = 0.93
"""Cosine from which two pictures as wholes are one photo, which says a thing once however often it is sent."""

LEAST_BEYOND_CHANCE: Final = 2.5
"""Photos, more than would show such a place by chance, that a mark needs."""

CHANCE: Final = 3.0
"""How many times as often as in other listings a place may be seen by chance."""

LEAST_SELLERS: Final = 2
"""What one seller shows alone is most often the shop's own."""

MOST_MARKS: Final = 6


@dataclass(frozen=True, slots=True)
class SeenPicture:
    """A picture of a listing: whose it is, and the vectors (n, d) of its regions, the first of the whole picture."""

    seller: str
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RecurringMark:
    """A mark that `photos` photos of `sellers` sellers show.

    `shown` are the places of the pictures that show it, one of each photo, the most typical first: the number of the
    picture, and the vector (d,) of its region.
    """

    photos: int
    sellers: int
    shown: list[tuple[int, NDArray[np.float32]]]


def recurring_marks(
    pictures: Sequence[SeenPicture], others: Sequence[NDArray[np.float32]], *, known: NDArray[np.float32]
) -> list[RecurringMark]:
    """At most `MOST_MARKS` marks that keep being shown in `pictures`, those of most photos first.

    `others` are the regions' vectors of pictures in which the brand is not to be expected; what looks like one of
    `known` (k, d) is left out.
    """
    photos = _photos(pictures)
    of_picture = np.repeat(np.arange(len(pictures)), [len(one.vectors) - 1 for one in pictures])
    if not len(of_picture):
        return []
    order = np.argsort(photos[of_picture], kind="stable")
    of_picture = of_picture[order]
    vectors = np.concatenate([one.vectors[1:] for one in pictures])[order]
    of_photo = photos[of_picture]
    sellers = np.unique([one.seller for one in pictures], return_inverse=True)[1][of_picture]
    cosines = vectors @ vectors.T
    by_chance = CHANCE * _share_of(others, vectors) * (of_photo[-1] + 1)
    free = np.asarray((vectors @ known.T).max(axis=1, initial=-1.0) < ALIKE, bool)
    starts = np.flatnonzero(np.diff(of_photo, prepend=-1))
    found: list[RecurringMark] = []
    while len(found) < MOST_MARKS and free.any():
        alike = (cosines >= ALIKE) & free
        count = np.logical_or.reduceat(alike, starts, axis=1).sum(axis=1)
        beyond = np.where(free, count - by_chance, -np.inf)
        typical = int(beyond.argmax())
        if beyond[typical] < LEAST_BEYOND_CHANCE:
            break
        members = np.flatnonzero(alike[typical])
        free[members] = False
        if len(set(sellers[members].tolist())) < LEAST_SELLERS:
            continue
        nearest = members[np.argsort(-cosines[typical, members], kind="stable")]
        _, first = np.unique(of_photo[nearest], return_index=True)
        shown = [(int(of_picture[one]), vectors[one]) for one in nearest[np.sort(first)]]
        found.append(RecurringMark(int(count[typical]), len(set(sellers[members].tolist())), shown))
    return found


def _photos(pictures: Sequence[SeenPicture]) -> NDArray[np.intp]:
    """Of each picture the number of its photo (n,): the same for those that are one, counted from 0."""
    wholes = np.array([one.vectors[0] for one in pictures], np.float32)
    same = wholes @ wholes.T >= SAME_PHOTO if len(pictures) else np.zeros((0, 0), bool)
    return np.unique(same.argmax(axis=1), return_inverse=True)[1] if len(pictures) else np.zeros(0, np.intp)


def _share_of(others: Sequence[NDArray[np.float32]], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of each of the `vectors` (n, d), in what share of the `others` a region is alike (n,)."""
    if not others:
        return np.zeros(len(vectors))
    seen = np.zeros(len(vectors))
    for regions in others:
        seen += (vectors @ regions.T >= ALIKE).any(axis=1)
    return seen / len(others)
