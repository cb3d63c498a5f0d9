"""Scenes drawn beforehand into one file, and the batches that the detector learns from.

Drawing a scene takes longer than learning from it, so scenes are drawn once and used many times, each time cut, scaled,
mirrored, recoloured or put together with others anew.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import Box, RgbImage
from model.whole_files import write_whole
from training.disk_space import ask_for_room
from training.refusals import OtherTrainingError
from training.synthesis.scenes import SCENE_SIDE, Scene, SceneMaterial, draw_scene

_LEAST_VISIBLE = 0.4  # of a mark's area: less than this of it is not asked for
_SMALLEST_SIDE = 10.0  # pixels of the longer side: nobody could tell what is smaller, and it is not asked for
_MIRROR = np.array([-1, 1, -1, 1, 1], np.float32)


@dataclass(frozen=True)
class SceneStore:
    """Scenes in a folder: `scenes.npy` (n, side, side, 3) uint8, padded at the right and below, and `boxes.json`."""

    images: NDArray[np.uint8]
    sizes: tuple[tuple[int, int], ...]
    boxes: tuple[tuple[Box, ...], ...]
    ignored: tuple[tuple[Box, ...], ...]

    def __len__(self) -> int:
        return len(self.sizes)

    def scene(self, number: int) -> Scene:
        """Scene `number` without its padding; its pixels are a view of the file."""
        height, width = self.sizes[number]
        return Scene(self.images[number, :height, :width], self.boxes[number], self.ignored[number])

    @classmethod
    def opened(cls, folder: Path) -> SceneStore:
        """The scenes that `draw_scenes` left in `folder`; `FileNotFoundError` when they are not finished."""
        described = json.loads((folder / "boxes.json").read_text())
        return cls(
            np.load(folder / "scenes.npy", mmap_mode="r"),
            tuple((height, width) for height, width in described["sizes"]),
            tuple(tuple(Box(*box) for box in boxes) for boxes in described["boxes"]),
            tuple(tuple(Box(*box) for box in boxes) for boxes in described["ignored"]),
        )


def draw_scenes(
    folder: Path,
    *,
    material: SceneMaterial,
    count: int,
    seed: int,
    progress: Callable[[Iterable[int], int, str], Iterable[int]],
) -> SceneStore:
    """Draw `count` scenes into `folder` and open them; what a finished earlier run left there is used as it is.

    Scene number i depends on `seed` and i alone. `progress` shows a bar around the numbers, see
    `training.detector.train`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    described = folder / "boxes.json"
    if described.exists():
        store, drawn = SceneStore.opened(folder), json.loads(described.read_text())["seed"]
        if (len(store), drawn) != (count, seed):
            raise OtherTrainingError(
                f"{folder} holds {len(store)} scenes of seed {drawn}, not {count} of seed {seed}: name another folder "
                "or remove it"
            )
        return store
    shape = (count, SCENE_SIDE, SCENE_SIDE, 3)
    ask_for_room(folder, math.prod(shape))
    images = np.lib.format.open_memmap(folder / "scenes.npy", mode="w+", dtype=np.uint8, shape=shape)
    sizes, boxes, ignored = [], [], []
    for number in progress(range(count), count, f"scenes ({folder.name})"):
        scene = draw_scene(material, rng=np.random.default_rng((seed, number)))
        height, width = scene.image.shape[:2]
        images[number, :height, :width] = scene.image
        sizes.append((height, width))
        boxes.append([list(box) for box in scene.boxes])
        ignored.append([list(box) for box in scene.ignored])
    images.flush()
    write_whole(described, json.dumps({"seed": seed, "sizes": sizes, "boxes": boxes, "ignored": ignored}))
    return SceneStore.opened(folder)


@dataclass(frozen=True, slots=True)
class Batch:
    """`images` (n, side, side, 3) uint8 RGB, and for each the corner boxes (marks, 4) float32 of its marks.

    `ignored` are corner boxes (n, 4) of places that are not asked for.
    """

    images: NDArray[np.uint8]
    boxes: list[NDArray[np.float32]]
    ignored: list[NDArray[np.float32]]


def draw_batch(store: SceneStore, *, rng: np.random.Generator, size: int, side: int) -> Batch:
    """`size` augmented scenes of `side` × `side` px; one in four is put together from four scenes."""
    drawn = [_mosaic(store, rng, side) if rng.random() < 0.25 else _single(store, rng, side) for _ in range(size)]
    images, rows = np.stack([image for image, _ in drawn]), [found for _, found in drawn]
    return Batch(images, [_asked(found, asked=True) for found in rows], [_asked(found, asked=False) for found in rows])


def _asked(rows: NDArray[np.float32], *, asked: bool) -> NDArray[np.float32]:
    """The boxes of `rows` (n, 5), left, top, right, bottom and 1 for a mark or 0 for an ignored place: of one sort."""
    return np.asarray(rows[(rows[:, 4] > 0) == asked, :4], np.float32)


def _single(store: SceneStore, rng: np.random.Generator, side: int) -> tuple[RgbImage, NDArray[np.float32]]:
    """One scene cut, scaled, mirrored and recoloured, somewhere on a grey square."""
    scene = store.scene(int(rng.integers(len(store))))
    image, boxes = scene.image, np.concatenate([_corners(scene.boxes, 1.0), _corners(scene.ignored, 0.0)])
    if rng.random() < 0.5:
        image, boxes = _cut(image, boxes, rng)
    fit = side / max(image.shape[:2])
    grow = float(rng.choice([1.0, rng.uniform(0.45, 1.0)], p=[0.6, 0.4]))
    stretch = float(np.exp(rng.normal(0, 0.1)))
    width = min(side, max(8, round(image.shape[1] * fit * grow * stretch)))
    height = min(side, max(8, round(image.shape[0] * fit * grow / stretch)))
    scale = np.array([width / image.shape[1], height / image.shape[0]], np.float32)
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if fit * grow < 1 else cv2.INTER_LINEAR)
    boxes = boxes * np.append(np.tile(scale, 2), np.float32(1))
    if rng.random() < 0.5:
        small, boxes = (
            small[:, ::-1],
            boxes[:, [2, 1, 0, 3, 4]] * _MIRROR + np.array([width, 0, width, 0, 0], np.float32),
        )
    canvas = np.full((side, side, 3), 127, np.uint8)
    # Serving puts the photo at the top left of its square.
    left, top = (
        (0, 0) if rng.random() < 0.5 else (int(rng.integers(side - width + 1)), int(rng.integers(side - height + 1)))
    )
    canvas[top : top + height, left : left + width] = _recoloured(np.asarray(small, np.uint8), rng)
    boxes = boxes + np.array([left, top, left, top, 0], np.float32)
    boxes[:, 4] *= (boxes[:, 2:4] - boxes[:, :2]).max(axis=1, initial=0) >= _SMALLEST_SIDE
    return canvas, boxes


def _mosaic(store: SceneStore, rng: np.random.Generator, side: int) -> tuple[RgbImage, NDArray[np.float32]]:
    """Four scenes around a random point."""
    x, y = (int(side * value) for value in rng.uniform(0.3, 0.7, 2))
    canvas, kept = np.empty((side, side, 3), np.uint8), []
    for left, top, width, height in (
        (0, 0, x, y),
        (x, 0, side - x, y),
        (0, y, x, side - y),
        (x, y, side - x, side - y),
    ):
        piece, boxes = _single(store, rng, side)
        off_x, off_y = int(rng.integers(side - width + 1)), int(rng.integers(side - height + 1))
        canvas[top : top + height, left : left + width] = piece[off_y : off_y + height, off_x : off_x + width]
        boxes = _seen(boxes - np.array([off_x, off_y, off_x, off_y, 0], np.float32), width=width, height=height)
        kept.append(boxes + np.array([left, top, left, top, 0], np.float32))
    return canvas, np.concatenate(kept)


def _cut(image: RgbImage, boxes: NDArray[np.float32], rng: np.random.Generator) -> tuple[RgbImage, NDArray[np.float32]]:
    """A part of a third to all of each side, and what is left of the boxes there."""
    height, width = image.shape[:2]
    wide, tall = (max(16, int(length * rng.uniform(0.35, 1.0))) for length in (width, height))
    left, top = int(rng.integers(max(width - wide, 0) + 1)), int(rng.integers(max(height - tall, 0) + 1))
    part = image[top : top + tall, left : left + wide]
    boxes = boxes - np.array([left, top, left, top, 0], np.float32)
    return part, _seen(boxes, width=part.shape[1], height=part.shape[0])


def _seen(boxes: NDArray[np.float32], *, width: int, height: int) -> NDArray[np.float32]:
    """The boxes (n, 5) cut at the picture's rim; marks of which less than 40 % is left are not asked for.

    They are ignored rather than background: a person might still name them.
    """
    limit = np.array([width, height, width, height], np.float32)
    cut = np.clip(boxes[:, :4], 0, limit)
    area = np.prod(boxes[:, 2:4] - boxes[:, :2], axis=1)
    left = np.prod(cut[:, 2:] - cut[:, :2], axis=1)
    whole = (left >= _LEAST_VISIBLE * np.maximum(area, 1e-6)) * boxes[:, 4]
    return np.asarray(np.concatenate([cut, whole[:, None]], axis=1)[left > 0], np.float32)


def _recoloured(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Another exposure, contrast and white balance; at times grey, negative or with other hues."""
    pixels = image.astype(np.float32)
    if rng.random() < 0.6:
        pixels = (pixels - 128) * rng.uniform(0.6, 1.3) + 128 + rng.uniform(-40, 40)
        pixels *= rng.uniform(0.85, 1.15, 3).astype(np.float32)
    chance = rng.random()
    if chance < 0.08:
        pixels[:] = pixels.mean(axis=-1, keepdims=True)
    elif chance < 0.11:
        pixels = 255 - pixels
    elif chance < 0.2:
        pixels = pixels[..., rng.permutation(3)]
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _corners(boxes: tuple[Box, ...], asked: float) -> NDArray[np.float32]:
    """Boxes as (n, 5) float32: left, top, right, bottom, `asked`."""
    rows = [[b.x, b.y, b.x + b.width, b.y + b.height, asked] for b in boxes]
    return np.array(rows, np.float32).reshape(-1, 5)
