"""How a region looks beside its reference, in numbers that the verifier's head weighs.

Of the features that a trained network makes of each, and of their difference place by place, a few statistics are kept,
as texture is described by statistics of such features (Gatys et al. 2015, https://arxiv.org/abs/1505.07376). What they
mean is learnt. The network is `model.networks.appearance`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.alignment import PreparedReference
from model.kept import Kept
from model.regions import RgbImage
from model.runtime import session

FILE = "appearance.onnx"

Features = list[NDArray[np.float32]]
"""(n, channels, h, w) of each tap."""

_AT_ONCE = 64


class Appearance:
    """The network in the file `path` (ONNX); safe to call from several threads. References' features are kept."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._session = session(path, threads=threads)
        self._known = Kept(lambda reference: self._features(reference.frame[None]))

    def beside(self, frame: RgbImage, reference: PreparedReference) -> NDArray[np.float32]:
        """(k,), of a region laid on the reference, as the frame shows it."""
        (numbers,) = statistics(self._features(frame[None]), self._known.of(reference))
        return np.asarray(numbers, np.float32)

    def numbers(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, k), of `frames` (n, 2, h, w, 3) RGB of regions and their references; n must be at least 1."""
        return np.concatenate([
            statistics(self._features(some[:, 0]), self._features(some[:, 1]))
            for some in (frames[first : first + _AT_ONCE] for first in range(0, len(frames), _AT_ONCE))
        ])  # fmt: skip

    def _features(self, pictures: NDArray[np.uint8]) -> Features:
        return list(self._session.run(None, {"pictures": pictures}))


def statistics(seen: Features, known: Features) -> NDArray[np.float32]:
    """(n, k): of each tap, over its places, mean and standard deviation of the region's features, mean and largest
    absolute difference from the reference's, and the difference of the means.
    """
    found = []
    for region, reference in zip(seen, known, strict=True):
        difference = np.abs(region - reference)
        mean = region.mean(axis=(2, 3))
        found += [
            mean, region.std(axis=(2, 3)), difference.mean(axis=(2, 3)), difference.max(axis=(2, 3)),
            mean - reference.mean(axis=(2, 3)),
        ]  # fmt: skip
    # Sums depend on where in memory they run: rounded, equal pixels give equal verdicts in any thread.
    return np.asarray(np.concatenate(found, axis=1).round(3), np.float32)
