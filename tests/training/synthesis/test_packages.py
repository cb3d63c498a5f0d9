from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.regions import Box
from training.synthesis import packages
from training.synthesis.packages import boxed_packages
from training.synthesis.products import Product

STUDIO_SIDE = 198


def studio_picture() -> np.ndarray:
    """A package with plenty of detail on white."""
    rng = np.random.default_rng(5)
    picture = np.full((STUDIO_SIDE, STUDIO_SIDE, 3), 255, np.uint8)
    coarse = rng.integers(0, 200, (32, 20, 3)).astype(np.uint8)
    picture[10:190, 40:160] = cv2.resize(coarse, (120, 180), interpolation=cv2.INTER_NEAREST)
    return picture


def shop_photo(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The package as a shop photo shows it under `matrix`, before a grey shelf."""
    mask = (picture.min(axis=-1) < 240).astype(np.uint8)
    laid = cv2.warpPerspective(picture, matrix, (348, 348))
    seen = cv2.warpPerspective(mask, matrix, (348, 348))[..., None]
    return np.where(seen > 0, laid, np.uint8(90)).astype(np.uint8)


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Product, np.ndarray]:
    """A product with a mark at (80, 50)-(120, 70) of its studio picture, a shop photo of it and another photo."""
    matrix = np.array([[1.3, 0.15, 20], [-0.1, 1.35, 45], [0, 0.0002, 1]])
    picture = studio_picture()
    shapes = {"studio": picture, "shop": shop_photo(picture, matrix), "other": np.full((348, 348, 3), 90, np.uint8)}
    for name, image in shapes.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    marks = tmp_path / "marks.csv"
    with marks.open("w", newline="") as lines:
        csv.writer(lines).writerows([
            ["product", "mark", "x1", "y1", "x2", "y2"],
            ["milk", "brand", 80, 50, 120, 70],
            ["milk", "ignored", 60, 100, 100, 120],
        ])  # fmt: skip
    monkeypatch.setattr(packages, "MARKS", marks)
    files = tuple(tmp_path / f"{name}.png" for name in ("studio", "shop", "other"))
    return Product("milk", "product", "train", files), matrix


def test_a_mark_is_carried_to_where_the_shop_photo_shows_it(product: tuple[Product, np.ndarray]) -> None:
    goods, matrix = product
    (found,) = boxed_packages([goods])
    assert found.path.name == "shop.png", "the photo of something else is left out"
    corners = np.array([[[80, 50], [120, 50], [120, 70], [80, 70]]], np.float32)
    quad = cv2.perspectiveTransform(corners, matrix)[0]
    expected = Box(*quad.min(axis=0), *(quad.max(axis=0) - quad.min(axis=0)))
    assert found.marks[0].iou(expected) > 0.9


def test_what_is_not_the_package_is_ignored(product: tuple[Product, np.ndarray]) -> None:
    (found,) = boxed_packages([product[0]])
    doubtful, *strips = found.ignored
    assert doubtful.area < found.marks[0].area * 2
    outside = [Box(2, 2, 4, 4), Box(340, 340, 4, 4)]
    assert all(any(place.intersection(strip) == place.area for strip in strips) for place in outside)
    assert not any(found.marks[0].intersection(strip) > 0 for strip in strips)


def test_a_product_that_nobody_boxed_gives_nothing(product: tuple[Product, np.ndarray]) -> None:
    goods = product[0]
    assert list(boxed_packages([Product("bread", "product", "train", goods.photos)])) == []
