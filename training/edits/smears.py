"""Smears: what sellers do to a mark so that it is hard to read, on the pixels of a photo.

Every tool takes the pixels around the mark and a strength from 0 (about 60 % of the mark can be read) to 1 (nothing
of it is left), and returns pixels of the same size. `smear` chooses the place, runs the tool and blends the result, so
that nothing outside the chosen place changes.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import Box, RgbImage
from training.edits.covers import COVERS
from training.edits.strokes import random_colour

Smear = Callable[[RgbImage, float, np.random.Generator], RgbImage]
"""(patch, strength, random numbers) → edited patch of the same shape."""

Mask = NDArray[np.float32]
"""How much of the edit shows, shape (h, w), 0..1."""


def gaussian_blur(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """A Gaussian blur of 5 to 30 % of the mark's shorter side."""
    sigma = min(patch.shape[:2]) * _between(strength, 0.05, 0.3) * rng.uniform(0.9, 1.1)
    return cv2.GaussianBlur(patch, (0, 0), max(sigma, 1.0), borderType=cv2.BORDER_REPLICATE).astype(np.uint8)


def median_blur(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """A median filter, as the "smart blur" of photo applications."""
    height, width = patch.shape[:2]
    scale = min(1.0, 96 / max(height, width))
    small = cv2.resize(patch, (max(int(width * scale), 2), max(int(height * scale), 2)), interpolation=cv2.INTER_AREA)
    size = max(3, int(min(small.shape[:2]) * _between(strength, 0.26, 0.8))) | 1
    small = cv2.medianBlur(small, min(size, 61))
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def motion_blur(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """A blur along one direction, 20 to 90 % of the mark's shorter side long."""
    length = max(3, int(min(patch.shape[:2]) * _between(strength, 0.2, 0.9)))
    kernel = np.zeros((length, length), np.float32)
    direction = rng.uniform(0, np.pi)
    reach = np.array([np.cos(direction), np.sin(direction)]) * length / 2
    start, end = length / 2 - reach, length / 2 + reach
    cv2.line(kernel, tuple(start.astype(int).tolist()), tuple(end.astype(int).tolist()), 1.0)
    kernel /= max(float(kernel.sum()), 1.0)
    return cv2.filter2D(patch, -1, kernel, borderType=cv2.BORDER_REPLICATE).astype(np.uint8)


def mosaic(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """Square tiles of one colour each, about 13 (weak) to 3 (strong) to the longer side."""
    height, width = patch.shape[:2]
    tile = max(2, round(max(height, width) / _between(strength, 13, 3) * rng.uniform(0.9, 1.1)))
    size = (max(1, -(-width // tile)), max(1, -(-height // tile)))
    small = cv2.resize(patch, size, interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, (size[0] * tile, size[1] * tile), interpolation=cv2.INTER_NEAREST)
    return large[:height, :width].astype(np.uint8)


def noise(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """Coarse coloured or grey grain that replaces 55 to 100 % of the contrast."""
    height, width = patch.shape[:2]
    grain = max(1, int(min(height, width) * rng.uniform(0.01, 0.05)))
    channels = 3 if rng.random() < 0.6 else 1
    cells = rng.integers(0, 256, (height // grain + 1, width // grain + 1, channels)).astype(np.uint8)
    large = np.repeat(np.repeat(cells, grain, axis=0), grain, axis=1)[:height, :width]
    share = _between(strength, 0.55, 1.0)
    return np.clip(patch * (1 - share) + large * share, 0, 255).astype(np.uint8)


def wash(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """A half-transparent layer of one colour, 65 to 98 % opaque."""
    share = _between(strength, 0.65, 0.98)
    near = cv2.resize(patch, (1, 1), interpolation=cv2.INTER_AREA)[0, 0]
    colour = near if rng.random() < 0.4 else random_colour(rng)
    return np.clip(patch * (1 - share) + np.asarray(colour, np.float32) * share, 0, 255).astype(np.uint8)


def inpaint(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """The mark erased and filled from its surroundings (Telea 2004), wholly or, when weak, in large holes."""
    scale = min(1.0, 128 / max(patch.shape[:2]))
    size = (max(8, int(patch.shape[1] * scale)), max(8, int(patch.shape[0] * scale)))
    small = cv2.resize(patch, size, interpolation=cv2.INTER_AREA)
    hole = np.zeros(small.shape[:2], np.uint8)
    edge_y, edge_x = max(1, size[1] // 12), max(1, size[0] // 12)
    hole[edge_y:-edge_y, edge_x:-edge_x] = 255
    if strength < 0.75:
        hole &= _blobs(hole.shape, share=_between(strength, 0.5, 0.95), rng=rng)
    radius = 3 if rng.random() < 0.5 else 7
    filled = cv2.inpaint(small, hole, radius, cv2.INPAINT_TELEA)
    large = cv2.resize(filled, patch.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    show = cv2.resize(hole, patch.shape[1::-1], interpolation=cv2.INTER_LINEAR)[..., None] / 255.0
    return np.clip(patch * (1 - show) + large * show, 0, 255).astype(np.uint8)


def smudge(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """Pixels dragged along a few finger strokes: each place shows what lay further back on the stroke."""
    height, width = patch.shape[:2]
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.float32)
    shift_x, shift_y = np.zeros_like(grid_x), np.zeros_like(grid_y)
    for _ in range(int(_between(strength, 4, 12))):
        direction = rng.uniform(0, 2 * np.pi)
        reach = rng.uniform(0.4, 1.0) * _between(strength, 0.35, 1.0) * max(height, width)
        x, y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height
        spread = min(height, width) * rng.uniform(0.25, 0.45)
        weight = np.exp(-((grid_x - x) ** 2 + (grid_y - y) ** 2) / (2 * spread**2))
        shift_x += weight * reach * float(np.cos(direction))
        shift_y += weight * reach * float(np.sin(direction))
    moved = cv2.remap(patch, grid_x + shift_x, grid_y + shift_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return cv2.GaussianBlur(moved, (0, 0), max(1.0, min(height, width) * 0.025)).astype(np.uint8)


def swirl(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """The mark twisted around its middle, by up to 1.1 to 3.5 turns of the radius (radians × 2)."""
    height, width = patch.shape[:2]
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (grid_x - width / 2) / (width / 2), (grid_y - height / 2) / (height / 2)
    radius = np.hypot(x, y)
    twist = _between(strength, 2.2, 7.0) * (1 if rng.random() < 0.5 else -1)
    turn = twist * np.clip(1 - radius / 1.3, 0, 1)
    cos, sin = np.cos(turn), np.sin(turn)
    source_x = ((x * cos - y * sin) * width / 2 + width / 2).astype(np.float32)
    source_y = ((x * sin + y * cos) * height / 2 + height / 2).astype(np.float32)
    return cv2.remap(patch, source_x, source_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101).astype(np.uint8)


def shuffle(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """Tiles of the mark in random order: 3 by 3 (weak) to 8 by 8 (strong)."""
    height, width = patch.shape[:2]
    count = round(_between(strength, 3, 8))
    rows, columns = min(count, height), min(count, width)
    tile_h, tile_w = height // rows, width // columns
    out = patch.copy()
    order = rng.permutation(rows * columns)
    for place, source in enumerate(order):
        y, x = place // columns * tile_h, place % columns * tile_w
        v, u = source // columns * tile_h, source % columns * tile_w
        out[y : y + tile_h, x : x + tile_w] = patch[v : v + tile_h, u : u + tile_w]
    return out


SMEARS: dict[str, Smear] = {
    "gaussian_blur": gaussian_blur,
    "median_blur": median_blur,
    "motion_blur": motion_blur,
    "mosaic": mosaic,
    "noise": noise,
    "wash": wash,
    "inpaint": inpaint,
    "smudge": smudge,
    "swirl": swirl,
    "shuffle": shuffle,
    **COVERS,
}
"""Every tool by name."""

HELD_OUT_SMEARS: tuple[str, ...] = ("swirl", "median_blur", "halftone", "hatching", "clone", "unseen_emoji")
"""Never used for fitting: the measure of smears that training has not seen.

Of the last the kind is known, by other drawings; of the others nothing is.
"""

TRAINING_SMEARS: tuple[str, ...] = tuple(sorted(set(SMEARS) - set(HELD_OUT_SMEARS)))
"""The tools that anything may be fitted to."""

_SHAPED = frozenset(
    {"gaussian_blur", "median_blur", "motion_blur", "mosaic", "noise", "wash", "inpaint", "smudge", "swirl"}
)
"""Tools whose edit may have the outline of an ellipse or of a brush; the others bring their own shape."""


def smear(image: RgbImage, box: Box, *, tool: str, strength: float, rng: np.random.Generator) -> RgbImage:
    """A copy of `image` with the mark in `box` smeared by `tool`, from 0 (60 % readable) to 1 (nothing left).

    Pixels further than 12 % of the box's sides from the box do not change. Raises KeyError for an unknown tool
    and ValueError for a strength outside 0..1.
    """
    return smeared_by(SMEARS[tool], image, box, shaped=tool in _SHAPED, strength=strength, rng=rng)


def smeared_by(
    edit: Smear, image: RgbImage, box: Box, *, shaped: bool, strength: float, rng: np.random.Generator
) -> RgbImage:
    """The same for an `edit` that need be no tool of `SMEARS`; one that is `shaped` may show in an ellipse or a brush.

    Raises ValueError for a strength outside 0..1.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must be in 0..1, got {strength}")
    height, width = image.shape[:2]
    place = _place(box, strength=strength, rng=rng).clipped(width=width, height=height)
    out = image.copy()
    patch = place.crop(out)
    if min(patch.shape[:2]) < 3:
        return out
    edited = edit(patch.copy(), strength, rng)
    if shaped:
        show = _outline(patch.shape[:2], strength=strength, rng=rng)[..., None]
        edited = np.clip(patch * (1 - show) + edited * show + 0.5, 0, 255).astype(np.uint8)
    patch[...] = edited
    return out


def _between(strength: float, weak: float, strong: float) -> float:
    return weak + (strong - weak) * strength


def _place(box: Box, *, strength: float, rng: np.random.Generator) -> Box:
    """Where the edit goes: from about two thirds of the mark (weak) to all of it and a little more (strong)."""
    grow = rng.uniform(0.02, 0.1)
    if strength > 0.66 or rng.random() < 0.5:
        return box.grown(grow)
    kept = _between(strength / 0.66, 0.62, 0.95)
    along_x = box.width >= box.height or rng.random() < 0.3
    offset = (1 - kept) * rng.uniform()
    if along_x:
        return Box(box.x + offset * box.width, box.y - grow * box.height, kept * box.width, (1 + 2 * grow) * box.height)
    return Box(box.x - grow * box.width, box.y + offset * box.height, (1 + 2 * grow) * box.width, kept * box.height)


def _outline(shape: tuple[int, ...], *, strength: float, rng: np.random.Generator) -> Mask:
    """Where the edit shows: a rectangle, an ellipse or a brushed line, hard or soft at the edge."""
    height, width = shape[0], shape[1]
    mask: Mask = np.zeros((height, width), np.float32)
    kind = rng.choice(["rectangle", "ellipse", "brush"], p=[0.5, 0.25, 0.25])
    if kind == "rectangle" or strength > 0.85:
        mask[:] = 1.0
    elif kind == "ellipse":
        cv2.ellipse(mask, (width // 2, height // 2), (int(width * 0.56), int(height * 0.56)), 0, 0, 360, 1.0, -1)
    else:
        thickness = max(2, int(min(height, width) * rng.uniform(0.6, 0.85)))
        middle = [(int(width * t), int(height * (0.5 + rng.uniform(-0.12, 0.12)))) for t in (0, 0.33, 0.66, 1)]
        if height > width:
            middle = [(int(width * (0.5 + rng.uniform(-0.12, 0.12))), int(height * t)) for t in (0, 0.33, 0.66, 1)]
        cv2.polylines(mask, [np.array(middle, np.int32)], False, 1.0, thickness)
    if rng.random() < 0.5:
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.8, min(height, width) * 0.03)), np.float32)
    return mask


def _blobs(shape: tuple[int, ...], *, share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Random holes that cover `share` of the area, 255 inside."""
    grain = rng.normal(size=(shape[0], shape[1])).astype(np.float32)
    field = cv2.GaussianBlur(grain, (0, 0), max(1.0, min(shape[:2]) * 0.12))
    return np.where(field > np.quantile(field, 1 - share), 255, 0).astype(np.uint8)
