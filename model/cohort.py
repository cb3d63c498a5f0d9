"""Marks that nobody registers, which stand in for other brands' where few are registered.

The best evidence of whose mark a region shows is its margin: how much more it resembles that brand's mark than any
other brand's. The weights were fitted among at least `model.calibration.BRANDS[0]` brands. Among fewer there is hardly
a rival, and every picture is clearly most like the one brand registered. Logos of programming tools, which appear on no
goods, make up the number: a cohort as in score normalisation (Auckenthaler, Carey and Lloyd-Thomas, "Score
normalization for
text-independent speaker verification systems", Digital Signal Processing 10, 2000).

`hallmark train cohort` draws them into the folder `cohort`, on white as brands upload their own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.decode import decode
from model.embedder import Embedder
from model.reference_views import reference_views

FOLDER = Path(__file__).parent / "cohort"


class Cohort:
    """The marks as an embedder sees them, once it is asked for the first time; safe to call from several threads."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._seen: dict[str, NDArray[np.float32]] | None = None
        self._seeing = threading.Lock()

    def load(self) -> None:
        """See the marks now, and not when they are asked for first: it takes some seconds."""
        self._views  # noqa: B018

    def likeness(
        self, vectors: NDArray[np.float32], *, marks: int, known: Callable[[str], bool]
    ) -> NDArray[np.float32]:
        """The greatest cosine (n,) of each of the `vectors` (n, 256) to any of the first `marks` marks; 0 for none.

        Those whose name is `known` are left out: they are registered.
        """
        views = list(islice((seen for name, seen in self._views.items() if not known(name)), marks))
        if not views:
            return np.zeros(len(vectors), np.float32)
        return np.asarray((vectors @ np.concatenate(views).T).max(axis=1), np.float32)

    @property
    def _views(self) -> dict[str, NDArray[np.float32]]:
        """The vectors (views, 256) of each mark, by its name, in the order of the files' names; they are seen once."""
        with self._seeing:
            if self._seen is None:
                self._seen = self._see()
            return self._seen

    def _see(self) -> dict[str, NDArray[np.float32]]:
        return {
            file.stem.partition("-")[2]: self._embedder.embed(
                [picture for _, picture in reference_views(decode(file.read_bytes()), kind="logo")]
            )
            for file in sorted(FOLDER.glob("*.png"))
        }
