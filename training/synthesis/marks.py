"""One mark as it may be made: a vector logo, a made-up word or a lock-up of both, as RGBA pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from training.synthesis.clutter import made_up_word, text_image
from training.synthesis.grounds import any_colour
from training.synthesis.inks import dressed, laid_over
from training.synthesis.logos import Logo, RgbaImage, one_colour, rasterise
from training.synthesis.wordmarks import wordmark

_WORDS, _LOCK_UPS, _WINGED = 0.14, 0.12, 0.03  # shares of the marks; the others are vector logos as they are
_TWO_COLOURS = 0.2  # of the words


def draw_mark(logos: Sequence[Logo], *, fonts: Sequence[Path], rng: np.random.Generator) -> RgbaImage:
    """One mark as RGBA pixels about 256 px wide: a vector logo, a made-up word, or a lock-up of both, dressed.

    Words are set in one of the `fonts` (`training.synthesis.wordmarks`) or, where there are none, of this machine.
    """
    kind = rng.random()
    if kind < _WORDS or not logos:
        return dressed(_word(fonts, rng), rng=rng)
    logo = logos[int(rng.integers(len(logos)))]
    symbol = rasterise(logo, width=256)
    is_wide = symbol.shape[1] >= 1.6 * symbol.shape[0]
    if kind < _WORDS + _LOCK_UPS and not is_wide:
        return dressed(_lock_up(symbol, _word(fonts, rng), rng), rng=rng)
    if kind > 1 - _WINGED and not is_wide:
        return dressed(_winged(symbol, rng), rng=rng)
    return dressed(symbol, rng=rng)


def turned(mark: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """The mark turned: mostly not at all, else by up to about 60°, a quarter or half a turn; nothing is cut off."""
    kind = rng.random()
    if kind < 0.65:
        return mark
    if kind < 0.75:
        return np.ascontiguousarray(np.rot90(mark, int(rng.integers(1, 4))))
    degrees = float(rng.normal(0, 22))
    height, width = mark.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cosine, sine = abs(turn[0, 0]), abs(turn[0, 1])
    wide, tall = int(width * cosine + height * sine) + 1, int(width * sine + height * cosine) + 1
    turn[:, 2] += [(wide - width) / 2, (tall - height) / 2]
    return np.asarray(cv2.warpAffine(mark, turn, (wide, tall), flags=cv2.INTER_LINEAR), np.uint8)


def _word(fonts: Sequence[Path], rng: np.random.Generator) -> RgbaImage:
    """A made-up wordmark: one word or two, at times in two colours, slanted, stretched or with a line below."""
    word = made_up_word(rng, letters=int(rng.integers(3, 10)))
    word = str(rng.choice([word, word.upper(), word.capitalize()], p=[0.3, 0.35, 0.35]))
    if rng.random() < 0.15:
        word += f" {made_up_word(rng, letters=int(rng.integers(2, 6)))}"
    rgba = _set(word, fonts, rng)
    if rng.random() < _TWO_COLOURS:
        split = int(rgba.shape[1] * rng.uniform(0.25, 0.75))
        rgba[:, split:, :3] = any_colour(rng).astype(np.uint8)
    height, width = rgba.shape[:2]
    slant = float(rng.choice([0.0, rng.uniform(-0.1, 0.35)]))
    stretch = float(rng.uniform(0.6, 1.5))
    reach = abs(slant) * height
    move = np.array([[stretch, -slant, reach if slant > 0 else 0.0], [0.0, 1.0, 0.0]])
    leaning = cv2.warpAffine(rgba, move, (int(width * stretch + reach) + 1, height))
    if rng.random() < 0.15:
        below = np.zeros((height // 3, leaning.shape[1], 4), np.uint8)
        below[height // 6 :] = (*any_colour(rng).astype(int), 255)
        leaning = np.concatenate([leaning, below])
    return np.ascontiguousarray(leaning)


def _set(word: str, fonts: Sequence[Path], rng: np.random.Generator) -> RgbaImage:
    """The word in a typeface and a colour, its letters some 72 px high."""
    colour = any_colour(rng)
    if not fonts or rng.random() < 0.2:
        return text_image(word, rng=rng, pixels=72, colour=colour)
    logo = wordmark(word, fonts[int(rng.integers(len(fonts)))])
    return one_colour(rasterise(logo, width=40 * len(word)), tuple(colour.astype(int)))


def _winged(symbol: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """The symbol between two wings or sets of lines, one the mirror of the other, as on badges of cars and clubs."""
    height, width = symbol.shape[:2]
    tall, wide = int(height * rng.uniform(0.3, 1.0)), int(width * rng.uniform(0.5, 1.6))
    wing = np.zeros((tall, wide, 4), np.uint8)
    colour = (*any_colour(rng).astype(int).tolist(), 255)
    feathers, fill = int(rng.integers(2, 7)), float(rng.uniform(0.45, 0.9))
    shorter, sweep = float(rng.uniform(0, 0.15)), float(rng.uniform(-0.5, 0.5))
    for number in range(feathers):
        top, low = (tall * (number + part) / feathers for part in (0, fill))
        left = wide * min(shorter * number, 0.8)
        rise = sweep * tall / feathers
        corners = np.array([[left, top + rise], [wide, top], [wide, low], [left + (low - top) / 2, low + rise]])
        cv2.fillPoly(wing, [np.rint(corners).astype(np.int32)], colour, cv2.LINE_AA)
    canvas = np.zeros((max(height, tall), width + 2 * wide, 4), np.uint8)
    above = (len(canvas) - tall) // 2
    canvas[above : above + tall, :wide] = wing
    canvas[above : above + tall, wide + width :] = wing[:, ::-1]
    middle = np.zeros_like(canvas)
    above = (len(canvas) - height) // 2
    middle[above : above + height, wide : wide + width] = symbol
    return laid_over(canvas, middle)


def _lock_up(symbol: RgbaImage, word: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """Symbol and word as one mark, beside or above each other, with the gap that such marks have."""
    beside = rng.random() < 0.6
    if beside:
        word = _scaled(word, symbol.shape[0] * float(rng.uniform(0.3, 0.9)) / word.shape[0])
    else:
        word = _scaled(word, symbol.shape[1] * float(rng.uniform(0.8, 1.8)) / word.shape[1])
    gap = int(symbol.shape[0] * rng.uniform(0.05, 0.25))
    parts = [symbol, word] if rng.random() < 0.8 else [word, symbol]
    height, width = (max(part.shape[axis] for part in parts) for axis in (0, 1))
    if beside:
        canvas = np.zeros((height, parts[0].shape[1] + gap + parts[1].shape[1], 4), np.uint8)
    else:
        canvas = np.zeros((parts[0].shape[0] + gap + parts[1].shape[0], width, 4), np.uint8)
    start = 0
    for part in parts:
        tall, wide = part.shape[:2]
        top, left = ((height - tall) // 2, start) if beside else (start, (width - wide) // 2)
        canvas[top : top + tall, left : left + wide] = part
        start += (wide if beside else tall) + gap
    return canvas


def _scaled(rgba: RgbaImage, scale: float) -> RgbaImage:
    size = (max(2, round(rgba.shape[1] * scale)), max(2, round(rgba.shape[0] * scale)))
    return np.asarray(cv2.resize(rgba, size, interpolation=cv2.INTER_AREA), np.uint8)
