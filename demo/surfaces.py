"""Surfaces under light: vector shapes made solid, folds in cloth, and how bright each pixel is.

Everything here is an array of floats over the picture's plane. A *height* says how far a surface stands out of the
plane, in pixels; light falls from the upper left.
"""

from __future__ import annotations

import cv2
import numpy as np
import resvg_py
from cv2.typing import MatLike
from numpy.typing import NDArray

Field = NDArray[np.float32]
"""One float for each pixel, shape (height, width)."""

Paint = NDArray[np.float32]
"""Colour and cover of each pixel, shape (height, width, 4): RGB in 0..255 (straight), alpha in 0..1."""

SIDE = 1000
"""Width and height, in pixels, of the plane that products are drawn in."""

LIGHT = np.array([-0.42, -0.58, 0.70], np.float32)
"""Direction to the light, a unit vector: x to the right, y down, z towards the viewer."""


def draw(shapes: str) -> Paint:
    """SVG elements, in a plane of `SIDE` × `SIDE`, as paint. Raises `ValueError` when they are not valid SVG."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" width="{SIDE}" height="{SIDE}">'
        f"{shapes}</svg>"
    )
    png = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise ValueError(f"cannot be drawn: {svg[:200]}")
    paint = cv2.cvtColor(decoded, cv2.COLOR_BGRA2RGBA).astype(np.float32)
    paint[..., 3] /= 255
    return paint


def cover(path: str) -> Field:
    """How much of each pixel an SVG path `d` covers, 0..1."""
    return np.ascontiguousarray(draw(f'<path d="{path}" fill="#000"/>')[..., 3])


def inflated(mask: Field, *, radius: float, depth: float) -> Field:
    """The height of a cushion over `mask`: round for `radius` pixels from its edge, then flat at `depth` pixels."""
    inside = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    slope = 1 - np.minimum(inside / radius, 1)
    height = np.sqrt(np.maximum(1 - slope**2, 0)) * depth
    return blurred(height.astype(np.float32), max(1.5, radius / 20))


def grain(shape: tuple[int, int], *, size: float, rng: np.random.Generator, stretch: float = 1.0) -> Field:
    """Smooth noise with mean 0 and deviation 1; blobs are `size` pixels high and `size * stretch` wide."""
    height, width = shape
    rows, columns = max(int(height / size) + 3, 4), max(int(width / (size * stretch)) + 3, 4)
    coarse = rng.normal(size=(rows, columns)).astype(np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray((field - field.mean()) / max(float(field.std()), 1e-6), np.float32)


def folds(shape: tuple[int, int], *, size: float, rng: np.random.Generator) -> Field:
    """The height of folds in cloth, about -1..1: long soft ridges, bent by a slower noise."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    total = np.zeros(shape, np.float32)
    for share, scale in ((0.65, 1.0), (0.35, 0.55)):
        lean = rng.uniform(0.2, 1.2) * (1 if rng.random() < 0.5 else -1)
        bend = grain(shape, size=size * scale * 1.6, rng=rng) * size * scale * 0.5
        along = (x * np.cos(lean) + y * np.sin(lean) + bend) / (size * scale)
        strength = np.clip(0.5 + 0.6 * grain(shape, size=size * 1.5, rng=rng), 0, 1.3)
        total += share * strength * (1 - 2 * np.abs(np.sin(along * np.pi / 2)) ** 0.8)
    return blurred(total, size * 0.06)


def blurred(field: MatLike, sigma: float) -> Field:
    """`field` under a Gaussian blur of `sigma` pixels; a wide one is computed at a quarter of the size."""
    if sigma < 12:
        return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32)
    height, width = field.shape[:2]
    small = cv2.resize(field, (max(width // 4, 1), max(height // 4, 1)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / 4)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def slopes(height: Field) -> tuple[Field, Field]:
    """How fast the height grows to the right and downwards, in pixels for each pixel."""
    right = cv2.Scharr(height, cv2.CV_32F, 1, 0, scale=1 / 32)
    down = cv2.Scharr(height, cv2.CV_32F, 0, 1, scale=1 / 32)
    return np.asarray(right, np.float32), np.asarray(down, np.float32)


def lit(height: Field, *, ambient: float = 0.5) -> Field:
    """Brightness of a matt surface (Lambert), 1 where it lies flat; hollows are darker than ridges."""
    right, down = slopes(height)
    length = np.sqrt(right**2 + down**2 + 1)
    facing = (-right * LIGHT[0] - down * LIGHT[1] + LIGHT[2]) / length
    direct = np.maximum(facing, 0) / LIGHT[2]
    hollow = np.clip((blurred(height, 24) - height) / 40, 0, 0.35)
    return np.asarray((ambient + (1 - ambient) * direct) * (1 - hollow), np.float32)


def gleam(height: Field, *, sharpness: float) -> Field:
    """Mirrored light of a glossy surface (Blinn–Phong), 0..1."""
    right, down = slopes(height)
    half = LIGHT + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    facing = (-right * half[0] - down * half[1] + half[2]) / np.sqrt(right**2 + down**2 + 1)
    return np.asarray(np.maximum(facing, 0) ** sharpness, np.float32)
