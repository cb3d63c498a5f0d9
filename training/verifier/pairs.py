"""Pairs of region and genuine reference to learn verdicts from; every mark in them is drawn.

A pair's region is what the scan hands to the verifier: a detector's box, off by up to 15 %, with the margin that the
scan adds. Smears and imitations that are kept out of fitting (`HELD_OUT_SMEARS`, `HELD_OUT_IMITATIONS`) are drawn only
when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import CROP_MARGIN
from model.regions import Box, RgbImage
from training.edits.anything import changed_anyhow
from training.edits.imitations import HELD_OUT_IMITATIONS, IMITATIONS, any_imitation
from training.edits.innocent import INNOCENT_PHOTOS
from training.edits.redrawn import ImpossibleEditError
from training.edits.smears import HELD_OUT_SMEARS, TRAINING_SMEARS, smear
from training.synthesis.grounds import Backgrounds, drawn_ground
from training.synthesis.inks import dressed
from training.synthesis.logos import Logo, RgbaImage, one_colour, rasterise
from training.synthesis.optics import photographed
from training.synthesis.rendering import clean_mark, place_mark
from training.verifier.layout import (
    MAP_SIDE,
    Corners,
    changed_by_edit,
    changed_by_smear,
    genuine_corners,
    rectangle,
)

LABELS = ("genuine", "smear", "imitation", "unrelated")
"""Classes in the order of the network's outputs."""

LARGEST_REGION = 176
"""Longer side of a stored region, pixels."""

_SLOPPY_SHARE = 0.2
"""Share of the boxes that are off by up to 30 %, not 15 %."""

MARK_WIDTH = 256

ANYHOW_SHARE = 0.4
"""Of the smears, those by no tool."""

ANYHOW = "anyhow"

_CHANGED, _LEAST_CHANGED = 24, 0.15
"""Grey levels, and the share of the mark's box that must change by as many: less cannot be seen in a photograph."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A region beside the reference it is compared with.

    `reference` names a logo in the list that the pairs were drawn from (-1: not chosen yet); `quad` (4, 2) holds the
    places of the reference's corners in the region, as shares of its width and height (NaN where unrelated); `edit` is
    the tool or kind, empty for none; `strength` is that of a smear; `changed` (MAP_SIDE, MAP_SIDE) uint8 says what
    share of each cell of the frame a smear or an imitation changed.
    """

    region: RgbImage
    brand: str
    reference: int
    quad: NDArray[np.float32]
    label: str
    edit: str
    strength: float
    changed: NDArray[np.uint8]


class Placed(NamedTuple):
    """A `photo` of a mark, its `box`, and where the `corners` (4, 2) of the genuine drawing came to lie in it."""

    photo: RgbImage
    box: Box
    corners: Corners


class Showing(Protocol):
    """How a mark comes to be seen."""

    def placed(self, mark: RgbaImage, corners: Corners, *, rng: np.random.Generator, plain: bool) -> Placed:
        """`mark`, whose genuine `corners` are given, in its own colours where it must be `plain`."""
        ...

    def taken(self, photo: RgbImage, rng: np.random.Generator) -> RgbImage:
        """What becomes of the `photo` until it is uploaded, the same size."""
        ...

    def found(self, placed: Placed, rng: np.random.Generator) -> Box:
        """What is looked at: the mark's box before it is found a little off, or more."""
        ...


@dataclass(frozen=True, slots=True)
class Photographed:
    """On cloth, paper, metal, packages and in rooms, by a camera."""

    backgrounds: Backgrounds

    def placed(self, mark: RgbaImage, corners: Corners, *, rng: np.random.Generator, plain: bool) -> Placed:
        """See `Showing`."""
        return _placed(mark, corners, rng=rng, backgrounds=self.backgrounds, plain=plain)

    def taken(self, photo: RgbImage, rng: np.random.Generator) -> RgbImage:
        """See `Showing`."""
        return _shot(photo.astype(np.float32), rng)

    def found(self, placed: Placed, rng: np.random.Generator) -> Box:
        """See `Showing`."""
        return placed.box


Imitate = Callable[[np.random.Generator], tuple[str, RgbaImage]]
"""Random numbers to the kind of an imitation and its picture. Raises ImpossibleEditError."""


def clean_reference(logo: Logo) -> RgbImage:
    """The logo as a brand uploads it: on white, or on near-black where the mark is too light for that."""
    mark = rasterise(logo, width=MARK_WIDTH)
    solid = mark[mark[..., 3] > 127][:, :3]
    light = len(solid) > 0 and float((solid.min(axis=-1) > 225).mean()) > 0.6
    return clean_mark(mark, ground=(24, 24, 24) if light else (255, 255, 255))


def draw_pair(
    logos: Sequence[Logo],
    index: int,
    *,
    label: str,
    rng: np.random.Generator,
    backgrounds: Backgrounds,
    unseen: bool,
    showing: Showing | None = None,
    imitate: Imitate | None = None,
) -> Pair:
    """A pair around `logos[index]` for `label`; `unseen` draws only edits that are kept out of fitting.

    It is `Photographed`, unless another `showing` is given; an imitation is of any kind, unless `imitate` makes it. An
    `unrelated` pair shows that logo, or a piece of a photo without any, and its reference is chosen later, by
    similarity. Raises ImpossibleEditError when the logo does not offer an imitation.
    """
    logo, edit, strength, shown = logos[index], "", 0.0, showing or Photographed(backgrounds)
    if label == "unrelated" and rng.random() < 0.55:
        height, width = (int(v) for v in rng.integers(60, 240, 2))
        piece = _shot(backgrounds.piece(height, width, rng=rng), rng)
        return Pair(piece, "", -1, NOWHERE, label, "photo", 0.0, UNCHANGED)
    mark = rasterise(logo, width=MARK_WIDTH)
    corners, changed = rectangle(mark.shape), UNCHANGED
    if label == "imitation":
        genuine = mark
        edit, mark = _imitation(logos, index, rng, unseen=unseen) if imitate is None else imitate(rng)
        corners = genuine_corners(genuine, mark)
        changed = changed_by_edit(genuine, mark, corners)
    placed = shown.placed(mark, corners, rng=rng, plain=edit == "colours_swapped")
    photo = placed.photo
    if label == "smear":
        edit, strength, photo = smeared(photo, placed.box, rng, backgrounds=backgrounds, unseen=unseen)
        changed = changed_by_smear(placed.photo, photo, placed.corners)
    photo = shown.taken(photo, rng)
    region, quad = cropped(photo, shown.found(placed, rng), placed.corners, rng)
    if label == "unrelated":
        return Pair(region, logo.brand, -1, NOWHERE, label, edit, strength, UNCHANGED)
    return Pair(region, logo.brand, index, quad, label, edit, strength, changed)


NOWHERE = np.full((4, 2), np.nan, np.float32)
UNCHANGED = np.zeros((MAP_SIDE, MAP_SIDE), np.uint8)


def smeared(
    photo: RgbImage, box: Box, rng: np.random.Generator, *, backgrounds: Backgrounds, unseen: bool
) -> tuple[str, float, RgbImage]:
    """What was done (`ANYHOW`: by no tool), how strongly, and the photo after it."""
    if not unseen and rng.random() < ANYHOW_SHARE:
        other = np.clip(backgrounds.piece(*photo.shape[:2], rng=rng), 0, 255).astype(np.uint8)
        edited = changed_anyhow(photo, box, other=other, rng=rng)
        moved = np.abs(box.crop(edited).astype(np.int16) - box.crop(photo)).max(axis=-1) > _CHANGED
        if float(moved.mean()) > _LEAST_CHANGED:
            return ANYHOW, 0.0, edited
    tool, strength = str(rng.choice(HELD_OUT_SMEARS if unseen else TRAINING_SMEARS)), float(rng.uniform(0.0, 0.85))
    return tool, strength, smear(photo, box, tool=tool, strength=strength, rng=rng)


def _imitation(logos: Sequence[Logo], index: int, rng: np.random.Generator, *, unseen: bool) -> tuple[str, RgbaImage]:
    kinds = HELD_OUT_IMITATIONS if unseen else tuple(kind for kind in IMITATIONS if kind not in HELD_OUT_IMITATIONS)
    others = [logos[int(i)] for i in rng.integers(len(logos), size=2)]
    try:
        return any_imitation(logos[index], kinds=kinds, rng=rng, width=MARK_WIDTH, others=others)
    except ValueError as error:
        raise ImpossibleEditError(str(error)) from error


def _placed(
    mark: RgbaImage, corners: Corners, *, rng: np.random.Generator, backgrounds: Backgrounds, plain: bool
) -> Placed:
    """The mark, dressed or as it is, on a ground where it can be seen."""
    side = int(np.exp(rng.uniform(np.log(130), np.log(380))))
    share = float(rng.uniform(0.42, 0.68))
    for attempt in range(6):
        made = mark if plain or rng.random() < 0.4 else dressed(mark, rng=rng)
        if attempt >= 3:
            made = one_colour(mark, ((250, 250, 250), (10, 10, 10))[attempt % 2])
        drawn = rng.random() < 0.45
        ground = drawn_ground(side, side, rng=rng) if drawn else backgrounds.piece(side, side, rng=rng)
        under = np.clip(ground, 0, 255).astype(np.uint8)
        photo, box, quad = place_mark(made, under, rng=rng, width_fraction=share)
        moved = np.abs(box.crop(photo).astype(np.int16) - box.crop(under)).max(axis=-1) > VISIBLE
        if float(moved.mean()) > 0.6 * cover(made):
            break
    # A plate or rim makes the mark larger on all sides alike.
    rim = (np.array(made.shape[1::-1]) - mark.shape[1::-1]) / 2
    seen = cv2.getPerspectiveTransform(rectangle(made.shape), quad)
    return Placed(photo, box, np.asarray(cv2.perspectiveTransform((corners + rim)[None].astype(np.float32), seen)[0]))


VISIBLE = 48
"""Grey levels by which a mark must differ from its ground."""


def cover(made: RgbaImage) -> float:
    """Share of the mark's rectangle that it covers."""
    return float((made[..., 3] > 127).mean())


def _shot(photo: NDArray[np.float32], rng: np.random.Generator) -> RgbImage:
    shot = photographed(photo, rng=rng, strength=float(rng.uniform(0.3, 1.0)))
    if rng.random() < 0.2:
        shot = INNOCENT_PHOTOS[str(rng.choice(_SAME_PLACE))](shot, rng)
    return shot


_SAME_PLACE = tuple(name for name in INNOCENT_PHOTOS if name != "turned")


def cropped(
    photo: RgbImage, box: Box, quad: NDArray[np.float32], rng: np.random.Generator
) -> tuple[RgbImage, NDArray[np.float32]]:
    """The region as the scan cuts it, at most `LARGEST_REGION` px, and the corners as shares of it."""
    spread = 2.0 if rng.random() < _SLOPPY_SHARE else 1.0
    left, top, right, bottom = spread * rng.normal(0.01, 0.055, 4).clip(-0.15, 0.15)
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
    return reduced(region), shares.astype(np.float32)


def reduced(region: RgbImage) -> RgbImage:
    """The region with at most `LARGEST_REGION` px along its longer side."""
    scale = min(1.0, LARGEST_REGION / max(region.shape[:2]))
    if scale < 1:
        region = np.asarray(cv2.resize(region, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(region)


def without_margin(region: RgbImage) -> RgbImage:
    """The detector's box in a region that has the scan's margin: what a scan embeds has none."""
    height, width = region.shape[:2]
    off_y, off_x = (round(side * CROP_MARGIN / (1 + 2 * CROP_MARGIN)) for side in (height, width))
    return np.ascontiguousarray(region[off_y : height - off_y or None, off_x : width - off_x or None])
