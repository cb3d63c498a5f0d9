"""Things for sale, drawn plainly: boxes, bottles, cups, shirts, bags and shapes of no name, before whatever ground.

A mark is printed on a thing, and a thing before a plain wall must not be taken for a mark: the detector's scenes need
both. Only outlines, materials and light are drawn; nothing on the thing is a mark.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import Box, RgbImage
from training.synthesis.grounds import drawn_ground, smooth_noise

Outline = NDArray[np.float32]
"""Corners (n, 2) of a closed line in a unit square, x to the right and y down."""


def with_ware(photo: RgbImage, *, rng: np.random.Generator) -> tuple[RgbImage, Box]:
    """The photo with one thing in it, and the box, in whole pixels, of the thing's middle, where a mark may be
    printed."""
    height, width = photo.shape[:2]
    tall = float(rng.uniform(0.45, 0.98)) * height
    wide = min(0.98 * width, tall * float(np.exp(rng.uniform(np.log(0.4), np.log(1.5)))))
    left, top = float(rng.uniform(0, width - wide)), float(rng.uniform(0, height - tall))
    kind = _OUTLINES[int(rng.integers(len(_OUTLINES)))]
    corners = kind(rng) * np.array([wide, tall], np.float32) + np.array([left, top], np.float32)
    turn = cv2.getRotationMatrix2D((left + wide / 2, top + tall / 2), float(rng.normal(0, 5)), 1.0)
    corners = corners @ turn[:, :2].T.astype(np.float32) + turn[:, 2].astype(np.float32)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.rint(corners * 8).astype(np.int32)], 255, cv2.LINE_AA, shift=3)
    alpha = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.5, 1.3))).astype(np.float32)[..., None] / 255
    body = _body(height, width, mask, rng)
    lying = photo.astype(np.float32) * (1 - _shadow(mask, rng)[..., None])
    drawn = np.clip(lying * (1 - alpha) + body * alpha, 0, 255).astype(np.uint8)
    margin = float(rng.uniform(0.08, 0.22))
    middle = (left + margin * wide, top + 0.2 * tall, (1 - 2 * margin) * wide, 0.7 * tall)
    x, y, across, down = (float(round(value)) for value in middle)
    return drawn, Box(x, y, across, down).clipped(width=width, height=height)


def _body(height: int, width: int, mask: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """The thing's material under light: round as a can, folded as cloth, or flat; at times of two colours."""
    body = drawn_ground(height, width, rng=rng)
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    if columns.size == 0:
        return body
    if rng.random() < 0.35:  # a band, a label or a sleeve of another colour
        top, bottom = np.sort(rng.uniform(rows[0], rows[-1], 2)).astype(int)
        if bottom - top > 4:
            body[top:bottom] = drawn_ground(bottom - top, width, rng=rng)
    kind = rng.random()
    if kind < 0.4:
        across = np.clip((np.arange(width) - columns[0]) / max(1, columns[-1] - columns[0]), 0, 1) * 2 - 1
        lit_from = float(rng.uniform(-0.6, 0.6))
        shade = 1.1 - float(rng.uniform(0.2, 0.6)) * np.abs(across - lit_from) ** 2
        body = body * shade.astype(np.float32)[None, :, None]
    elif kind < 0.8:
        folds = smooth_noise(height, width, cells=float(rng.uniform(3, 9)), rng=rng)
        body = body * (1 + float(rng.uniform(0.05, 0.2)) * folds[..., None])
    return np.asarray(body, np.float32)


def _shadow(mask: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """What the thing's shadow takes from the light on the ground, 0..0.5."""
    reach = max(mask.shape) * float(rng.uniform(0.01, 0.05))
    move = np.array([[1, 0, rng.normal(0, reach)], [0, 1, abs(rng.normal(0, reach))]], np.float32)
    fallen = cv2.warpAffine(mask, move, (mask.shape[1], mask.shape[0]))
    soft = cv2.GaussianBlur(fallen, (0, 0), max(1.0, reach)).astype(np.float32) / 255
    return np.asarray(soft * float(rng.uniform(0.0, 0.5)), np.float32)


def _mirrored(right: list[tuple[float, float]]) -> Outline:
    """A closed outline from its right half, listed from the top down as (distance from the axis 0..0.5, y 0..1)."""
    half = np.array(right, np.float32)
    left = half[::-1] * np.array([-1, 1], np.float32)
    return np.concatenate([half, left]) + np.array([0.5, 0], np.float32)


def _package(rng: np.random.Generator) -> Outline:
    slope = float(rng.choice([0.0, rng.uniform(0.02, 0.15)]))
    return _mirrored([(0.5 - slope, 0.0), (0.5, slope), (0.5 - float(rng.uniform(0, 0.08)), 1.0)])


def _bottle(rng: np.random.Generator) -> Outline:
    neck, shoulder = float(rng.uniform(0.08, 0.25)), float(rng.uniform(0.15, 0.4))
    return _mirrored(
        [(neck, 0.0), (neck, shoulder * 0.6), (0.5, shoulder), (0.48, 0.6), (0.5, 0.96), (0.45, 1.0)],
    )


def _cup(rng: np.random.Generator) -> Outline:
    foot = float(rng.uniform(0.25, 0.5))
    return _mirrored([(0.5, 0.0), (0.5, 0.04), (foot, 0.97), (foot - 0.04, 1.0)])


def _shirt(rng: np.random.Generator) -> Outline:
    waist, sleeve = float(rng.uniform(0.26, 0.36)), float(rng.uniform(0.25, 0.75))
    return _mirrored(
        [(0.08, 0.05), (0.14, 0.0), (0.32, 0.05), (0.5, sleeve), (0.38, sleeve + 0.05), (waist, 0.3), (waist, 1.0)],
    )


def _bag(rng: np.random.Generator) -> Outline:
    handle, top = float(rng.uniform(0.1, 0.3)), float(rng.uniform(0.15, 0.35))
    return _mirrored(
        [(handle * 0.6, 0.0), (handle, 0.05), (handle, top), (0.42, top), (0.5, 0.95), (0.46, 1.0)],
    )


def _blob(rng: np.random.Generator) -> Outline:
    """A smooth shape: a circle with a few waves on its radius."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    radius = 0.42 + sum(rng.normal(0, 0.07 / n) * np.cos(n * angle + rng.uniform(0, 7)) for n in range(1, 6))
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.clip(radius, 0.15, 0.5)[:, None] + 0.5
    return np.asarray(points, np.float32)


_OUTLINES: tuple[Callable[[np.random.Generator], Outline], ...] = (_package, _bottle, _cup, _shirt, _bag, _blob)
