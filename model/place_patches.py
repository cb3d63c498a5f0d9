"""A place of a product reference and the same place of a copy, laid on each other at the resolution that both have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import Matrix, PreparedReference, at_size, content_bounds, edges
from model.regions import Box, Region, RgbImage

PATCH_SIDE = 64
"""Longer side of a compared place, pixels, at most: it is never enlarged."""

CONTROLS = 4
"""Other places of the photo that are compared beside each logo place."""

LEAST_COVERED = 0.6
"""Share of a place that the copy must show: a logo that was cropped away was not wiped. What it shows is compared."""

_SEARCHED = 2.5  # pixels of the reference's picture by which the laid copy may be off
_SIGMA_REDUCED = 4.0  # pixels: what a wide blur is reduced to
_SMALLEST_PATCH = 10
_APART = 1.15  # of a place's sides, to the place beside it: a smear may be wider than its place by 0.12
_CONTROL_STEP = 0.5  # of a place's sides: how far apart places are tried as controls


@dataclass(frozen=True, slots=True)
class Patch:
    """A place of the reference: `box` in pixels of its prepared picture, `pixels` at the compared resolution."""

    box: Box
    pixels: RgbImage = field(repr=False)


@dataclass(frozen=True, slots=True)
class PreparedPlace:
    """A logo place made ready: the `place`, `controls`, other places of its size with detail, and those `beside` it.

    `picture` is the whole reference, prepared; `detected` is how sure it is, 0..1, that the place holds a mark.
    """

    place: Patch
    controls: tuple[Patch, ...]
    beside: tuple[Patch, ...]
    picture: RgbImage = field(repr=False)
    detected: float


@dataclass(frozen=True, slots=True)
class LaidPlace:
    """The copy's pixels under a patch and the reference's, (h, w, 3) uint8 both, at the resolution that they share."""

    seen: RgbImage
    known: RgbImage


def prepared_places(
    picture: RgbImage, places: Sequence[Region], *, reference: PreparedReference
) -> list[PreparedPlace]:
    """The logo `places`, in pixels of the uploaded `picture`, made ready.

    `reference` is that picture prepared.
    """
    top, bottom, left, right = content_bounds(picture)
    scale = reference.picture.shape[1] / (right - left), reference.picture.shape[0] / (bottom - top)

    def patch(box: Box) -> Patch:
        reduced = min(1.0, PATCH_SIDE / max(box.width, box.height))
        pixels = box.crop(picture)
        size = (max(round(pixels.shape[1] * reduced), 4), max(round(pixels.shape[0] * reduced), 4))
        whole = Box(math.floor(box.x), math.floor(box.y), pixels.shape[1], pixels.shape[0])
        inside = Box(
            (whole.x - left) * scale[0], (whole.y - top) * scale[1], whole.width * scale[0], whole.height * scale[1]
        )
        return Patch(inside, np.ascontiguousarray(at_size(pixels, size)))

    height, width = picture.shape[:2]
    content = Box(left, top, right - left, bottom - top)
    whole = [place.box.clipped(width=width, height=height) for place in places]
    return [
        PreparedPlace(
            patch(box),
            tuple(patch(other) for other in _controls(picture, box, content=content, places=whole)),
            tuple(patch(other) for other in _beside(box, content=content)),
            reference.picture,
            place.score,
        )
        for place, box in zip(places, whole, strict=True)
    ]


def _controls(picture: RgbImage, box: Box, *, content: Box, places: Sequence[Box]) -> list[Box]:
    """The places of `box`'s size that show most detail, apart from each other and from the logo places."""
    width, height = min(box.width, content.width), min(box.height, content.height)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    fine = np.abs(grey.astype(np.float32) - _blurred(grey, sigma=max(1.0, 0.1 * min(width, height))))
    total = cv2.integral(fine)
    across = np.arange(content.x, content.x + content.width - width + 1, max(1.0, _CONTROL_STEP * width))
    down = np.arange(content.y, content.y + content.height - height + 1, max(1.0, _CONTROL_STEP * height))
    tried = [Box(float(x), float(y), width, height) for y in down for x in across]
    detail = [_sum(total, one) for one in tried]
    kept: list[Box] = []
    for place in np.argsort(-np.array(detail), kind="stable"):
        one = tried[place]
        if len(kept) == CONTROLS:
            break
        if all(one.intersection(other.grown(0.15)) == 0 for other in places) and all(
            one.intersection(other) == 0 for other in kept
        ):
            kept.append(one)
    return kept


def _blurred(grey: NDArray[np.uint8], *, sigma: float) -> NDArray[np.uint8]:
    """A Gaussian blur; a wide one of a reduced picture, enlarged again, the same but for a grey level."""
    reduced = int(sigma / _SIGMA_REDUCED)
    if reduced < 2:
        return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.uint8)
    height, width = grey.shape
    small = cv2.resize(grey, (max(width // reduced, 1), max(height // reduced, 1)), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), sigma / reduced)
    return np.asarray(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _beside(box: Box, *, content: Box) -> list[Box]:
    """The places of `box`'s size to the left and right of it, above and below, as far as the content shows them."""
    far_x, far_y = _APART * box.width, _APART * box.height
    shown = [_within(box.moved(x, y), content) for x, y in ((-far_x, 0), (far_x, 0), (0, -far_y), (0, far_y))]
    return [one for one in shown if one.area >= LEAST_COVERED * box.area]


def _within(box: Box, content: Box) -> Box:
    moved = box.moved(-content.x, -content.y)
    return moved.clipped(width=int(content.width), height=int(content.height)).moved(content.x, content.y)


def _sum(integral: NDArray[np.float64], box: Box) -> float:
    x, y, far_x, far_y = int(box.x), int(box.y), int(box.x + box.width), int(box.y + box.height)
    return float(integral[far_y, far_x] - integral[y, far_x] - integral[far_y, x] + integral[y, x])


def box_in_copy(box: Box, matrix: Matrix) -> Box:
    """`box`, in pixels of the reference's picture, as the smallest box around it in pixels of the copy."""
    corners = np.array(
        [
            [box.x, box.y],
            [box.x + box.width, box.y],
            [box.x + box.width, box.y + box.height],
            [box.x, box.y + box.height],
        ],
        np.float64,
    )
    seen = cv2.perspectiveTransform(corners[None], np.linalg.inv(matrix))[0]
    low, high = seen.min(axis=0), seen.max(axis=0)
    return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


def laid_place(image: RgbImage, matrix: Matrix, patch: Patch) -> LaidPlace | None:
    """The copy under `patch`, after a search of a few pixels for where it agrees best."""
    shown = _shown(image, matrix, patch)
    if shown is None:
        return None
    box, pixels = shown.box, shown.pixels
    seen_box = box_in_copy(box, matrix)
    shape = pixels.shape[:2]
    shrunk = min(1.0, math.sqrt(seen_box.area / (shape[0] * shape[1])))
    size = (round(shape[1] * shrunk), round(shape[0] * shrunk))
    if max(size) < _SMALLEST_PATCH or min(size) < _SMALLEST_PATCH // 2:
        return None
    known = np.asarray(at_size(pixels, size), np.uint8)
    scale_x, scale_y = size[0] / box.width, size[1] / box.height
    margin = min(max(math.ceil(_SEARCHED * max(scale_x, scale_y)), 2), max(size))
    to_patch = np.array(
        [[scale_x, 0, margin - box.x * scale_x], [0, scale_y, margin - box.y * scale_y], [0, 0, 1]], np.float64
    )
    window = _window(image, to_patch @ matrix, seen_box, size=(size[0] + 2 * margin, size[1] + 2 * margin))
    x, y = _best_shift(window, known)
    seen = np.ascontiguousarray(window[y : y + size[1], x : x + size[0]])
    return LaidPlace(seen, known)


def _shown(image: RgbImage, matrix: Matrix, patch: Patch) -> Patch | None:
    """The part of `patch` that lies under the copy, None where that is too little of it."""
    height, width = image.shape[:2]
    view = box_in_copy(Box(0, 0, width - 1, height - 1), np.asarray(np.linalg.inv(matrix), np.float64))
    box, (rows, columns) = patch.box, patch.pixels.shape[:2]
    if box.intersection(view) < LEAST_COVERED * box.area:
        return None
    to_pixels = columns / box.width, rows / box.height
    left, top = (max(0, math.ceil((view[axis] - box[axis]) * to_pixels[axis])) for axis in (0, 1))
    right, bottom = (
        min(patch.pixels.shape[1 - axis], math.floor((view[axis] + view[axis + 2] - box[axis]) * to_pixels[axis]))
        for axis in (0, 1)
    )
    part = Box(
        box.x + left / to_pixels[0],
        box.y + top / to_pixels[1],
        (right - left) / to_pixels[0],
        (bottom - top) / to_pixels[1],
    )
    return Patch(part, patch.pixels[top:bottom, left:right])


def _window(image: RgbImage, matrix: Matrix, box: Box, *, size: tuple[int, int]) -> RgbImage:
    """The pixels of `image` around `box` as `matrix` lays them, averaged first where they become much smaller."""
    height, width = image.shape[:2]
    around = box.grown(0.8).clipped(width=width, height=height)
    part = around.crop(image)
    left, top = math.floor(around.x), math.floor(around.y)
    shift = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64)
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))
    if scale < 0.75:
        reduced = (max(round(part.shape[1] * scale), 2), max(round(part.shape[0] * scale), 2))
        back_x, back_y = part.shape[1] / reduced[0], part.shape[0] / reduced[1]
        shift = shift @ np.array([[back_x, 0, (back_x - 1) / 2], [0, back_y, (back_y - 1) / 2], [0, 0, 1]])
        part = np.asarray(at_size(part, reduced), np.uint8)
    laid = cv2.warpPerspective(part, matrix @ shift, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)


def _best_shift(window: RgbImage, known: RgbImage) -> tuple[int, int]:
    """Left and top of the part of `window` whose edges agree best with those of `known`."""
    searched = cv2.matchTemplate(edges_of(window), edges_of(known), cv2.TM_CCOEFF_NORMED)
    searched = np.where(np.isfinite(searched), searched, -1.0)
    place = int(searched.argmax())
    return place % searched.shape[1], place // searched.shape[1]


def edges_of(pixels: RgbImage) -> NDArray[np.float32]:
    """Edges by direction (`model.alignment.edges`) of a picture, (h, w, 4) float32."""
    return edges(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8))
