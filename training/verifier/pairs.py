"""Pairs of region and genuine reference to learn verdicts from; every mark in them is drawn.

A pair's region is what the scan hands to the verifier: a detector's box, off by up to 15 %, with the margin that the
scan adds. Smears and imitations that are kept out of fitting (`HELD_OUT_SMEARS`, `HELD_OUT_IMITATIONS`) are drawn only
when asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import CROP_MARGIN
from model.regions import Box, RgbImage
from training.edits.imitations import HELD_OUT_IMITATIONS, IMITATIONS, any_imitation
from training.edits.innocent import INNOCENT_PHOTOS
from training.edits.redrawn import ImpossibleEditError
from training.edits.smears import HELD_OUT_SMEARS, SMEARS, smear
from training.synthesis.grounds import Backgrounds, drawn_ground
from training.synthesis.inks import dressed
from training.synthesis.logos import Logo, RgbaImage, one_colour, rasterise
from training.synthesis.optics import photographed
from training.synthesis.rendering import clean_mark, place_mark

LABELS = ("genuine", "smear", "imitation", "unrelated")
"""Classes in the order of the network's outputs."""

LARGEST_REGION = 176
"""Longer side of a stored region, pixels."""

_MARK_WIDTH = 256


@dataclass(frozen=True, slots=True)
class Pair:
    """A region beside the reference it is compared with.

    `reference` names a logo in the list that the pairs were drawn from (-1: not chosen yet); `quad` (4, 2) holds the
    places of the reference's corners in the region, as shares of its width and height (NaN where unrelated); `edit` is
    the tool or kind, empty for none; `strength` is that of a smear.
    """

    region: RgbImage
    brand: str
    reference: int
    quad: NDArray[np.float32]
    label: str
    edit: str
    strength: float


def clean_reference(logo: Logo) -> RgbImage:
    """The logo as a brand uploads it: on white, or on near-black where the mark is too light for that."""
    mark = rasterise(logo, width=_MARK_WIDTH)
    solid = mark[mark[..., 3] > 127][:, :3]
    light = len(solid) > 0 and float((solid.min(axis=-1) > 225).mean()) > 0.6
    return clean_mark(mark, ground=(24, 24, 24) if light else (255, 255, 255))


def draw_pair(
    logos: Sequence[Logo], index: int, *, label: str, rng: np.random.Generator, backgrounds: Backgrounds, unseen: bool
) -> Pair:
    """A pair around `logos[index]` for `label`; `unseen` draws only edits that are kept out of fitting.

    An `unrelated` pair shows that logo, or a piece of a photo without any, and its reference is chosen later, by
    similarity. Raises ImpossibleEditError when the logo does not offer an imitation.
    """
    logo, edit, strength = logos[index], "", 0.0
    if label == "unrelated" and rng.random() < 0.55:
        height, width = (int(v) for v in rng.integers(60, 240, 2))
        return Pair(_shot(backgrounds.piece(height, width, rng=rng), rng), "", -1, _NOWHERE, label, "photo", 0.0)
    mark = rasterise(logo, width=_MARK_WIDTH)
    if label == "imitation":
        edit, mark = _imitation(logos, index, rng, unseen=unseen)
    photo, box, quad = _placed(mark, rng=rng, backgrounds=backgrounds, plain=edit == "colours_swapped")
    if label == "smear":
        tools = HELD_OUT_SMEARS if unseen else tuple(name for name in SMEARS if name not in HELD_OUT_SMEARS)
        edit, strength = str(rng.choice(tools)), float(rng.uniform(0.0, 0.85))
        photo = smear(photo, box, tool=edit, strength=strength, rng=rng)
    photo = _shot(photo.astype(np.float32), rng)
    region, quad = _cropped(photo, box, quad, rng)
    unrelated = label == "unrelated"
    return Pair(region, logo.brand, -1 if unrelated else index, _NOWHERE if unrelated else quad, label, edit, strength)


_NOWHERE = np.full((4, 2), np.nan, np.float32)


def _imitation(logos: Sequence[Logo], index: int, rng: np.random.Generator, *, unseen: bool) -> tuple[str, RgbaImage]:
    kinds = HELD_OUT_IMITATIONS if unseen else tuple(kind for kind in IMITATIONS if kind not in HELD_OUT_IMITATIONS)
    others = [logos[int(i)] for i in rng.integers(len(logos), size=2)]
    try:
        return any_imitation(logos[index], kinds=kinds, rng=rng, width=_MARK_WIDTH, others=others)
    except ValueError as error:
        raise ImpossibleEditError(str(error)) from error


def _placed(
    mark: RgbaImage, *, rng: np.random.Generator, backgrounds: Backgrounds, plain: bool
) -> tuple[RgbImage, Box, NDArray[np.float32]]:
    """The mark, dressed or as it is, on a ground where it can be seen; the box of the mark and its corners."""
    side = int(np.exp(rng.uniform(np.log(120), np.log(330))))
    share = float(rng.uniform(0.4, 0.68))
    for attempt in range(6):
        made = mark if plain or rng.random() < 0.4 else dressed(mark, rng=rng)
        if attempt >= 3:
            made = one_colour(mark, ((250, 250, 250), (10, 10, 10))[attempt % 2])
        drawn = rng.random() < 0.45
        ground = drawn_ground(side, side, rng=rng) if drawn else backgrounds.piece(side, side, rng=rng)
        under = np.clip(ground, 0, 255).astype(np.uint8)
        photo, box, quad = place_mark(made, under, rng=rng, width_fraction=share)
        moved = np.abs(box.crop(photo).astype(np.int16) - box.crop(under)).max(axis=-1) > 40
        if float(moved.mean()) > 0.5 * _cover(made):
            break
    return photo, box, _inner(quad, made.shape[:2], mark.shape[:2])


def _cover(mark: RgbaImage) -> float:
    """Share of the mark's rectangle that it covers."""
    return float((mark[..., 3] > 127).mean())


def _inner(quad: NDArray[np.float32], outer: tuple[int, ...], inner: tuple[int, ...]) -> NDArray[np.float32]:
    """Corners of the mark in the middle of what was placed: a plate or rim makes it larger."""
    if outer == inner:
        return quad
    height, width = outer
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    off_x, off_y = (width - inner[1]) / 2, (height - inner[0]) / 2
    corners = np.array(
        [[off_x, off_y], [width - off_x, off_y], [width - off_x, height - off_y], [off_x, height - off_y]], np.float32
    )
    matrix = cv2.getPerspectiveTransform(frame, quad)
    return np.asarray(cv2.perspectiveTransform(corners[:, None], matrix)[:, 0], np.float32)


def _shot(photo: NDArray[np.float32], rng: np.random.Generator) -> RgbImage:
    shot = photographed(photo, rng=rng)
    if rng.random() < 0.3:
        shot = INNOCENT_PHOTOS[str(rng.choice(_SAME_PLACE))](shot, rng)
    return shot


_SAME_PLACE = tuple(name for name in INNOCENT_PHOTOS if name != "turned")


def _cropped(
    photo: RgbImage, box: Box, quad: NDArray[np.float32], rng: np.random.Generator
) -> tuple[RgbImage, NDArray[np.float32]]:
    """The region as the scan cuts it, at most `LARGEST_REGION` px, and the corners as shares of it."""
    left, top, right, bottom = rng.normal(0.01, 0.055, 4).clip(-0.15, 0.15)
    found = Box(
        box.x - left * box.width,
        box.y - top * box.height,
        box.width * (1 + left + right),
        box.height * (1 + top + bottom),
    )
    height, width = photo.shape[:2]
    grown = found.grown(CROP_MARGIN)
    region = grown.crop(photo)
    origin = np.floor(np.maximum([grown.x, grown.y], 0)).clip(0, [width - 1, height - 1])
    shares = (quad - origin) / [region.shape[1], region.shape[0]]
    scale = min(1.0, LARGEST_REGION / max(region.shape[:2]))
    if scale < 1:
        region = np.asarray(cv2.resize(region, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(region), shares.astype(np.float32)
