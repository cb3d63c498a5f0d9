from __future__ import annotations

from dataclasses import replace

import cv2
from drawn_sheets import picture, sheet
from plain_bundle import plain_bundle

from model.bundle import ModelBundle
from model.panels import panels
from model.regions import Box, Region, RgbImage
from serve.scanning.proposals import proposed


class MiddleDetector:
    """Sees a mark in the middle of whatever it is shown."""

    def likeliest(self, image: RgbImage, *, most: int) -> list[Region]:
        height, width = image.shape[:2]
        return [Region(Box(width * 0.4, height * 0.4, width * 0.2, height * 0.2), 0.7)]


def bundle() -> ModelBundle:
    return replace(plain_bundle(), detector=MiddleDetector())  # type: ignore[arg-type]


def test_a_photo_alone_is_looked_at_once():
    alone = picture(1)
    regions = proposed(alone, bundle(), panels=panels(alone))
    assert [region.origin for region in regions] == ["whole", "detected"]


def test_the_panels_of_a_collage_are_pictures_and_marks_are_looked_for_in_each():
    made, boxes = sheet(rows=2, columns=2, gap=12)
    regions = proposed(made, bundle(), panels=panels(made))
    found = [region.box for region in regions if region.origin == "panel"]
    assert len(found) == len(boxes)
    for box in boxes:
        assert max(box.iou(one) for one in found) > 0.93
        middle = Box(box.x + 0.4 * box.width, box.y + 0.4 * box.height, 0.2 * box.width, 0.2 * box.height)
        assert max(middle.iou(region.box) for region in regions if region.origin == "detected") > 0.8
    assert [region.is_a_picture for region in regions] == [region.origin != "detected" for region in regions]


def test_in_a_frame_marks_are_looked_for_in_the_picture_as_well():
    framed = cv2.copyMakeBorder(picture(2), 90, 150, 40, 80, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    whole, *marks, shown = proposed(framed, bundle(), panels=panels(framed))
    assert (whole.origin, shown.origin) == ("whole", "panel")
    assert shown.box.iou(Box(40, 90, 300, 240)) > 0.95
    assert max(mark.box.iou(Box(40 + 120, 90 + 96, 60, 48)) for mark in marks) > 0.8
