"""How a region looks beside its reference, in numbers that the verifier's head weighs.

What they are is said in `model.networks.appearance`; what they mean is learnt.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.runtime import session

FILE = "appearance.onnx"

_AT_ONCE = 32


class Appearance:
    """The network in the file `path` (ONNX); safe to call from several threads."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._session = session(path, threads=threads)

    def numbers(self, pairs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, k), of `pairs` (n, 2, h, w, 3) RGB: a region and its reference, laid on each other."""
        found = [
            self._session.run(["appearance"], {"pairs": pairs[first : first + _AT_ONCE]})[0]
            for first in range(0, len(pairs), _AT_ONCE)
        ]
        # Sums depend on where in memory they run: rounded, equal pixels give equal verdicts in any thread.
        return np.asarray(np.concatenate(found).round(3), np.float32)
