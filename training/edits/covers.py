"""Smears that put something on the mark: paint, bars, scribbles, stickers, emoji, words, dots, a cut."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import RgbImage
from training.edits.emoji import emoji, unseen_emoji
from training.edits.strokes import random_colour, word_mask

_WORDS = ("SALE", "NEW", "SOLD", "2024", "shop", "hot", "best price", "free", "100%", "***", "xxx")


def solid_paint(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """Broad opaque strokes of one colour over 55 to 100 % of the mark."""
    height, width = patch.shape[:2]
    colour = _paint_colour(patch, rng)
    thickness = max(2, int(min(height, width) * rng.uniform(0.22, 0.34)))
    covered = np.zeros((height, width), np.uint8)
    goal = 0.55 + 0.45 * strength
    for _ in range(60):
        if (covered > 0).mean() >= min(goal, 0.995):
            break
        start = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        end = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        cv2.line(covered, start, end, 255, thickness, cv2.LINE_AA)
    if strength > 0.9:
        covered[:] = 255
    return _layer(patch, covered, colour)


def scribble(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """A pen line to and fro over the mark, thicker and denser with strength."""
    height, width = patch.shape[:2]
    turns = int(8 + 16 * strength)
    xs = np.tile([0.02, 0.98], turns)[:turns] + rng.uniform(-0.12, 0.12, turns)
    ys = np.linspace(0.03, 0.97, turns) + rng.uniform(-0.08, 0.08, turns)
    if rng.random() < 0.4:
        xs, ys = ys, xs
    points = np.stack([xs * width, ys * height], axis=1).astype(np.int32)
    thickness = max(2, int(min(height, width) * (0.055 + 0.09 * strength) * rng.uniform(0.8, 1.2)))
    covered = np.zeros((height, width), np.uint8)
    cv2.polylines(covered, [points], False, 255, thickness, cv2.LINE_AA)
    return _layer(patch, covered, random_colour(rng))


def hatching(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """Straight lines in two directions, 45 to 90 % of the area."""
    height, width = patch.shape[:2]
    pitch = max(4, int(min(height, width) * rng.uniform(0.12, 0.2)))
    thickness = max(2, int(pitch * (0.18 + 0.28 * strength)))
    covered = np.zeros((height, width), np.uint8)
    slope = float(rng.uniform(0.6, 1.6))
    reach = int(height * slope)
    for x in range(-reach, width + reach, pitch):
        cv2.line(covered, (x, 0), (x + reach, height), 255, thickness, cv2.LINE_AA)
        cv2.line(covered, (x, 0), (x - reach, height), 255, thickness, cv2.LINE_AA)
    return _layer(patch, covered, random_colour(rng))


def bar(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """A censor's bar, black or white, over 50 to 100 % of the mark along its longer side."""
    height, width = patch.shape[:2]
    share = 0.5 + 0.5 * strength
    covered = np.zeros((height, width), np.uint8)
    if width >= height:
        top = int((1 - share) * height * rng.uniform())
        covered[top : top + int(np.ceil(share * height))] = 255
    else:
        left = int((1 - share) * width * rng.uniform())
        covered[:, left : left + int(np.ceil(share * width))] = 255
    return _layer(patch, covered, (0, 0, 0) if rng.random() < 0.7 else (255, 255, 255))


def sticker(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """A round, square or star sticker with a rim and perhaps a word, over 50 to 100 % of the mark."""
    height, width = patch.shape[:2]
    sides = int(rng.choice([4, 5, 6, 40]))
    angles = np.linspace(0, 2 * np.pi, sides, endpoint=False) + rng.uniform(0, np.pi)
    reach = (0.8 + 0.65 * strength) * (1.25 if sides == 4 else 1.0)
    shape = np.stack([np.cos(angles) * width, np.sin(angles) * height], axis=1) * reach / 2
    middle = np.array([width, height]) * (0.5 + rng.uniform(-0.08, 0.08, 2) * (1 - strength))
    covered, inner = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    cv2.fillPoly(covered, [(shape + middle).astype(np.int32)], 255, cv2.LINE_AA)
    cv2.fillPoly(inner, [(shape * 0.88 + middle).astype(np.int32)], 255, cv2.LINE_AA)
    out = _layer(_layer(patch, covered, random_colour(rng)), inner, random_colour(rng))
    return _write(out, rng=rng, share=0.45) if rng.random() < 0.5 else out


def text_over(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """A word on the mark, from bare letters (weak) to letters on a plate (strong)."""
    out = patch
    if strength > 0.35:
        covered = np.zeros(patch.shape[:2], np.uint8)
        height = patch.shape[0]
        band = int(height * (0.5 + 0.5 * strength))
        top = (height - band) // 2
        covered[top : top + band] = int(140 + 115 * strength)
        out = _layer(out, covered, random_colour(rng))
    lines = 1 if patch.shape[1] > 1.6 * patch.shape[0] else 2
    return _write(out, rng=rng, share=0.9, lines=lines)


def cut_off(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """45 to 100 % of the mark gone behind the surface's own colour, cut along a straight line."""
    height, width = patch.shape[:2]
    share = 0.45 + 0.55 * strength
    direction = rng.uniform(0, 2 * np.pi) if rng.random() < 0.3 else float(rng.integers(0, 4)) * np.pi / 2
    y, x = np.mgrid[0:height, 0:width]
    along = (x / width - 0.5) * np.cos(direction) + (y / height - 0.5) * np.sin(direction)
    covered = np.where(along <= np.quantile(along, share), 255, 0).astype(np.uint8)
    return _layer(patch, covered, _rim_colour(patch))


def clone(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """A stamp of the surroundings on the mark: strips of the rim, repeated inwards, with soft seams."""
    height, width = patch.shape[:2]
    strip = max(1, int(min(height, width) * 0.06))
    rim = patch[:strip] if rng.random() < 0.5 else patch[-strip:]
    stamp = cv2.resize(rim, (width, height), interpolation=cv2.INTER_LINEAR)
    grain = rng.normal(0, 2.5, (height, width, 1))
    band = np.zeros((height, width), np.float32)
    share = 0.6 + 0.4 * strength
    rows = int(height * (1 - share) * rng.uniform()) if height <= width else 0
    columns = int(width * (1 - share) * rng.uniform()) if width < height else 0
    band_h = int(np.ceil(height * share)) if height <= width else height
    band_w = int(np.ceil(width * share)) if width < height else width
    band[rows : rows + band_h, columns : columns + band_w] = 1
    covered = cv2.GaussianBlur(band, (0, 0), max(0.8, strip / 2), borderType=cv2.BORDER_REPLICATE)[..., None]
    return np.clip(patch * (1 - covered) + (stamp + grain) * covered, 0, 255).astype(np.uint8)


def halftone(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """The mark as dots of one ink on paper, the darker the larger, 13 (weak) to 4 (strong) to its shorter side."""
    height, width = patch.shape[:2]
    pitch = max(3, round(min(height, width) / (13 - 9 * strength)))
    grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
    rows, columns = -(-height // pitch), -(-width // pitch)
    tones = cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    ink, paper = random_colour(rng), (255, 255, 255) if rng.random() < 0.6 else _rim_colour(patch)
    out, fine = np.full_like(patch, paper), 4  # bits of a pixel
    for row in range(rows):
        for column in range(columns):
            radius = pitch * 0.62 * float(np.sqrt(1 - tones[row, column]))
            middle = (round((column + 0.5) * pitch * 2**fine), round((row + 0.5) * pitch * 2**fine))
            cv2.circle(out, middle, round(radius * 2**fine), ink, -1, cv2.LINE_AA, fine)
    return out


COVERS: dict[str, Callable[[RgbImage, float, np.random.Generator], RgbImage]] = {
    "solid_paint": solid_paint,
    "scribble": scribble,
    "hatching": hatching,
    "bar": bar,
    "sticker": sticker,
    "emoji": emoji,
    "unseen_emoji": unseen_emoji,
    "halftone": halftone,
    "text_over": text_over,
    "cut_off": cut_off,
    "clone": clone,
}
"""Tools that cover the mark, by name."""


def _layer(patch: RgbImage, covered: NDArray[np.uint8], colour: tuple[int, ...]) -> RgbImage:
    """`colour` on `patch` where `covered`, 0..255, says so."""
    share = covered[..., None].astype(np.float32) / 255
    return np.clip(patch * (1 - share) + np.asarray(colour, np.float32) * share + 0.5, 0, 255).astype(np.uint8)


def _rim_colour(patch: RgbImage) -> tuple[int, ...]:
    rim = np.concatenate([patch[0], patch[-1], patch[:, 0], patch[:, -1]])
    return tuple(int(value) for value in np.median(rim, axis=0))


def _paint_colour(patch: RgbImage, rng: np.random.Generator) -> tuple[int, ...]:
    """The surface's own colour half of the time: sellers pick it with the pipette."""
    return _rim_colour(patch) if rng.random() < 0.5 else random_colour(rng)


def _write(patch: RgbImage, *, rng: np.random.Generator, share: float, lines: int = 1) -> RgbImage:
    """Random words across `share` of the patch's width and height."""
    height, width = patch.shape[:2]
    covered = np.zeros((height, width), np.uint8)
    line_h, line_w = int(height * share / lines), int(width * share)
    if min(line_h, line_w) < 4:
        return patch
    for line in range(lines):
        letters = cv2.resize(word_mask(str(rng.choice(_WORDS)), rng=rng), (line_w, line_h))
        top, left = (height - line_h * lines) // 2 + line * line_h, (width - line_w) // 2
        covered[top : top + line_h, left : left + line_w] = letters
    return _layer(patch, covered, random_colour(rng))
