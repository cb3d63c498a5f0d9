"""Chinese characters for wordmarks: open typefaces, the common characters, and which of them look alike.

The typefaces come from npm (`@fontsource`, SIL Open Font Licence).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from training.synthesis.wordmarks import fetch_fonts, letters_of

HAN_FONTS = ("ma-shan-zheng", "zcool-kuaile", "zcool-qingke-huangyou", "zcool-xiaowei")
"""Typefaces: a brush, a round, a narrow and a serif one."""

_SIDE = 48
_BLUR = 1.5


def fetch_han_fonts(folder: Path | None = None) -> list[Path]:
    """The font files, as `fetch_fonts` takes them."""
    return fetch_fonts(folder, names=HAN_FONTS, subset="chinese-simplified")


@cache
def common_characters(fonts: tuple[Path, ...]) -> tuple[str, ...]:
    """Of the 3,755 characters of level 1 of GB 2312, the most common ones, those that all `fonts` have."""
    codes = (bytes([row, cell]) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    letters = (code.decode("gb2312", errors="ignore") for code in codes)
    drawn = [letters_of(font) for font in fonts]
    return tuple(letter for letter in letters if letter and all(ord(letter) in each for each in drawn))


@cache
def look_alikes(font: Path, letters: tuple[str, ...], *, most: int = 2) -> dict[str, tuple[str, ...]]:
    """Of each of the `letters` the `most` that look most like it in the typeface: the correlation of their drawings,
    blurred by about the width of a stroke.
    """
    face = ImageFont.truetype(str(font), 5 * _SIDE // 6)
    drawings = np.stack([_drawn(letter, face) for letter in letters])
    drawings -= drawings.mean(axis=1, keepdims=True)
    drawings /= np.linalg.norm(drawings, axis=1, keepdims=True) + 1e-6
    alike = drawings @ drawings.T
    np.fill_diagonal(alike, -1.0)
    nearest = np.argsort(-alike, axis=1, kind="stable")[:, :most]
    return {letter: tuple(letters[other] for other in row) for letter, row in zip(letters, nearest, strict=True)}


def _drawn(letter: str, face: ImageFont.FreeTypeFont) -> NDArray[np.float32]:
    picture = Image.new("L", (_SIDE, _SIDE + 4), 0)
    ImageDraw.Draw(picture).text((4, 2), letter, font=face, fill=255)
    return np.float32(cv2.GaussianBlur(np.asarray(picture, np.float32), (0, 0), _BLUR)).ravel()
