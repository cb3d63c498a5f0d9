from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawn_garment import another, in_a_shop, product

from model.alignment import prepare_reference
from model.regions import Box, RgbImage
from model.shown_product import FEWEST_AGREEING, KnownProduct, ShopPhoto, Shown, shown


def of(photo: RgbImage, reference: RgbImage) -> Shown:
    return shown(ShopPhoto(photo), KnownProduct(prepare_reference(reference)))


@pytest.fixture(scope="module")
def photo() -> RgbImage:
    return in_a_shop(product())


def test_a_shop_photo_shows_the_product_of_its_reference(photo: RgbImage) -> None:
    found = of(photo, product())
    assert found.is_its
    assert found.covered > 0.9
    assert found.colours > 0.8
    assert found == of(photo, product())


@pytest.mark.parametrize("other", [another(), np.full((300, 200, 3), 255, np.uint8)])
def test_it_shows_no_other_product(photo: RgbImage, other: RgbImage) -> None:
    found = of(photo, other)
    assert not found.is_its
    assert found.worth < of(photo, product()).worth


def test_the_product_of_its_own_colours_is_worth_most(photo: RgbImage) -> None:
    other_sort = np.repeat(cv2.cvtColor(product(), cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    assert of(photo, other_sort).agreeing >= FEWEST_AGREEING, "they share what is printed on them"
    assert of(photo, product()).worth > of(photo, other_sort).worth


def test_where_the_keypoints_that_agree_lie_in_the_photo(photo: RgbImage) -> None:
    found = of(photo, product())
    assert len(found.places) == found.agreeing
    assert all(140 < x < 460 and 50 < y < 450 for x, y in found.places), "the product stands there"


def test_what_agrees_close_around_a_place_and_not_in_it() -> None:
    found = Shown(4, places=((50, 50), (74, 50), (50, 26), (99, 99)))
    assert found.around(Box(40, 40, 20, 20), (200, 200, 3)) == 0
    assert found.around(Box(30, 30, 40, 40), (200, 200, 3)) == 2


def test_a_studio_photo_has_one_colour_around(photo: RgbImage) -> None:
    assert ShopPhoto(product()).in_a_studio
    assert not ShopPhoto(photo).in_a_studio


@pytest.mark.parametrize("side", [1, 7])
def test_a_tiny_photo_shows_nothing(side: int) -> None:
    assert of(np.zeros((side, side, 3), np.uint8), product()) == Shown(0)
