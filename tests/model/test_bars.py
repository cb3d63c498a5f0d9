from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawn_sheets import WHITE, picture

from model.bars import within_bars

NEAR = 6
"""Lines beside a bar that are left out with it."""


@pytest.mark.parametrize("colour", [WHITE, (200, 40, 60), (0, 0, 0)])
@pytest.mark.parametrize("sides", [(0, 40, 0, 0), (40, 0, 0, 0), (0, 0, 60, 0), (30, 50, 0, 0), (40, 50, 12, 20)])
def test_bars_on_any_sides_are_left_out(sides: tuple[int, int, int, int], colour: tuple[int, int, int]):
    shown = picture(1, width=200, height=200)
    top, below, left, right = sides
    seen = cv2.copyMakeBorder(shown, *sides, cv2.BORDER_CONSTANT, value=colour)
    high, wide = seen.shape[:2]
    inside = (
        top and top + NEAR,
        high - (below and below + NEAR),
        left and left + NEAR,
        wide - (right and right + NEAR),
    )
    assert np.abs(np.subtract(within_bars(seen), inside)).max() <= 1


def test_words_may_stand_on_a_bar():
    shown = picture(2, width=200, height=240)
    shown[200:] = (20, 20, 20)
    cv2.putText(shown, "NEW 19.99", (8, 228), cv2.FONT_HERSHEY_SIMPLEX, 1.0, WHITE, 2, cv2.LINE_AA)
    assert within_bars(shown) == (0, 200 - NEAR, 0, 200)


def test_goods_on_plain_ground_have_no_bars():
    shown = np.full((240, 200, 3), 245, np.uint8)
    cv2.ellipse(shown, (100, 120), (60, 70), 0, 0, 360, (40, 70, 150), -1, cv2.LINE_AA)
    assert within_bars(shown) == (0, 240, 0, 200)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 3), (200, 200)])
def test_one_colour_has_no_bars(shape: tuple[int, int]):
    assert within_bars(np.full((*shape, 3), 180, np.uint8)) == (0, shape[0], 0, shape[1])
