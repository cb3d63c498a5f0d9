from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from model.alignment import CROP_MARGIN
from model.regions import Box, Region, RgbImage
from training.synthesis.products import Product
from training.verifier.pairs import LARGEST_REGION
from training.verifier.proposed import PROPOSED, proposed_pairs


def photographed(folder: Path, *, count: int) -> list[Product]:
    rng = np.random.default_rng(1)
    products = []
    for number in range(count):
        file = folder / f"{number}.png"
        cv2.imwrite(str(file), rng.integers(0, 256, (300, 400, 3)).astype(np.uint8))
        products.append(Product(file.stem, "garment", "train", (file,)))
    return products


def likeliest(image: RgbImage, *, most: int) -> Sequence[Region]:
    boxes = [Box(10, 10, 6, 6), Box(40, 50, 60, 40), Box(0, 0, 400, 300), Box(200, 100, 50, 100)]
    return [Region(box, 0.5) for box in boxes[:most]]


def test_likely_places_are_taken_as_a_scan_takes_them(tmp_path: Path) -> None:
    pairs = proposed_pairs(photographed(tmp_path, count=20), likeliest=likeliest, most=1000, seed=2)
    assert 2 * 20 <= len(pairs) <= 3 * 20, "a place of six pixels shows nothing"
    for pair in pairs:
        assert (pair.label, pair.edit, pair.brand, pair.reference) == ("unrelated", PROPOSED, "", -1)
        assert max(pair.region.shape[:2]) <= LARGEST_REGION
    sizes = [pair.region.shape[1::-1] for pair in pairs]
    for width, height in ((60, 40), (50, 100)):
        grown = np.array([width, height]) * (1 + 2 * CROP_MARGIN)
        assert any(np.abs(grown - size).max() <= 2 for size in sizes), "with the scan's margin"


def test_no_more_are_taken_than_asked_for(tmp_path: Path) -> None:
    products = photographed(tmp_path, count=10)
    assert len(proposed_pairs(products, likeliest=likeliest, most=5, seed=2)) == 5
    assert proposed_pairs([], likeliest=likeliest, most=5, seed=2) == []
