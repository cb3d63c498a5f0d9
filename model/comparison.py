"""What can be measured on a region that lies on its reference: the evidence behind a verdict, and where they differ.

Everything is relative to what the photo does to all of the region alike (blur, light, an inverted version), since a
smear or an imitation is local. Cells are an 8×8 grid over the reference's rectangle.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import (
    CROP_MARGIN,
    FRAME_SIDE,
    Alignment,
    Edges,
    PreparedReference,
    correlation,
    edges,
)
from model.regions import RgbImage

CELLS = 8
"""Cells along each side of the reference's rectangle."""

_EDGE = round(FRAME_SIDE * CROP_MARGIN / (1 + 2 * CROP_MARGIN))
_INNER = slice(_EDGE, FRAME_SIDE - _EDGE)

Cells = NDArray[np.float32]
"""One number a cell, (CELLS, CELLS), rows from the top."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Measurements on one aligned pair, in the order in which the verifier's head takes them.

    `similarity` of the embeddings, -1..1; `agreement` and `coarse_agreement`: correlation of edges, fine and blurred,
    -1..1; `gained`: how much alignment added to it; `doubt` of the alignment; `mean_cell`, `low_cell`, `worst_cell`:
    mean, lower quartile and minimum of the cells' edge cosine 0..1 where the reference has edges; `missing`: share of
    those cells with hardly any edge in the region; `extra`: share of the reference's empty cells with strong edges;
    `energy`: log of the edge energy of region over reference; `uneven`: spread of that log over the cells; `sharpness`
    inside and `rim_sharpness` around the mark, logs; `flat`: share of the cells that are flat in the region and not in
    the reference; `tiling`: strength 0..1 of a regular grid of steps; `hue_gap`: mean difference of hue 0..1 where
    both are coloured; `paint`: residual 0..1 of the best colour map from reference to region; `saturation` and
    `reference_saturation` 0..1; `mirror_gain`: agreement with the mirrored reference less agreement, -2..2; `stretch`:
    log of the change of proportions.
    """

    similarity: float
    agreement: float
    coarse_agreement: float
    gained: float
    doubt: float
    mean_cell: float
    low_cell: float
    worst_cell: float
    missing: float
    extra: float
    energy: float
    uneven: float
    sharpness: float
    rim_sharpness: float
    flat: float
    tiling: float
    hue_gap: float
    paint: float
    saturation: float
    reference_saturation: float
    mirror_gain: float
    stretch: float

    def vector(self) -> NDArray[np.float32]:
        """The measurements as (n,) float32."""
        return np.array([getattr(self, field.name) for field in fields(self)], np.float32)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The evidence and, cell by cell, where it comes from: all (CELLS, CELLS) float32.

    `agreeing`: edge cosine 0..1 (1 where neither has edges); `missing` and `extra`: 0 or 1.
    """

    evidence: Evidence
    agreeing: Cells
    missing: Cells
    extra: Cells


def compare(region: RgbImage, reference: PreparedReference, *, alignment: Alignment, similarity: float) -> Comparison:
    """Measure `region` as the frame shows it, (FRAME_SIDE, FRAME_SIDE, 3) uint8, against `reference`."""
    grey = np.asarray(cv2.cvtColor(region, cv2.COLOR_RGB2GRAY), np.uint8)
    seen, known = edges(grey), reference.frame_edges
    seen_in, known_in = _coarse(seen[_INNER, _INNER]), _coarse(known[_INNER, _INNER])
    energy, genuine = _cells(seen_in.sum(axis=-1)), _cells(known_in.sum(axis=-1))
    cosine = _cell_cosine(seen_in, known_in)
    drawn = genuine > 0.25 * float(genuine.max()) + 1e-6
    empty = genuine < 0.06 * float(genuine.max()) + 1e-6
    ratio = np.log((energy + 0.02) / (genuine + 0.02))
    usual = float(np.median(ratio[drawn])) if drawn.any() else 0.0
    lost = drawn & (energy < 0.22 * genuine * max(np.exp(usual), 0.35))
    added = empty & (energy > 0.5 * float(np.quantile(energy[drawn], 0.6)) + 0.05) if drawn.any() else empty & False
    held = cosine[drawn] if drawn.any() else np.zeros(1, np.float32)
    coarse = correlation(seen_in, known_in)
    hue_gap, saturation, reference_saturation = _hues(region[_INNER, _INNER], reference.frame[_INNER, _INNER])
    evidence = Evidence(
        similarity=similarity,
        agreement=alignment.agreement,
        coarse_agreement=coarse,
        gained=alignment.agreement - alignment.agreement_of_box,
        doubt=alignment.doubt,
        mean_cell=float(held.mean()),
        low_cell=float(np.quantile(held, 0.25)),
        worst_cell=float(held.min()),
        missing=float(lost.sum() / max(int(drawn.sum()), 1)),
        extra=float(added.sum() / max(int(empty.sum()), 1)),
        energy=float(np.log((float(energy.mean()) + 0.02) / (float(genuine.mean()) + 0.02))),
        uneven=float(ratio[drawn].std()) if drawn.any() else 0.0,
        sharpness=_sharpness(grey[_INNER, _INNER]),
        rim_sharpness=_rim_sharpness(grey),
        flat=_flat(grey, drawn),
        tiling=_tiling(grey[_INNER, _INNER]),
        hue_gap=hue_gap,
        paint=_paint_residual(region[_INNER, _INNER], reference.frame[_INNER, _INNER]),
        saturation=saturation,
        reference_saturation=reference_saturation,
        mirror_gain=correlation(seen_in, _mirrored(known_in)) - coarse,
        stretch=_stretch(alignment, reference),
    )
    agreeing = np.where(drawn, cosine, np.where(added, 0.0, 1.0)).astype(np.float32)
    return Comparison(evidence, agreeing, lost.astype(np.float32), added.astype(np.float32))


def cells_of(frame_map: NDArray[np.float32]) -> Cells:
    """The part of a map of the frame, (n, n), that covers the reference's rectangle, as the mean of each cell."""
    side = frame_map.shape[0]
    edge = round(side * CROP_MARGIN / (1 + 2 * CROP_MARGIN))
    inner = frame_map[edge : side - edge, edge : side - edge]
    return np.asarray(cv2.resize(inner, (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.float32)


def _coarse(channels: Edges) -> Edges:
    """Edges at (24, 24, 4), softened: forgives a pixel or two of misalignment, and costs little."""
    small = cv2.resize(channels, (CELLS * 3, CELLS * 3), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(small, (3, 3)), np.float32)


def _cells(plane: NDArray[Any]) -> Cells:
    """Mean in each cell of a plane (24, 24)."""
    return np.asarray(plane.reshape(CELLS, 3, CELLS, 3).mean(axis=(1, 3)), np.float32)


def _cell_cosine(seen: Edges, known: Edges) -> Cells:
    """Cosine 0..1 of the coarse edges in each cell."""
    together = _cells((seen * known).sum(axis=-1))
    own = _cells((seen * seen).sum(axis=-1)) * _cells((known * known).sum(axis=-1))
    return np.asarray(together / np.sqrt(own + 1e-9), np.float32)


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
    """How much the steps between columns and rows repeat at one distance, as a mosaic's do: 0 (not) to 1."""
    plane = grey.astype(np.float32)
    found = 0.0
    for axis in (0, 1):
        steps = np.abs(np.diff(plane, axis=axis)).mean(axis=1 - axis)
        steps = steps - steps.mean()
        power = np.correlate(steps, steps, "full")[len(steps) - 1 :]
        if power[0] > 1e-3:
            found += 0.5 * max(float((power[5:34] / power[0]).max()), 0.0)
    return found


def _hues(region: RgbImage, reference: RgbImage) -> tuple[float, float, float]:
    """Mean gap of hue 0..1 where both are coloured (0 where nowhere), and the mean saturations 0..1."""
    size = (24, 24)
    one, other = (
        cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2HSV).astype(np.float32)
        for picture in (region, reference)
    )
    both = (one[..., 1] > 60) & (other[..., 1] > 60) & (one[..., 2] > 40) & (other[..., 2] > 40)
    gap = np.abs(one[..., 0] - other[..., 0])
    gap = np.minimum(gap, 180 - gap) / 90
    share = float(gap[both].mean()) if int(both.sum()) > 12 else 0.0
    return share, float(one[..., 1].mean()) / 255, float(other[..., 1].mean()) / 255


def _paint_residual(region: RgbImage, reference: RgbImage) -> float:
    """Share of the region's colour variance that no linear map of the reference's colours explains, 0..1."""
    size = (32, 32)
    one, other = (
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(np.float64)
        for picture in (region, reference)
    )
    one = one - one.mean(axis=0)
    basis = other - other.mean(axis=0)
    gram = basis.T @ basis + 50.0 * len(basis) * np.eye(3) / 100
    explained = basis @ np.linalg.solve(gram, basis.T @ one)
    total = float((one * one).sum()) + 1.0
    return float(np.clip(((one - explained) ** 2).sum() / total, 0, 1))


def _stretch(alignment: Alignment, reference: PreparedReference) -> float:
    """Log of the proportions that the reference's rectangle has in the region over its own."""
    back = np.linalg.inv(alignment.matrix)
    low, high = FRAME_SIDE * 0.1, FRAME_SIDE * 0.9
    corners = np.array([[[low, low]], [[high, low]], [[high, high]], [[low, high]]], np.float32)
    quad = cv2.perspectiveTransform(corners, back)[:, 0]
    width = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3]))
    height = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1]))
    genuine_height, genuine_width = reference.picture.shape[:2]
    return float(np.log(max(width, 1e-3) / max(height, 1e-3) * genuine_height / genuine_width))
