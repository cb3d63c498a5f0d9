from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawn_sheets import WHITE, picture, sheet

from model.panels import MOST_PANELS, panels
from model.regions import Box


@pytest.mark.parametrize("gap", [0, 12])
@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (2, 1), (2, 2), (3, 3)])
def test_the_pictures_of_a_sheet_are_found_with_gaps_and_without(rows: int, columns: int, gap: int):
    made, boxes = sheet(rows=rows, columns=columns, gap=gap)
    found = panels(made)
    assert len(found) == len(boxes)
    for box in boxes:
        assert max(box.iou(one) for one in found) > 0.93


def test_a_picture_alone_has_none():
    assert panels(picture(1)) == ()


def test_the_picture_in_a_frame_is_the_only_one():
    (found,) = panels(cv2.copyMakeBorder(picture(2), 120, 60, 40, 40, cv2.BORDER_CONSTANT, value=(30, 90, 160)))
    assert found.iou(Box(40, 120, 300, 240)) > 0.95


def test_a_caption_in_the_frame_is_looked_at_too():
    framed = cv2.copyMakeBorder(picture(2), 120, 60, 40, 40, cv2.BORDER_CONSTANT, value=(30, 90, 160))
    cv2.putText(framed, "brand new, 24.90 EUR", (50, 60), cv2.FONT_HERSHEY_SIMPLEX, 0.8, WHITE, 2, cv2.LINE_AA)
    (found,) = panels(framed)
    assert found.iou(Box(40, 42, 300, 318)) > 0.9


def test_captions_are_left_out_of_a_sheet():
    made, boxes = sheet(rows=1, columns=2, gap=12)
    made = cv2.copyMakeBorder(made, 60, 0, 0, 0, cv2.BORDER_CONSTANT, value=WHITE)
    cv2.putText(made, "before and after", (40, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2, cv2.LINE_AA)
    found = panels(made)
    assert len(found) == len(boxes)
    for box in boxes:
        assert max(box.moved(0, 60).iou(one) for one in found) > 0.93


def test_goods_side_by_side_on_plain_ground_are_no_pictures():
    shown = np.full((300, 640, 3), 250, np.uint8)
    for x in (160, 480):
        cv2.ellipse(shown, (x, 150), (110, 120), 0, 0, 360, (40, 70, 150), -1)
        cv2.circle(shown, (x, 130), 40, (200, 60, 60), -1)
    assert panels(shown) == ()


def test_a_horizon_that_does_not_reach_across_is_no_seam():
    shown = picture(3)
    shown[120:, :180] = picture(4)[120:, :180]
    assert panels(shown) == ()


@pytest.mark.parametrize("shape", [(200, 300), (1, 1), (3, 900), (1, 4000)])
def test_one_colour_shows_no_picture(shape: tuple[int, int]):
    assert panels(np.full((*shape, 3), 180, np.uint8)) == ()


def test_thin_and_tiny_pictures_are_looked_at():
    noise = np.random.default_rng(0).integers(0, 255, (4, 4000, 3), dtype=np.uint8)
    assert panels(noise) == ()
    assert panels(noise[:, :4]) == ()


def test_pictures_too_small_to_show_anything_are_none():
    made, _ = sheet(rows=1, columns=2, gap=12)
    assert panels(cv2.resize(made, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)) == ()


@pytest.mark.parametrize("count", [8, 14])
def test_a_long_picture_of_details_is_cut(count: int):
    made, boxes = sheet(rows=count, columns=1, gap=0)
    found = panels(made)
    assert len(found) == count
    assert all(max(box.iou(one) for one in found) > 0.93 for box in boxes)


def test_there_are_no_more_than_so_many():
    made, _ = sheet(rows=6, columns=6, gap=24)
    assert len(panels(made)) <= MOST_PANELS
