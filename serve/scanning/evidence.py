"""The picture that shows why: region, genuine reference and the difference between them, side by side."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.encoding import png
from model.regions import RgbImage
from serve.scanning.verification import Verified

TILE = 256
"""Width and height of each of the three tiles, in pixels."""

GAP = 8
CAPTION = 28
PAPER = (255, 255, 255)
INK = (34, 34, 34)
MARKER = (214, 39, 40)
FONT = cv2.FONT_HERSHEY_SIMPLEX

COLOURS = {
    "genuine": (44, 160, 44),
    "smear": (214, 39, 40),
    "imitation": (255, 127, 14),
    "copied_photo": (148, 103, 189),
}
"""RGB by kind, for boxes and captions."""


def draw_evidence(image: RgbImage, verified: Verified) -> bytes:
    """A PNG: the region as found, the genuine reference, and the aligned region with the difference in red."""
    whole = verified.reference.prepared.picture
    reference = whole if verified.genuine is None else verified.genuine
    found = verified.suspect.region.box.crop(image)
    tiles = [_fitted(found), _fitted(reference), _fitted(_marked(verified, reference))]
    width = GAP + len(tiles) * (TILE + GAP)
    canvas: RgbImage = np.full((CAPTION + TILE + 2 * CAPTION + GAP, width, 3), PAPER, np.uint8)
    for number, (tile, caption) in enumerate(zip(tiles, ("in the listing", "genuine", "difference"), strict=True)):
        left = GAP + number * (TILE + GAP)
        canvas[CAPTION : CAPTION + TILE, left : left + TILE] = tile
        cv2.putText(canvas, caption, (left, CAPTION - 9), FONT, 0.5, INK, 1, cv2.LINE_AA)
    verdict = f"{verified.kind.replace('_', ' ')}, {verified.reference.brand}"
    words = "; ".join(verified.reasons) or "agrees with the reference"
    cv2.putText(canvas, _plain(verdict), (GAP, CAPTION + TILE + 20), FONT, 0.55, COLOURS[verified.kind], 2, cv2.LINE_AA)
    cv2.putText(canvas, _plain(words)[:110], (GAP, CAPTION + TILE + 46), FONT, 0.43, INK, 1, cv2.LINE_AA)
    return png(canvas)


def _marked(verified: Verified, reference: RgbImage) -> RgbImage:
    """The aligned region with the places that differ tinted red; the reference where nothing could be aligned."""
    if verified.aligned is None or verified.difference is None:
        return reference
    weight = np.clip(verified.difference, 0.0, 1.0)[..., None] * 0.7
    tinted: NDArray[np.float32] = verified.aligned * (1.0 - weight) + np.asarray(MARKER, np.float32) * weight
    return tinted.round().astype(np.uint8)


def _fitted(picture: RgbImage) -> RgbImage:
    """`picture` scaled into a square tile, its proportions kept, on white."""
    height, width = picture.shape[:2]
    scale = TILE / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    tile: RgbImage = np.full((TILE, TILE, 3), PAPER, np.uint8)
    top, left = (TILE - size[1]) // 2, (TILE - size[0]) // 2
    tile[top : top + size[1], left : left + size[0]] = scaled
    return tile


def _plain(text: str) -> str:
    """`text` in the letters that OpenCV's font has."""
    return text.encode("ascii", "replace").decode()
