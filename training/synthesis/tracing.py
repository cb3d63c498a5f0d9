"""Drawings traced from pictures, in flat colours and smooth outlines, as if a package of vector logos held them.

Taken apart here, to be edited and drawn on other grounds; the versions that figures are measured against are traced
once and for all by `training.evaluation.versions`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

import cv2
import numpy as np
import vtracer
from numpy.typing import NDArray

from model.regions import RgbImage

Extent = Literal["all", "whole", "mark"]
"""What of a picture is drawn: all of it; what its rim does not cut, on the ground; or that without the ground."""

TRACED_SIDE = 512
"""Pixels of the longer side that a picture is enlarged to, so that its edges become smooth."""

_PALETTE_SIDE = 96
_SMOOTHED = 5
_SPECKLE = 8
_SMALLEST = 0.0012  # of the picture: a smaller part is a speck
_LIKE_GROUND = 30  # grey levels: a shadow or fold of the ground, and no part of the mark
_RIM = 3  # pixels of the traced picture
_LEAST_DRAWN = 0.15  # of the picture, by the bounds of what is drawn on the ground

_PATH = re.compile(r'<path d="([^"]*)" fill="#([0-9A-Fa-f]{6})" transform="translate\((-?[\d.]+),(-?[\d.]+)\)"/>')
_STEP = re.compile(r"[A-Z]|-?[\d.]+(?:e-?\d+)?")


@dataclass(frozen=True, slots=True)
class TracedPart:
    """One flat colour: the `path` data in pixels of the tracing, its RGB `colour`, and its bounds."""

    path: str
    colour: tuple[int, int, int]
    bounds: tuple[float, float, float, float]

    @property
    def area(self) -> float:
        """Of the bounds (left, top, right, bottom)."""
        left, top, right, bottom = self.bounds
        return (right - left) * (bottom - top)


@dataclass(frozen=True, slots=True)
class Tracing:
    """A picture of `width` × `height` as parts that lie on each other, the first of which is the ground."""

    width: int
    height: int
    parts: tuple[TracedPart, ...]

    def svg(self) -> str:
        """As a document."""
        drawn = "".join(
            '<path d="{}" fill="#{:02x}{:02x}{:02x}"/>'.format(part.path, *part.colour) for part in self.parts
        )
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{drawn}</svg>'

    def limited(self, extent: Extent) -> Tracing | None:
        """Of the parts those of `extent`, without specks; None where too little is left to be a mark."""
        ground, *others = self.parts
        large = [part for part in others if part.area > _SMALLEST * self.width * self.height]
        if extent == "all":
            return replace(self, parts=(ground, *large))
        inner = [part for part in large if self._is_inside(part) and _differs(part.colour, ground.colour)]
        drawn = sum(part.area for part in inner)
        if len(inner) < 2 or drawn < _LEAST_DRAWN * self.width * self.height:
            return None
        return replace(self, parts=(ground, *inner) if extent == "whole" else tuple(inner))

    def _is_inside(self, part: TracedPart) -> bool:
        left, top, right, bottom = part.bounds
        return min(left, top) > _RIM and right < self.width - _RIM and bottom < self.height - _RIM

    def recoloured(self, colours: NDArray[np.uint8]) -> Tracing:
        """With other RGB `colours` (n, 3), one a part."""
        pairs = zip(self.parts, colours.tolist(), strict=True)
        return replace(self, parts=tuple(replace(part, colour=tuple(colour)) for part, colour in pairs))


def trace(picture: RgbImage, *, colours: int) -> Tracing:
    """`picture` in so many flat colours, by k-means in CIELAB and `vtracer`."""
    flat = _flat(picture, colours)
    _, png = cv2.imencode(".png", cv2.cvtColor(flat, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    document = vtracer.convert_raw_image_to_svg(
        png.tobytes(), img_format="png", filter_speckle=_SPECKLE, length_threshold=5.0, path_precision=1
    )
    parts = tuple(_part(*found) for found in _PATH.findall(str(document)))
    return Tracing(flat.shape[1], flat.shape[0], parts)


def _flat(picture: RgbImage, colours: int) -> RgbImage:
    """`picture`, enlarged, with each pixel in the nearest of its `colours` most common colours."""
    shrink = min(1.0, _PALETTE_SIDE / max(picture.shape[:2]))
    small = cv2.resize(cv2.medianBlur(picture, 3), None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    cv2.setRNGSeed(1)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    pixels = _lab(small).reshape(-1, 3)
    _, _, centres = cv2.kmeans(pixels, colours, np.empty(0), stop, 3, cv2.KMEANS_PP_CENTERS)
    grow = TRACED_SIDE / max(picture.shape[:2])
    large = cv2.resize(picture, None, fx=grow, fy=grow, interpolation=cv2.INTER_CUBIC)
    seen = _lab(cv2.medianBlur(large, _SMOOTHED))
    distances = np.stack([np.square(seen - centre).sum(axis=-1) for centre in centres])
    nearest = cv2.medianBlur(distances.argmin(axis=0).astype(np.uint8), _SMOOTHED)
    palette = cv2.cvtColor(centres[None].astype(np.float32), cv2.COLOR_LAB2RGB)[0]
    return np.ascontiguousarray(np.clip(palette * 255 + 0.5, 0, 255).astype(np.uint8)[nearest])


def _lab(picture: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def _part(data: str, colour: str, across: str, down: str) -> TracedPart:
    """A path with its own translation in its numbers; `vtracer` writes nothing but absolute M, C, L and Z."""
    steps, place = _STEP.findall(data), np.array([float(across), float(down)])
    values = np.array([float(step) for step in steps if not step.isalpha()]).reshape(-1, 2) + place
    written = iter(f"{value:.1f}" for value in values.ravel())
    path = " ".join(step if step.isalpha() else next(written) for step in steps)
    red, green, blue = (int(colour[at : at + 2], 16) for at in (0, 2, 4))
    (left, top), (right, bottom) = values.min(axis=0).tolist(), values.max(axis=0).tolist()
    return TracedPart(path, (red, green, blue), (left, top, right, bottom))


def _differs(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) > _LIKE_GROUND
