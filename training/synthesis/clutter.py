"""Things in photos that are not marks: running text, prices, codes, prints, stripes, stickers, shapes and fittings.

The detector sees them unlabelled, so that it learns that print alone is not a mark. Every function draws in place on a
uint8 RGB photo and takes its chance from a numpy `Generator`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from model.regions import RgbImage
from training.synthesis.fittings import fitting
from training.synthesis.grounds import any_colour

_FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/Library/Fonts"))
_VOWELS, _CONSONANTS = "aeiou", "bcdfghklmnprstvwz"


@lru_cache(maxsize=1)
def font_files() -> tuple[Path, ...]:
    """The TrueType fonts of this machine, by name; there may be none."""
    found = [path for folder in _FONT_FOLDERS for path in folder.rglob("*.ttf")]
    return tuple(sorted((path for path in found if "Math" not in path.name), key=lambda path: path.name))


def pick_font(rng: np.random.Generator, *, pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """One of the machine's fonts, or Pillow's own, with letters about `pixels` high."""
    files = font_files()
    place = int(rng.integers(len(files) + 1))
    if place == len(files):
        return ImageFont.load_default(pixels)
    return _font(files[place], pixels)


@lru_cache(maxsize=256)
def _font(path: Path, pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), pixels)


def made_up_word(rng: np.random.Generator, *, letters: int) -> str:
    """A word of no language that can be said aloud, lower case."""
    start = int(rng.integers(2))
    return "".join(
        rng.choice(list(_VOWELS if (place + start) % 2 else _CONSONANTS)) for place in range(max(letters, 1))
    )


def text_image(text: str, *, rng: np.random.Generator, pixels: int, colour: NDArray[np.float32]) -> NDArray[np.uint8]:
    """`text` in one `colour` as RGBA (height, width, 4) uint8 pixels, trimmed to its ink; it may have line breaks."""
    font = pick_font(rng, pixels=pixels)
    left, top, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), text, font=font)
    alpha = Image.new("L", (max(int(right - left) + 2, 2), max(int(bottom - top) + 2, 2)))
    ImageDraw.Draw(alpha).multiline_text((1 - left, 1 - top), text, font=font, fill=255)
    rgba = np.empty((alpha.height, alpha.width, 4), np.uint8)
    rgba[..., :3] = colour.astype(np.uint8)
    rgba[..., 3] = np.asarray(alpha)
    return rgba


def add_clutter(photo: RgbImage, *, rng: np.random.Generator, pieces: int) -> RgbImage:
    """The photo with `pieces` things drawn on it that are not marks."""
    drawn = photo.copy()
    for _ in range(pieces):
        _KINDS[int(rng.choice(len(_KINDS), p=_SHARES))](drawn, rng)
    return drawn


def _paste(photo: RgbImage, rgba: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Lay `rgba` somewhere on the photo, turned a little; what hangs over the rim is cut off."""
    height, width = photo.shape[:2]
    turn = cv2.getRotationMatrix2D((rgba.shape[1] / 2, rgba.shape[0] / 2), float(rng.normal(0, 8)), 1.0)
    turn[:, 2] += [rng.uniform(-0.2, 0.9) * width, rng.uniform(-0.1, 0.95) * height]
    laid = cv2.warpAffine(rgba, turn, (width, height), flags=cv2.INTER_LINEAR)
    alpha = laid[..., 3:].astype(np.float32) / 255
    photo[:] = (photo * (1 - alpha) + laid[..., :3] * alpha).astype(np.uint8)


def _running_text(photo: RgbImage, rng: np.random.Generator) -> None:
    """A paragraph or a line of several small words."""
    lines = [
        " ".join(made_up_word(rng, letters=int(rng.integers(2, 9))) for _ in range(int(rng.integers(3, 8))))
        for _ in range(int(rng.integers(1, 8)))
    ]
    pixels = max(6, int(photo.shape[1] * rng.uniform(0.014, 0.04)))
    _paste(photo, text_image("\n".join(lines), rng=rng, pixels=pixels, colour=any_colour(rng)), rng)


def _price(photo: RgbImage, rng: np.random.Generator) -> None:
    """A number: a price, a size, a date, on a tag or bare."""
    text = (
        f"{rng.choice(['', '$', '€', '№ '])}{rng.integers(1, 2000)}{rng.choice(['', '.99', ',-', ' XL', ' cm', '%'])}"
    )
    pixels = max(8, int(photo.shape[1] * rng.uniform(0.02, 0.12)))
    rgba = text_image(text, rng=rng, pixels=pixels, colour=any_colour(rng))
    if rng.random() < 0.5:
        tag = np.empty((rgba.shape[0] + pixels, rgba.shape[1] + pixels, 4), np.uint8)
        tag[:] = (*any_colour(rng).astype(int), 255)
        inner = tag[pixels // 2 : pixels // 2 + rgba.shape[0], pixels // 2 : pixels // 2 + rgba.shape[1]]
        alpha = rgba[..., 3:].astype(np.float32) / 255
        inner[..., :3] = (inner[..., :3] * (1 - alpha) + rgba[..., :3] * alpha).astype(np.uint8)
        rgba = tag
    _paste(photo, rgba, rng)


def _barcode(photo: RgbImage, rng: np.random.Generator) -> None:
    """Bars, or the squares of a matrix code."""
    side = max(16, int(photo.shape[1] * rng.uniform(0.06, 0.25)))
    if rng.random() < 0.6:
        code = np.repeat(rng.integers(0, 2, (1, int(rng.integers(20, 60)))), 8, axis=0)
        size = (side, max(8, int(side * rng.uniform(0.3, 0.7))))
    else:
        cells = int(rng.integers(14, 30))
        code, size = rng.integers(0, 2, (cells, cells)), (side, side)
    grey = cv2.resize((code * 235 + 10).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    rgba = np.dstack([grey, grey, grey, np.full_like(grey, 255)])
    _paste(photo, np.pad(rgba, ((4, 4), (4, 4), (0, 0)), constant_values=255), rng)


def _stripes(photo: RgbImage, rng: np.random.Generator) -> None:
    """Parallel bars or a check over a part of the photo, as on shirts, ties, awnings and crossings."""
    side = max(24, int(photo.shape[1] * rng.uniform(0.1, 0.6)))
    rgba = np.zeros((max(12, int(side * rng.uniform(0.15, 1))), side, 4), np.uint8)
    pitch, colour = int(rng.integers(4, max(6, side // 4))), (*any_colour(rng).astype(int), 255)
    bar = max(1, int(pitch * rng.uniform(0.2, 0.7)))
    for start in range(0, side, pitch):
        rgba[:, start : start + bar] = colour
    if rng.random() < 0.3:
        for start in range(0, rgba.shape[0], pitch):
            rgba[start : start + bar] = colour
    _paste(photo, rgba, rng)


def _shape(photo: RgbImage, rng: np.random.Generator) -> None:
    """One plain shape: disc, ring, rectangle, frame, triangle or arrow."""
    side = max(10, int(photo.shape[1] * rng.uniform(0.03, 0.4)))
    rgba = np.zeros((side, side, 4), np.uint8)
    colour = (*(int(value) for value in any_colour(rng)), 255)
    thickness = -1 if rng.random() < 0.6 else max(1, side // 20)
    kind, middle = rng.random(), (side // 2, side // 2)
    if kind < 0.35:
        axes = (side // 2 - 2, max(2, int(side * rng.uniform(0.2, 0.5)) - 2))
        cv2.ellipse(rgba, middle, axes, 0, 0, 360, colour, thickness, cv2.LINE_AA)
    elif kind < 0.8:
        high = int(side * rng.uniform(0.1, 0.95))
        cv2.rectangle(rgba, (1, 1), (side - 2, high), colour, thickness, cv2.LINE_AA)
    else:
        corners = rng.integers(0, side, (int(rng.integers(3, 6)), 2)).astype(np.int32)
        cv2.polylines(rgba, [corners], True, colour, abs(thickness), cv2.LINE_AA)
        if thickness < 0:
            cv2.fillPoly(rgba, [corners], colour, cv2.LINE_AA)
    _paste(photo, rgba, rng)


def _sticker(photo: RgbImage, rng: np.random.Generator) -> None:
    """A face as in messages, used to hide things."""
    side = max(16, int(photo.shape[1] * rng.uniform(0.05, 0.3)))
    rgba = np.zeros((side, side, 4), np.uint8)
    middle, dark = side // 2, (60, 40, 20, 255)
    cv2.circle(
        rgba,
        (middle, middle),
        middle - 1,
        (int(rng.integers(220, 256)), int(rng.integers(170, 220)), 60, 255),
        -1,
        cv2.LINE_AA,
    )
    for x in (0.33, 0.67):
        cv2.circle(rgba, (int(side * x), int(side * 0.4)), max(1, side // 12), dark, -1, cv2.LINE_AA)
    axes = (side // 4, max(1, int(side * rng.uniform(0.05, 0.2))))
    cv2.ellipse(rgba, (middle, int(side * 0.6)), axes, 0, 0, 180, dark, max(1, side // 16), cv2.LINE_AA)
    _paste(photo, rgba, rng)


def _print(photo: RgbImage, rng: np.random.Generator) -> None:
    """A repeated small motif over a part of the photo: dots, flowers, crosses."""
    height, width = photo.shape[:2]
    left, top = int(rng.integers(0, width)), int(rng.integers(0, height))
    pitch, reach = int(rng.integers(8, 36)), int(width * rng.uniform(0.1, 0.6))
    colour, petals = any_colour(rng).tolist(), int(rng.integers(1, 7))
    size = max(1, int(pitch * rng.uniform(0.1, 0.28)))
    for y in range(top, min(top + reach, height), pitch):
        for x in range(left + (y // pitch % 2) * pitch // 2, min(left + reach, width), pitch):
            for petal in range(petals):
                angle = 2 * np.pi * petal / petals
                offset = size if petals > 1 else 0
                centre = (int(x + offset * np.cos(angle)), int(y + offset * np.sin(angle)))
                cv2.circle(photo, centre, size, colour, -1, cv2.LINE_AA)


def _fitting(photo: RgbImage, rng: np.random.Generator) -> None:
    """A part of a vehicle, a facade or a garment."""
    side = max(10, int(photo.shape[1] * np.exp(rng.uniform(np.log(0.04), np.log(0.5)))))
    _paste(photo, fitting(rng, side=side), rng)


_KINDS: tuple[Callable[[RgbImage, np.random.Generator], None], ...] = (
    _running_text, _price, _barcode, _stripes, _shape, _sticker, _print, _fitting,
)  # fmt: skip
_SHARES = np.array([0.18, 0.09, 0.07, 0.12, 0.16, 0.05, 0.08, 0.25])
