"""The pictures of one reference that go into the index.

A brand uploads its mark once, large and on white; goods carry it small, white on black or on a colour. Those versions
are drawn here and indexed beside the upload, so that a search meets them.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from model.preprocessing import resized
from model.regions import RgbImage

SMALL_SIDE = 44
"""Pixels of the longer side of a small view: chosen on development brands, as was which views there are."""

_PRODUCT = "product"
_TURNED = "turned_"
_BLANK = 2.0  # of 255: what varies less in every channel (standard deviation) shows nothing
_SAME_AS_GROUND = 24  # of 255: how far a pixel may be from the ground's colour and still be ground
_PLAIN_BORDER = 0.9  # share of the border's pixels that must agree for the picture to have a plain ground


def reference_views(picture: RgbImage, *, kind: Literal["logo", "product"]) -> list[tuple[str, RgbImage]]:
    """Named pictures of one reference, the first trimmed to its content.

    A `logo` also gives the trimmed picture small, as few pixels show it in a photo, turned by quarters, for sleeves
    and turned photos show it so, and, on a plain ground, its negative and its ink in white on black, both small. A
    `product` gives the picture trimmed, turned by quarters, for a copy may be, and, when trimming took something away,
    as it is. Never empty.
    """
    trimmed = trim(picture)
    if kind == "product":
        return _product_views(picture, trimmed)
    views = [("trimmed", trimmed), ("small", _small(trimmed)), *_turned(trimmed)]
    if ground_colour(picture) is not None:
        views.append(("small_negative", _small(np.ascontiguousarray(255 - trimmed))))
        views.append(("small_white_on_black", _small(_white_on_black(picture))))
    return views


def shows_product(view: str) -> bool:
    """Whether the view of that name is of a product's photo, and not of a logo."""
    return view.startswith(_PRODUCT)


def is_blank(picture: RgbImage) -> bool:
    """Whether nothing can be seen in the picture: no channel varies to speak of."""
    return float(picture.reshape(-1, 3).std(axis=0).max()) < _BLANK


def quarters_turned(view: str) -> int:
    """By how many quarters the view of that name is turned, anticlockwise: 0 to 3."""
    _, turned, degrees = view.rpartition(_TURNED)
    return int(degrees) // 90 if turned else 0


def _turned(trimmed: RgbImage) -> list[tuple[str, RgbImage]]:
    return [(f"{_TURNED}{90 * quarters}", np.ascontiguousarray(np.rot90(trimmed, quarters))) for quarters in (1, 2, 3)]


def _product_views(picture: RgbImage, trimmed: RgbImage) -> list[tuple[str, RgbImage]]:
    turned = [(f"{_PRODUCT}_{name}", view) for name, view in _turned(trimmed)]
    whole = [] if trimmed.shape == picture.shape else [(f"{_PRODUCT}_whole", picture)]
    return [(_PRODUCT, trimmed), *turned, *whole]


def _small(picture: RgbImage) -> RgbImage:
    """The picture with its longer side `SMALL_SIDE` px at most: what is lost on the way to a photo is lost here too."""
    scale = min(1.0, SMALL_SIDE / max(picture.shape[:2]))
    width, height = (max(1, round(side * scale)) for side in (picture.shape[1], picture.shape[0]))
    return resized(picture, width=width, height=height)


def ground_colour(picture: RgbImage) -> tuple[int, int, int] | None:
    """The RGB colour of a plain ground around the content, None when the border has no one colour."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]).astype(np.int16)
    middle = np.median(border, axis=0)
    agrees = np.abs(border - middle).max(axis=1) <= _SAME_AS_GROUND
    if float(agrees.mean()) < _PLAIN_BORDER:
        return None
    return (int(middle[0]), int(middle[1]), int(middle[2]))


def trim(picture: RgbImage, *, margin: float = 0.04) -> RgbImage:
    """The picture without its plain ground but for `margin` of the content's longer side; as it is without one."""
    ground = ground_colour(picture)
    if ground is None:
        return picture
    differs = np.abs(picture.astype(np.int16) - np.array(ground)).max(axis=-1) > _SAME_AS_GROUND
    rows, columns = (np.flatnonzero(differs.any(axis=axis)) for axis in (1, 0))
    if rows.size == 0:
        return picture
    height, width = picture.shape[:2]
    pad = round(margin * max(rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1))
    top, bottom = max(0, rows[0] - pad), min(height, rows[-1] + 1 + pad)
    left, right = max(0, columns[0] - pad), min(width, columns[-1] + 1 + pad)
    return np.ascontiguousarray(picture[top:bottom, left:right])


def _white_on_black(picture: RgbImage) -> RgbImage:
    """How far each pixel is from the ground's colour, as white on black: the ink in one colour, reversed."""
    ground = np.array(ground_colour(picture) or (255, 255, 255))
    distance = np.abs(trim(picture).astype(np.int16) - ground).max(axis=-1)
    ink = np.clip(distance.astype(np.float32) * (255.0 / max(1.0, float(distance.max()))) * 1.6, 0, 255)
    return np.repeat(ink.astype(np.uint8)[..., None], 3, axis=2)
