from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from model.reading import Line
from model.regions import Box, Region
from training.readable import FOUND_SHARE, fit_readable


@dataclass
class Parts:
    """A model to which dark regions are lines: it sees a photo's columns as regions, and their brightness."""

    def detect(self, image):
        return [Region(Box(x, 0, 1, 8), 0.5) for x in range(image.shape[1])]

    def embed(self, crops):
        angles = [float(crop.mean()) / 255 for crop in crops]
        vectors = np.zeros((len(crops), 256), np.float32)
        vectors[:, :2] = [[np.cos(angle), np.sin(angle)] for angle in angles]
        return vectors

    def lines(self, photo):
        boxes = [region.box for region in self.detect(photo)]
        return [Line("ACME" if box.crop(photo).mean() < 100 else "AC", box) for box in boxes]

    detector = property(lambda self: self)
    embedder = property(lambda self: self)
    reader = property(lambda self: self)


def strip(*columns: int) -> np.ndarray:
    """A photo whose columns are as bright as that."""
    return np.repeat(np.array(columns, np.uint8)[None, :, None], 8, axis=0).repeat(3, axis=2)


def test_most_photos_with_a_line_are_read_and_few_others() -> None:
    rng = np.random.default_rng(0)
    with_line = [strip(*rng.integers(140, 256, 9), *rng.integers(0, 60, 1)) for _ in range(40)]
    without = [strip(*rng.integers(140, 256, 10)) for _ in range(40)]
    readable, share = fit_readable(
        Parts(), with_line[:30], [*with_line[30:], *without], progress=lambda items, _total, _title: items
    )

    def is_read(photo: np.ndarray) -> bool:
        crops = [photo[:, [column]] for column in range(photo.shape[1])]
        return bool((readable.values(Parts().embed(crops)) >= readable.least).any())

    assert np.mean([is_read(photo) for photo in with_line]) >= FOUND_SHARE - 0.05
    assert not any(is_read(photo) for photo in without)
    assert share == pytest.approx(10 / 50, abs=0.05)


def test_photos_in_which_nothing_is_proposed_are_not_read_and_break_nothing() -> None:
    nothing = np.zeros((8, 0, 3), np.uint8)
    photos = [strip(200, 30, 180), strip(150, 220, 50), strip(40, 210), strip(170, 20), strip(60, 240)]
    _, share = fit_readable(Parts(), photos, [nothing], progress=lambda items, _total, _title: items)
    assert share == 0
