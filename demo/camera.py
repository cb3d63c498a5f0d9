"""From a product to a photo of it: the print on its surface, its place, its shadow, and what a phone makes of it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.products import Corners, Pose, Product
from demo.scenery import Backdrop
from demo.surfaces import SIDE, Field, blurred, grain
from model.regions import Box, RgbImage

Matrix = NDArray[np.float32]
"""A plane homography, shape (3, 3), from product plane to photo."""

Rgba = NDArray[np.uint8]
"""A mark, shape (h, w, 4), straight alpha, 0..255."""

SHAPE = (SIDE, SIDE)
MIN_COVER = 0.3
"""Where a mark covers less of a pixel than this, its box does not reach."""

FOOT_DEPTH = 150
"""Parts of a standing thing that end higher than this above its lowest point, in pixels, do not touch the table."""


def laid_on(mark: Rgba, corners: Corners, *, shape: tuple[int, int], share: float) -> tuple[NDArray[np.float32], Field]:
    """A mark in the plane of a picture: colour times cover, shape (h, w, 3), and cover, shape (h, w), 0..1.

    It keeps its proportions and takes `share` (0..1) of the place with those `corners`, in its middle.
    """
    edges = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = float(edges[[0, 2]].mean()), float(edges[[1, 3]].mean())
    scale = share * min(width / mark.shape[1], height / mark.shape[0])
    size = (max(round(mark.shape[1] * scale), 2), max(round(mark.shape[0] * scale), 2))
    cover = mark[..., 3:].astype(np.float32) / 255
    flat = np.concatenate([mark[..., :3] * cover, cover], axis=-1)
    small = cv2.resize(flat, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    rectangle = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    middle = np.array([[1, 0, (width - size[0]) / 2], [0, 1, (height - size[1]) / 2], [0, 0, 1]])
    matrix = cv2.getPerspectiveTransform(rectangle, corners) @ middle
    laid = cv2.warpPerspective(small, matrix, (shape[1], shape[0]), flags=cv2.INTER_LINEAR)
    return np.ascontiguousarray(laid[..., :3]), np.ascontiguousarray(laid[..., 3])


def printed(product: Product, mark: Rgba, *, share: float, rng: np.random.Generator) -> tuple[Backdrop, Field]:
    """The product's colours with a mark on its place, bent as the surface bends, and where the mark covers it."""
    ink, cover = laid_on(mark, product.place, shape=SHAPE, share=share)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    source_x, source_y = x + product.shift[..., 0], y + product.shift[..., 1]
    ink = np.asarray(cv2.remap(ink, source_x, source_y, cv2.INTER_LINEAR), np.float32)
    cover = np.asarray(cv2.remap(cover, source_x, source_y, cv2.INTER_LINEAR), np.float32)
    wear = np.clip(0.97 + 0.02 * grain(SHAPE, size=2.5, rng=rng), 0.85, 1)
    colours = product.paint[..., :3] * (1 - cover * wear)[..., None] + ink * wear[..., None]
    return np.asarray(colours, np.float32), np.asarray(cover, np.float32)


def photograph(
    product: Product, mark: Rgba | None, *, backdrop: Backdrop, share: float, rng: np.random.Generator
) -> tuple[RgbImage, Box | None]:
    """A photo of `product` before `backdrop`, `SIDE` pixels square, and the box of its mark (None without one)."""
    colours, cover = product.paint[..., :3], np.zeros(SHAPE, np.float32)
    if mark is not None:
        colours, cover = printed(product, mark, share=share, rng=rng)
    lit = colours * product.light[..., None] * (1 - product.shine[..., None]) + 255 * product.shine[..., None]
    view = _view(rng, pose=product.pose)
    alpha = product.paint[..., 3]
    layers = np.dstack([lit * alpha[..., None], alpha, cover * alpha])
    seen = np.dstack([cv2.warpPerspective(layers[..., i : i + 3], view, SHAPE) for i in (0, 2)])
    seen_alpha = np.ascontiguousarray(seen[..., 4], np.float32)
    shadow = _standing_shadow(seen_alpha) if product.pose == "stands" else _lying_shadow(seen_alpha)
    picture = backdrop * (1 - shadow[..., None]) * (1 - seen_alpha[..., None]) + seen[..., :3]
    box = box_of(np.ascontiguousarray(seen[..., 5], np.float32)) if mark is not None else None
    return exposed(picture, rng=rng), box


def box_of(cover: Field) -> Box | None:
    """The box around what covers its pixels by at least `MIN_COVER`; None where nothing does."""
    rows, columns = (np.flatnonzero(cover.max(axis=axis) >= MIN_COVER) for axis in (1, 0))
    if rows.size == 0:
        return None
    left, top = float(columns[0]), float(rows[0])
    return Box(left, top, float(columns[-1]) + 1 - left, float(rows[-1]) + 1 - top)


def exposed(picture: NDArray[np.float32], *, rng: np.random.Generator) -> RgbImage:
    """What a phone records: white balance, exposure, darker corners, a soft lens and sensor noise."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    far = np.hypot((x - width / 2) / width, (y - height / 2) / height)
    falloff = 1 - rng.uniform(0.1, 0.35) * far**2
    balance = rng.uniform(0.95, 1.05, 3).astype(np.float32) * np.float32(rng.uniform(0.92, 1.06))
    soft = cv2.GaussianBlur(picture * falloff[..., None] * balance, (0, 0), rng.uniform(0.5, 0.9))
    noisy = soft + rng.normal(0, rng.uniform(1.5, 4.0), picture.shape)
    recorded: RgbImage = np.clip(noisy, 0, 255).astype(np.uint8)
    return recorded


def _view(rng: np.random.Generator, *, pose: Pose) -> Matrix:
    """How the camera sees the product plane: turned, from further off, and not quite square on."""
    stands = pose == "stands"
    turn = np.deg2rad(rng.uniform(-3, 3) if stands else rng.uniform(-14, 14))
    scale = rng.uniform(0.80, 0.98) * (1.4 if pose == "fills" else 1)
    sideways, away = rng.uniform(-1.2e-4, 1.2e-4), rng.uniform(-0.4e-4, 0.4e-4) if stands else rng.uniform(-2e-4, 2e-4)
    to_middle = np.array([[1, 0, -SIDE / 2], [0, 1, -SIDE / 2], [0, 0, 1]])
    turned = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    tilted = np.array([[1, 0, 0], [0, 1, 0], [sideways, away, 1]])
    drop = SIDE * (0.03 if stands else 0)
    place = np.array([[scale, 0, SIDE / 2 + rng.uniform(-25, 25)], [0, scale, SIDE / 2 + drop], [0, 0, 1]])
    return np.asarray(place @ tilted @ turned @ to_middle, np.float32)


def _lying_shadow(alpha: Field) -> Field:
    """How much light a thing lying flat takes from the table, 0..1: away from the light, soft."""
    moved = cv2.warpAffine(alpha, np.array([[1, 0, 12], [0, 1, 17]], np.float32), SHAPE)
    return np.asarray(0.30 * blurred(moved, 9) + 0.28 * blurred(moved, 32), np.float32)


def _standing_shadow(alpha: Field) -> Field:
    """How much light a standing thing takes from the table: dark along its foot, falling off to the right."""
    solid = alpha > 0.5
    foot = np.where(solid.any(axis=0), SIDE - 1 - np.argmax(solid[::-1], axis=0), 0)
    bottom = float(foot.max())
    foot = np.where(foot > bottom - FOOT_DEPTH, foot, -SIDE)
    below = np.mgrid[0:SIDE, 0:SIDE][0] - foot[None, :]
    touch = ((below > -40) & (below < 9)).astype(np.float32)
    squash, lean = 0.20, 0.42
    fall = np.array([[1, -lean, lean * bottom], [0, squash, bottom * (1 - squash) - 24]], np.float32)
    cast = cv2.warpAffine(alpha, fall, SHAPE)
    return np.asarray(np.minimum(0.36 * blurred(cast, 16) + 0.55 * blurred(touch, 8), 0.8), np.float32)
