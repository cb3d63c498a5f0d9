"""Which views stand beside each other in a batch: two of each brand, brands all different."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.embedder.views import Views

_SAME_DRAWING = 0.8
_WITH_REFERENCE = 0.6
_FAMILY_LETTERS = 5
_RIVALS = 3
"""Brands that look most alike that join each seed of a hard batch."""
_RIVALS_FROM = 10
ONE_MARK = 0.9
"""Cosine from which the references of two brands are taken for one mark under two names."""


@dataclass(frozen=True)
class Batch:
    """`rows` (n,) of the views; `alike` and `ignored` (n, n) bool: pairs to pull together, pairs to leave alone."""

    rows: NDArray[np.intp]
    alike: NDArray[np.bool_]
    ignored: NDArray[np.bool_]


def same_family(first: str, second: str) -> bool:
    """Whether one key begins with the whole of the other (`firefox`, `firefoxbrowser`): their marks may be alike."""
    short, long = sorted((first, second), key=len)
    return len(short) >= _FAMILY_LETTERS and long.startswith(short)


class BatchSampler:
    """Draws batches from the finished training views."""

    def __init__(self, views: Views, *, brands: int, products: int, garments: int) -> None:
        self._logos = {
            name: [styles for styles in drawings.values() if len(styles["photo"]) >= 2]
            for name, drawings in views.members("train", ("clean", "reversed", "photo")).items()
        }
        self._logos = {name: drawings for name, drawings in self._logos.items() if drawings}
        self._things = {
            style: {
                name: [row for styles in shots.values() for row in styles[style]]
                for name, shots in views.members("train", (style,)).items()
            }
            for style in ("product", "garment")
        }
        self._counts = {"product": products, "garment": garments}
        self._brands = brands
        self.rivals: dict[str, list[str]] = {}
        if len(self._logos) < brands:
            raise ValueError(f"a batch needs {brands} brands, the views have {len(self._logos)}: render more first")

    def references(self) -> dict[str, int]:
        """The clean view of the first drawing of each brand that has one."""
        return {name: drawings[0]["clean"][0] for name, drawings in self._logos.items() if drawings[0]["clean"]}

    def set_rivals(self, names: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """From now on half of each batch are brands beside those that look most like them.

        `vectors` (n, 256) of length 1 are of the references of the brands `names`. Brands of one family, and those so
        alike that they may be one mark under two names, are no rivals.
        """
        cosines = vectors @ vectors.T
        cosines[cosines > ONE_MARK] = -1.0
        nearest = np.argsort(-cosines, axis=1)[:, :_RIVALS_FROM]
        self.rivals = {
            name: [names[i] for i in row if names[i] != name and not same_family(names[i], name)]
            for name, row in zip(names, nearest, strict=True)
        }

    def draw(self, rng: np.random.Generator) -> Batch:
        """Two views each of distinct brands, products and garments."""
        names = list(self._logos)
        order = [names[i] for i in rng.permutation(len(names))]
        chosen = list(dict.fromkeys(self._hard(order, rng) + order))[: self._brands]
        rows = [row for name in chosen for row in self._pair(name, rng)]
        for style, count in self._counts.items():
            things = [name for name, shots in self._things[style].items() if len(shots) >= 2]
            for i in rng.choice(len(things), min(count, len(things)), replace=False):
                chosen.append(things[i])
                rows += [int(row) for row in rng.choice(self._things[style][things[i]], 2, replace=False)]
        label = np.repeat(np.arange(len(chosen)), 2)
        family = np.array([[a != b and same_family(a, b) for b in chosen] for a in chosen])
        return Batch(np.array(rows, np.intp), label[:, None] == label[None], family[label][:, label])

    def _hard(self, order: Sequence[str], rng: np.random.Generator) -> list[str]:
        """Seeds from `order`, each with some of its rivals: half a batch; nothing while no rivals are known."""
        found: list[str] = []
        for seed in order:
            if not self.rivals or len(found) >= self._brands // 2:
                return found
            rivals = self.rivals.get(seed, [])
            found += [seed, *(rivals[i] for i in rng.permutation(len(rivals))[:_RIVALS])]
        return found

    def _pair(self, name: str, rng: np.random.Generator) -> tuple[int, int]:
        """A photo-like view, and a reference or another photo-like view, mostly of the same drawing."""
        drawings = self._logos[name]
        first = drawings[int(rng.integers(len(drawings)))]
        second = first if rng.random() < _SAME_DRAWING else drawings[int(rng.integers(len(drawings)))]
        shown = int(rng.choice(first["photo"]))
        references = second["clean"] * 2 + second["reversed"]
        if references and rng.random() < _WITH_REFERENCE:
            return shown, int(rng.choice(references))
        return shown, int(rng.choice([row for row in second["photo"] if row != shown]))
