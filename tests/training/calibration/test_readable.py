from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from model.regions import Box, Region
from training.calibration.readable import FOUND_SHARE, fit_readable
from training.evaluation.report import quietly


@dataclass
class Parts:
    """A model to which dark regions are lines: it sees a photo's columns as regions, and their brightness."""

    def likeliest(self, image, *, most):
        return [Region(Box(x, 0, 1, 8), 0.5) for x in range(image.shape[1])][:most]

    def embed(self, crops):
        angles = [float(crop.mean()) / 255 for crop in crops]
        return np.array([[np.cos(angle), np.sin(angle)] for angle in angles], np.float32)

    def line(self, crop):
        return "ACME" if crop.mean() < 100 else "AC"

    detector = property(lambda self: self)
    embedder = property(lambda self: self)
    reader = property(lambda self: self)


def test_the_probe_finds_most_regions_that_can_be_read_and_few_others():
    rng = np.random.default_rng(0)
    photos = [np.repeat(rng.integers(0, 256, (1, 40, 1), np.uint8), 8, axis=0).repeat(3, axis=2) for _ in range(5)]
    readable, share = fit_readable(Parts(), photos[:3], photos[3:], progress=quietly)
    columns = np.concatenate([photo[0, :, 0] for photo in photos]).astype(int)
    read = readable.values(Parts().embed(list(columns))) >= readable.least
    assert read[columns < 100].mean() >= FOUND_SHARE - 0.05
    assert not read[columns >= 100].any()
    assert share == pytest.approx(0.4, abs=0.1)
