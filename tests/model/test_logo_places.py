import numpy as np

from model.logo_places import MARGIN, MOST_PLACES, logo_places, logo_regions
from model.regions import Box, Region


def product() -> np.ndarray:
    """A grey product on white, 200 × 200, with fine stripes at the left of it."""
    picture = np.full((300, 300, 3), 255, np.uint8)
    picture[50:250, 50:250] = 120
    picture[60:240, 60:140:4] = 20
    return picture


def places(*regions: tuple[Box, float]) -> list[Box]:
    return [found.box for found in logo_places(product(), [Region(box, score) for box, score in regions])]


def test_the_surest_come_first_and_no_place_twice():
    first, inside, second = Box(60, 60, 40, 30), Box(65, 65, 30, 20), Box(60, 120, 40, 30)
    found = places((second, 0.5), (inside, 0.6), (first, 0.9))
    assert np.allclose(found, [first.grown(MARGIN), second.grown(MARGIN)])


def test_each_place_says_how_sure_the_detector_was():
    found = logo_places(product(), [Region(Box(60, 120, 40, 30), 0.3), Region(Box(60, 60, 40, 30), 0.9)])
    assert [one.score for one in found] == [0.9, 0.3]


def test_a_mark_and_the_print_that_it_overlaps_by_half_are_two_places():
    mark, around = Box(60, 60, 40, 30), Box(80, 60, 50, 60)
    assert np.allclose(places((around, 0.9), (mark, 0.5)), [around.grown(MARGIN), mark.grown(MARGIN)])


def test_the_margin_ends_with_the_picture():
    picture = product()
    picture[60:100, 0:40:4] = 20
    (place,) = logo_places(picture, [Region(Box(0, 60, 40, 30), 0.9)])
    assert np.allclose(place.box[::2], (0, 40 * (1 + MARGIN)))


def test_the_whole_product_is_no_place():
    assert places((Box(50, 50, 200, 200), 0.9), (Box(60, 60, 120, 120), 0.8)) == []


def test_a_place_without_anything_to_see_or_hardly_a_pixel_is_none():
    assert places((Box(160, 60, 40, 30), 0.9), (Box(60, 60, 40, 6), 0.9)) == []


def test_there_are_only_so_many():
    boxes = [Box(60, 60 + 19 * number, 40, 15) for number in range(MOST_PLACES + 1)]
    found = places(*((box, 0.9 - 0.05 * number) for number, box in enumerate(boxes)))
    assert np.allclose(found, [box.grown(MARGIN) for box in boxes[:MOST_PLACES]])


def test_a_picture_without_regions_has_none():
    assert places() == []


def test_parts_are_looked_at_larger_and_boxes_are_those_of_the_whole():
    looked = []

    def detect(image):
        looked.append(image.shape[:2])
        dark = np.argwhere(image[..., 0] == 7)
        return [Region(Box(float(dark[0][1]), float(dark[0][0]), 8, 8), 0.8)] if len(dark) == 64 else []

    picture = product()
    picture[200:208, 170:178] = 7
    found = logo_regions(picture, detect=detect)
    assert looked[0] == (300, 300)
    assert set(looked[2:]) == {(140, 140)}, "of the content, not of the ground around it"
    assert len(looked) == 20, "at each and at its mirror image"
    assert len(found) > 1
    assert {tuple(one.box) for one in found} == {(170.0, 200.0, 8.0, 8.0)}


def test_a_mark_that_a_part_cuts_is_left_to_the_others():
    def detect(image):
        width = image.shape[1]
        return [] if width == 300 else [Region(Box(width - 30, 40, 30, 20), 0.8)]

    found = logo_regions(product(), detect=detect)
    ends = {(one.box.x, one.box.x + one.box.width) for one in found}
    assert ends == {(220.0, 250.0), (50.0, 80.0)}, "at the content's own sides, the mirror's too, nothing is cut"


def test_what_is_seen_in_the_mirror_alone_is_where_it_is_in_the_picture():
    def detect(image):
        at_the_left = image.shape[1] == 300 and image[60, 60:140].mean() < 110
        return [] if at_the_left else [Region(Box(170, 60, 20, 30), 0.7)] if image.shape[1] == 300 else []

    assert [one.box for one in logo_regions(product(), detect=detect)] == [Box(110, 60, 20, 30)]
