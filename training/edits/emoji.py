"""Emoji on the mark, the cover that is nearest at hand in every messenger and photo application.

The drawings are parts of three open sets (`emoji_sets/README.md`). Two of them may be learnt from; the third is kept
for measuring, since who knows one set's drawings need not know another's.
"""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import resvg_py
from numpy.typing import NDArray

from model.regions import RgbImage

TRAINING_SETS = ("fluent", "noto")
KEPT_OUT_SET = "twemoji"

_FOLDER = Path(__file__).parent / "emoji_sets"
_DRAWN = 192  # px, a side of an emoji before it is scaled


def emoji(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """One emoji of the sets for training on the mark, upright or a little turned; on a long mark several side by side.

    They cover about half of the mark (weak) to all of it (strong).
    """
    return _covered(patch, strength, str(rng.choice(TRAINING_SETS)), rng)


def unseen_emoji(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """The same with the set that is kept out of training."""
    return _covered(patch, strength, KEPT_OUT_SET, rng)


def drawn_emoji(of: str, number: int) -> NDArray[np.uint8]:
    """Emoji `number` of the set `of`, the first again after the last, as (192, 192, 4) RGB and straight alpha.

    Raises FileNotFoundError for a set that is not there.
    """
    picture: NDArray[np.uint8] = np.array(_drawn(of, number % len(_drawings(of))))
    return picture


def _covered(patch: RgbImage, strength: float, of: str, rng: np.random.Generator) -> RgbImage:
    height, width = patch.shape[:2]
    choice = int(rng.integers(1 << 16))
    different = bool(rng.random() < 0.3)
    out = patch.astype(np.float32)
    for place, (middle, side) in enumerate(_places(max(height, width), min(height, width), strength, rng)):
        picture = drawn_emoji(of, choice + (place if different else 0)).astype(np.float32)
        turned = float(rng.choice([0.0, rng.uniform(-30, 30)]))
        _lay(out, picture, side=side, middle=middle if width >= height else middle[::-1], degrees=turned)
    return np.asarray(np.clip(out + 0.5, 0, 255), np.uint8)


def _places(
    long: int, short: int, strength: float, rng: np.random.Generator
) -> list[tuple[tuple[float, float], float]]:
    """Middle (along, across) and side of each emoji, none of them cut off by the rim of the place.

    A row along the middle; strong covers have smaller ones in the corners and gaps beneath it.
    """
    side = short * (0.75 + 0.25 * strength)
    small = 0.5 * short
    rows = [(short / 2, side, max(1, round(long / side * (0.6 + 0.7 * strength))))]
    if strength > 0.6:
        rows = [(across, small, max(2, round(1.3 * long / small))) for across in (small / 2, short - small / 2)] + rows
    return [
        ((size / 2 + (long - size) * (number + float(rng.uniform(0.2, 0.8))) / count, across), size)
        for across, size, count in rows
        for number in range(count)
    ]


def _lay(
    ground: NDArray[np.float32],
    picture: NDArray[np.float32],
    *,
    side: float,
    middle: tuple[float, float],
    degrees: float,
) -> None:
    """Lay an RGBA `picture`, `side` px wide and turned, on `ground` with its middle at (x, y)."""
    alpha = picture[..., 3:] / 255
    ink = np.concatenate([picture[..., :3] * alpha, alpha], axis=-1)  # premultiplied: no rim shows when it is scaled
    scale = side / _DRAWN
    if scale < 1:
        size = (max(1, round(side)),) * 2
        ink, scale = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.float32), 1.0
    half = (ink.shape[1] / 2, ink.shape[0] / 2)
    matrix = np.asarray(cv2.getRotationMatrix2D(half, degrees, scale), np.float64)
    matrix[:, 2] += np.subtract(middle, half)
    laid = cv2.warpAffine(ink, matrix, (ground.shape[1], ground.shape[0]), flags=cv2.INTER_LINEAR)
    ground *= 1 - laid[..., 3:]
    ground += laid[..., :3]


@lru_cache(maxsize=8)
def _drawings(of: str) -> tuple[str, ...]:
    """The SVG documents of a set, by name."""
    with gzip.open(_FOLDER / f"{of}.json.gz", "rt", encoding="utf-8") as file:
        read = json.load(file)
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {read["side"]} {read["side"]}">'
    )
    return tuple(f"{opening}{body}</svg>" for _, body in sorted(read["icons"].items()))


@lru_cache(maxsize=1024)
def _drawn(of: str, number: int) -> NDArray[np.uint8]:
    png = resvg_py.svg_to_bytes(svg_string=_drawings(of)[number], width=_DRAWN, height=_DRAWN, skip_system_fonts=True)
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise ValueError(f"emoji {number} of {of} cannot be drawn")
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGRA2RGBA), np.uint8)
