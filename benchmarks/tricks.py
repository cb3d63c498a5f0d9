"""Tricks of the simulated marketplace's sellers that training has no tool for: a mark hidden under things and words.

Each takes the pixels around the mark and a strength from 0 to 1, as the tools of `training.edits.smears` do.
"""

from __future__ import annotations

import string

import cv2
import numpy as np

from model.regions import RgbImage
from training.edits.smears import Smear

_LETTERS = tuple(string.ascii_uppercase + string.digits)


def confetti(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """40 (weak) to 160 (strong) dots in all colours, up to 6 % of the mark's shorter side in radius."""
    height, width = patch.shape[:2]
    strewn = patch.copy()
    for _ in range(round(40 + 120 * strength)):
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        radius = max(1, int(min(height, width) * rng.uniform(0.01, 0.06)))
        cv2.circle(strewn, centre, radius, rng.integers(0, 256, 3).tolist(), -1, cv2.LINE_AA)
    return strewn


def slogan(patch: RgbImage, strength: float, rng: np.random.Generator) -> RgbImage:
    """One (weak) to three (strong) lines of large letters across the mark, each in a colour of its own."""
    height, width = patch.shape[:2]
    written = patch.copy()
    for _ in range(1 + round(2 * strength)):
        words = "".join(rng.choice(_LETTERS, size=int(rng.integers(4, 9))))
        font, weight = int(rng.integers(0, 5)), max(2, int((0.05 + 0.05 * strength) * height))
        (natural, _), _ = cv2.getTextSize(words, font, 1.0, 2)
        place = (int(width * rng.uniform(-0.05, 0.1)), int(height * rng.uniform(0.35, 0.95)))
        size = width * float(rng.uniform(0.8, 1.1)) / natural
        cv2.putText(written, words, place, font, size, rng.integers(0, 256, 3).tolist(), weight, cv2.LINE_AA)
    return written


TRICKS: dict[str, Smear] = {"confetti": confetti, "slogan": slogan}
"""Every trick by name."""
