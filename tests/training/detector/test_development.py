from __future__ import annotations

import numpy as np

from model.regions import Box, Region
from training.detector.development import DevSet, dev_figures, threshold_for


def two_photos() -> tuple[DevSet, list[list[Region]]]:
    images = [np.zeros((100, 100, 3), np.uint8)] * 2
    dev = DevSet("two", images, [[Box(0, 0, 20, 20)], [Box(50, 50, 20, 20)]])
    strays = [Region(Box(80, 5, 10, 10), score) for score in (0.8, 0.6, 0.3, 0.1)]
    return dev, [[Region(Box(0, 0, 20, 20), 0.9), *strays], [Region(Box(50, 50, 20, 20), 0.25)]]


def test_the_threshold_is_the_lowest_with_few_enough_false_boxes() -> None:
    dev, regions = two_photos()
    assert 0.1 < threshold_for(regions, dev, false_per_photo=1.5) <= 0.12
    assert 0.6 < threshold_for(regions, dev, false_per_photo=0.5) <= 0.62


def test_dev_figures_are_read_at_that_threshold() -> None:
    dev, regions = two_photos()
    figures = dev_figures(regions, dev)
    assert figures["recall"] == 1.0
    assert figures["false_per_photo"] == 2.0
