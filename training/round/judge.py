"""A verifier's network alone, on pairs that were laid on each other before: many at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

_AT_ONCE = 32


class Judge:
    """The network in the file `path` (ONNX)."""

    def __init__(self, path: Path) -> None:
        self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def numbers(self, frames: NDArray[np.uint8], similarity: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the head takes (n, 5), as `model.verifier.Examined`: of `frames` (n, 2, h, w, 3), `similarity` (n,)."""
        logits = [
            self._session.run(["logits"], {"pairs": frames[first : first + _AT_ONCE]})[0]
            for first in range(0, len(frames), _AT_ONCE)
        ]
        return np.asarray(np.concatenate([similarity[:, None], np.concatenate(logits)], axis=1).round(4), np.float32)
