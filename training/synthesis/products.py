"""Real product photos that may train released weights, and what becomes of a photo when it is used again.

`grocery` (MIT) pairs a studio picture of a product with shop photos of it; `clothing` (CC0) shows second-hand garments
one photo each, so a garment is only ever alike to other versions of its own photo.
"""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import RgbImage
from training.synthesis.grounds import is_for_thresholds, is_training_photo
from training.synthesis.known_marks import shows_held_out
from training.synthesis.optics import photographed


@dataclass(frozen=True)
class Product:
    """A product and its photos, the studio picture first; `kind` is `product` or `garment`, `split` train or dev."""

    name: str
    kind: str
    split: str
    photos: tuple[Path, ...]

    @property
    def in_use(self) -> tuple[Path, ...]:
        """The photos without the studio picture."""
        return self.photos[int(self.kind == "product") :]


def split_of_product(name: str) -> str:
    """One product in five is `dev`, by a hash of its name."""
    return "dev" if hashlib.sha256(name.encode()).digest()[0] < 51 else "train"


def load_products(data: Path) -> list[Product]:
    """The products of `grocery` and the garments of `clothing` under `data`; empty where the folders are absent."""
    photos: dict[str, list[Path]] = defaultdict(list)
    labels = data / "grocery" / "labels.csv"
    if labels.exists():
        with labels.open(encoding="utf-8", newline="") as opened:
            rows = sorted(csv.DictReader(opened), key=lambda row: (row["kind"] != "iconic", row["file"]))
        for row in rows:
            photos[row["product"]].append(data / "grocery" / row["file"])
    products = [Product(name, "product", split_of_product(name), tuple(files)) for name, files in photos.items()]
    for file in sorted((data / "clothing" / "images").glob("*.jpg")):
        products.append(Product(file.stem, "garment", split_of_product(file.stem), (file,)))
    return products


def goods_for_the_embedder(data: Path) -> list[Product]:
    """As `load_products`, without the photos that figures are reported on or that show a held-out brand's mark.

    Studio pictures stay.
    """
    return _without(
        load_products(data), lambda product, path: not is_training_photo(path.name) or shows_held_out(path.name)
    )


def goods_for_the_verifier(data: Path) -> list[Product]:
    """As `load_products`, without the photos that figures are reported on and garments that thresholds are chosen on.

    Studio pictures stay. What is left without a photo is left out.
    """
    return _without(
        goods_for_the_embedder(data), lambda product, path: product.kind == "garment" and is_for_thresholds(path.name)
    )


def _without(products: Sequence[Product], left_out: Callable[[Product, Path], bool]) -> list[Product]:
    """The products without some of their photos in use; what is left without any is left out."""
    goods = []
    for product in products:
        studio = product.photos[: len(product.photos) - len(product.in_use)]
        kept = [path for path in product.in_use if not left_out(product, path)]
        if kept:
            goods.append(replace(product, photos=(*studio, *kept)))
    return goods


def augmented(photo: RgbImage, *, rng: np.random.Generator, first: bool) -> RgbImage:
    """A copy of a photo as it turns up elsewhere: cropped, mirrored, turned, recoloured, captioned, recompressed.

    `first` leaves it as it is. At most 448 px on the longer side.
    """
    scale = min(1.0, 448 / max(photo.shape[:2]))
    small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if first:
        return np.asarray(small, np.uint8)
    height, width = small.shape[:2]
    part = np.sqrt(rng.uniform(0.35, 1.0))
    high, wide = (
        int(height * min(1.0, part * rng.uniform(0.9, 1.1))),
        int(width * min(1.0, part * rng.uniform(0.9, 1.1))),
    )
    top, left = int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1))
    piece = small[top : top + high, left : left + wide]
    if rng.random() < 0.35:
        piece = piece[:, ::-1]
    if rng.random() < 0.3:
        turn = cv2.getRotationMatrix2D((wide / 2, high / 2), rng.normal(0, 8), 1.0)
        piece = cv2.warpAffine(np.ascontiguousarray(piece), turn, (wide, high), borderMode=cv2.BORDER_REFLECT)
    piece = np.array(piece, np.uint8, order="C")
    if rng.random() < 0.25:
        piece = _recoloured(piece, rng)
    if rng.random() < 0.2:
        ink = tuple(int(value) for value in rng.integers(0, 256, 3))
        corner = (int(rng.integers(wide)), int(rng.integers(high)))
        cv2.putText(piece, "SALE 50%", corner, cv2.FONT_HERSHEY_SIMPLEX, wide / 250, ink, 2, cv2.LINE_AA)
    detail = float(np.exp(rng.uniform(np.log(64), np.log(448)))) / max(high, wide)
    if detail < 1:
        piece = cv2.resize(piece, None, fx=detail, fy=detail, interpolation=cv2.INTER_AREA)
    return photographed(piece.astype(np.float32), rng=rng)


def _recoloured(piece: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """The hue turned by up to 60° either way."""
    hsv = cv2.cvtColor(piece, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + int(rng.integers(-30, 31))) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))
