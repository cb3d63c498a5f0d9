"""Photos that are easily taken for a copy of a product photo and are none: another shot, colourway or garment.

A shop takes its products one after the other with the same camera, light, dummy or model: the outline, the ground and
half of what is seen stay. What no second shot repeats to the pixel are folds and pose (`another_shot`), and the product
itself may have another colour (`another_colour`) or be another one (`Figure` drawn with another garment).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import RgbImage

HEIGHT, WIDTH = 480, 360
"""Of a drawn figure, pixels."""

_PARTS = {
    "head": ((0.42, 0.04), (0.58, 0.04), (0.6, 0.17), (0.4, 0.17)),
    "top": ((0.4, 0.16), (0.6, 0.16), (0.82, 0.24), (0.86, 0.5), (0.72, 0.5), (0.7, 0.58), (0.3, 0.58), (0.28, 0.5),
            (0.14, 0.5), (0.18, 0.24)),
    "legs": ((0.3, 0.57), (0.7, 0.57), (0.68, 0.97), (0.54, 0.97), (0.5, 0.68), (0.46, 0.97), (0.32, 0.97)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """A dressed dummy on a plain ground: the photos that its parts are cut from, and its `shape`, a seed."""

    head: RgbImage
    top: RgbImage
    legs: RgbImage
    shape: int

    def wearing(self, top: RgbImage) -> Figure:
        """The same dummy in another garment."""
        return replace(self, top=top)

    def drawn(self) -> RgbImage:
        """(HEIGHT, WIDTH, 3) uint8."""
        rng = np.random.default_rng(self.shape)
        picture = np.full((HEIGHT, WIDTH, 3), rng.uniform(225, 255), np.float32)
        for name in _PARTS:
            mask = cv2.GaussianBlur(self._outline(name).astype(np.float32), (0, 0), 0.8)[..., None]
            cloth = cv2.resize(_middle(getattr(self, name)), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
            picture = picture * (1 - mask) + cloth * mask
        return picture.astype(np.uint8)

    def top_mask(self) -> NDArray[np.bool_]:
        """(HEIGHT, WIDTH): where the upper garment is."""
        return self._outline("top") > 0

    def _outline(self, name: str) -> NDArray[np.uint8]:
        rng = np.random.default_rng([self.shape, *name.encode()])
        corners = np.array(_PARTS[name]) + rng.normal(0, 0.012, (len(_PARTS[name]), 2))
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.fillPoly(mask, [np.round(corners * (WIDTH, HEIGHT)).astype(np.int32)], 1)
        return mask


def another_shot(photo: RgbImage, rng: np.random.Generator, *, moved: float) -> RgbImage:
    """The same subject again, in other light: each place moved smoothly by about `moved` of the longer side."""
    height, width = photo.shape[:2]
    longer = max(height, width)
    spread = longer * float(rng.uniform(0.03, 0.12))
    shift = [_smooth((height, width), spread, rng) * moved * longer for _ in range(2)]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    seen = cv2.remap(photo, x + shift[0], y + shift[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    light = 1 + 0.06 * _smooth((height, width), longer / 4, rng)[..., None]
    return np.clip(seen * light + rng.normal(0, 1.5, seen.shape), 0, 255).astype(np.uint8)


def another_colour(photo: RgbImage, mask: NDArray[np.bool_], rng: np.random.Generator) -> RgbImage:
    """What `mask` (h, w) covers in another colour; its folds stay."""
    inside = photo[mask].astype(np.float32)
    dye = rng.uniform(30, 230, 3)
    grey = inside.mean(axis=1, keepdims=True)
    share = float(rng.uniform(0.5, 1.0))
    dyed = photo.copy()
    painted = dye + (grey - grey.mean()) * rng.uniform(0.5, 1.2)
    dyed[mask] = np.clip(inside * (1 - share) + painted * share, 0, 255).astype(np.uint8)
    return dyed


def _middle(photo: RgbImage) -> RgbImage:
    height, width = photo.shape[:2]
    return np.ascontiguousarray(photo[height // 5 : height - height // 5, width // 5 : width - width // 5])


def _smooth(shape: tuple[int, int], spread: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A random field (h, w) of standard deviation 1 that changes over about `spread` pixels."""
    coarse = tuple(int(np.ceil(side / spread)) + 3 for side in shape)
    field = cv2.resize(rng.normal(0, 1, coarse).astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray((field - field.mean()) / max(float(field.std()), 1e-6), np.float32)
