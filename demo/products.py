"""Things that sellers photograph, drawn: a colour plane, its light, and the place where a mark is printed.

Each drawing is made of SVG shapes in a plane of `SIDE` × `SIDE` pixels, given a relief (`surfaces`), and returned as a
`Product`. The things themselves are in `garments` and `goods`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from demo.surfaces import SIDE, Field, Paint, folds, grain, lit, slopes

Corners = NDArray[np.float32]
"""Upper left, upper right, lower right and lower left of a place, shape (4, 2), x and y in pixels."""

SHAPE = (SIDE, SIDE)
Pose = Literal["stands", "lies", "fills"]


@dataclass(frozen=True, slots=True)
class Product:
    """A thing before it is photographed.

    `paint` is its colour, `light` multiplies that colour (1: as it is), `shine` (0..1) is white light on top.
    `shift`, shape (h, w, 2), says how far from each pixel, in pixels, the flat print lies that is seen there.
    `place` is where a mark goes. `pose`: it stands before a wall, lies on a table, or fills the picture.
    """

    paint: Paint
    light: Field
    shine: Field
    shift: NDArray[np.float32]
    place: Corners
    pose: Pose


Draw = Callable[[str, np.random.Generator], Product]
"""(colour as #rrggbb, random numbers) → product."""


def rectangle(x: float, y: float, width: float, height: float) -> Corners:
    """The corners of an upright rectangle."""
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)


def darker(colour: str, share: float) -> str:
    """`colour` (#rrggbb) mixed with black; a negative `share` mixes with white."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    target = 0 if share >= 0 else 255
    mixed = np.rint(channels + (target - channels) * abs(share)).astype(int)
    return "#" + "".join(f"{value:02x}" for value in mixed)


def cloth(
    paint: Paint, *, height: Field, wrinkles: float, size: float, place: Corners, rng: np.random.Generator, pose: Pose
) -> Product:
    """A product of cloth: folds `wrinkles` pixels high lie on its relief, and bend the print."""
    relief = height + folds(SHAPE, size=size, rng=rng) * wrinkles
    right, down = slopes(relief)
    weave = 1 + 0.018 * grain(SHAPE, size=1.6, rng=rng)
    shift = np.stack([right, down], axis=-1) * 9
    return Product(paint, lit(relief) * weave, np.zeros(SHAPE, np.float32), shift, place, pose)


def cylinder(middle: float, *, radius: float, sag: float) -> tuple[Field, Field, NDArray[np.float32]]:
    """Light, shine and print shift of an upright cylinder seen a little from above (`sag`, in pixels, at its sides)."""
    x = np.mgrid[0:SIDE, 0:SIDE][1].astype(np.float32)
    across = np.clip((x - middle) / radius, -0.999, 0.999)
    light = 0.42 + 0.62 * np.sqrt(1 - across**2) - 0.16 * across
    window = np.exp(-(((across + 0.52) / 0.085) ** 2)) + 0.35 * np.exp(-(((across - 0.66) / 0.05) ** 2))
    right = middle + radius * np.arcsin(across) - x
    down = (1 - np.sqrt(1 - across**2)) * sag
    return light.astype(np.float32), (0.34 * window).astype(np.float32), np.stack([right, down], -1).astype(np.float32)
