"""The parts of a drawn mark that may be its letters, and other letters in their places."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthesis.inks import laid_over
from training.synthesis.logos import RgbaImage, rasterise
from training.synthesis.wordmarks import wordmark

_SOLID = 127
_COLOURS = 5
_AREA = (0.004, 0.16)  # of the mark's rectangle


@dataclass(frozen=True, slots=True)
class Letter:
    """A part of one colour that may be a letter: its mask (h, w), its rectangle (left, top, width, height)."""

    mask: NDArray[np.bool_]
    place: tuple[int, int, int, int]
    colour: tuple[int, ...]


def letters_of(mark: RgbaImage) -> list[Letter]:
    """The largest row of parts of one colour and about one height."""
    height, width = mark.shape[:2]
    found: list[list[Letter]] = []
    for colour in palette(mark):
        near = (np.abs(mark[..., :3].astype(np.int32) - colour).max(axis=-1) < 50) & (mark[..., 3] > _SOLID)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(near.astype(np.uint8))
        parts = []
        for number in range(1, count):
            left, top, wide, tall, area = (int(value) for value in stats[number])
            share = wide * tall / (height * width)
            if _AREA[0] < share < _AREA[1] and area > 0.15 * wide * tall and 0.2 < wide / tall < 2:
                parts.append(Letter(labels == number, (left, top, wide, tall), tuple(int(v) for v in colour)))
        for one in parts:
            alike = [
                other
                for other in parts
                if 0.7 < other.place[3] / one.place[3] < 1.4
                and abs(other.place[1] + other.place[3] - one.place[1] - one.place[3]) < 0.35 * one.place[3]
            ]
            found.append(alike)
    return max(found, key=len, default=[])


def exchanged(mark: RgbaImage, letters: Sequence[Letter], *, font: Path, rng: np.random.Generator) -> RgbaImage:
    """The mark with any other letter of a typeface in the place and the colour of each of `letters`."""
    out = mark.copy()
    for one in letters:
        left, top, wide, tall = one.place
        grown = cv2.dilate(one.mask.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
        around = (cv2.dilate(grown.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0) & ~grown
        out[grown] = np.median(mark[around], axis=0).astype(np.uint8) if around.any() else 0
        real = mark[..., :3][one.mask & (mark[..., 3] > 200)]
        colour = tuple(int(v) for v in (np.median(real, axis=0) if len(real) else one.colour))
        letter = str(rng.choice(list(string.ascii_uppercase.replace("I", "").replace("J", ""))))
        glyph = rasterise(wordmark(letter, font, colour="#{:02x}{:02x}{:02x}".format(*colour)), width=128)
        place = out[top : top + tall, left : left + wide]
        fitting = np.asarray(cv2.resize(glyph, (wide, tall), interpolation=cv2.INTER_AREA), np.uint8)
        place[:] = laid_over(place, fitting)
    return out


def palette(mark: RgbaImage) -> NDArray[np.int32]:
    """The mark's colours that take at least 6 % of it, the commonest first, at most `_COLOURS`; (n, 3)."""
    solid = mark[..., :3][mark[..., 3] > 200].astype(np.int32)
    colours, counts = np.unique(solid // 32, axis=0, return_counts=True)
    common = [colours[place] * 32 + 16 for place in np.argsort(-counts) if counts[place] > 0.06 * len(solid)]
    return np.array(common[:_COLOURS], np.int32).reshape(-1, 3)
