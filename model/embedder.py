"""The embedder as it serves: pictures of marks and products in, vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.preprocessing import batch
from model.regions import RgbImage
from model.runtime import session

_LARGEST_BATCH = 32  # more at a time gains nothing on a CPU and costs memory


class Embedder:
    """Runs an exported embedder on the CPU. The same picture gives the same vector, alone or beside others."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._session = session(path, threads=threads)
        taken, given = self._session.get_inputs()[0], self._session.get_outputs()
        if taken.type != "tensor(uint8)" or len(taken.shape) != 4 or [len(output.shape) for output in given] != [2]:
            shapes = [output.shape for output in given]
            raise ValueError(
                f"{path} is no embedder: expected (n, size, size, 3) uint8 → (n, d), got {taken.shape} {taken.type} → "
                f"{shapes}"
            )
        self._input = taken.name
        self.size = int(taken.shape[1])
        self.dimension = int(given[0].shape[1])

    def embed(self, crops: Sequence[RgbImage]) -> NDArray[np.float32]:
        """The (n, `dimension`) float32 vectors, of length 1, of n crops of any sizes; n may be 0."""
        vectors = np.empty((len(crops), self.dimension), np.float32)
        for start in range(0, len(crops), _LARGEST_BATCH):
            part = slice(start, start + _LARGEST_BATCH)
            vectors[part] = self._session.run(None, {self._input: batch(crops[part], size=self.size)})[0]
        return vectors
