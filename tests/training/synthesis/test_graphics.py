"""Flat drawings: the same by number, every mark visible and inside the picture."""

from __future__ import annotations

import numpy as np
import pytest

from training.synthesis.graphics import Graphics
from training.synthesis.logos import load_logos
from training.synthesis.scenes import SCENE_SIDE


@pytest.fixture(scope="module")
def graphics() -> Graphics:
    return Graphics(load_logos()[:40], count=30, seed=4)


def test_a_number_gives_one_picture(graphics: Graphics) -> None:
    first, again, other = (graphics.scene(number) for number in (3, 3, 4))
    assert np.array_equal(first.image, again.image)
    assert first.boxes == again.boxes
    assert not np.array_equal(first.image[:50, :50], other.image[:50, :50])


def test_marks_are_seen_and_lie_in_the_picture(graphics: Graphics) -> None:
    marks = 0
    for number in range(len(graphics)):
        scene = graphics.scene(number)
        height, width = scene.image.shape[:2]
        assert SCENE_SIDE - 1 <= max(height, width) <= SCENE_SIDE
        for box in scene.boxes:
            assert box.clipped(width=width, height=height) == box
            assert np.ptp(box.crop(scene.image).astype(int), axis=(0, 1)).max() >= 30
            marks += 1
    assert marks > 30
