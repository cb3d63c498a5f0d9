"""A verifier's networks alone, on pairs that were laid on each other before: many at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.appearance import FILE as APPEARANCE
from model.appearance import Appearance
from model.siamese import Siamese

_THREADS = 2


class Judge:
    """The network in the file `path` (ONNX), and beside it the one of appearance."""

    def __init__(self, path: Path) -> None:
        self._network = Siamese(path, outputs=["logits"], threads=_THREADS)
        self._appearance = Appearance(path.with_name(APPEARANCE), threads=_THREADS)

    def numbers(self, frames: NDArray[np.uint8], similarity: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the head takes (n, k), as `model.verifier.Examined`: of `frames` (n, 2, h, w, 3), `similarity` (n,)."""
        (logits,) = self._network.compare_all(frames)
        judged = np.concatenate([similarity[:, None], logits], axis=1).round(4)
        return np.asarray(np.concatenate([judged, self._appearance.numbers(frames)], axis=1), np.float32)
