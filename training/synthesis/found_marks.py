"""Real marks and words on real goods, each with pictures to trace a drawing of it from.

What nobody drew: the marks boxed by hand on packages and garments, the words read on packages, alone and with the line
below, and words read on any other photo. A package is on some twenty shop photos, so that a drawing traced from one or
from the median of several stands beside photos that it was not traced from; each of these is laid on the others by the
studio picture's homography, and more exactly by the enhanced correlation coefficient (Evangelidis and Psarakis 2008).
Words of brands that figures are reported on are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from model.reading import Line
from model.regions import Box, RgbImage
from training.photo_files import read_photo
from training.synthesis.garments import boxed_garments
from training.synthesis.logos import is_held_out
from training.synthesis.packages import IGNORED, PackageMark, SeenPackage, boxed_by_hand, seen_packages
from training.synthesis.products import Product, goods_for_the_verifier, split_of_product

PATCH_SIDE = 200
"""Longer side of a picture to trace from packages, pixels."""

_ROOM = 0.12  # of the shorter side, around what is boxed
_LEAST_LETTERS = 3
_SMALLEST_LINE = (12, 45)  # pixels of a photo: shorter and longer side of a word alone
_SMALLEST_GARMENT = (14, 48)
_SMALLEST_SEEN = 26  # pixels: root of the area on a shop photo
_FEWEST_VIEWS = 4
_MIDDLING = 5  # photos whose median is one of the pictures
_CONTRAST = 22  # standard deviation in grey levels of a patch that shows something
_ALIKE_AT_FIRST, _ALIKE = 0.35, 0.72  # correlation of two photos of a place before and after they are laid exactly
_FURTHEST = 0.25  # of the patch, by which laying may move a corner
_READ_ON = 7  # photos of a package on which its words are looked for
_READ_TWICE = 0.45  # intersection over union from which two photos' lines are one
_READING_SCALE = 5.0  # of the studio picture
_STACKED = 8  # pairs of lines of a package, at most
_SHARPNESS = 1.5


class Reads(Protocol):
    """What `model.reading.Reader` does for a photo."""

    def lines(self, photo: RgbImage) -> list[Line]:
        """The lines that are surely read."""
        ...


class View(NamedTuple):
    """Where the `corners` (4, 2) of the pictures of a mark lie in the photo `path`, pixels."""

    path: Path
    corners: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FoundMark:
    """A mark or word, by what is written or whose it is; `pictures` of the same corners may be traced."""

    name: str
    split: str
    pictures: tuple[RgbImage, ...]
    views: tuple[View, ...]
    is_boxed: bool
    """By hand: a mark, and not just a word."""


def found_marks(data: Path, *, reader: Reads) -> list[FoundMark]:
    """All that are found on the photos under `data` that the verifier may learn from, some six minutes.

    None where the folders are absent.
    """
    products = goods_for_the_verifier(data)
    usable = {path for product in products for path in product.photos}
    found = [mark for package in seen_packages(products) for mark in _on_package(package, reader)]
    for garment in boxed_garments(data):
        if not garment.is_held_out and garment.path in usable:
            picture = read_photo(garment.path)
            boxes = [box for box in garment.marks if _is_large(box, _SMALLEST_GARMENT)]
            name, split = garment.path.stem, split_of_product(garment.path.stem)
            found += [_alone(name, split, garment.path, picture, box, is_boxed=True) for box in boxes]
    return [*found, *(word for product in products for word in _words(product, reader))]


def _words(product: Product, reader: Reads) -> Iterator[FoundMark]:
    """Those on photos of the `product` alone, of its split: its photos are alike."""
    for path in product.in_use:
        picture = read_photo(path)
        for line in reader.lines(picture):
            if _is_a_word(line.text) and _is_large(line.box, _SMALLEST_LINE):
                yield _alone(line.text, product.split, path, picture, line.box, is_boxed=False)


def _alone(name: str, split: str, path: Path, photo: RgbImage, box: Box, *, is_boxed: bool) -> FoundMark:
    """What one photo shows."""
    height, width = photo.shape[:2]
    left, top, wide, high = _with_room(box).clipped(width=width, height=height)
    x0, y0, x1, y1 = int(left), int(top), int(np.ceil(left + wide)), int(np.ceil(top + high))
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
    picture = np.ascontiguousarray(photo[y0:y1, x0:x1])
    return FoundMark(name, split, (picture,), (View(path, corners),), is_boxed)


def _on_package(package: SeenPackage, reader: Reads) -> Iterator[FoundMark]:
    photos = {path: read_photo(path) for path in package.matrices}
    lines = _lines_of(package, photos, reader)
    boxes = [(mark.name, _with_room(mark.box), True) for mark in _marks_of(package.product)]
    boxes += [(line.text, _with_room(line.box), False) for line in lines]
    boxes += [(line.text, _with_room(line.box), False) for line in _stacked(lines)]
    for name, box, is_boxed in boxes:
        if (seen := _seen_at(package, box, photos)) is not None:
            yield FoundMark(name, package.product.split, *seen, is_boxed)


def _marks_of(product: Product) -> list[PackageMark]:
    return [mark for mark in boxed_by_hand().get(product.name, []) if mark.name != IGNORED]


def _lines_of(package: SeenPackage, photos: dict[Path, RgbImage], reader: Reads) -> list[Line]:
    """Words that two of the nearest photos show in the same place, in pixels of the studio picture."""
    content = package.content
    to_patch = _to_patch(content, _READING_SCALE)
    size = round(content.width * _READING_SCALE), round(content.height * _READING_SCALE)
    nearest = sorted(photos, key=lambda path: -_side(_laid(content, package.matrices[path])))[:_READ_ON]
    found: list[tuple[Line, int]] = []
    for path in nearest:
        flat = cv2.warpPerspective(
            photos[path], to_patch @ np.linalg.inv(package.matrices[path]), size, flags=cv2.INTER_CUBIC
        )
        for line in reader.lines(np.asarray(flat, np.uint8)):
            x, y, width, height = (value / _READING_SCALE for value in line.box)
            here = Line(line.text, Box(x + content.x, y + content.y, width, height), line.confidence)
            same = [place for place, (one, _) in enumerate(found) if one.box.iou(here.box) > _READ_TWICE]
            if same:
                found[same[0]] = (found[same[0]][0], found[same[0]][1] + 1)
            elif _is_a_word(here.text):
                found.append((here, 1))
    return [line for line, times in found if times >= 2]


def _stacked(lines: Sequence[Line]) -> list[Line]:
    """Two lines that stand one below the other, as one."""
    found = []
    for number, one in enumerate(lines):
        for other in lines[number + 1 :]:
            above, below = sorted((one, other), key=lambda line: line.box.y)
            gap = below.box.y - above.box.y - above.box.height
            beside = min(one.box.x + one.box.width, other.box.x + other.box.width) - max(one.box.x, other.box.x)
            if gap < 0.5 * min(one.box.height, other.box.height) and beside > 0.5 * min(one.box.width, other.box.width):
                found.append(Line(f"{above.text} {below.text}", _around(above.box, below.box)))
    return found[:_STACKED]


def _seen_at(
    package: SeenPackage, box: Box, photos: dict[Path, RgbImage]
) -> tuple[tuple[RgbImage, ...], tuple[View, ...]] | None:
    """The clearest picture of a place and the median of several, and where the photos show it; None if too few do."""
    scale = PATCH_SIDE / max(box.width, box.height)
    to_patch = _to_patch(box, scale)
    size = max(24, round(box.width * scale)), max(24, round(box.height * scale))
    shown = [path for path in photos if _is_within(_laid(box, package.matrices[path]), photos[path])]
    if len(shown) < _FEWEST_VIEWS:
        return None
    sides = np.array([_side(_laid(box, package.matrices[path])) for path in shown])
    patches = [
        cv2.warpPerspective(photos[path], to_patch @ np.linalg.inv(package.matrices[path]), size, flags=cv2.INTER_CUBIC)
        for path in shown
    ]
    alike = _correlations([cv2.resize(_soft_grey(patch), (64, 64), interpolation=cv2.INTER_AREA) for patch in patches])
    clearest = int((np.median(alike, axis=1) + 0.25 * sides / sides.max()).argmax())
    if float(_soft_grey(patches[clearest]).std()) < _CONTRAST:
        return None
    kept: list[tuple[float, View, RgbImage]] = []
    for number, path in enumerate(shown):
        exact = np.eye(3) if number == clearest else None
        if exact is None and alike[clearest, number] >= _ALIKE_AT_FIRST:
            exact = _laid_exactly(patches[number], patches[clearest])
        if exact is not None:
            patch = _warped(patches[number], exact)
            corners = through(_rectangle(size), package.matrices[path] @ np.linalg.inv(to_patch) @ exact)
            kept.append((float(sides[number]), View(path, corners), patch))
    if len(kept) < _FEWEST_VIEWS:
        return None
    kept.sort(key=lambda one: -one[0])
    middle = _median([patch for _, _, patch in kept[:_MIDDLING]], like=patches[clearest])
    pictures = (middle, np.asarray(patches[clearest], np.uint8))
    return pictures, tuple(view for _, view, _ in kept)


def _laid_exactly(patch: NDArray[Any], known: NDArray[Any]) -> NDArray[np.float64] | None:
    """The homography from pixels of `known` to those of `patch`; None where the two do not show the same."""
    grey, wanted = _soft_grey(patch), _soft_grey(known)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
    try:
        _, found = cv2.findTransformECC(
            wanted, grey, np.eye(3, dtype=np.float32), cv2.MOTION_HOMOGRAPHY, stop, np.empty(0), 1
        )
    except cv2.error:  # it did not converge
        return None
    matrix = np.asarray(found, np.float64)
    alike = _correlations([_soft_grey(_warped(patch, matrix)), wanted])[0, 1]
    size = known.shape[1], known.shape[0]
    moved = float(np.abs(through(_rectangle(size), matrix) - _rectangle(size)).max()) / PATCH_SIDE
    return matrix if alike >= _ALIKE and moved <= _FURTHEST else None


def _warped(patch: NDArray[Any], matrix: NDArray[np.float64]) -> RgbImage:
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    size = patch.shape[1], patch.shape[0]
    return np.asarray(cv2.warpPerspective(patch, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _median(patches: Sequence[RgbImage], *, like: NDArray[Any]) -> RgbImage:
    """Of `patches` brought to the light and contrast of one of them."""
    wanted = like.astype(np.float32)
    levelled = []
    for patch in patches:
        own = patch.astype(np.float32)
        even = (own - own.mean(axis=(0, 1))) / (own.std(axis=(0, 1)) + 1e-3)
        levelled.append(even * wanted.std(axis=(0, 1)) + wanted.mean(axis=(0, 1)))
    return np.asarray(np.clip(np.median(np.stack(levelled), axis=0) + 0.5, 0, 255), np.uint8)


def _correlations(greys: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    """Of every two pictures of one size, (n, n) within ±1."""
    rows = np.stack([grey.ravel() - grey.mean() for grey in greys]).astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6
    return np.asarray(rows @ rows.T, np.float64)


def _soft_grey(picture: NDArray[Any]) -> NDArray[np.float32]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), _SHARPNESS), np.float32)


def _to_patch(box: Box, scale: float) -> NDArray[np.float64]:
    return np.array([[scale, 0, -box.x * scale], [0, scale, -box.y * scale], [0, 0, 1]])


def _rectangle(size: tuple[int, int]) -> NDArray[np.float32]:
    width, height = size
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def through(corners: NDArray[Any], matrix: NDArray[Any]) -> NDArray[np.float32]:
    """Where `corners` (n, 2) come to lie under the homography `matrix` (3, 3)."""
    return np.asarray(cv2.perspectiveTransform(corners[None].astype(np.float32), matrix)[0], np.float32)


def _laid(box: Box, matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    x, y, width, height = box
    corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)
    return through(corners, matrix)


def _side(corners: NDArray[np.float32]) -> float:
    return float(np.sqrt(abs(cv2.contourArea(corners))))


def _is_within(corners: NDArray[np.float32], photo: RgbImage) -> bool:
    height, width = photo.shape[:2]
    low, high = corners.min(axis=0), corners.max(axis=0)
    return bool(low.min() >= 2 and (high <= [width - 2, height - 2]).all() and _side(corners) >= _SMALLEST_SEEN)


def _with_room(box: Box) -> Box:
    room = _ROOM * min(box.width, box.height)
    return Box(box.x - room, box.y - room, box.width + 2 * room, box.height + 2 * room)


def _around(one: Box, other: Box) -> Box:
    left, top = min(one.x, other.x), min(one.y, other.y)
    right, bottom = max(one.x + one.width, other.x + other.width), max(one.y + one.height, other.y + other.height)
    return Box(left, top, right - left, bottom - top)


def _is_large(box: Box, smallest: tuple[int, int]) -> bool:
    return min(box.width, box.height) >= smallest[0] and max(box.width, box.height) >= smallest[1]


def _is_a_word(text: str) -> bool:
    letters = "".join(letter for letter in text.lower() if letter.isalpha())
    return len(letters) >= _LEAST_LETTERS and not is_held_out(letters)
