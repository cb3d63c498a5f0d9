"""Changes of a place that no tool makes quite so: a warp, a filter, a splice, shapes, other tones, drawn at random.

A network that learns the tools of `training.edits.smears` alone learns their signatures. What it meets is made by other
ones.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import Box, RgbImage
from training.edits.strokes import random_colour
from training.synthesis.grounds import smooth_noise


def changed_anyhow(image: RgbImage, box: Box, *, other: RgbImage, rng: np.random.Generator) -> RgbImage:
    """A copy of `image` with the place `box` changed, hard or soft at its edge; `other` is there to splice from."""
    height, width = image.shape[:2]
    place = box.grown(float(rng.uniform(0.0, 0.1))).clipped(width=width, height=height)
    changed = image.copy()
    patch = place.crop(changed)
    if min(patch.shape[:2]) < 4:
        return changed
    ways: tuple[Callable[[], NDArray[np.float32]], ...] = (
        lambda: _warped(patch, rng),
        lambda: _filtered(patch, rng),
        lambda: _spliced(patch, other, rng),
        lambda: _shapes(patch, rng),
        lambda: _toned(patch, rng),
    )
    edited = ways[int(rng.integers(len(ways)))]()
    if rng.random() < 0.15:
        edited = _coarsened(edited, rng)
    show = _outline(patch.shape[:2], rng)[..., None]
    patch[...] = np.clip(patch * (1 - show) + edited * show + 0.5, 0, 255).astype(np.uint8)
    return changed


def _warped(patch: RgbImage, rng: np.random.Generator) -> NDArray[np.float32]:
    """Pixels moved by a smooth random field, by up to a third of the patch."""
    height, width = patch.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    reach, cells = float(rng.uniform(0.08, 0.35)) * min(height, width), float(rng.uniform(1.5, 6))
    from_x, from_y = (
        (place + reach * smooth_noise(height, width, cells=cells, rng=rng)).astype(np.float32) for place in (x, y)
    )
    moved = cv2.remap(patch, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.float32)


def _filtered(patch: RgbImage, rng: np.random.Generator) -> NDArray[np.float32]:
    """A random, mostly positive kernel, up to a third of the patch large, with a little noise or none."""
    side = max(3, int(min(patch.shape[:2]) * rng.uniform(0.08, 0.33))) | 1
    kernel = rng.gamma(float(rng.choice([0.1, 0.5, 2.0])), size=(side, side)).astype(np.float32)
    soft = cv2.filter2D(patch, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101).astype(np.float32)
    return np.asarray(soft + rng.normal(0, float(rng.choice([0.0, 4.0])), soft.shape), np.float32)


def _spliced(patch: RgbImage, other: RgbImage, rng: np.random.Generator) -> NDArray[np.float32]:
    """A piece of another picture, about as light as what it covers or not."""
    height, width = patch.shape[:2]
    tall, wide = min(height, other.shape[0]), min(width, other.shape[1])
    top, left = int(rng.integers(other.shape[0] - tall + 1)), int(rng.integers(other.shape[1] - wide + 1))
    piece = cv2.resize(other[top : top + tall, left : left + wide], (width, height)).astype(np.float32)
    shift = patch.mean(axis=(0, 1)) - piece.mean(axis=(0, 1))
    return np.asarray(piece + shift * rng.uniform(0, 1), np.float32)


def _shapes(patch: RgbImage, rng: np.random.Generator) -> NDArray[np.float32]:
    """One to six ellipses and polygons in colours of their own, filled or outlined, over most of the patch."""
    height, width = patch.shape[:2]
    canvas = patch.copy()
    for number in range(int(rng.integers(1, 7))):
        colour = [int(value) for value in np.asarray(random_colour(rng)).ravel()[:3]]
        size = rng.uniform(0.35, 0.6) if number == 0 else rng.uniform(0.05, 0.4)
        centre = (int(rng.uniform(0.3, 0.7) * width), int(rng.uniform(0.3, 0.7) * height))
        line = -1 if number == 0 or rng.random() < 0.6 else max(1, int(0.04 * min(height, width)))
        if rng.random() < 0.5:
            axes = (max(1, int(size * width)), max(1, int(size * height * rng.uniform(0.6, 1.2))))
            cv2.ellipse(canvas, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, line, cv2.LINE_AA)
            continue
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 9))))
        reach = size * rng.uniform(0.6, 1.2, len(angles))
        corners = np.stack([centre[0] + reach * width * np.cos(angles), centre[1] + reach * height * np.sin(angles)], 1)
        outline = [corners.astype(np.int32)]
        if line < 0:
            cv2.fillPoly(canvas, outline, colour, cv2.LINE_AA)
        else:
            cv2.polylines(canvas, outline, True, colour, line, cv2.LINE_AA)
    return canvas.astype(np.float32)


def _toned(patch: RgbImage, rng: np.random.Generator) -> NDArray[np.float32]:
    """Other tones: less contrast around another colour, few levels, a negative, or channels changed about."""
    pixels = patch.astype(np.float32)
    kind = int(rng.integers(4))
    if kind == 0:
        colour = np.asarray(random_colour(rng), np.float32).ravel()[:3]
        return np.asarray(colour + (pixels - pixels.mean(axis=(0, 1))) * rng.uniform(0.0, 0.5), np.float32)
    if kind == 1:
        step = 255.0 / int(rng.integers(1, 5))
        return np.asarray(np.rint(pixels / step) * step, np.float32)
    if kind == 2:
        return np.asarray(255.0 - pixels, np.float32)
    return np.asarray(np.roll(pixels, int(rng.integers(1, 3)), axis=-1) + rng.uniform(-80, 80, 3), np.float32)


def _coarsened(pixels: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Scaled down and up again, each way by any interpolation."""
    height, width = pixels.shape[:2]
    scale = float(rng.uniform(0.08, 0.5))
    size = (max(2, int(width * scale)), max(2, int(height * scale)))
    ways = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA)
    small = cv2.resize(pixels, size, interpolation=ways[int(rng.integers(4))])
    return np.asarray(cv2.resize(small, (width, height), interpolation=ways[int(rng.integers(3))]), np.float32)


def _outline(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Where the change shows: all of the patch, an ellipse or a blob in it, with a hard or a soft edge; 0..1."""
    height, width = shape[0], shape[1]
    kind, mask = rng.random(), np.ones((height, width), np.float32)
    if kind < 0.3:
        mask[:] = 0
        cv2.ellipse(mask, (width // 2, height // 2), (int(width * 0.52), int(height * 0.52)), 0, 0, 360, 1.0, -1)
    elif kind < 0.55:
        field = smooth_noise(height, width, cells=float(rng.uniform(1, 3)), rng=rng)
        mask = (field > np.quantile(field, rng.uniform(0.1, 0.4))).astype(np.float32)
    if rng.random() < 0.5:
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.8, min(height, width) * 0.04)), np.float32)
    return mask
