import cv2
import numpy as np
import pytest

from model.alignment import CROP_MARGIN, reference_corners
from model.regions import Box
from serve.scanning.seen import SeenRegions

BOX = Box(200, 120, 300, 180)
MARK = Box(250, 150, 120, 90)


def laid(regions: SeenRegions, place: Box, *, quarters: int) -> np.ndarray:
    """The matrix that takes `place` of the image, as the turned region at working size shows it, to the frame."""
    image = np.zeros((600, 800, 2), np.float32)
    image[..., 0], image[..., 1] = np.meshgrid(np.arange(800), np.arange(600))
    seen = np.rot90(BOX.grown(CROP_MARGIN).crop(image), -quarters)
    small = regions.mark(BOX, quarters=quarters)
    scale = np.array([small.shape[1] / seen.shape[1], small.shape[0] / seen.shape[0]])
    sides = [(place.x, place.y), (place.x + place.width, place.y)]
    sides += [(place.x + place.width, place.y + place.height), (place.x, place.y + place.height)]
    found = []
    for x, y in sides:
        row, column = np.unravel_index(np.abs(seen - [x, y]).sum(axis=-1).argmin(), seen.shape[:2])
        found.append((np.array([column, row]) + 0.5) * scale)
    corners = np.roll(reference_corners(), quarters, axis=0)
    return cv2.getPerspectiveTransform(np.array(found, np.float32), corners.astype(np.float32))


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_mark_lies_where_it_was_laid_on_its_reference(quarters):
    regions = SeenRegions(np.zeros((600, 800, 3), np.uint8))
    place = regions.place(BOX, laid(regions, MARK, quarters=quarters), quarters=quarters)
    assert place.iou(MARK) > 0.95


def test_a_mark_that_reaches_out_of_the_image_ends_at_its_rim() -> None:
    regions = SeenRegions(np.zeros((280, 480, 3), np.uint8))
    larger = np.diag([0.6, 0.6, 1.0])
    place = regions.place(BOX, larger)
    assert place != BOX
    assert place.x + place.width <= 480
    assert place.y + place.height <= 280


@pytest.mark.parametrize(
    "matrix",
    [
        np.array([[1.0, 0, 3000], [0, 1, 3000], [0, 0, 1]]),
        np.diag([90.0, 90.0, 1.0]),
        np.diag([0.01, 0.01, 1.0]),
    ],
)
def test_a_mark_laid_elsewhere_or_out_of_size_leaves_the_region_as_it_was(matrix: np.ndarray) -> None:
    regions = SeenRegions(np.zeros((600, 800, 3), np.uint8))
    assert regions.place(BOX, matrix) == BOX
