"""The pictures of one reference that go into the index.

A brand uploads its mark once, large and on white; goods carry it small, white on black or on a colour. Those versions
are drawn here and indexed beside the upload, so that a search meets them. Nor do photos show a mark straight and whole:
foreshortened views do for vectors what those of ASIFT do for keypoints (Morel and Yu 2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from model.ground import bounds, distance, stands_out
from model.preprocessing import at_most
from model.regions import Box, RgbImage

SMALL_SIDE = 44
"""Pixels of the longer side of a small view: chosen on development brands, as were the views but for those aslant and
in part, which were chosen on photos for tuning (`docs/history.md`)."""

_PRODUCT = "product"
_MARK = "mark_"
_TURNED = "turned_"
_QUARTERS = (
    (90, cv2.ROTATE_90_COUNTERCLOCKWISE),
    (180, cv2.ROTATE_180),
    (270, cv2.ROTATE_90_CLOCKWISE),
)
_DRAWN_SIDE = 448  # pixels of the longer side of what is drawn aslant or in part: twice what the embedder sees
_FORESHORTENED = 0.7  # what is left of a length
_DIRECTIONS = (0, 45, 90, 135)  # degrees, along which it is
_ROLLED = (20, 340)  # degrees
_PART = 0.6  # of the longer side
_BLANK = 2.0  # of 255: what varies less in every channel (standard deviation) shows nothing
_SAME_AS_GROUND = 24  # of 255: how far a pixel may be from the ground's colour and still be ground
_PLAIN_BORDER = 0.9  # share of the border's pixels that must agree for the picture to have a plain ground
_TRIM_MARGIN = 0.04  # of the longer side of the content, left around it


def reference_views(
    picture: RgbImage, *, kind: Literal["logo", "product"], marks: Sequence[Box] = ()
) -> list[tuple[str, RgbImage]]:
    """Named pictures of one reference, the first trimmed to its content.

    A `logo` also gives the trimmed picture small, as few pixels show it in a photo, turned by quarters, for sleeves
    and turned photos show it so, as it is seen from aside and a little rolled, its first and its last part, for photos
    cut it, and, on a plain ground, its negative and its ink in white on black, both small; and the same of each of the
    `marks` within it (`model.logo_marks`). A `product` gives the picture trimmed, turned by quarters, for a copy may
    be, and, when trimming took something away, as it is. Never empty.
    """
    if kind == "product":
        return _product_views(picture, trim(picture))
    views = _logo_views(picture)
    for number, mark in enumerate(marks):
        views += [(f"{_MARK}{number}_{name}", view) for name, view in _logo_views(mark.crop(picture))]
    return views


def shows_product(view: str) -> bool:
    """Whether the view of that name is of a product's photo, and not of a logo."""
    return view.startswith(_PRODUCT)


def mark_shown(view: str) -> int | None:
    """The number of the mark within a logo reference that the view of that name is of; None for all of the picture."""
    return int(view.removeprefix(_MARK).partition("_")[0]) if view.startswith(_MARK) else None


def is_blank(picture: RgbImage) -> bool:
    """Whether nothing can be seen in the picture: no channel varies to speak of."""
    return float(cv2.meanStdDev(picture)[1].max()) < _BLANK


def quarters_turned(view: str) -> int:
    """By how many quarters the view of that name is turned, anticlockwise: 0 to 3."""
    _, turned, degrees = view.rpartition(_TURNED)
    return int(degrees) // 90 if turned else 0


def _logo_views(picture: RgbImage) -> list[tuple[str, RgbImage]]:
    trimmed, ground = trim(picture), ground_colour(picture)
    views = [("trimmed", trimmed), ("small", _small(trimmed)), *_turned(trimmed)]
    drawn = at_most(trimmed, side=_DRAWN_SIDE)
    views += [*_aslant(drawn), *_parts(drawn)]
    if ground is not None:
        views.append(("small_negative", _small(np.ascontiguousarray(255 - trimmed))))
        views.append(("small_white_on_black", _small(_white_on_black(trimmed, ground=ground))))
    return views


def _turned(trimmed: RgbImage) -> list[tuple[str, RgbImage]]:
    return [(f"{_TURNED}{degrees}", np.asarray(cv2.rotate(trimmed, way), np.uint8)) for degrees, way in _QUARTERS]


def _aslant(picture: RgbImage) -> list[tuple[str, RgbImage]]:
    """Foreshortened along the four directions, and rolled either way."""
    seen = [(f"aside_{degrees}", _foreshortening(degrees)) for degrees in _DIRECTIONS]
    seen += [(f"rolled_{degrees}", _rotation(degrees)) for degrees in _ROLLED]
    return [(name, _under(picture, matrix)) for name, matrix in seen]


def _rotation(degrees: float) -> NDArray[np.float64]:
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[cosine, -sine], [sine, cosine]])


def _foreshortening(degrees: float) -> NDArray[np.float64]:
    return np.asarray(_rotation(degrees) @ np.diag([_FORESHORTENED, 1.0]) @ _rotation(-degrees))


def _under(picture: RgbImage, matrix: NDArray[np.float64]) -> RgbImage:
    """All of the picture under the linear `matrix` (2, 2); beside it, its border goes on."""
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ matrix.T
    least, most = corners.min(axis=0), corners.max(axis=0)
    wide, high = (max(1, int(np.ceil(side))) for side in most - least)
    moved = np.column_stack([matrix, -least])
    drawn = cv2.warpAffine(picture, moved, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(drawn, np.uint8)


def _parts(picture: RgbImage) -> list[tuple[str, RgbImage]]:
    """The first and the last part along the longer side."""
    height, width = picture.shape[:2]
    if width >= height:
        kept = max(1, round(_PART * width))
        parts = picture[:, :kept], picture[:, -kept:]
    else:
        kept = max(1, round(_PART * height))
        parts = picture[:kept], picture[-kept:]
    return [(f"part_{name}", np.ascontiguousarray(part)) for name, part in zip(("first", "last"), parts, strict=True)]


def _product_views(picture: RgbImage, trimmed: RgbImage) -> list[tuple[str, RgbImage]]:
    turned = [(f"{_PRODUCT}_{name}", view) for name, view in _turned(trimmed)]
    whole = [] if trimmed.shape == picture.shape else [(f"{_PRODUCT}_whole", picture)]
    return [(_PRODUCT, trimmed), *turned, *whole]


def _small(picture: RgbImage) -> RgbImage:
    """What is lost on the way to a photo is lost here too."""
    return at_most(picture, side=SMALL_SIDE)


def ground_colour(picture: RgbImage) -> tuple[int, int, int] | None:
    """The RGB colour of a plain ground around the content, None when the border has no one colour."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]).astype(np.int16)
    middle = np.median(border, axis=0)
    agrees = np.abs(border - middle).max(axis=1) <= _SAME_AS_GROUND
    if float(agrees.mean()) < _PLAIN_BORDER:
        return None
    return (int(middle[0]), int(middle[1]), int(middle[2]))


def trim(picture: RgbImage) -> RgbImage:
    """The picture without its plain ground but for a margin around its content; as it is without one."""
    ground = ground_colour(picture)
    if ground is None:
        return picture
    found = bounds(stands_out(picture, ground, tolerance=_SAME_AS_GROUND))
    if found is None:
        return picture
    (height, width), (top, bottom, left, right) = picture.shape[:2], found
    pad = round(_TRIM_MARGIN * max(bottom - top, right - left))
    top, bottom = max(0, top - pad), min(height, bottom + pad)
    left, right = max(0, left - pad), min(width, right + pad)
    return np.ascontiguousarray(picture[top:bottom, left:right])


def _white_on_black(trimmed: RgbImage, *, ground: tuple[int, int, int]) -> RgbImage:
    """How far each pixel is from the ground's colour, as white on black: the ink in one colour, reversed."""
    far = distance(trimmed, ground)
    ink = np.clip(np.arange(256, dtype=np.float32) * (255.0 / max(1.0, float(far.max()))) * 1.6, 0, 255)
    return np.asarray(cv2.cvtColor(cv2.LUT(far, ink.astype(np.uint8)), cv2.COLOR_GRAY2RGB), np.uint8)
