"""Networks that compare a region with a reference, in two halves: one describes a picture, one compares two of these.

The first half costs as much as the second. A reference is the same each time: its description is kept with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.alignment import PreparedReference
from model.kept import Kept
from model.regions import RgbImage
from model.runtime import session

_AT_ONCE = 32
"""Pairs that pass a network together, where there are many."""

Description = NDArray[np.float32]
"""What the first half makes of one picture."""

Shown = Callable[[PreparedReference], RgbImage]
"""A reference as a network sees it, (h, w, 3) uint8 RGB."""


def features_file(path: Path) -> Path:
    """The file of the half that describes, of a network whose other half is in the file `path`."""
    return path.with_name(f"{path.stem}_features.onnx")


class Siamese:
    """The network in the file `path` (ONNX) and the one beside it; safe to call from several threads.

    The half that describes takes `pictures` (n, h, w, 3) uint8 RGB and gives `features`. The other takes `pairs`
    (n, 2, …) of these, the region's and then the reference's, and gives `outputs`. `shown` is how a reference is shown
    to it: in the frame, where nothing is said.
    """

    def __init__(
        self, path: Path, *, outputs: Sequence[str], threads: int = 1, shown: Shown = lambda reference: reference.frame
    ) -> None:
        self._describing = session(features_file(path), threads=threads)
        self._comparing = session(path, threads=threads)
        self._outputs = list(outputs)
        self._known = Kept(lambda reference: self.describe(shown(reference)))

    def describe(self, frame: RgbImage) -> Description:
        """What is made of a region: `frame` is as large as the reference, with which it is compared, is shown."""
        (description,) = self._described(frame[None])
        return np.asarray(description, np.float32)

    def compare(self, seen: Description, reference: PreparedReference) -> list[NDArray[np.float32]]:
        """The outputs for a region that was described, beside the reference on which it was laid."""
        pairs = np.concatenate([seen[None], self._known.of(reference)[None]])[None]
        return [output[0] for output in self._comparing.run(self._outputs, {"pairs": pairs})]

    def compare_all(self, frames: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """The outputs for `frames` (n, 2, h, w, 3) of regions and their references; n must be at least 1."""
        parts = []
        for first in range(0, len(frames), _AT_ONCE):
            some = frames[first : first + _AT_ONCE]
            described = self._described(some.reshape(-1, *some.shape[2:]))
            parts.append(self._comparing.run(self._outputs, {"pairs": described.reshape(-1, 2, *described.shape[1:])}))
        return [np.concatenate(output) for output in zip(*parts, strict=True)]

    def _described(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(self._describing.run(["features"], {"pictures": pictures})[0], np.float32)
