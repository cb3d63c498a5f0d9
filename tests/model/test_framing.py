from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawn_sheets import WHITE, picture

from model.framing import framed_picture
from model.regions import Box, RgbImage

SHOWN = Box(60, 90, 300, 240)


def framed(shown: RgbImage, *, sides: tuple[int, int, int, int], colour: tuple[int, int, int] = WHITE) -> RgbImage:
    """`shown` with so many pixels of one colour above, below, left and right of it."""
    return cv2.copyMakeBorder(shown, *sides, cv2.BORDER_CONSTANT, value=colour)


@pytest.mark.parametrize("colour", [WHITE, (200, 40, 60), (0, 0, 0)])
def test_the_picture_on_a_plain_sheet_is_found(colour: tuple[int, int, int]):
    found = framed_picture(framed(picture(1), sides=(90, 70, 60, 50), colour=colour))
    assert found is not None
    assert found.iou(SHOWN) > 0.95


def test_the_picture_on_its_own_blur_is_found():
    shown = picture(2)
    shown[::12] //= 2
    sheet = cv2.GaussianBlur(cv2.resize(shown, (420, 400)), (0, 0), 10)
    sheet[90:330, 60:360] = shown
    found = framed_picture(sheet)
    assert found is not None
    assert found.iou(SHOWN) > 0.95


def test_bars_beside_it_are_a_frame():
    found = framed_picture(framed(picture(3), sides=(0, 0, 60, 60), colour=(0, 0, 0)))
    assert found is not None
    assert found.iou(Box(60, 0, 300, 240)) > 0.95


def test_one_side_may_be_of_the_frames_colour():
    shown = picture(4)
    shown[:40] = WHITE
    found = framed_picture(framed(shown, sides=(40, 40, 60, 60)))
    assert found is not None
    assert found.iou(Box(60, 80, 300, 200)) > 0.9


def test_a_picture_without_a_frame_has_none():
    assert framed_picture(picture(5)) is None


def test_a_plain_wall_above_is_no_frame():
    assert framed_picture(framed(picture(6), sides=(120, 0, 0, 0))) is None


def test_goods_on_plain_or_blurred_ground_are_not_framed():
    ground = cv2.GaussianBlur(picture(7, width=400, height=400), (0, 0), 12)
    for shown in (np.full((400, 400, 3), 245, np.uint8), ground):
        cv2.ellipse(shown, (200, 200), (130, 150), 0, 0, 360, (40, 70, 150), -1, cv2.LINE_AA)
        cv2.circle(shown, (200, 170), 40, (200, 60, 60), -1, cv2.LINE_AA)
        assert framed_picture(shown) is None


def test_a_wiped_mark_on_plain_ground_is_not_framed():
    mark = cv2.GaussianBlur(picture(10), (0, 0), 20)
    assert framed_picture(framed(mark, sides=(90, 70, 60, 50))) is None


def test_a_small_label_on_plain_ground_is_not_framed():
    assert framed_picture(framed(picture(8, width=60, height=40), sides=(150, 150, 150, 150))) is None


@pytest.mark.parametrize("shape", [(200, 300), (1, 1), (3, 900), (1, 4000), (20000, 20)])
def test_one_colour_shows_no_picture(shape: tuple[int, int]):
    assert framed_picture(np.full((*shape, 3), 180, np.uint8)) is None


def test_a_large_picture_is_placed_in_its_own_pixels():
    large = cv2.resize(framed(picture(9), sides=(90, 70, 60, 50)), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    found = framed_picture(np.asarray(large, np.uint8))
    assert found is not None
    assert found.iou(Box(240, 360, 1200, 960)) > 0.95
