"""Real marks on real packages: where they are on the shop photos of `grocery` (MIT).

The marks were boxed by hand once, on the 31 studio pictures (`package_marks.csv`, pixels of the studio picture); local
features carry the boxes over to each shop photo of the product (SIFT, Lowe 2004, square-rooted, Arandjelović and
Zisserman 2012; homographies by MAGSAC++, Barath et al. 2020). A photo that does not match the studio picture itself is
matched with photos that did. What stands around the package is unknown: other packages with other marks.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import Box, RgbImage
from training.photo_files import read_photo
from training.synthesis.products import Product

MARKS = Path(__file__).with_name("package_marks.csv")

IGNORED = "ignored"
"""The name of what may be a mark, and teaches nothing."""

_LEAST_SIDE = 4  # pixels of a carried box
_STUDIO_SCALE, _SHOP_SCALE = 3.0, 2.0  # how much pictures are enlarged before features are taken: they are small
_FEWEST, _FEWEST_BETWEEN_SHOPS = 16, 30  # matches that must follow one homography
_SEEDS = 6
_FRONT = Box(60, 30, 80, 120)  # of a studio picture: always on the package
_WHITE = 240


class PackageMark(NamedTuple):
    """A box on a studio picture, and whose mark it holds."""

    name: str
    box: Box


@dataclass(frozen=True, slots=True)
class PackagePhoto:
    """A shop photo with the boxes of `marks` on its package; in `ignored` there may be marks that nobody boxed.

    `names` say whose each mark is, as in the table.
    """

    path: Path
    marks: tuple[Box, ...]
    names: tuple[str, ...]
    ignored: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class SeenPackage:
    """A `product`, what its studio picture shows on white (`content`), and how that lies on each shop photo.

    `matrices` are homographies from pixels of the studio picture.
    """

    product: Product
    content: Box
    matrices: dict[Path, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class _Features:
    places: NDArray[np.float32]
    descriptors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Carrier:
    """The homography from the studio picture to a photo, and how many matches follow it."""

    matrix: NDArray[np.float64]
    inliers: int


def boxed_packages(products: Iterable[Product]) -> Iterator[PackagePhoto]:
    """The shop photos of `products` (studio picture first) on which the package's front was found."""
    boxed = boxed_by_hand()
    for package in seen_packages(products):
        for path, matrix in package.matrices.items():
            height, width = read_photo(path).shape[:2]
            carried = [
                (one.name, _carried(one.box, matrix).clipped(width=width, height=height))
                for one in boxed[package.product.name]
            ]
            seen = [(name, box) for name, box in carried if min(box.width, box.height) >= _LEAST_SIDE]
            shown = _carried(package.content, matrix).clipped(width=width, height=height)
            yield PackagePhoto(
                path,
                tuple(box for name, box in seen if name != IGNORED),
                tuple(name for name, _ in seen if name != IGNORED),
                (*(box for name, box in seen if name == IGNORED), *_around(shown, width=width, height=height)),
            )


def seen_packages(products: Iterable[Product]) -> Iterator[SeenPackage]:
    """Of `products` (studio picture first) those with boxed marks, on the photos on which their front was found."""
    boxed = boxed_by_hand()
    for product in products:
        if product.name in boxed:
            studio, *shops = product.photos
            picture = read_photo(studio)
            matrices = {path: carrier.matrix for path, carrier in _carriers(picture, shops).items()}
            yield SeenPackage(product, _content(picture), matrices)


def boxed_by_hand() -> dict[str, list[PackageMark]]:
    """By product its marks, and what may be one (`IGNORED`), in pixels of its studio picture."""
    boxed: dict[str, list[PackageMark]] = {}
    with MARKS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            left, top, right, bottom = (float(row[key]) for key in ("x1", "y1", "x2", "y2"))
            mark = PackageMark(row["mark"], Box(left, top, right - left, bottom - top))
            boxed.setdefault(row["product"], []).append(mark)
    return boxed


def _content(picture: RgbImage) -> Box:
    """Where a studio picture is not white."""
    rows, columns = np.nonzero(picture.min(axis=-1) < _WHITE)
    left, top = float(columns.min()), float(rows.min())
    return Box(left, top, float(columns.max()) + 1 - left, float(rows.max()) + 1 - top)


def _carriers(studio: RgbImage, shops: Sequence[Path]) -> dict[Path, _Carrier]:
    """How the studio picture lies on each photo on which it was found."""
    known = _features(studio, _STUDIO_SCALE)
    features = {path: _features(read_photo(path), _SHOP_SCALE) for path in shops}
    found: dict[Path, _Carrier] = {}
    for path, seen in features.items():
        carrier = _homography(known, seen)
        if carrier is not None and carrier.inliers >= _FEWEST and _is_a_view(carrier.matrix):
            found[path] = carrier
    seeds = sorted(found, key=lambda path: -found[path].inliers)[:_SEEDS]
    for path in [path for path in shops if path not in found]:
        chains = [
            _Carrier(step.matrix @ found[seed].matrix, step.inliers)
            for seed in seeds
            if (step := _homography(features[seed], features[path])) is not None
        ]
        best = max(chains, key=lambda chain: chain.inliers, default=None)
        if best is not None and best.inliers >= _FEWEST_BETWEEN_SHOPS and _is_a_view(best.matrix):
            found[path] = best
    return found


def _features(picture: RgbImage, scale: float) -> _Features:
    large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    detector = cv2.SIFT.create(nfeatures=2000, contrastThreshold=0.02)
    keypoints, descriptors = detector.detectAndCompute(cv2.cvtColor(large, cv2.COLOR_RGB2GRAY), None)
    if len(keypoints) == 0:
        return _Features(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32))
    rooted: NDArray[Any] = np.sqrt(descriptors / (descriptors.sum(axis=1, keepdims=True) + 1e-6))
    places = np.array([point.pt for point in keypoints], np.float32) / np.float32(scale)
    return _Features(places, rooted.astype(np.float32))


def _homography(source: _Features, target: _Features) -> _Carrier | None:
    if min(len(source.places), len(target.places)) < _FEWEST:
        return None
    pairs = cv2.BFMatcher().knnMatch(source.descriptors, target.descriptors, k=2)
    good = [first for first, second in pairs if first.distance < 0.8 * second.distance]
    if len(good) < _FEWEST:
        return None
    cv2.setRNGSeed(1)
    matrix, kept = cv2.findHomography(
        source.places[[match.queryIdx for match in good]],
        target.places[[match.trainIdx for match in good]],
        cv2.USAC_MAGSAC, 3.0, maxIters=3000, confidence=0.999,
    )  # fmt: skip
    return None if matrix is None else _Carrier(np.asarray(matrix, np.float64), int(kept.sum()))


def _is_a_view(matrix: NDArray[np.float64]) -> bool:
    """Whether the package's front stays a front: not mirrored, folded, or stretched out of shape."""
    x, y, width, height = _FRONT
    corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)
    quad = cv2.perspectiveTransform(corners[None], matrix)[0]
    sides = np.roll(quad, -1, axis=0) - quad
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    stretch = np.hypot(sides[:, 0], sides[:, 1]) / np.array([width, height, width, height])
    return bool(turns.min() > 0 and stretch.min() > 0.35 and stretch.max() < min(6, 2.6 * stretch.min()))


def _carried(box: Box, matrix: NDArray[np.float64]) -> Box:
    """The box around where the four corners of `box` come to lie."""
    x, y, width, height = box
    corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)
    quad = cv2.perspectiveTransform(corners[None], matrix)[0]
    left, top = (float(value) for value in quad.min(axis=0))
    right, bottom = (float(value) for value in quad.max(axis=0))
    return Box(left, top, right - left, bottom - top)


def _around(package: Box, *, width: int, height: int) -> tuple[Box, ...]:
    """The four strips of the photo that lie beside the package."""
    right, bottom = package.x + package.width, package.y + package.height
    strips = (
        Box(0, 0, package.x, height),
        Box(right, 0, width - right, height),
        Box(0, 0, width, package.y),
        Box(0, bottom, width, height - bottom),
    )
    return tuple(strip for strip in strips if strip.area > 0)
