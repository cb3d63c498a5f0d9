"""Imitations on pixel level: a rendered mark mirrored, recoloured, bent, traced, or joined with another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.edits.redrawn import ImpossibleEditError
from training.edits.strokes import random_colour
from training.synthesis.logos import RgbaImage

RasterEdit = Callable[[RgbaImage, np.random.Generator], RgbaImage]
"""(mark, random numbers) → edited mark. Raises ImpossibleEditError."""


def mirrored(mark: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """The whole mark in a mirror, left to right or, less often, upside down."""
    return np.ascontiguousarray(mark[:, ::-1] if rng.random() < 0.7 else mark[::-1])


def half_mirrored(mark: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """One half replaced by the mirror of the other."""
    out = mark.copy()
    if rng.random() < 0.5:
        half = mark.shape[1] // 2
        out[:, -half:] = mark[:, :half][:, ::-1]
    else:
        half = mark.shape[0] // 2
        out[-half:] = mark[:half][::-1]
    return out


def colours_swapped(mark: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """Colours exchanged in a mark of several colours: hues turned by 60 to 180 degrees or channels permuted.

    A mark of one colour has genuine versions in any colour, so it is refused.
    """
    solid = mark[..., 3] > 200
    hsv = cv2.cvtColor(mark[..., :3], cv2.COLOR_RGB2HSV)
    vivid = solid & (hsv[..., 1] > 90) & (hsv[..., 2] > 60)
    hues = np.bincount(hsv[..., 0][vivid] // 12, minlength=15) / max(int(solid.sum()), 1)
    greys = float((solid & ~vivid).sum()) / max(int(solid.sum()), 1)
    if int((hues > 0.08).sum()) + int(greys > 0.12) < 2 or float(vivid.sum()) / max(int(solid.sum()), 1) < 0.15:
        raise ImpossibleEditError("a mark of one colour may be genuine in any colour")
    out = mark.copy()
    if rng.random() < 0.5:
        hsv[..., 0] = (hsv[..., 0].astype(int) + int(rng.integers(30, 91))) % 180
        out[..., :3] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    else:
        out[..., :3] = mark[..., [[1, 2, 0], [2, 0, 1], [2, 1, 0], [1, 0, 2]][int(rng.integers(4))]]
    return out


def squeezed(mark: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """One half of the mark pressed together and the other drawn out: proportions no camera makes."""
    height, width = mark.shape[:2]
    axis_x = rng.random() < 0.6
    length = width if axis_x else height
    split = rng.uniform(0.25, 0.42) if rng.random() < 0.5 else rng.uniform(0.58, 0.75)
    place = np.linspace(0, 1, length)
    source = np.where(place < split, place / split * 0.5, 0.5 + (place - split) / (1 - split) * 0.5) * (length - 1)
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.float32)
    if axis_x:
        grid_x = np.broadcast_to(source[None, :], (height, width)).astype(np.float32)
    else:
        grid_y = np.broadcast_to(source[:, None], (height, width)).astype(np.float32)
    return _remapped(mark, grid_x, grid_y)


def bent(mark: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """A part of the mark pushed aside by up to 12 to 22 % of its size, softly."""
    height, width = mark.shape[:2]
    room = int(0.15 * min(height, width))
    padded = _with_room(mark, room)
    height, width = padded.shape[:2]
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = width * rng.uniform(0.25, 0.75), height * rng.uniform(0.25, 0.75)
    spread = np.array([width, height]) * rng.uniform(0.16, 0.26)
    weight = np.exp(-(((grid_x - x) / spread[0]) ** 2 + ((grid_y - y) / spread[1]) ** 2))
    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.12, 0.22)
    grid_x += weight * float(np.cos(angle) * reach * min(width, 2 * height))
    grid_y += weight * float(np.sin(angle) * reach * min(height, 2 * width))
    return _remapped(padded, grid_x, grid_y)


def bitten(mark: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """A bite, wedge or slot cut out of the mark."""
    height, width = mark.shape[:2]
    hole = np.zeros((height, width), np.uint8)
    solid = np.argwhere(mark[..., 3] > 127)
    if len(solid) == 0:
        raise ImpossibleEditError("the mark has no solid pixel")
    y, x = solid[int(rng.integers(len(solid)))]
    size = np.sqrt(height * width) * rng.uniform(0.14, 0.3)
    if rng.random() < 0.5:
        cv2.circle(hole, (int(x), int(y)), int(size), 255, -1, cv2.LINE_AA)
    else:
        box = cv2.boxPoints(((float(x), float(y)), (size * 3, size * 0.8), float(rng.uniform(0, 180))))
        cv2.fillPoly(hole, [box.astype(np.int32)], 255, cv2.LINE_AA)
    out = mark.copy()
    out[..., 3] = (mark[..., 3].astype(np.uint16) * (255 - hole) // 255).astype(np.uint8)
    return out


def shape_added(mark: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """A disc, ring, star, bar or triangle in a colour of the mark's own or another, on it or at its side."""
    room = int(0.18 * min(mark.shape[:2]))
    out = _with_room(mark, room)
    height, width = out.shape[:2]
    solid = mark[mark[..., 3] > 200]
    own = solid[int(rng.integers(len(solid)))][:3] if len(solid) else (0, 0, 0)
    colour = tuple(int(value) for value in (own if rng.random() < 0.6 else random_colour(rng)))
    size = np.sqrt(height * width) * rng.uniform(0.12, 0.24)
    middle = (int(width * rng.uniform(0.1, 0.9)), int(height * rng.uniform(0.1, 0.9)))
    shape = np.zeros((height, width), np.uint8)
    form = rng.choice(["disc", "ring", "star", "bar", "triangle"])
    if form in ("disc", "ring"):
        cv2.circle(shape, middle, int(size), 255, -1 if form == "disc" else max(2, int(size * 0.3)), cv2.LINE_AA)
    elif form == "bar":
        box = cv2.boxPoints((middle, (size * 4, size * 0.7), float(rng.choice([0, 90, rng.uniform(0, 180)]))))
        cv2.fillPoly(shape, [box.astype(np.int32)], 255, cv2.LINE_AA)
    else:
        count = 10 if form == "star" else 3
        angles = np.arange(count) * 2 * np.pi / count + rng.uniform(0, np.pi)
        radii = np.where(np.arange(count) % 2, 0.45, 1.0) if form == "star" else np.ones(count)
        points = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None] * size * 1.3 + middle
        cv2.fillPoly(shape, [points.astype(np.int32)], 255, cv2.LINE_AA)
    share = shape[..., None].astype(np.float32) / 255
    out[..., :3] = out[..., :3] * (1 - share) + np.asarray(colour, np.float32) * share
    out[..., 3] = np.maximum(out[..., 3], shape)
    return out


def thickened(mark: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """Strokes grown by 40 to 90 % or thinned by 25 to 45 % of their half width."""
    depth = cv2.distanceTransform(np.pad((mark[..., 3] > 127).astype(np.uint8), 1), cv2.DIST_L2, 3)
    half_width = 2 * float(np.median(depth[depth > 0])) if (depth > 0).any() else 1.0
    thin_strokes = rng.random() < 0.35
    reach = max(1, round(half_width * (rng.uniform(0.25, 0.45) if thin_strokes else rng.uniform(0.4, 0.9))))
    reach = min(reach, round(0.08 * np.sqrt(mark.shape[0] * mark.shape[1])) + 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    padded = _with_room(mark, reach)
    if thin_strokes:
        thin = padded.copy()
        thin[..., 3] = cv2.erode(padded[..., 3], kernel)
        return thin
    alpha = cv2.dilate(padded[..., 3], kernel)
    solid = (padded[..., 3] > 127).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(1 - solid, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    colours[labels[solid > 0]] = padded[..., :3][solid > 0]
    return np.dstack([colours[labels], alpha]).astype(np.uint8)


def traced(mark: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """The mark redrawn by an unsteady hand: every contour wobbles by up to 6 to 12 % of its shorter side."""
    reach = min(mark.shape[:2]) * rng.uniform(0.06, 0.12)
    room = int(reach) + 1
    padded = _with_room(mark, room)
    height, width = padded.shape[:2]
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.float32)
    cell = rng.uniform(0.16, 0.28) * min(height, width)
    coarse = (max(4, round(width / cell)), max(4, round(height / cell)))
    wobble = rng.uniform(-reach, reach, (coarse[1], coarse[0], 2)).astype(np.float32)
    shift = cv2.resize(wobble, (width, height), interpolation=cv2.INTER_CUBIC)
    return _remapped(padded, grid_x + shift[..., 0], grid_y + shift[..., 1])


def combined(mark: RgbaImage, other: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """A mash-up: a half of the mark replaced by the same half of another, or the other's mark set on top, small."""
    height, width = mark.shape[:2]
    out = mark.copy()
    if rng.random() < 0.5:
        fitted = cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA)
        if width >= height:
            cut = int(width * rng.uniform(0.4, 0.6))
            out[:, cut:] = fitted[:, cut:]
        else:
            cut = int(height * rng.uniform(0.4, 0.6))
            out[cut:] = fitted[cut:]
        return out
    scale = np.sqrt(height * width / (other.shape[0] * other.shape[1])) * rng.uniform(0.4, 0.6)
    size = (min(width, max(2, int(other.shape[1] * scale))), min(height, max(2, int(other.shape[0] * scale))))
    small = cv2.resize(other, size, interpolation=cv2.INTER_AREA)
    left, top = int(rng.integers(0, width - size[0] + 1)), int(rng.integers(0, height - size[1] + 1))
    place = out[top : top + size[1], left : left + size[0]]
    share = small[..., 3:].astype(np.float32) / 255
    place[..., :3] = place[..., :3] * (1 - share) + small[..., :3] * share
    place[..., 3] = np.maximum(place[..., 3], small[..., 3])
    return out


RASTER_EDITS: dict[str, RasterEdit] = {
    "mirrored": mirrored,
    "half_mirrored": half_mirrored,
    "colours_swapped": colours_swapped,
    "squeezed": squeezed,
    "bent": bent,
    "bitten": bitten,
    "shape_added": shape_added,
    "thickened": thickened,
    "traced": traced,
}
"""Edits of the pixels of one mark, by name."""


def _with_room(mark: RgbaImage, room: int) -> RgbaImage:
    """The mark with `room` transparent pixels on every side."""
    return np.pad(mark, ((room, room), (room, room), (0, 0)))


def _remapped(mark: RgbaImage, grid_x: NDArray[Any], grid_y: NDArray[Any]) -> RgbaImage:
    """The mark sampled at the given places, shape (h, w) float32, without dark rims where alpha is 0."""
    share = mark[..., 3:].astype(np.float32) / 255
    premultiplied = np.dstack([mark[..., :3] * share, mark[..., 3:]])
    moved: NDArray[Any] = cv2.remap(premultiplied, grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    colour = moved[..., :3] / np.maximum(moved[..., 3:] / 255, 1e-3)
    return np.clip(np.dstack([colour, moved[..., 3:]]) + 0.5, 0, 255).astype(np.uint8)
