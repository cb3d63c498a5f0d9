"""Could a tampered place be a face that was made private?

Sellers blur or cover their faces, which says nothing of a mark. What is blurred or mosaicked keeps its colour, below a
face is a neck, and beside it hair and a room: so these are asked for the colour of skin, which packages are of all
over. What is covered, by an emoji or by paint, shows no skin: there the neck must be the clearer, high in the photo.
Nothing here finds or knows a face.
"""

from __future__ import annotations

import cv2
import numpy as np

from model.regions import Box, RgbImage

SKIN_CHROMA = ((133, 173), (77, 127))
"""Least and most Cr and Cb (ITU-R BT.601, of 255) of skin, whatever its lightness.

Source: Chai and Ngan, "Face segmentation using skin-color map in videophone applications", IEEE TCSVT 9(4), 1999.
"""

SKIN_WITHIN, SKIN_BELOW = 0.25, 0.2
"""Least shares of a face, and of what is below it, that are coloured as skin.

Chosen on 28 studio photos of people whose faces were blurred or mosaicked and 108 photos with smeared marks, none of
which is reported on: 0.98 of the faces pass, 0.03 of the marks.
"""

SKIN_BESIDE = 0.4
"""Most of what is left and right of a face that is coloured as skin.

Of 90 packages in shops whose mark was wiped (photos for tuning) the two rules above take 18 for faces, and beside these
0.44 to 1 is so coloured; beside 54 places found on the faces of `benchmarks/innocent.py` at most 0.23 is.
"""

LOWEST = 0.45
"""Of the photo's height: where the middle of a face may be lowest."""

SKIN_BELOW_COVERED, LOWEST_COVERED = 0.4, 0.33
"""The same as `SKIN_BELOW` and `LOWEST` where what is within shows no skin.

Chosen on 66 studio photos, 8 of which `benchmarks/innocent.py` reports on. Of the places found on the other 58 faces
that an emoji, paint or a scribble covers, 0.66, 0.90 and 0.91 pass (0.08, 0.34 and 0.06 by the rule of skin within); of
those found on smeared marks, 967 of photos for tuning and of garments and 100 of packages in shops, 0.010 (0.007). A
mark on a cap, above a face, may.
"""

PROPORTIONS = (0.6, 2.2)
"""Least and most height of a face, in its widths."""


def could_be_a_face(image: RgbImage, box: Box) -> bool:
    """Whether what was tampered with in `box` of an upright photo may be a face, (height, width, 3) uint8 RGB."""
    centre = (box.y + box.height / 2) / image.shape[0]
    if not PROPORTIONS[0] <= box.height / box.width <= PROPORTIONS[1] or centre > LOWEST:
        return False
    wide = _BESIDE * box.width
    beside = (Box(x, box.y, wide, box.height) for x in (box.x - wide, box.x + box.width))
    if sum(_skin_share(one.crop(image)) for one in beside) / 2 > SKIN_BESIDE:
        return False
    below = _skin_share(Box(box.x + 0.2 * box.width, box.y + box.height, 0.6 * box.width, 0.4 * box.height).crop(image))
    if below >= SKIN_BELOW_COVERED and centre <= LOWEST_COVERED:
        return True
    return below >= SKIN_BELOW and _skin_share(box.crop(image)) >= SKIN_WITHIN


_BESIDE = 0.4  # of its width


def _skin_share(part: RgbImage) -> float:
    _, red, blue = cv2.split(cv2.cvtColor(part, cv2.COLOR_RGB2YCrCb))
    (least_red, most_red), (least_blue, most_blue) = SKIN_CHROMA
    alike = (red >= least_red) & (red <= most_red) & (blue >= least_blue) & (blue <= most_blue)
    return float(np.mean(alike))
