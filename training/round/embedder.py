"""Labels beside the embedder's drawn views: a region that shows a mark, tampered or not, is near its reference.

What a label says of tampering says nothing against the mark being the brand's: a smear or an imitation must still be
found. Only a region of another mark is pushed away, with the probability that the belief in it gives.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.networks.verifier import CLASSES
from model.preprocessing import letterbox
from model.regions import RgbImage
from training.embedder.train import LabelledViews
from training.round.labels import LabelSet
from training.round.teaching import Taught

_UNRELATED = CLASSES.index("unrelated")


class LabelViews:
    """Draws pairs of region and reference for each of the embedder's batches."""

    def __init__(self, labels: LabelSet, taught: Taught, *, pairs: int, size: int) -> None:
        self._taught = taught
        self._pairs = pairs
        self._regions = _resized([labels.region(label, margin=0.0) for label in taught.labels], size=size)
        self._references = _resized(taught.pictures, size=size)
        brands = sorted({label.brand for label in taught.labels})
        self._brand = np.array([brands.index(label.brand) for label in taught.labels], np.intp)

    def draw(self, rng: np.random.Generator) -> LabelledViews:
        """Regions, then the references of each; alike are those that show one brand's mark."""
        rows, classes = self._taught.draw(self._pairs, rng=rng)
        brand = self._brand[rows]
        # A region of another mark is alike to nothing: a number of its own.
        shown = np.where(classes == _UNRELATED, -1 - np.arange(len(rows)), brand)
        owner = np.concatenate([shown, brand])
        return LabelledViews(
            np.concatenate([self._regions[rows], self._references[self._taught.reference_of[rows]]]),
            owner[:, None] == owner[None],
        )


def _resized(pictures: list[RgbImage], *, size: int) -> NDArray[np.uint8]:
    return np.stack([letterbox(picture, size=size) for picture in pictures])
