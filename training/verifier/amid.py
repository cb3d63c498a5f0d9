"""Marks amid what real photos show beside them: another word in the same box, a box that cuts, light of one colour.

A detector boxes a symbol together with the word beside it, or a part of a mark; a shop's lamps are orange. None of it
says that a mark is smeared or imitated, and the region is laid on its reference worse.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import Box, RgbImage
from training.synthesis.clutter import made_up_word, text_image
from training.synthesis.grounds import any_colour
from training.synthesis.logos import RgbaImage
from training.verifier.layout import Corners
from training.verifier.pairs import Placed, Showing

_WORD_SHARE, _TOGETHER = 0.55, 0.75  # of the photos; of the words, those that are boxed together with the mark
_CUT_SHARE, _MOST_CUT = 0.3, 0.35  # of the boxes; of a side of the mark
_CAST_SHARE = 0.35
_WORD_HEIGHT = (0.25, 0.8)  # of the mark
_LEAST_LETTERS, _MOST_LETTERS = 3, 11
_LEAST_WORD = 10  # pixels of its height


@dataclass(frozen=True, slots=True)
class Amid:
    """Another `showing`, amid more."""

    showing: Showing

    def placed(self, mark: RgbaImage, corners: Corners, *, rng: np.random.Generator, plain: bool) -> Placed:
        """See `training.verifier.pairs.Showing`."""
        placed = self.showing.placed(mark, corners, rng=rng, plain=plain)
        return _beside_a_word(placed, rng) if rng.random() < _WORD_SHARE else placed

    def taken(self, photo: RgbImage, rng: np.random.Generator) -> RgbImage:
        """See `training.verifier.pairs.Showing`."""
        if rng.random() < _CAST_SHARE:
            gains = np.exp(rng.normal(0, 0.22, 3)).clip(0.5, 1.7)
            shade = rng.uniform(0.5, 1.1) / gains.mean()
            photo = np.asarray((photo * gains * shade).clip(0, 255), np.uint8)
        return self.showing.taken(photo, rng)

    def found(self, placed: Placed, rng: np.random.Generator) -> Box:
        """See `training.verifier.pairs.Showing`."""
        if placed.beside is not None and rng.random() < _TOGETHER:
            return _around(placed.box, placed.beside)
        if rng.random() >= _CUT_SHARE:
            return self.showing.found(placed, rng)
        x, y, width, height = placed.box
        left, right = rng.uniform(0, _MOST_CUT, 2) * (rng.random(2) < 0.4) * width
        top, bottom = rng.uniform(0, _MOST_CUT, 2) * (rng.random(2) < 0.4) * height
        return Box(x + left, y + top, width - left - right, height - top - bottom)


def _beside_a_word(placed: Placed, rng: np.random.Generator) -> Placed:
    """With a made-up word to the right of the mark, to its left, below or above it; the photo grows for it."""
    box = placed.box
    pixels = int(box.height * rng.uniform(*_WORD_HEIGHT))
    if pixels < _LEAST_WORD:
        return placed
    word = made_up_word(rng, letters=int(rng.integers(_LEAST_LETTERS, _MOST_LETTERS)))
    word = (word, word.capitalize(), word.upper())[int(rng.integers(3))]
    line = text_image(word, rng=rng, pixels=pixels, colour=_ink(placed, rng))
    tall, wide = line.shape[:2]
    gap = float(rng.uniform(0.03, 0.3)) * box.height
    side = int(rng.choice(4, p=(0.5, 0.15, 0.25, 0.1)))
    beside = (
        Box(box.x + box.width + gap, box.y + (box.height - tall) * rng.uniform(0.2, 0.8), wide, tall),
        Box(box.x - gap - wide, box.y + (box.height - tall) * rng.uniform(0.2, 0.8), wide, tall),
        Box(box.x + (box.width - wide) / 2, box.y + box.height + gap, wide, tall),
        Box(box.x + (box.width - wide) / 2, box.y - gap - tall, wide, tall),
    )[side]
    height, width = placed.photo.shape[:2]
    room = [-beside.y, beside.y + tall + 1 - height, -beside.x, beside.x + wide + 1 - width]
    above, below, before, after = (max(0, int(np.ceil(one))) for one in room)
    photo = cv2.copyMakeBorder(placed.photo, above, below, before, after, cv2.BORDER_REPLICATE)
    beside, box = beside.moved(before, above), box.moved(before, above)
    there = photo[int(beside.y) : int(beside.y) + tall, int(beside.x) : int(beside.x) + wide]
    share = line[: there.shape[0], : there.shape[1], 3:] / np.float32(255)
    there[:] = (there * (1 - share) + line[: there.shape[0], : there.shape[1], :3] * share).round()
    corners = (placed.corners + np.array([before, above], np.float32)).astype(np.float32)
    return placed._replace(photo=np.asarray(photo, np.uint8), box=box, corners=corners, beside=beside)


def _ink(placed: Placed, rng: np.random.Generator) -> NDArray[np.float32]:
    """White, nearly black, a colour, or one that the mark has."""
    kind = rng.random()
    if kind < 0.3:
        return np.full(3, 250, np.float32)
    if kind < 0.6:
        return np.full(3, 15, np.float32)
    if kind < 0.75:
        return any_colour(rng)
    inside = placed.box.crop(placed.photo).reshape(-1, 3)
    return np.asarray(inside[int(rng.integers(len(inside)))], np.float32)


def _around(one: Box, other: Box) -> Box:
    """The box around both."""
    left, top = min(one.x, other.x), min(one.y, other.y)
    right = max(one.x + one.width, other.x + other.width)
    bottom = max(one.y + one.height, other.y + other.height)
    return Box(left, top, right - left, bottom - top)
