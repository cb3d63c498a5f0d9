"""Could a tampered place be a dark screen? Television sets, monitors and telephones are sold switched off.

A dark even surface that takes much of the photo looks painted over, and a mark that is painted over looks like one.
What takes less of the photo may be either, and is left to what else is known.
"""

from __future__ import annotations

import cv2
import numpy as np

from model.regions import Box, RgbImage

LEAST_SHARE = 0.2
"""Of the photo, from which a place may be a screen."""

EVEN_SHARE, EVEN_STEP = 0.9, 6.0
"""Share of a screen in which neighbouring pixels of the place, scaled to `_SIDE`, differ by less than the step, of 255.

Of six drawn screens, black, with a reflection, in a room, 0.93 to 1 is so even. Of 98 places on smeared photos for
tuning in which a covered mark is found one is so dark, even and large, and five more are as even and lighter.
"""

DARKEST = 110.0
"""Mean lightness (CIELAB, of 255) below which a place is dark."""

_SIDE, _INNER = 64, 0.1


def could_be_a_screen(image: RgbImage, box: Box) -> bool:
    """Whether what was tampered with in `box` of a photo, (height, width, 3) uint8 RGB, may be a dark screen."""
    if box.area < LEAST_SHARE * image.shape[0] * image.shape[1]:
        return False
    inner = Box(
        box.x + _INNER * box.width, box.y + _INNER * box.height, (1 - 2 * _INNER) * box.width,
        (1 - 2 * _INNER) * box.height,
    )  # fmt: skip
    small = cv2.resize(inner.crop(image), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(np.asarray(small, np.uint8), cv2.COLOR_RGB2LAB).astype(np.float32)
    steps = np.abs(np.diff(lab, axis=0))[:, :-1].max(axis=-1) + np.abs(np.diff(lab, axis=1))[:-1].max(axis=-1)
    return bool(lab[..., 0].mean() < DARKEST and (steps < EVEN_STEP).mean() >= EVEN_SHARE)
