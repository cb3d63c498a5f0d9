"""Pictures with smooth tones and a few shapes, as photos have them, and sheets of several."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np

from model.regions import Box, RgbImage

WHITE = (255, 255, 255)


def picture(seed: int, *, width: int = 300, height: int = 240) -> RgbImage:
    """Soft tones, a little grain and two discs; no line of it is plain."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(80, 176, (4, 5, 3)).astype(np.uint8)
    drawn = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(2):
        middle = (int(rng.uniform(0.2, 0.8) * width), int(rng.uniform(0.2, 0.8) * height))
        cv2.circle(drawn, middle, height // 6, rng.integers(0, 255, 3).tolist(), -1, cv2.LINE_AA)
    return np.clip(drawn + rng.normal(0, 3, drawn.shape), 0, 255).astype(np.uint8)


def sheet(*, rows: int, columns: int, gap: int) -> tuple[RgbImage, list[Box]]:
    """Pictures in rows and columns on white, and where they lie."""
    made = np.full((rows * (240 + gap) + gap, columns * (300 + gap) + gap, 3), WHITE, np.uint8)
    boxes = []
    for number, (row, column) in enumerate(product(range(rows), range(columns))):
        top, left = gap + row * (240 + gap), gap + column * (300 + gap)
        made[top : top + 240, left : left + 300] = picture(number)
        boxes.append(Box(left, top, 300, 240))
    return made, boxes
