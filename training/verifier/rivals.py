"""What regions are compared with that do not show it: references of other brands that look alike.

A scan compares a region with what its vector lies nearest to, so that whatever is wrong there looks alike too; a
network that learnt from any other reference tells drawn strangers apart, and not those.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.regions import RgbImage
from training.synthesis.logos import may_be_one_brand
from training.verifier.drawing import Drawn
from training.verifier.head import Embed
from training.verifier.pairs import NOWHERE, UNCHANGED, Pair, without_margin
from training.verifier.views import similar_reference

AGAIN = "again"
"""The edit of an unrelated pair whose region stands beside its own reference in another."""

NEAREST_SHARE = 0.6
"""Of the unrelated regions, those that get a reference near by their vectors; the others one near by its greys."""

AGAIN_SHARE = 0.4
"""Of the regions that show their reference, those that also stand beside a near one that they do not show."""

_AMONG = (500, 2_000, 1_000_000)  # references, at most, of which the nearest are taken
_NEAREST = 4
_LOOKED_AT = 60
_AT_ONCE = 64
_PROPOSED_NEAREST, _PROPOSED_TIMES = 8, 2
_LIKELY_THE_SAME = 0.70  # cosine of a proposed region and the nearest reference


def with_hard_references(drawn: Drawn, frames: NDArray[np.uint8], *, seed: int) -> list[Pair]:
    """Unrelated pairs given a reference of another brand that looks alike among 1, 30 or 200 drawn ones.

    `frames` (n, h, w, 3) are the references'.
    """
    rng = np.random.default_rng(seed)
    settled = []
    for pair in drawn.pairs:
        chosen = pair.reference
        if chosen < 0:
            among = rng.choice(len(frames), min(int(rng.choice([1, 30, 200])), len(frames)), replace=False)
            others = _of_others(pair.brand, drawn.brands, among) or _of_others(pair.brand, drawn.brands)[:1]
            chosen = similar_reference(pair.region, frames, among=np.array(others, np.int64))
        settled.append(replace(pair, reference=chosen))
    return settled


def _of_others(brand: str, brands: Sequence[str], among: Iterable[int] | None = None) -> list[int]:
    """Which of the references `among`, or of all, are not `brand`'s."""
    asked = range(len(brands)) if among is None else among
    return [int(place) for place in asked if not may_be_one_brand(brands[place], brand)]


def with_rivals(drawn: Drawn, frames: NDArray[np.uint8], *, embed: Embed, seed: int) -> list[Pair]:
    """The pairs of `drawn`, those that are unrelated beside references that look alike, and some of the others again,
    beside one that they do not show.

    `frames` (n, h, w, 3) are the references'.
    """
    known, vectors = _embedded(drawn.pictures, embed), _regions_embedded(drawn.pairs, embed)
    rng = np.random.default_rng([seed, 1])
    found: list[Pair] = []
    for pair, vector in zip(with_hard_references(drawn, frames, seed=seed), vectors, strict=True):
        related = pair.label != "unrelated"
        if related:
            found.append(pair)
        asked = rng.random() < (AGAIN_SHARE if related else NEAREST_SHARE)
        near = _near(vector, known, brand=pair.brand, brands=drawn.brands, rng=rng) if asked else None
        if near is not None:
            found.append(beside(pair, near))
        elif not related:
            found.append(pair)
    return found


def beside(pair: Pair, reference: int) -> Pair:
    """The region of `pair` beside a `reference` that it does not show."""
    if pair.label == "unrelated":
        return replace(pair, reference=reference)
    return Pair(pair.region, pair.brand, reference, NOWHERE, "unrelated", AGAIN, 0.0, UNCHANGED)


def beside_nearest(proposed: Sequence[Pair], known: Drawn, *, embed: Embed, seed: int) -> list[Pair]:
    """Each of the `proposed` regions beside two of the references that lie nearest to it; without those that may show
    one.
    """
    if not proposed:
        return []
    vectors, rng = _embedded(known.pictures, embed), np.random.default_rng([seed, 2])
    found = []
    for pair, vector in zip(proposed, _regions_embedded(proposed, embed), strict=True):
        cosines = vectors @ vector
        if float(cosines.max()) <= _LIKELY_THE_SAME:
            nearest = np.argsort(-cosines)[:_PROPOSED_NEAREST]
            found += [beside(pair, int(place)) for place in rng.permutation(nearest)[:_PROPOSED_TIMES]]
    return found


def _near(
    vector: NDArray[np.float32], known: NDArray[np.float32], *, brand: str, brands: Sequence[str],
    rng: np.random.Generator,
) -> int | None:  # fmt: skip
    """One of the references of other brands whose vectors `known` (n, d) lie nearest to `vector` (d,), among all or
    some of them.
    """
    most = min(int(rng.choice(_AMONG)), len(known))
    among = rng.choice(len(known), most, replace=False)
    others = _of_others(brand, brands, among[np.argsort(-(known[among] @ vector))[:_LOOKED_AT]])[:_NEAREST]
    return others[int(rng.integers(len(others)))] if others else None


def _regions_embedded(pairs: Sequence[Pair], embed: Embed) -> NDArray[np.float32]:
    return _embedded([without_margin(pair.region) for pair in pairs], embed)


def _embedded(pictures: Sequence[RgbImage], embed: Embed) -> NDArray[np.float32]:
    return np.concatenate([embed(pictures[at : at + _AT_ONCE]) for at in range(0, len(pictures), _AT_ONCE)])
