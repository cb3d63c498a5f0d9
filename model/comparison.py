"""What can be measured on a region that lies on its reference: what a verdict's reasons are told from.

Everything is relative to what the photo does to all of the region alike (blur, light, an inverted version), since a
smear or an imitation is local. Cells are an 8×8 grid over the reference's rectangle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import (
    CROP_MARGIN,
    FRAME_SIDE,
    Edges,
    Matrix,
    PreparedReference,
    edges,
)
from model.correlation import correlated
from model.regions import RgbImage

CELLS = 8
"""Cells along each side of the reference's rectangle."""

_EDGE = round(FRAME_SIDE * CROP_MARGIN / (1 + 2 * CROP_MARGIN))
_INNER = slice(_EDGE, FRAME_SIDE - _EDGE)

_NEAREST_TILE, _FURTHEST_TILE = 5, 34  # pixels of the frame between the sides of a mosaic's tiles

Cells = NDArray[np.float32]
"""One number a cell, (CELLS, CELLS), rows from the top."""


@dataclass(frozen=True, slots=True)
class PairMeasurements:
    """Measurements on one aligned pair.

    `missing`: share of the cells with edges in the reference that have hardly any in the region; `sharpness` inside and
    `rim_sharpness` around the mark, logs; `flat`: share of the cells that are flat in the region and not in the
    reference; `tiling`: strength 0..1 of a regular grid of steps; `hue_gap`: mean difference of hue 0..1 where both are
    coloured; `mirror_gain`: agreement with the mirrored reference less agreement, -2..2; `stretch`: log of the change
    of proportions. `missing_cells` and `extra_cells` (CELLS, CELLS), 0 or 1, say where edges are gone and where there
    are some too many.
    """

    missing: float
    sharpness: float
    rim_sharpness: float
    flat: float
    tiling: float
    hue_gap: float
    mirror_gain: float
    stretch: float
    missing_cells: Cells
    extra_cells: Cells


def compare(region: RgbImage, reference: PreparedReference, *, matrix: Matrix) -> PairMeasurements:
    """Measure `region` as the frame shows it, (FRAME_SIDE, FRAME_SIDE, 3) uint8, against `reference`.

    `matrix` laid the region there.
    """
    grey, known_grey = (
        np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8) for picture in (region, reference.frame)
    )
    seen, known = (_coarse(edges(plane)[_INNER, _INNER]) for plane in (grey, known_grey))
    energy, genuine = _cells(seen.sum(axis=-1)), _cells(known.sum(axis=-1))
    drawn = genuine > 0.25 * float(genuine.max()) + 1e-6
    empty = genuine < 0.06 * float(genuine.max()) + 1e-6
    usual = float(np.median(np.log((energy + 0.02) / (genuine + 0.02))[drawn])) if drawn.any() else 0.0
    lost = drawn & (energy < 0.22 * genuine * max(np.exp(usual), 0.35))
    added = empty & (energy > 0.5 * float(np.quantile(energy[drawn], 0.6)) + 0.05) if drawn.any() else empty & False
    return PairMeasurements(
        missing=float(lost.sum() / max(int(drawn.sum()), 1)),
        sharpness=_sharpness(grey[_INNER, _INNER]),
        rim_sharpness=_rim_sharpness(grey),
        flat=_flat(grey, drawn),
        tiling=_tiling(grey[_INNER, _INNER]),
        hue_gap=_hue_gap(region[_INNER, _INNER], reference.frame[_INNER, _INNER]),
        mirror_gain=correlated(seen, _mirrored(known)) - correlated(seen, known),
        stretch=_stretch(matrix, reference),
        missing_cells=lost.astype(np.float32),
        extra_cells=added.astype(np.float32),
    )


def cells_of(frame_map: NDArray[np.float32]) -> Cells:
    """The part of a map of the frame, (h, w), that covers the reference's rectangle, as the mean of each cell."""
    height, width = frame_map.shape
    down, across = (round(side * CROP_MARGIN / (1 + 2 * CROP_MARGIN)) for side in (height, width))
    inner = frame_map[down : height - down, across : width - across]
    return np.asarray(cv2.resize(inner, (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.float32)


def _coarse(channels: Edges) -> Edges:
    """Edges at (24, 24, 4), softened: forgives a pixel or two of misalignment, and costs little."""
    small = cv2.resize(channels, (CELLS * 3, CELLS * 3), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(small, (3, 3)), np.float32)


def _cells(plane: NDArray[Any]) -> Cells:
    """Mean in each cell of a plane (24, 24)."""
    return np.asarray(plane.reshape(CELLS, 3, CELLS, 3).mean(axis=(1, 3)), np.float32)


def _mirrored(channels: Edges) -> Edges:
    """Edges of the mirrored picture: the two diagonals change places."""
    return np.ascontiguousarray(channels[:, ::-1][..., [0, 1, 3, 2]])


def _sharpness(grey: NDArray[np.uint8]) -> float:
    """Log of fine over coarse contrast."""
    plane = grey.astype(np.float32)
    fine = float(np.abs(cv2.Laplacian(plane, cv2.CV_32F)).mean())
    return float(np.log((fine + 0.5) / (float(plane.std()) + 3.0)))


def _rim_sharpness(grey: NDArray[np.uint8]) -> float:
    """The same for the margin around the mark."""
    fine = np.abs(cv2.Laplacian(grey.astype(np.float32), cv2.CV_32F))
    rim = np.ones(grey.shape, bool)
    rim[_INNER, _INNER] = False
    return float(np.log((float(fine[rim].mean()) + 0.5) / (float(grey[rim].std()) + 3.0)))


def _flat(grey: NDArray[np.uint8], drawn: NDArray[np.bool_]) -> float:
    """Share of the cells with reference edges whose grey varies by less than 3 levels in the region."""
    plane = grey[_INNER, _INNER].astype(np.float32)
    size = (CELLS, CELLS)
    mean = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    variance = cv2.resize(plane * plane, size, interpolation=cv2.INTER_AREA) - mean * mean
    return float(((variance < 9) & drawn).sum() / max(int(drawn.sum()), 1))


def _tiling(grey: NDArray[np.uint8]) -> float:
    """How much the steps between columns and rows repeat at one distance, as a mosaic's do: 0 (not) to 1.

    They are less alike at any shorter distance; steps that are ever less alike, as those of a blur, do not repeat.
    """
    plane = grey.astype(np.float32)
    found = 0.0
    for axis in (0, 1):
        steps = np.abs(np.diff(plane, axis=axis)).mean(axis=1 - axis)
        steps = steps - steps.mean()
        power = np.correlate(steps, steps, "full")[len(steps) - 1 :]
        if power[0] > 1e-3:
            alike = power[:_FURTHEST_TILE] / power[0]
            rise = np.minimum(alike, alike - np.minimum.accumulate(alike))
            found += 0.5 * max(float(rise[_NEAREST_TILE:].max()), 0.0)
    return found


def _hue_gap(region: RgbImage, reference: RgbImage) -> float:
    """Mean gap of hue 0..1 where both are coloured, 0 where nowhere."""
    size = (24, 24)
    one, other = (
        cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2HSV).astype(np.float32)
        for picture in (region, reference)
    )
    both = (one[..., 1] > 60) & (other[..., 1] > 60) & (one[..., 2] > 40) & (other[..., 2] > 40)
    gap = np.abs(one[..., 0] - other[..., 0])
    gap = np.minimum(gap, 180 - gap) / 90
    return float(gap[both].mean()) if int(both.sum()) > 12 else 0.0


def _stretch(matrix: Matrix, reference: PreparedReference) -> float:
    """Log of the proportions that the reference's rectangle has in the region over its own."""
    back = np.linalg.inv(matrix)
    low, high = FRAME_SIDE * 0.1, FRAME_SIDE * 0.9
    corners = np.array([[[low, low]], [[high, low]], [[high, high]], [[low, high]]], np.float32)
    quad = cv2.perspectiveTransform(corners, back)[:, 0]
    width = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3]))
    height = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1]))
    genuine_height, genuine_width = reference.picture.shape[:2]
    return float(np.log(max(width, 1e-3) / max(height, 1e-3) * genuine_height / genuine_width))
