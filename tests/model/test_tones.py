import cv2
import numpy as np

from model.regions import Box
from model.tones import lost_by_exposure

PRINT = Box(60, 60, 40, 30)


def pale_shirt() -> np.ndarray:
    """A pale shirt with folds before a dark wall, and a paler print on it."""
    picture = np.full((160, 160, 3), 40, np.uint8)
    folds = np.linspace(190, 225, 120).astype(np.uint8)
    picture[20:140, 20:140] = folds[None, :, None]
    picture[140:150, 20:140] = 245
    PRINT.crop(picture)[::4] = 245
    return picture


def lost(copy: np.ndarray, box: Box = PRINT) -> bool:
    return lost_by_exposure(copy, np.eye(3), box, picture=pale_shirt())


def exposed(picture: np.ndarray, *, by: float) -> np.ndarray:
    return np.clip(picture * by, 0, 255).astype(np.uint8)


def test_what_is_too_bright_or_too_dark_all_over_leaves_no_print():
    assert lost(exposed(pale_shirt(), by=1.45))
    assert lost(exposed(pale_shirt(), by=0.04))


def test_a_little_light_and_other_hues_leave_it():
    turned = pale_shirt()
    turned[..., 0] //= 2
    assert not lost(turned)
    assert not lost(exposed(pale_shirt(), by=0.8))
    assert not lost(exposed(pale_shirt(), by=1.1))


def test_a_print_that_was_wiped_alone_had_not_to_vanish():
    wiped = pale_shirt()
    PRINT.grown(0.1).crop(wiped)[:] = 255
    assert not lost(wiped)


def test_another_ground_says_nothing_of_the_print():
    other = pale_shirt()
    other[pale_shirt() == 40] = 255
    assert not lost(other)


def test_a_place_without_light_and_dark_is_not_asked_about():
    assert not lost(exposed(pale_shirt(), by=2.0), Box(30, 110, 10, 10))


def test_the_copy_may_be_of_any_size_and_show_a_part():
    small = cv2.resize(exposed(pale_shirt(), by=1.45)[40:120, 20:140], None, fx=2, fy=2)
    matrix = np.array([[0.5, 0, 20], [0, 0.5, 40], [0, 0, 1.0]])
    assert lost_by_exposure(small, matrix, PRINT, picture=pale_shirt())
