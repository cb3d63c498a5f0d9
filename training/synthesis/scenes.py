"""Whole photos with several marks and their boxes, drawn for the detector to learn from.

Most are a real photo without marks (CC0 garments, pictures that come with scikit-image and scikit-learn) or a drawn
place, with things that are not marks, things for sale, and up to six marks (`training.synthesis.marks`), lit as in the
world. One in six is a real package in a shop with its real marks; others show one large mark, or marks in rows
(`training.synthesis.arrangements`). A seed gives one scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray

from model.regions import Box, RgbImage
from training.photo_files import read_photo
from training.synthesis.arrangements import Drawn, mark_picture, marks_in_rows
from training.synthesis.clutter import add_clutter
from training.synthesis.grounds import drawn_ground, is_training_photo
from training.synthesis.inks import opposite
from training.synthesis.logos import Logo, RgbaImage, load_logos, one_colour, split_of
from training.synthesis.marks import draw_mark, turned
from training.synthesis.optics import lit, photographed
from training.synthesis.packages import PackagePhoto, boxed_packages
from training.synthesis.products import load_products
from training.synthesis.rendering import place_mark
from training.synthesis.wares import with_ware

SCENE_SIDE = 416
"""Pixels of the longer side of a scene."""

MARKED_GARMENTS = Path(__file__).with_name("marked_garments.txt")
"""The photos of `clothing` that show a mark, a word or a figure, found by eye: no ground to learn "no mark" from."""

MOST_MARKS = 6
_SMALLEST_WIDTH, _LARGEST_WIDTH = 0.045, 1.0
_THINNEST_PIXELS = 6
_LEAST_CONTRAST = 36  # of 255, between the darkest and the lightest twentieth of a mark's box in any channel
_PLAIN_PICTURES = tuple(
    Path(skimage.__file__).parent / "data" / name
    for name in (
        "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "grass.png", "gravel.png",
        "hubble_deep_field.jpg", "ihc.png", "page.png", "rocket.jpg", "text.png",
    )
)  # fmt: skip
"""The pictures inside the installed scikit-image that show no mark."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A photo of (height, width, 3) uint8 RGB pixels, and the boxes of its marks in its pixels.

    What lies in an `ignored` box may or may not be a mark: nobody looked.
    """

    image: RgbImage
    boxes: tuple[Box, ...]
    ignored: tuple[Box, ...] = ()


class Scenes(Protocol):
    """Photos, drawn or real, with the boxes of their marks."""

    def __len__(self) -> int: ...

    def scene(self, number: int) -> Scene:
        """Photo `number`."""
        ...


Sources = Sequence[tuple[Scenes, float]]
"""Where scenes come from, and how many of them from each; the shares need not sum to 1."""


def scene_from(sources: Sources, rng: np.random.Generator) -> Scene:
    """Any scene of one of the sources."""
    shares = np.array([share for _, share in sources])
    scenes = sources[int(rng.choice(len(sources), p=shares / shares.sum()))][0]
    return scenes.scene(int(rng.integers(len(scenes))))


@dataclass(frozen=True)
class SceneMaterial:
    """What scenes are made of: vector logos, typefaces (`training.synthesis.wordmarks`; without any, words are set in
    this machine's) and, where there are any, real photos without marks and with boxed ones.

    `pictures` are of all sorts, without marks.
    """

    logos: Sequence[Logo]
    photos: Sequence[Path] = field(default=())
    packages: Sequence[PackagePhoto] = field(default=())
    fonts: Sequence[Path] = field(default=())
    pictures: Sequence[Path] = _PLAIN_PICTURES

    def mark(self, *, rng: np.random.Generator) -> RgbaImage:
        """Another mark, dressed and mostly upright."""
        return turned(draw_mark(self.logos, fonts=self.fonts, rng=rng), rng)

    @classmethod
    def found_in(
        cls,
        data: Path,
        *,
        logos: Path | None,
        split: str = "train",
        with_packages: bool = True,
        fonts: Sequence[Path] = (),
    ) -> SceneMaterial:
        """The logos of `split` (`train` or `dev`) in the folder `logos`, and the photos of that split under `data`.

        Finding the marks on the packages takes three minutes. Two pictures more are those inside scikit-learn, which
        only training has.
        """
        import sklearn  # noqa: PLC0415

        marked = frozenset(MARKED_GARMENTS.read_text(encoding="utf-8").split())
        photos = [photo for photo in sorted((data / "clothing" / "images").glob("*.jpg")) if photo.name not in marked]
        wanted = split == "train"
        products = [product for product in load_products(data) if with_packages and product.split == split]
        packages = [photo for photo in boxed_packages(products) if is_training_photo(photo.path.name) == wanted]
        return cls(
            logos=[logo for logo in load_logos(logos) if split_of(logo.brand) == split],
            photos=[photo for photo in photos if is_training_photo(photo.name) == wanted],
            packages=packages,
            fonts=fonts,
            pictures=[*_PLAIN_PICTURES, *sorted((Path(sklearn.__file__).parent / "datasets" / "images").glob("*.jpg"))],
        )


def draw_scene(material: SceneMaterial, *, rng: np.random.Generator, side: int = SCENE_SIDE) -> Scene:
    """One scene with its longer side `side` px: marks on things, one mark large, marks in rows, or a real package.

    Its marks do not overlap; at most `MOST_MARKS` but in rows.
    """
    kind = rng.random()
    if material.packages and kind < _PACKAGE_SHARE:
        return _package(material.packages[int(rng.integers(len(material.packages)))], side=side)
    if kind > 1 - _PICTURE_SHARE:
        ground = _place(material, rng, side) if rng.random() < 0.2 else None
        photo, boxes, ignored = mark_picture(material.mark(rng=rng), ground, side=side, rng=rng)
    elif kind > 1 - _PICTURE_SHARE - _ROWS_SHARE:
        photo, boxes, ignored = marks_in_rows(lambda: material.mark(rng=rng), _place(material, rng, side), rng=rng)
    else:
        photo, boxes, ignored = _marks_on_things(material, rng, side)
    lighted = lit(photo.astype(np.float32), rng=rng) if rng.random() < 0.35 else photo.astype(np.float32)
    taken = photographed(lighted, rng=rng, strength=float(rng.choice([0.1, 0.25, 0.4])))
    legible = [_is_legible(taken, box) for box in boxes]
    return Scene(
        taken,
        tuple(box for box, kept in zip(boxes, legible, strict=True) if kept),
        (*ignored, *(box for box, kept in zip(boxes, legible, strict=True) if not kept)),
    )


def _marks_on_things(material: SceneMaterial, rng: np.random.Generator, side: int) -> Drawn:
    """A place with things that are no marks and 0..6 marks; nothing is ignored."""
    photo = _place(material, rng, side)
    on_ware = None
    if rng.random() < _WARE_SHARE:
        photo, on_ware = with_ware(photo, rng=rng)
    photo = add_clutter(photo, rng=rng, pieces=int(rng.choice(8, p=_CLUTTER_SHARES)))
    count = int(rng.choice(MOST_MARKS + 1, p=_COUNT_SHARES))
    boxes: list[Box] = []
    for number in range(count):
        most = _LARGEST_WIDTH if count == 1 else 0.45
        if on_ware is not None and (number == 0 or rng.random() < 0.4):
            part, inside = on_ware.crop(photo).copy(), [_moved(box, -on_ware.x, -on_ware.y) for box in boxes]
            part = _with_mark(part, inside, material=material, rng=rng, least=0.12, most=most)
            photo = _pasted(photo, part, on_ware)
            boxes += [_moved(box, on_ware.x, on_ware.y) for box in inside[len(boxes) :]]
        else:
            photo = _with_mark(photo, boxes, material=material, rng=rng, least=_SMALLEST_WIDTH, most=most)
    return photo, boxes, []


_COUNT_SHARES = np.array([0.10, 0.38, 0.20, 0.13, 0.09, 0.06, 0.04])
_PACKAGE_SHARE, _PICTURE_SHARE, _ROWS_SHARE = 0.17, 0.2, 0.08
_WARE_SHARE = 0.4
_CLUTTER_SHARES = np.array([0.25, 0.2, 0.17, 0.13, 0.1, 0.07, 0.05, 0.03])


def _package(package: PackagePhoto, *, side: int) -> Scene:
    """The photo of a real package as it is; what is done to it each time is up to `training.detector.data`."""
    photo = _photo(package.path)
    scale = side / max(photo.shape[:2])
    size = (round(photo.shape[1] * scale), round(photo.shape[0] * scale))
    scaled = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    marks, ignored = (
        tuple(Box(*(value * scale for value in box)) for box in boxes) for boxes in (package.marks, package.ignored)
    )
    return Scene(np.asarray(scaled, np.uint8), marks, ignored)


def _with_mark(
    photo: RgbImage,
    boxes: list[Box],
    *,
    material: SceneMaterial,
    rng: np.random.Generator,
    least: float,
    most: float,
) -> RgbImage:
    """The photo with one more mark, `least` to `most` of its width wide, whose box is appended to `boxes`.

    Unchanged when no free place was found.
    """
    mark = material.mark(rng=rng)
    for _ in range(4):
        share = float(np.exp(rng.uniform(np.log(least), np.log(most))))
        try:
            placed, box, _ = place_mark(mark, photo, rng=rng, width_fraction=share)
        except ValueError:  # too thin to leave a pixel at this size: another size may do
            continue
        if min(box.width, box.height) < _THINNEST_PIXELS or any(box.intersection(other) > 0 for other in boxes):
            continue
        if not _is_seen(photo, placed, box):
            mark = one_colour(mark, opposite(box.crop(photo)))
            continue
        boxes.append(box)
        return placed
    return photo


def _moved(box: Box, right: float, down: float) -> Box:
    return Box(box.x + right, box.y + down, box.width, box.height)


def _pasted(photo: RgbImage, part: RgbImage, place: Box) -> RgbImage:
    """The photo with `part`, which was cut from it at `place`, put back."""
    pasted = photo.copy()
    place.crop(pasted)[:] = part
    return pasted


def _is_seen(before: RgbImage, after: RgbImage, box: Box) -> bool:
    """Whether a person would see the mark: enough pixels of its box changed, by at least 40 of 255."""
    change = np.abs(box.crop(after).astype(np.int16) - box.crop(before)).max(axis=-1)
    return float((change > 40).mean()) > 0.12


def _is_legible(photo: RgbImage, box: Box) -> bool:
    """Whether something still stands out in the box once the photo was lit and taken: else nobody would ask for it."""
    dark, light = np.percentile(box.crop(photo).reshape(-1, 3), (5, 95), axis=0)
    return float((light - dark).max()) >= _LEAST_CONTRAST


def _place(material: SceneMaterial, rng: np.random.Generator, side: int) -> RgbImage:
    """A place without marks, its longer side `side` px: a garment photo, a picture of a library, or drawn."""
    kind = rng.random()
    if material.photos and kind < 0.5:
        read = _photo(material.photos[int(rng.integers(len(material.photos)))])
        return _cropped(read, rng, side)
    if kind < 0.68:
        return _cropped(_photo(material.pictures[int(rng.integers(len(material.pictures)))]), rng, side)
    height, width = _shape(rng, side)
    ground = drawn_ground(height, width, rng=rng)
    for _ in range(int(rng.integers(0, 9))):
        _add_panel(ground, rng)
    return np.clip(ground, 0, 255).astype(np.uint8)


def _add_panel(ground: NDArray[np.float32], rng: np.random.Generator) -> None:
    """A wall, window, board, shelf or label: a rectangle of another material."""
    height, width = ground.shape[:2]
    wide, tall = int(width * rng.uniform(0.08, 0.8)), int(height * rng.uniform(0.05, 0.6))
    left, top = int(rng.integers(-wide // 3, width - 8)), int(rng.integers(-tall // 3, height - 8))
    part = ground[max(top, 0) : top + tall, max(left, 0) : left + wide]
    if part.shape[0] > 8 and part.shape[1] > 8:
        part[:] = drawn_ground(part.shape[0], part.shape[1], rng=rng)


def _shape(rng: np.random.Generator, side: int) -> tuple[int, int]:
    """Height and width of a photo: square, 4:3, 3:4, 3:2 or anything between."""
    ratio = float(rng.choice([1.0, 0.75, 0.67, rng.uniform(0.6, 1.0)]))
    short = round(side * ratio)
    return (side, short) if rng.random() < 0.5 else (short, side)


def _cropped(picture: RgbImage, rng: np.random.Generator, side: int) -> RgbImage:
    """A part of the picture (all of it to a fifth of its sides), mirrored at times, its longer side `side` px."""
    height, width = picture.shape[:2]
    part = float(rng.choice([1.0, rng.uniform(0.5, 1.0), rng.uniform(0.2, 0.5)]))
    tall, wide = (max(16, int(size * part * rng.uniform(0.8, 1.0))) for size in (height, width))
    tall, wide = min(tall, round(wide / 0.6)), min(wide, round(tall / 0.6))
    top, left = int(rng.integers(max(height - tall, 0) + 1)), int(rng.integers(max(width - wide, 0) + 1))
    cut = picture[top : top + tall, left : left + wide]
    scale = side / max(cut.shape[:2])
    size = (max(16, round(cut.shape[1] * scale)), max(16, round(cut.shape[0] * scale)))
    scaled = cv2.resize(cut, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return np.ascontiguousarray(scaled[:, ::-1] if rng.random() < 0.5 else scaled, np.uint8)


_photo = lru_cache(maxsize=1024)(read_photo)
"""The picture in a file; its callers must not write on it."""
