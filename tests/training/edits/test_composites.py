from __future__ import annotations

import numpy as np
import pytest

from model.regions import Box, RgbImage
from training.edits.composites import Composed, composed

MARK = Box(60, 40, 50, 30)
RED = (220, 20, 30)


def plain(grey: int) -> RgbImage:
    return np.full((120, 200, 3), grey, np.uint8)


def made(seed: int) -> Composed:
    picture = plain(120)
    MARK.crop(picture)[...] = RED
    return composed(picture, (MARK,), another=lambda: plain(60), rng=np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(60))
def test_boxes_and_panels_lie_in_the_picture(seed: int) -> None:
    sheet = made(seed)
    height, width = sheet.image.shape[:2]
    assert sheet.image.dtype == np.uint8
    assert sheet.panels
    for box in (*sheet.boxes, *sheet.panels):
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= width + 1
        assert box.y + box.height <= height + 1


def test_a_box_stays_on_its_mark() -> None:
    red = []
    for seed in range(60):
        sheet = made(seed)
        red += [np.median(box.grown(-0.2).crop(sheet.image), axis=(0, 1)) for box in sheet.boxes]
    assert len(red) > 40, "a mark is lost only where it is cut off or covered"
    off = np.abs(np.array(red) - RED).max(axis=1)
    assert (off < 30).all()


def test_all_kinds_of_sheets_come_up() -> None:
    panels = [len(made(seed).panels) for seed in range(60)]
    assert {1, 2, 4} <= set(panels)
    assert max(panels) >= 6


def test_a_seed_gives_one_sheet() -> None:
    assert np.array_equal(made(7).image, made(7).image)
