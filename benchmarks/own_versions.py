"""Genuine marks as brands make them: in one colour, sewn, outlined, with a slogan or the sign of a registered mark."""

from __future__ import annotations

import cv2
import numpy as np

from benchmarks.lookalikes import Change, Material, main_colour, painted, written
from training.edits.innocent import engraved, inverted, outlined
from training.edits.strokes import random_colour
from training.synthesis.inks import dressed, stitched
from training.synthesis.logos import RgbaImage, one_colour

_SLOGANS = ("since 1987", "official store", "just better", "quality first", "made with care")


def with_slogan(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """Small words below it."""
    words = str(rng.choice(_SLOGANS))
    line = written(words, material, rng, colour=main_colour(mark))
    wide = round(mark.shape[1] * rng.uniform(0.5, 0.9))
    tall = max(6, round(line.shape[0] * wide / line.shape[1]))
    gap, left = max(4, tall // 2), (mark.shape[1] - wide) // 2
    out = np.pad(mark, ((0, gap + tall), (0, 0), (0, 0)))
    out[-tall:, left : left + wide] = cv2.resize(line, (wide, tall))
    return out


def registered(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """The sign of a registered mark beside it."""
    radius = max(5, round(0.06 * np.sqrt(mark.shape[0] * mark.shape[1])))
    out = np.pad(mark, ((0, 0), (0, 2 * radius + 8), (0, 0)))
    sign, middle = np.zeros(out.shape[:2], np.uint8), (mark.shape[1] + radius + 4, radius + 2)
    cv2.circle(sign, middle, radius, 255, max(1, radius // 6), cv2.LINE_AA)
    size = radius / 20
    cv2.putText(sign, "R", (middle[0] - radius // 2, middle[1] + radius // 2), 0, size, 255, max(1, radius // 7), 16)
    return painted(out, sign, main_colour(mark))


OWN_VERSIONS: dict[str, Change] = {
    "as_drawn": lambda mark, material, rng: mark,
    "one_colour": lambda mark, material, rng: one_colour(mark, random_colour(rng)),
    "inverted": lambda mark, material, rng: inverted(mark, rng),
    "embroidered": lambda mark, material, rng: stitched(mark, rng=rng),
    "outlined": lambda mark, material, rng: outlined(mark, rng),
    "engraved": lambda mark, material, rng: engraved(mark, rng),
    "dressed": lambda mark, material, rng: dressed(mark, rng=rng),
    "with_slogan": with_slogan,
    "registered": registered,
}
"""Ways to make a genuine mark, by name."""
