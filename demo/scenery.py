"""What lies behind a product: table tops, sheets, floors and walls, drawn; RGB floats in 0..255, `SIDE` × `SIDE`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.surfaces import SIDE, Field, blurred, folds, grain, lit

Backdrop = NDArray[np.float32]
"""RGB of a background, shape (SIDE, SIDE, 3), floats in 0..255."""

SHAPE = (SIDE, SIDE)
BOARDS = 6
"""Boards across a wooden table."""


def wood(rng: np.random.Generator) -> Backdrop:
    """A table of boards, grain from left to right."""
    tones = np.array([[150, 106, 66], [176, 138, 96], [112, 76, 50], [196, 166, 128]], np.float32)
    tone = tones[rng.integers(len(tones))]
    value = np.zeros(SHAPE, np.float32)
    edges = np.linspace(0, SIDE, BOARDS + 1).round().astype(int)
    for top, bottom in pairwise(edges):
        shape = (bottom - top, SIDE)
        fibre = 0.5 * grain(shape, size=3, rng=rng, stretch=60) + 0.5 * grain(shape, size=9, rng=rng, stretch=40)
        rings = np.sin(grain(shape, size=40, rng=rng, stretch=9) * 7)
        value[top:bottom] = 1 + rng.normal(0, 0.05) + 0.045 * fibre + 0.05 * rings
        value[top : top + 2] *= 0.55
    return _tinted(value, tone)


def linen(rng: np.random.Generator) -> Backdrop:
    """A bed sheet or table cloth with folds."""
    tones = [[226, 222, 214], [205, 211, 219], [190, 176, 160], [120, 128, 138]]
    value = lit(folds(SHAPE, size=330, rng=rng) * 30) * (1 + 0.02 * grain(SHAPE, size=1.7, rng=rng))
    return _tinted(value, np.array(tones[rng.integers(len(tones))], np.float32))


def concrete(rng: np.random.Generator) -> Backdrop:
    """A worn grey floor."""
    value = 1 + 0.06 * grain(SHAPE, size=170, rng=rng) + 0.03 * grain(SHAPE, size=24, rng=rng)
    value += 0.03 * grain(SHAPE, size=2, rng=rng) - 0.18 * (grain(SHAPE, size=4, rng=rng) > 3.1)
    return _tinted(value, np.array([150, 148, 144], np.float32))


def carpet(rng: np.random.Generator) -> Backdrop:
    """A short-pile carpet."""
    tones = [[96, 92, 104], [138, 122, 104], [74, 92, 96]]
    value = 1 + 0.16 * grain(SHAPE, size=3, rng=rng) + 0.06 * grain(SHAPE, size=120, rng=rng)
    return _tinted(value, np.array(tones[rng.integers(len(tones))], np.float32))


def marble(rng: np.random.Generator) -> Backdrop:
    """A pale stone slab with grey veins."""
    bend = grain(SHAPE, size=210, rng=rng) + 0.35 * grain(SHAPE, size=60, rng=rng)
    veins = np.exp(-np.abs(bend) * 16) * np.clip(0.5 + 0.5 * grain(SHAPE, size=260, rng=rng), 0, 1)
    return _tinted(1 - 0.3 * veins + 0.012 * grain(SHAPE, size=70, rng=rng), np.array([232, 230, 226], np.float32))


TOPS: tuple[Callable[[np.random.Generator], Backdrop], ...] = (wood, linen, concrete, carpet, marble)
"""Surfaces that a product lies on."""


def before_a_wall(rng: np.random.Generator) -> Backdrop:
    """A surface that runs back to a wall a little out of focus; they meet at 55 to 66 % of the height."""
    top = (wood, marble, concrete, linen)[rng.integers(4)](rng)
    horizon = int(SIDE * rng.uniform(0.55, 0.66))
    tones = [[214, 208, 198], [188, 200, 206], [226, 224, 220], [164, 172, 160], [202, 178, 160]]
    plaster = 1 + 0.015 * grain(SHAPE, size=3, rng=rng) + 0.04 * grain(SHAPE, size=400, rng=rng)
    wall = _tinted(plaster, np.array(tones[rng.integers(len(tones))], np.float32))
    if rng.random() < 0.5:
        wall *= _window_light(rng)[..., None]
    depth = SIDE - horizon
    seen = np.array(
        [[-0.9 * SIDE, SIDE], [1.9 * SIDE, SIDE], [1.12 * SIDE, horizon], [-0.12 * SIDE, horizon]], np.float32
    )
    flat = np.array([[0, SIDE], [SIDE, SIDE], [SIDE, 0], [0, 0]], np.float32)
    table = cv2.warpPerspective(top, cv2.getPerspectiveTransform(flat, seen), SHAPE, borderMode=cv2.BORDER_REFLECT_101)
    wall = np.stack([blurred(np.ascontiguousarray(wall[..., i]), 3) for i in range(3)], axis=-1)
    fade = np.linspace(0.82, 1.05, depth, dtype=np.float32)[:, None, None]
    wall[horizon:] = table[horizon:] * fade
    seam = slice(horizon - 12, horizon + 12)
    wall[seam] *= (1 - 0.16 * np.hanning(24).astype(np.float32))[:, None, None]
    return np.asarray(wall, np.float32)


def _window_light(rng: np.random.Generator) -> Field:
    """A slanted patch of sun on a wall, as a factor."""
    left, top = rng.uniform(0.05, 0.6) * SIDE, rng.uniform(0.02, 0.2) * SIDE
    patch = np.zeros(SHAPE, np.float32)
    for column in range(2):
        x = left + column * 0.17 * SIDE
        corners = np.array([[x, top], [x + 150, top + 24], [x + 210, top + 330], [x + 60, top + 300]], np.int32)
        cv2.fillPoly(patch, [corners], 1.0)
    return np.asarray(0.93 + 0.16 * blurred(patch, 9), np.float32)


def _tinted(value: Field, tone: NDArray[np.float32]) -> Backdrop:
    return np.asarray(value[..., None] * tone, np.float32)
