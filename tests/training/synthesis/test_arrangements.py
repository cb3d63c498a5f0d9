from __future__ import annotations

import numpy as np
import pytest

from model.regions import Box, RgbImage
from training.synthesis.arrangements import mark_picture, marks_in_rows
from training.synthesis.logos import RgbaImage


def blue_mark(height: int = 60, width: int = 120) -> RgbaImage:
    """A blue oval that touches its four sides."""
    y, x = np.mgrid[0:height, 0:width]
    inside = ((x - width / 2 + 0.5) / (width / 2)) ** 2 + ((y - height / 2 + 0.5) / (height / 2)) ** 2 <= 1
    mark = np.zeros((height, width, 4), np.uint8)
    mark[inside] = (30, 60, 200, 255)
    return mark


def box_of_blue(picture: RgbImage) -> Box:
    pixels = picture.astype(int)
    blue = pixels[..., 2] - pixels[..., 0] > 85
    rows, columns = (np.flatnonzero(blue.any(axis=axis)) for axis in (1, 0))
    return Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1 - columns[0]), float(rows[-1] + 1 - rows[0]))


@pytest.mark.parametrize("seed", range(12))
def test_a_mark_fills_much_of_its_picture_and_is_boxed(seed: int) -> None:
    white = np.full((160, 200, 3), 255, np.uint8)
    picture, boxes, ignored = mark_picture(blue_mark(), white, side=200, rng=np.random.default_rng(seed))
    (box,) = boxes
    assert picture.shape == white.shape
    assert 0.25 * 200 <= box.width <= 200
    assert box.iou(box_of_blue(picture)) > 0.85
    assert all(line.intersection(box) == 0 for line in ignored)


def test_a_picture_without_a_ground_gets_one_and_often_small_words_beside_the_mark() -> None:
    drawn = [mark_picture(blue_mark(), None, side=200, rng=np.random.default_rng(seed)) for seed in range(30)]
    assert all(max(picture.shape[:2]) == 200 for picture, _, _ in drawn)
    assert len({picture.shape for picture, _, _ in drawn}) > 5
    assert 3 <= sum(len(ignored) for _, _, ignored in drawn) <= 20
    for picture, (box,), ignored in drawn:
        height, width = picture.shape[:2]
        assert all(one.clipped(width=width, height=height) == one for one in (box, *ignored))


@pytest.mark.parametrize("ground", [12, 128, 250])
def test_what_does_not_stand_out_is_drawn_in_another_ink(ground: int) -> None:
    mark = blue_mark()
    mark[..., :3][mark[..., 3] > 0] = ground
    plain = np.full((100, 100, 3), ground, np.uint8)
    picture, (box,), _ = mark_picture(mark, plain, side=100, rng=np.random.default_rng(3))
    assert np.ptp(box.crop(picture).astype(int)) > 90


def test_rows_repeat_one_mark_or_show_many() -> None:
    shelf = np.full((180, 240, 3), 230, np.uint8)
    shapes = iter(range(10**6))
    kinds = set()
    for seed in range(25):
        picture, boxes, _ = marks_in_rows(
            lambda: blue_mark(40 + 7 * (next(shapes) % 9), 90), shelf, rng=np.random.default_rng(seed)
        )
        assert picture.shape == shelf.shape
        assert 1 <= len(boxes) <= 24
        for number, box in enumerate(boxes):
            assert box.clipped(width=240, height=180) == box
            assert all(box.intersection(other) == 0 for other in boxes[:number])
        ratios = [box.width / box.height for box in boxes if min(box.width, box.height) > 12]
        if len(ratios) > 2:
            kinds.add(max(ratios) / min(ratios) < 1.25)
    assert kinds == {True, False}
    assert (shelf == 230).all(), "it is drawn on a copy"
