"""Which views stand beside each other in a batch: two of each brand, brands all different."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.embedding_data import Views

_SAME_DRAWING = 0.8
_WITH_REFERENCE = 0.6
_FAMILY_LETTERS = 5


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
        if len(self._logos) < brands:
            raise ValueError(f"a batch needs {brands} brands, the views have {len(self._logos)}: render more first")

    def draw(self, rng: np.random.Generator) -> Batch:
        """Two views each of distinct brands, products and garments."""
        names = list(self._logos)
        chosen = [names[i] for i in rng.choice(len(names), self._brands, replace=False)]
        rows = [row for name in chosen for row in self._pair(name, rng)]
        for style, count in self._counts.items():
            things = [name for name, shots in self._things[style].items() if len(shots) >= 2]
            for i in rng.choice(len(things), min(count, len(things)), replace=False):
                chosen.append(things[i])
                rows += [int(row) for row in rng.choice(self._things[style][things[i]], 2, replace=False)]
        label = np.repeat(np.arange(len(chosen)), 2)
        family = np.array([[a != b and same_family(a, b) for b in chosen] for a in chosen])
        return Batch(np.array(rows, np.intp), label[:, None] == label[None], family[label][:, label])

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
