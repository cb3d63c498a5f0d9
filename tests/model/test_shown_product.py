from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawn_garment import product

from model.alignment import prepare_reference
from model.regions import RgbImage
from model.shown_product import FEWEST_AGREEING, KnownProduct, ShopPhoto, Shown, shown


def in_a_shop(picture: RgbImage, *, dim: float = 0.7) -> RgbImage:
    """The product from another side, in other light, before a shelf."""
    height, width = picture.shape[:2]
    rng = np.random.default_rng(1)
    shelf = cv2.resize(rng.integers(60, 160, (12, 16, 3), dtype=np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array([[180, 60], [450, 90], [430, 440], [150, 400]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    laid = cv2.warpPerspective(picture, matrix, (640, 480))
    there = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, (640, 480)) > 127
    return np.where(there[..., None], (laid * dim).astype(np.uint8), shelf)


def another() -> RgbImage:
    """Another product: the first one's halves, each turned on its head."""
    half = product().shape[0] // 2
    return np.ascontiguousarray(np.concatenate([product()[:half][::-1], product()[half:][::-1]]))


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


@pytest.mark.parametrize("side", [1, 7])
def test_a_tiny_photo_shows_nothing(side: int) -> None:
    assert of(np.zeros((side, side, 3), np.uint8), product()) == Shown(0)
