"""Every reference of the training brands beside each batch: a photo must be nearer to its own than to thousands.

A batch holds a few dozen brands; a search meets thousands. The vectors of all clean references are kept from the last
time that they were embedded, and a photo-like view of a batch is named among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.embedder.batches import ONE_MARK, same_family
from training.embedder.losses import named_among
from training.embedder.views import View, Views


@dataclass(frozen=True)
class Reference:
    """The clean view in row `row` of the drawing `drawing` of `brand`."""

    brand: str
    drawing: str
    row: int


def training_references(views: Views) -> list[Reference]:
    """The clean view of every drawing of every training brand that is rendered."""
    return [
        Reference(brand, drawing, styles["clean"][0])
        for brand, drawings in views.members("train", ("clean",)).items()
        for drawing, styles in drawings.items()
    ]


class ReferenceBank:
    """The references with their `vectors` (n, 256) of length 1, which no gradient reaches."""

    def __init__(self, references: Sequence[Reference], vectors: NDArray[np.float32]) -> None:
        self._vectors = torch.from_numpy(vectors)
        self._brands = np.array([one.brand for one in references])
        self._number = {(one.brand, one.drawing): number for number, one in enumerate(references)}
        self._families: dict[str, NDArray[np.bool_]] = {}

    def loss(self, vectors: Tensor, shown: Sequence[View]) -> Tensor:
        """How badly the photo-like views among `shown` are named; `vectors` (n, 256) belong to them. 0 without any.

        Other drawings of the brand, its family's, and those that may be the same mark under another name say nothing.
        """
        known = [
            (row, self._number[view.group, view.drawing])
            for row, view in enumerate(shown)
            if view.style == "photo" and (view.group, view.drawing) in self._number
        ]
        if not known:
            return vectors.sum() * 0.0
        rows, own = (torch.tensor(numbers) for numbers in zip(*known, strict=True))
        ignored = torch.from_numpy(np.stack([self._family(shown[row].group) for row, _ in known]))
        ignored |= self._vectors[own] @ self._vectors.T > ONE_MARK
        return named_among(vectors[rows], self._vectors, own=own, ignored=ignored)

    def _family(self, brand: str) -> NDArray[np.bool_]:
        """Which references are of the brand or of its family."""
        if brand not in self._families:
            family = {other for other in set(self._brands.tolist()) if other == brand or same_family(other, brand)}
            self._families[brand] = np.isin(self._brands, sorted(family))
        return self._families[brand]
