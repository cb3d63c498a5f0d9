"""Pictures without a camera: flat marks on plain ground, alone or several on panels, with captions.

So web pages, slides and printed sheets show marks: hard edges and even colours which nobody painted over anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from model.regions import Box, RgbImage
from training.synthesis.clutter import made_up_word, text_image
from training.synthesis.grounds import any_colour
from training.synthesis.logos import Logo, RgbaImage, one_colour, rasterise
from training.synthesis.scenes import SCENE_SIDE, Scene

_LEAST_CONTRAST = 40  # of 255


@dataclass(frozen=True)
class Graphics:
    """`count` such pictures of `logos`, each drawn when it is asked for, by `seed` and its number alone."""

    logos: Sequence[Logo]
    count: int
    seed: int = 0

    def __len__(self) -> int:
        return self.count

    def scene(self, number: int) -> Scene:
        """Picture `number`, its longer side `SCENE_SIDE` px."""
        rng = np.random.default_rng((self.seed, number))
        columns, rows = ((1, 1), (1, 1), (2, 1), (1, 2), (2, 2), (3, 2))[int(rng.integers(6))]
        width, height = rng.uniform(0.5, 1.0, 2)
        longer = SCENE_SIDE / max(width, height)
        picture = np.empty((int(height * longer), int(width * longer), 3), np.uint8)
        picture[:] = (255, 255, 255) if rng.random() < 0.4 else any_colour(rng).astype(np.uint8)
        wide, tall = picture.shape[1] // columns, picture.shape[0] // rows
        boxes = [
            self._drawn(picture, Box(column * wide, row * tall, wide, tall), rng)
            for row in range(rows)
            for column in range(columns)
        ]
        return Scene(picture, tuple(box for box in boxes if box is not None))

    def _drawn(self, picture: RgbImage, cell: Box, rng: np.random.Generator) -> Box | None:
        """One mark drawn into `cell` of the picture, and its box; None when it could not be seen there."""
        if rng.random() < 0.3:
            cell = cell.grown(-float(rng.uniform(0.02, 0.1)))
            cell.crop(picture)[:] = any_colour(rng).astype(np.uint8)
        mark = rasterise(self.logos[int(rng.integers(len(self.logos)))], width=256)
        if rng.random() < 0.4:
            mark = one_colour(mark, tuple(int(value) for value in any_colour(rng)))
        share = float(rng.uniform(0.35, 0.95))
        box = _laid(picture, mark, cell, width=share * cell.width, height=share * cell.height * 0.9, rng=rng)
        if rng.random() < 0.35:
            caption = made_up_word(rng, letters=int(rng.integers(4, 14)))
            ink = text_image(caption, rng=rng, pixels=int(rng.integers(9, 20)), colour=any_colour(rng))
            below = Box(cell.x, cell.y + cell.height * 0.88, cell.width, cell.height * 0.12)
            _laid(picture, ink, below, width=below.width, height=below.height, rng=rng)
        return box


def _laid(
    picture: RgbImage, rgba: RgbaImage, cell: Box, *, width: float, height: float, rng: np.random.Generator
) -> Box | None:
    """`rgba` laid somewhere in `cell`, at most so wide and high; its box, or None when it cannot be seen there."""
    scale = min(width / rgba.shape[1], height / rgba.shape[0])
    size = (max(4, int(rgba.shape[1] * scale)), max(4, int(rgba.shape[0] * scale)))
    small = cv2.resize(rgba, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left = int(cell.x + rng.uniform(0.2, 0.8) * max(cell.width - size[0], 0))
    top = int(cell.y + rng.uniform(0.2, 0.8) * max(cell.height - size[1], 0))
    patch = picture[top : top + size[1], left : left + size[0]]
    small = small[: patch.shape[0], : patch.shape[1]]
    alpha = small[..., 3:].astype(np.float32) / 255
    shown = np.clip(patch * (1 - alpha) + small[..., :3] * alpha + 0.5, 0, 255).astype(np.uint8)
    if float(np.abs(shown.astype(np.int16) - patch).max(initial=0)) < _LEAST_CONTRAST:
        return None
    patch[:] = shown
    return Box(left, top, patch.shape[1], patch.shape[0])
