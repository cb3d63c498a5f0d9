"""Marks without a camera, as web pages and sellers' graphics show them: flat, on plain ground, with a line beside them.

So most look-alikes are passed around. What a photo does to a mark hides small changes; here nothing does.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import at_size
from model.decode import decode
from model.encoding import jpeg
from model.regions import Box, RgbImage, whole_image
from training.synthesis.clutter import made_up_word, text_image
from training.synthesis.grounds import FloatImage, any_colour
from training.synthesis.inks import filled_counters, negative, shaded, shifted
from training.synthesis.logos import RgbaImage, one_colour
from training.verifier.layout import Corners
from training.verifier.pairs import VISIBLE, Placed, cover

LONGER_SIDE = (60, 300)
"""Least and most pixels of a mark."""

_TIGHT_SHARE, _TIGHT, _ROOM = 0.3, 0.06, 0.7  # of the pictures; of the mark's sides, around it
_WHOLE_SHARE, _MOSTLY = 0.35, 1.8  # of the pictures; how much larger than its mark one is that passes for a mark itself
_BESIDE_SHARE, _LEAST_LINE, _MOST_LINE = 0.3, 14, 40  # of the pictures; pixels


@dataclass(frozen=True, slots=True)
class Flat:
    """A `training.verifier.pairs.Showing`."""

    def placed(self, mark: RgbaImage, corners: Corners, *, rng: np.random.Generator, plain: bool) -> Placed:
        """See `Showing`."""
        height, width = mark.shape[:2]
        scale = float(np.exp(rng.uniform(*np.log(LONGER_SIDE)))) / max(height, width)
        size = max(8, round(width * scale)), max(8, round(height * scale))
        for attempt in range(6):
            made = _inked(mark, rng, plain=plain) if attempt < 4 else one_colour(mark, _STARK[attempt % 2])
            small = at_size(made, size)
            room = rng.uniform(0, _TIGHT if rng.random() < _TIGHT_SHARE else _ROOM, 4) * [*size, *size]
            left, top, right, bottom = (int(value) for value in room)
            picture = _ground(size[1] + top + bottom, size[0] + left + right, rng)
            place = picture[top : top + size[1], left : left + size[0]]
            under = place.copy()
            _lay(np.asarray(small, np.uint8), place)
            if float((np.abs(place - under).max(axis=-1) > VISIBLE).mean()) > 0.6 * cover(made):
                break
        if rng.random() < _BESIDE_SHARE and bottom > _LEAST_LINE:
            _write_below(picture[top + size[1] :], rng)
        photo = np.clip(picture + 0.5, 0, 255).astype(np.uint8)
        there = corners * [size[0] / width, size[1] / height] + [left, top]
        return Placed(photo, Box(left, top, *size), there.astype(np.float32))

    def taken(self, photo: RgbImage, rng: np.random.Generator) -> RgbImage:
        """See `Showing`."""
        height, width = photo.shape[:2]
        if rng.random() < 0.3:
            share = float(rng.uniform(0.5, 0.95))
            small = max(8, round(width * share)), max(8, round(height * share))
            photo = at_size(at_size(photo, small), (width, height))
        if rng.random() < 0.15:
            photo = np.asarray(cv2.GaussianBlur(photo, (0, 0), float(rng.uniform(0.5, 1.2))), np.uint8)
        return decode(jpeg(np.ascontiguousarray(photo), quality=int(rng.integers(40, 96))))

    def found(self, placed: Placed, rng: np.random.Generator) -> Box:
        """See `Showing`: the whole picture is looked at too, and may hold little beside the mark."""
        whole, box = whole_image(placed.photo).box, placed.box
        is_mostly_it = max(whole.width / box.width, whole.height / box.height) < _MOSTLY
        return whole if rng.random() < _WHOLE_SHARE and is_mostly_it else box


_STARK = ((250, 250, 250), (10, 10, 10))


def _inked(mark: RgbaImage, rng: np.random.Generator, *, plain: bool) -> RgbaImage:
    """As it is, in one colour, under a gradient, shifted, its counters filled, or its negative."""
    kind = 0.0 if plain else rng.random()
    if kind < 0.55:
        return mark
    if kind < 0.75:
        return one_colour(mark, tuple(int(value) for value in any_colour(rng)))
    if kind < 0.87:
        return shaded(mark, rng)
    if kind < 0.93:
        return shifted(mark, rng)
    return filled_counters(mark, rng) if kind < 0.97 else negative(mark)


def _ground(height: int, width: int, rng: np.random.Generator) -> FloatImage:
    """White, a colour, nearly black, or one colour that becomes another."""
    kind = rng.random()
    if kind < 0.6:
        return np.full((height, width, 3), 255, np.float32)
    if kind < 0.8:
        return np.tile(any_colour(rng), (height, width, 1)).astype(np.float32)
    if kind < 0.88:
        return np.full((height, width, 3), rng.uniform(0, 40), np.float32)
    along = np.linspace(0, 1, height)[:, None, None] if rng.random() < 0.5 else np.linspace(0, 1, width)[None, :, None]
    mixed = any_colour(rng) * (1 - along) + any_colour(rng) * along
    return np.broadcast_to(mixed, (height, width, 3)).astype(np.float32)


def _write_below(room: FloatImage, rng: np.random.Generator) -> None:
    """A line of made-up words somewhere in what is left below the mark."""
    pixels = int(rng.integers(9, max(10, min(room.shape[0] - 3, _MOST_LINE))))
    colour = any_colour(rng) if rng.random() < 0.5 else np.full(3, 20, np.float32)
    line = text_image(made_up_word(rng, letters=int(rng.integers(4, 14))), rng=rng, pixels=pixels, colour=colour)
    height, width = line.shape[:2]
    if height < room.shape[0] and width < room.shape[1]:
        top, left = int(rng.integers(room.shape[0] - height)), int(rng.integers(room.shape[1] - width))
        _lay(line, room[top : top + height, left : left + width])


def _lay(rgba: NDArray[np.uint8], place: FloatImage) -> None:
    """`rgba` over `place`, which has its size."""
    share = rgba[..., 3:].astype(np.float32) / 255
    place[:] = place * (1 - share) + rgba[..., :3] * share
