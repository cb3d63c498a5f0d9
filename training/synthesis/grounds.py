"""What a mark lies on: cloth, paper, metal, glass, plain paint, clutter, or a real photo (its licence allowing).

Every function takes a numpy `Generator` and returns float32 RGB of values 0..255, so that a seed gives one picture.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.photo_files import read_photo
from training.synthesis.known_marks import shows_held_out

FloatImage = NDArray[np.float32]
"""(height, width, 3) float32 RGB, values 0..255."""

# The photos that may train released weights: CC0 garments, MIT shop photos. None shows a held-out brand on purpose.
_PHOTO_FOLDERS = ("clothing/images", "grocery/natural")
_TALLEST = 720


def data_folder() -> Path:
    """The folder of real photos: `$HALLMARK_DATA`, `../shared/data` when that is unset."""
    return Path(os.environ.get("HALLMARK_DATA", "../shared/data"))


def is_training_photo(name: str) -> bool:
    """Whether a photo that shows no boxed mark may be trained on; 15 %, by a hash of the name, are only reported on."""
    return hashlib.sha256(Path(name).name.encode()).digest()[0] >= 0.15 * 256


def is_for_thresholds(name: str) -> bool:
    """Whether a garment's photo that may be trained on is kept for choosing thresholds: every second, by its name.

    The verifier learns from the others alone: of what it saw as nobody's mark it is surer than of anything else.
    """
    return hashlib.sha256(f"thresholds {Path(name).name}".encode()).digest()[0] % 2 == 0


@dataclass(frozen=True)
class Backgrounds:
    """Real photos to cut grounds from; without any, every ground is drawn."""

    files: tuple[Path, ...] = ()

    @classmethod
    def found_in(cls, data: Path) -> Backgrounds:
        """The photos under `data` that may be trained on; empty when the folder is absent."""
        files = sorted(file for folder in _PHOTO_FOLDERS for file in (data / folder).glob("*.jpg"))
        usable = (file for file in files if is_training_photo(file.name) and not shows_held_out(file.name))
        return cls(tuple(usable))

    def photo(self, rng: np.random.Generator) -> FloatImage | None:
        """One whole photo at most 720 px high or wide, None when there are none."""
        if not self.files:
            return None
        read = read_photo(self.files[int(rng.integers(len(self.files)))])
        scale = min(1.0, _TALLEST / max(read.shape[:2]))
        small = cv2.resize(read, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else read
        return small.astype(np.float32)

    def piece(self, height: int, width: int, *, rng: np.random.Generator) -> FloatImage:
        """A piece of a photo, or a drawn ground when there are no photos."""
        photo = self.photo(rng)
        if photo is None:
            return drawn_ground(height, width, rng=rng)
        tall, wide = photo.shape[:2]
        part = rng.uniform(0.25, 0.9)
        high = max(8, int(tall * part))
        broad = max(8, min(wide, int(high * width / height)))
        top, left = int(rng.integers(tall - high + 1)), int(rng.integers(wide - broad + 1))
        return np.asarray(cv2.resize(photo[top : top + high, left : left + broad], (width, height)), np.float32)


def any_colour(rng: np.random.Generator) -> NDArray[np.float32]:
    """A colour as goods and shops have it: often white, black or grey, else any hue. (3,) float32 RGB, 0..255."""
    kind = rng.random()
    if kind < 0.2:
        return np.full(3, rng.uniform(225, 255), np.float32)
    if kind < 0.38:
        return np.full(3, rng.uniform(0, 45), np.float32) + rng.uniform(0, 12, 3).astype(np.float32)
    if kind < 0.5:
        return np.full(3, rng.uniform(60, 210), np.float32)
    hsv = np.array([[[rng.integers(180), rng.integers(70, 256), rng.integers(60, 256)]]], np.uint8)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0], np.float32)


def smooth_noise(height: int, width: int, *, cells: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """(height, width) float32 noise of mean 0 and about ±1, with `cells` bumps along the longer side."""
    scale = max(height, width) / cells
    grid = rng.standard_normal((max(2, round(height / scale) + 1), max(2, round(width / scale) + 1)))
    return np.asarray(cv2.resize(grid.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _gradient(height: int, width: int, rng: np.random.Generator) -> FloatImage:
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    along = (x / width - 0.5) * np.cos(angle) + (y / height - 0.5) * np.sin(angle) + 0.5
    along = np.clip(along, 0, 1)[..., None]
    return np.asarray(any_colour(rng) * (1 - along) + any_colour(rng) * along, np.float32)


def _cloth(height: int, width: int, rng: np.random.Generator) -> FloatImage:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    pitch = rng.uniform(2.0, 7.0)
    twill = rng.uniform(0, 1.2)
    weave = np.sin(2 * np.pi * (x + twill * y) / pitch) * np.sin(2 * np.pi * (y - twill * x * 0.5) / pitch)
    light = rng.uniform(3, 16) * weave + rng.uniform(2, 7) * rng.standard_normal((height, width)).astype(np.float32)
    light += rng.uniform(5, 25) * smooth_noise(height, width, cells=rng.uniform(2, 5), rng=rng)
    ground = any_colour(rng) + light[..., None]
    if rng.random() < 0.15:  # stripes
        band = rng.uniform(14, 60)
        stripe = (np.sin(2 * np.pi * (x if rng.random() < 0.5 else y) / band) > rng.uniform(-0.5, 0.7))[..., None]
        ground = np.where(stripe, ground, any_colour(rng) + light[..., None])
    return np.asarray(ground, np.float32)


def _paper(height: int, width: int, rng: np.random.Generator) -> FloatImage:
    grain = rng.uniform(1, 6) * rng.standard_normal((height, width)).astype(np.float32)
    stain = rng.uniform(1, 8) * smooth_noise(height, width, cells=rng.uniform(2, 8), rng=rng)
    return (any_colour(rng) * 0.4 + 150 + (grain + stain)[..., None]).astype(np.float32)


def _metal(height: int, width: int, rng: np.random.Generator) -> FloatImage:
    scratches = rng.standard_normal((height, max(2, width // 24))).astype(np.float32)
    brushed = cv2.resize(scratches, (width, height), interpolation=cv2.INTER_LINEAR)
    sheen = np.sin(np.linspace(rng.uniform(0, 3), rng.uniform(4, 9), width, dtype=np.float32))[None]
    light = rng.uniform(60, 200) + rng.uniform(3, 12) * brushed + rng.uniform(10, 45) * sheen
    tint = 1 + rng.uniform(-0.12, 0.12, 3).astype(np.float32)
    ground = light[..., None] * tint
    return (
        ground if rng.random() < 0.6 else np.ascontiguousarray(cv2.resize(ground.transpose(1, 0, 2), (width, height)))
    ).astype(np.float32)


def _glass(height: int, width: int, rng: np.random.Generator) -> FloatImage:
    ground = _gradient(height, width, rng)
    blobs = smooth_noise(height, width, cells=rng.uniform(1.5, 4), rng=rng)
    return (ground * 0.7 + 50 + rng.uniform(10, 45) * np.clip(blobs, -1, 2)[..., None]).astype(np.float32)


def _clutter(height: int, width: int, rng: np.random.Generator) -> FloatImage:
    ground = _gradient(height, width, rng)
    for _ in range(int(rng.integers(4, 22))):
        colour = any_colour(rng).tolist()
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        reach = int(rng.integers(6, max(8, width // 3)))
        shape = rng.random()
        if shape < 0.4:
            other = (centre[0] + int(rng.integers(-reach, reach)), centre[1] + int(rng.integers(-reach, reach)))
            cv2.line(ground, centre, other, colour, int(rng.integers(1, 9)), cv2.LINE_AA)
        elif shape < 0.7:
            axes = (reach, max(2, int(reach * rng.uniform(0.2, 1))))
            cv2.ellipse(ground, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            end = (centre[0] + reach, centre[1] + int(rng.integers(4, reach + 5)))
            cv2.rectangle(ground, centre, end, colour, -1)
    if rng.random() < 0.6:
        ground = np.asarray(cv2.GaussianBlur(ground, (0, 0), float(rng.uniform(0.5, 6))), np.float32)
    return ground.astype(np.float32)


def _plain(height: int, width: int, rng: np.random.Generator) -> FloatImage:
    return np.broadcast_to(any_colour(rng), (height, width, 3)).astype(np.float32)


_DRAWN = (_plain, _gradient, _cloth, _paper, _metal, _glass, _clutter)
_WEIGHTS = np.array([0.2, 0.12, 0.26, 0.1, 0.1, 0.08, 0.14])


def drawn_ground(height: int, width: int, *, rng: np.random.Generator) -> FloatImage:
    """A ground of one of the drawn materials; values may leave 0..255 a little."""
    return np.ascontiguousarray(_DRAWN[int(rng.choice(len(_DRAWN), p=_WEIGHTS))](height, width, rng))
