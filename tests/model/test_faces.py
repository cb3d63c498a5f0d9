from __future__ import annotations

import numpy as np
import pytest

from model.faces import could_be_a_face
from model.regions import Box, RgbImage

SKIN, SHIRT, WALL = (205, 150, 120), (40, 70, 160), (225, 225, 225)
FACE, NECK = Box(160, 60, 80, 90), Box(175, 150, 50, 40)


def person(*, skin: tuple[int, int, int] = SKIN) -> RgbImage:
    """A face and a neck over a shirt, before a wall."""
    photo = np.full((480, 400, 3), WALL, np.uint8)
    for place, colour in ((Box(100, 180, 200, 300), SHIRT), (FACE, skin), (NECK, skin)):
        place.crop(photo)[...] = colour
    return photo


@pytest.mark.parametrize("skin", [SKIN, (240, 200, 180), (110, 70, 50)])
def test_a_place_and_what_is_below_it_in_the_colour_of_skin_may_be_a_face(skin: tuple[int, int, int]) -> None:
    assert could_be_a_face(person(skin=skin), FACE)


def test_a_mark_on_a_shirt_is_no_face() -> None:
    assert not could_be_a_face(person(), Box(160, 190, 80, 20))
    assert not could_be_a_face(person(), Box(160, 190, 50, 50))


@pytest.mark.parametrize("emoji", [(255, 220, 40), (20, 20, 20)])
def test_what_covers_a_face_above_a_neck_shows_no_skin(emoji: tuple[int, int, int]) -> None:
    photo = person()
    FACE.crop(photo)[...] = emoji
    assert could_be_a_face(photo, FACE)
    assert not could_be_a_face(np.roll(photo, 80, axis=0), Box(FACE.x, FACE.y + 80, FACE.width, FACE.height))


def test_a_cover_above_a_shirt_is_no_face() -> None:
    photo = person()
    FACE.crop(photo)[...] = WALL
    NECK.crop(photo)[...] = SHIRT
    assert not could_be_a_face(photo, FACE)


def test_skin_without_skin_below_it_is_no_face() -> None:
    photo = person()
    NECK.crop(photo)[...] = SHIRT
    assert not could_be_a_face(photo, FACE)


def test_a_face_is_not_in_the_lower_half() -> None:
    lower = np.roll(person(), 240, axis=0)
    assert not could_be_a_face(lower, Box(FACE.x, FACE.y + 240, FACE.width, FACE.height))


def test_a_face_is_no_bar() -> None:
    assert not could_be_a_face(person(), Box(FACE.x, 110, FACE.width, 40))


def test_a_package_in_the_colour_of_skin_has_no_face() -> None:
    package = np.full((480, 400, 3), SKIN, np.uint8)
    assert not could_be_a_face(package, FACE)


def test_a_place_at_the_edge_of_the_photo_is_no_error() -> None:
    photo = np.full((20, 20, 3), SKIN, np.uint8)
    for place in (Box(0, 0, 8, 8), Box(15, 0, 8, 8), Box(15, 15, 8, 8)):
        assert not could_be_a_face(photo, place)
