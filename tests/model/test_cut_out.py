import cv2
import numpy as np

from model.cut_out import product_inside


def picture(*, ground: tuple[int, int, int] = (240, 240, 236)) -> np.ndarray:
    """A blue body that touches the lower rim, with a hole of the ground's colour in it that shows no ground."""
    drawn = np.full((256, 200, 3), ground, np.uint8)
    cv2.rectangle(drawn, (40, 30), (160, 255), (40, 60, 150), -1)
    cv2.circle(drawn, (100, 120), 20, ground, -1)
    return drawn


def test_it_is_what_the_ground_leaves_and_a_little_less():
    inside = product_inside(picture())
    assert inside is not None
    assert inside[40:, 50:151].all(), "with the hole, and down to the rim"
    assert not inside[:, :44].any()
    assert not inside[:34].any()


def test_without_a_plain_ground_there_is_none():
    noise = np.random.default_rng(0).integers(0, 255, (256, 200, 3), dtype=np.uint8)
    assert product_inside(noise) is None


def test_a_picture_of_ground_alone_shows_no_product():
    assert product_inside(np.full((100, 100, 3), 200, np.uint8)) is None


def test_what_fills_its_picture_has_no_ground():
    full = picture()[29:, 39:162]
    assert product_inside(full) is None
