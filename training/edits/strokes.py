"""What edits are drawn with: colours, fonts and words."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
"""Red, green and blue, 0..255."""

_HERSHEY = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def random_colour(rng: np.random.Generator) -> Colour:
    """Black, white or a saturated colour, as the swatches of a drawing application."""
    draw = rng.random()
    if draw < 0.22:
        return (0, 0, 0)
    if draw < 0.44:
        return (255, 255, 255)
    hue = np.array([[[rng.integers(0, 180), rng.integers(120, 256), rng.integers(120, 256)]]], np.uint8)
    red, green, blue = cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0]
    return (int(red), int(green), int(blue))


@lru_cache(maxsize=1)
def _plain_font() -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size=72)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, so words cannot be drawn")
    return font


def word_mask(word: str, *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """`word` as coverage 0..255, shape (h, w), trimmed, in Pillow's own face or a pen font of OpenCV.

    Raises ValueError for a word without a visible letter.
    """
    style = int(rng.integers(0, len(_HERSHEY) + 1))
    if style == 0:
        left, top, right, bottom = _plain_font().getbbox(word)
        canvas = Image.new("L", (max(int(right - left), 1) + 8, max(int(bottom - top), 1) + 8))
        ImageDraw.Draw(canvas).text((4 - left, 4 - top), word, fill=255, font=_plain_font())
        mask = np.asarray(canvas)
    else:
        face, thickness = _HERSHEY[style - 1], int(rng.integers(3, 9))
        (width, height), below = cv2.getTextSize(word, face, 2.0, thickness)
        mask = np.zeros((height + below + 24, width + 24), np.uint8)
        cv2.putText(mask, word, (12, height + 12), face, 2.0, 255, thickness, cv2.LINE_AA)
    rows, columns = np.flatnonzero(mask.max(axis=1)), np.flatnonzero(mask.max(axis=0))
    if len(rows) == 0:
        raise ValueError(f"nothing to draw in the word {word!r}")
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
