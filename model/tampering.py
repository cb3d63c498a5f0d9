"""Which places of a photo were tampered with, whatever was there: the map as it serves, on onnxruntime.

Such a place says nothing by itself: sellers blur faces and cover prices. It counts beside what speaks for a brand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from model.calibration import LEAST_TAMPERED
from model.detector import letterboxed
from model.faces import could_be_a_face
from model.regions import Box, RgbImage, whole_image
from model.runtime import session

SIDE, STRIDE = 320, 8
"""Pixels of the square that a photo is scaled into, and between neighbouring values of its map."""

CONTEXTS = (1.6, 4.0)
"""Sides of the surroundings that the two closer looks at a place see, in longer sides of the place.

Seen close up, a faded or flat mark often looks tampered with; seen with its surroundings it does not. Measured on two
samples of 702 smears of 234 marks on tuning photos (training tools), together with the verifier: 0.89 and 0.84 found
when 1 % of the genuine marks are accused (0.84 each by the close look alone), 0.91 and 0.90 at 2 % (0.88 each).
"""

MOST_PLACES = 2
"""Tampered places of a photo that are looked at; each costs two closer looks and one embedding."""

MOSTLY = 0.8
"""Share of a place that must lie in a panel for it to be looked at there."""

_SURE = 0.5
_FEWEST_CELLS = 4


class TamperedPatch(NamedTuple):
    """A tampered place: `box` in pixels of the photo, its `probability`, and its `share` of the picture.

    A photo that is put together from several pictures, or framed, has the place in one of them.
    """

    box: Box
    probability: float
    share: float

    @property
    def tampered(self) -> float:
        """How much of the photo was tampered with there."""
        return self.probability * self.share


@dataclass(frozen=True, slots=True)
class TamperingMap:
    """`probabilities` (rows, columns) float32 that each place was tampered with; `scale` cells for a pixel, (x, y)."""

    probabilities: NDArray[np.float32]
    scale: tuple[float, float]

    def within(self, box: Box) -> float:
        """The mean probability inside `box`, in pixels of the photo."""
        rows, columns = self.probabilities.shape
        left, top = int(box.x * self.scale[0]), int(box.y * self.scale[1])
        right = int(np.ceil((box.x + box.width) * self.scale[0]))
        bottom = int(np.ceil((box.y + box.height) * self.scale[1]))
        left, top = min(max(left, 0), columns - 1), min(max(top, 0), rows - 1)
        inside = self.probabilities[top : max(bottom, top + 1), left : max(right, left + 1)]
        return round(float(inside.mean()), 4)

    def patches(self) -> list[TamperedPatch]:
        """The tampered places, each with its cells' mean probability, the largest sum of probability first."""
        sure = (self.probabilities >= _SURE).astype(np.uint8)
        count, labels, boxes, _ = cv2.connectedComponentsWithStats(sure, connectivity=8)
        found = []
        for label in range(1, count):
            x, y, width, height, cells = (int(value) for value in boxes[label])
            if cells < _FEWEST_CELLS:
                continue
            box = Box(x / self.scale[0], y / self.scale[1], width / self.scale[0], height / self.scale[1])
            mean = float(self.probabilities[labels == label].mean())
            found.append(TamperedPatch(box, round(mean, 4), round(cells / self.probabilities.size, 4)))
        return sorted(found, key=lambda patch: -patch.tampered)


def surroundings(box: Box, shape: tuple[int, ...], *, context: float) -> Box:
    """The square around `box`, `context` of its longer side wide, moved and cut to lie in a photo of `shape`."""
    height, width = shape[0], shape[1]
    side = max(box.width, box.height) * context
    wide, tall = min(side, width), min(side, height)
    x, y = box.x + (box.width - wide) / 2, box.y + (box.height - tall) / 2
    return Box(min(max(x, 0.0), width - wide), min(max(y, 0.0), height - tall), wide, tall)


class Tampering:
    """The released network; `threads` is the number of threads one photo may use. Safe to call from several threads.

    Raises `ValueError` when the file at `path` holds another kind of network.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._session = session(path, threads=threads)
        taken = self._session.get_inputs()[0]
        if taken.type != "tensor(uint8)" or list(taken.shape) != [1, SIDE, SIDE, 3]:
            raise ValueError(
                f"{path} tells no tampered places: expected uint8 (1, {SIDE}, {SIDE}, 3), got {taken.shape}"
            )
        self._input = taken.name

    def map(self, image: RgbImage) -> TamperingMap:
        """The map of an upright photo (height, width, 3) uint8 RGB."""
        square, scale = letterboxed(image, side=SIDE)
        (logits,) = self._session.run(None, {self._input: square[None]})
        height, width = image.shape[:2]
        rows, columns = (max(1, round(size * by / STRIDE)) for size, by in ((height, scale[1]), (width, scale[0])))
        seen = logits[0, :rows, :columns].astype(np.float64)
        probabilities = expit(seen).astype(np.float32)
        return TamperingMap(probabilities, (scale[0] / STRIDE, scale[1] / STRIDE))

    def places(self, image: RgbImage, *, panels: Sequence[Box] = ()) -> list[TamperedPatch]:
        """The `MOST_PLACES` most tampered places of the photo, each as sure as closer looks are, the surest first.

        Each of the `panels` that it is put together from is looked at by itself: that a picture stands beside others,
        or in a frame, is no tampering. What may be a face that was made private is none of the places.
        """
        seen: list[TamperedPatch] = []
        for panel in panels or [whole_image(image).box]:
            photo, corner = panel.crop(image), panel.corner()
            patches = (patch for patch in self.map(photo).patches() if not could_be_a_face(photo, patch.box))
            seen += [patch._replace(box=patch.box.moved(*corner)) for patch in islice(patches, MOST_PLACES)]
        most = sorted(seen, key=lambda patch: -patch.tampered)[:MOST_PLACES]
        closer = [patch._replace(probability=self.within(image, patch.box, panels=panels)) for patch in most]
        return sorted(closer, key=lambda patch: -patch.probability)

    def within(self, image: RgbImage, box: Box, *, panels: Sequence[Box] = ()) -> float:
        """The probability, 0..1, that `box` of `image` was tampered with, by closer looks: at its surroundings alone.

        Their log odds are averaged. The surroundings end where the one of the `panels` ends that holds the box.
        """
        holding = [panel for panel in panels if panel.intersection(box) >= MOSTLY * box.area]
        if holding:
            left, top = holding[0].corner()
            return self.within(holding[0].crop(image), box.moved(-left, -top))
        around = dict.fromkeys(surroundings(box, image.shape, context=context) for context in CONTEXTS)
        seen = np.clip([self._within(image, box, around=one) for one in around], LEAST_TAMPERED, 1 - LEAST_TAMPERED)
        return round(float(expit(logit(seen).mean())), 4)

    def _within(self, image: RgbImage, box: Box, *, around: Box) -> float:
        """The mean probability inside `box`, seen in the square `around` it."""
        left, top = around.corner()
        return self.map(around.crop(image)).within(box.moved(-left, -top))
