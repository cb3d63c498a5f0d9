from __future__ import annotations

import numpy as np

from model.logo_marks import MARGIN, logo_marks
from model.regions import Box, Region, RgbImage

LEFT, RIGHT = Box(40, 60, 96, 96), Box(340, 60, 96, 96)


def sheet(*marks: Box) -> RgbImage:
    """A white page in a thin frame, with checks at each place."""
    page = np.full((300, 500, 3), 255, np.uint8)
    page[2:-2, 2] = page[2:-2, -3] = page[2, 2:-2] = page[-3, 2:-2] = 90
    for mark in marks:
        checks = np.add.outer(np.arange(round(mark.height)) // 8, np.arange(round(mark.width)) // 8) % 2
        mark.crop(page)[:] = (checks * 200)[..., None]
    return page


def marks(picture: RgbImage, *regions: tuple[Box, float]) -> list[Box]:
    return logo_marks(picture, detect=lambda _: [Region(box, score) for box, score in regions])


def test_each_version_on_a_sheet_is_a_mark_the_surest_first() -> None:
    found = marks(sheet(LEFT, RIGHT), (LEFT, 0.4), (RIGHT, 0.5))
    assert np.allclose(found, [RIGHT.grown(MARGIN), LEFT.grown(MARGIN)])


def test_a_picture_that_is_one_mark_has_none_within_it() -> None:
    whole = Box(0, 0, 500, 300)
    assert marks(sheet(LEFT, RIGHT), (LEFT, 0.5), (whole, 0.3)) == []


def test_a_caption_that_is_hardly_sure_is_none() -> None:
    assert len(marks(sheet(LEFT, RIGHT), (LEFT, 0.5), (RIGHT, 0.3))) == 1


def test_where_the_detector_is_not_sure_there_is_none() -> None:
    assert marks(sheet(LEFT, RIGHT)) == []
    assert marks(sheet(LEFT, RIGHT), (LEFT, 0.2), (RIGHT, 0.2)) == []


def test_no_mark_is_there_twice() -> None:
    assert len(marks(sheet(LEFT), (LEFT, 0.5), (Box(44, 64, 96, 96), 0.45))) == 1


def test_a_sign_beside_the_mark_is_none() -> None:
    sign = Box(400, 60, 26, 26)
    assert marks(sheet(Box(40, 60, 300, 200), sign), (sign, 0.5)) == []


def test_marks_end_with_the_picture() -> None:
    (found,) = marks(sheet(Box(0, 0, 96, 96)), (Box(0, 0, 96, 96), 0.5))
    assert found.x == found.y == 0


def test_a_strip_that_is_far_longer_than_high_is_looked_at_too() -> None:
    strip = np.full((26, 60_000, 3), 255, np.uint8)
    for left in (1000, 5000, 9000, 58_000):
        strip[:, left : left + 2000] = 0
    assert len(marks(strip, (Box(0, 0, 15_000, 26), 0.5))) == 1
