"""Photos with tampered places, drawn and real: marks, and other places, smeared; and what is no tampering.

A lens out of focus behind the goods, a photo blurred as a whole, a flash that is mirrored, a watermark, a QR code,
noise, compression, a frame, and other photos beside it leave the target empty: they are drawn on tampered and on
untouched photos alike, as tilts are. Half of the photos are seen whole, half as the closer look at one place sees them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocessing import resized
from model.regions import Box, RgbImage
from model.tampering import STRIDE, surroundings
from training.edits.anything import changed_anyhow
from training.edits.composites import composed
from training.edits.innocent import with_glare, with_qr_code
from training.edits.smears import TRAINING_SMEARS, smear
from training.edits.strokes import random_colour
from training.synthesis.optics import photographed
from training.synthesis.scenes import Sources, scene_from

TOOLS = tuple(tool for tool in TRAINING_SMEARS if tool != "emoji")
"""The tools that are learnt from. Whoever learns emoji takes marks for tampered, which are drawn as they are."""

UNTOUCHED_SHARE = 0.45
ANYHOW_SHARE = 0.4
"""Of the changes, those by no tool."""

COMPOSED_SHARE = 0.3
"""Of the photos, those that stand in a frame or beside others."""

TILTED_SHARE = 0.4
"""Of the photos, those that were tilted after the change: edges of covers and tiles then run along no axis."""

CODED_SHARE = 0.06
"""Of the photos, those that show a QR code, whose tiles no mosaic made."""

CLOSER_SHARE = 0.5
"""Of the photos, those that show the surroundings of one place."""

_CONTEXT = (1.3, 4.0)  # sides of the surroundings, in longer sides of the place
_ELSEWHERE_SHARE = 0.2
_CHANGED = 10  # of 255
_GREY = 127


@dataclass(frozen=True, slots=True)
class Tampered:
    """`image` (side, side, 3) uint8; `target` (side / 8, side / 8) float32, the share of each cell that was tampered
    with; `seen` the cells (bool) that lie on the photo."""

    image: RgbImage
    target: NDArray[np.float32]
    seen: NDArray[np.bool_]


def draw_tampered(
    sources: Sources,
    *,
    rng: np.random.Generator,
    side: int,
    untouched: bool | None = None,
) -> Tampered:
    """One photo; `untouched` None draws whether anything was done to it."""
    if untouched is None:
        untouched = rng.random() < UNTOUCHED_SHARE
    image, places = _photo(sources, rng, untouched=untouched)
    mask = np.zeros(image.shape[:2], np.float32)
    for box in [] if untouched else places:
        if rng.random() < ANYHOW_SHARE:
            edited = changed_anyhow(image, box, other=scene_from(sources, rng).image, rng=rng)
        else:
            edited = smear(image, box, tool=str(rng.choice(TOOLS)), strength=float(rng.uniform(0, 1)), rng=rng)
        mask = np.maximum(mask, _changed(image, edited, box))
        image = edited
    if rng.random() < TILTED_SHARE:
        image, mask, places = _tilted(image, mask, places, rng)
    if rng.random() < CODED_SHARE:
        image = with_qr_code(image, rng, hides=lambda box: _hides(box, mask, places))
    image = photographed(_innocent(image, rng).astype(np.float32), rng=rng, strength=float(rng.choice([0.0, 0.2, 0.4])))
    if rng.random() < CLOSER_SHARE:
        around = surroundings(places[0], image.shape[:2], context=float(np.exp(rng.uniform(*np.log(_CONTEXT)))))
        rows = slice(int(around.y), int(np.ceil(around.y + around.height)))
        columns = slice(int(around.x), int(np.ceil(around.x + around.width)))
        image, mask = np.ascontiguousarray(image[rows, columns]), np.ascontiguousarray(mask[rows, columns])
    return _on_square(image, mask, side=side, rng=rng)


def _photo(sources: Sources, rng: np.random.Generator, *, untouched: bool) -> tuple[RgbImage, list[Box]]:
    """A photo, alone or put together with others, and the places of it that are changed or looked at closely."""
    scene = scene_from(sources, rng)
    image, boxes = np.ascontiguousarray(scene.image), scene.boxes
    if rng.random() < COMPOSED_SHARE:
        made = composed(image, boxes, another=lambda: scene_from(sources, rng).image, rng=rng)
        if untouched and rng.random() < 0.5:
            return made.image, [made.panels[int(rng.integers(len(made.panels)))]]
        image, boxes = made.image, made.boxes
    return image, _places(list(boxes), image.shape[:2], rng)


def _places(boxes: list[Box], shape: tuple[int, ...], rng: np.random.Generator) -> list[Box]:
    """One mark, seldom two; where there is none, and now and then else, any place."""
    chosen = [boxes[number] for number in rng.permutation(len(boxes))[: 1 + int(rng.random() < 0.2)]]
    if chosen and rng.random() >= _ELSEWHERE_SHARE:
        return chosen
    width = shape[1] * float(np.exp(rng.uniform(np.log(0.08), np.log(0.5))))
    height = min(width * float(np.exp(rng.uniform(np.log(0.3), np.log(1.5)))), 0.9 * shape[0])
    return [Box(float(rng.uniform(0, shape[1] - width)), float(rng.uniform(0, shape[0] - height)), width, height)]


def _changed(before: RgbImage, after: RgbImage, box: Box) -> NDArray[np.float32]:
    """Where the edit shows, with the gaps between strokes and tiles filled."""
    mask = (np.abs(after.astype(np.int16) - before).max(axis=-1) > _CHANGED).astype(np.uint8)
    reach = max(3, int(0.25 * min(box.width, box.height))) | 1
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return closed.astype(np.float32)


def _hides(box: Box, mask: NDArray[np.float32], places: list[Box]) -> bool:
    """Whether what lies in `box` would hide a mark or what was tampered with."""
    rows = slice(int(box.y), int(box.y + box.height))
    columns = slice(int(box.x), int(box.x + box.width))
    return bool(mask[rows, columns].any()) or any(place.intersection(box) for place in places)


def _tilted(
    image: RgbImage, mask: NDArray[np.float32], places: list[Box], rng: np.random.Generator
) -> tuple[RgbImage, NDArray[np.float32], list[Box]]:
    """The photo turned by up to 45 degrees either way, as wide and high as before, and up to half again as large."""
    height, width = mask.shape
    degrees, scale = float(rng.uniform(-45, 45)), float(rng.uniform(0.9, 1.5))
    turn = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale), np.float64)
    way = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[int(rng.integers(2))]
    border = (cv2.BORDER_CONSTANT, cv2.BORDER_REFLECT, cv2.BORDER_REPLICATE)[int(rng.integers(3))]
    colour = random_colour(rng) if rng.random() < 0.5 else (255, 255, 255)
    tilted = cv2.warpAffine(image, turn, (width, height), flags=way, borderMode=border, borderValue=colour)
    shown = cv2.warpAffine(mask, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)
    return (
        np.asarray(tilted, np.uint8),
        np.asarray(shown, np.float32),
        [_turned(box, turn, mask.shape) for box in places],
    )


def _turned(box: Box, turn: NDArray[np.float64], shape: tuple[int, ...]) -> Box:
    """The box around `box` as the 2 × 3 matrix `turn` takes it, in a photo of `shape`; all of it where it is left."""
    right, bottom = box.x + box.width, box.y + box.height
    corners = np.array([[[box.x, box.y], [right, box.y], [right, bottom], [box.x, bottom]]])
    moved = cv2.transform(corners, turn)[0]
    (left, top), (right, bottom) = moved.min(axis=0).tolist(), moved.max(axis=0).tolist()
    seen = Box(left, top, right - left, bottom - top).clipped(width=shape[1], height=shape[0])
    return seen if min(seen.width, seen.height) >= STRIDE else Box(0.0, 0.0, float(shape[1]), float(shape[0]))


def _innocent(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    """What happens to photos that nobody tampered with."""
    height, width = image.shape[:2]
    if rng.random() < 0.15:  # out of focus but for the goods
        drawn = np.zeros((height, width), np.float32)
        centre = (int(width * rng.uniform(0.3, 0.7)), int(height * rng.uniform(0.3, 0.7)))
        axes = (int(width * rng.uniform(0.25, 0.6)), int(height * rng.uniform(0.25, 0.6)))
        cv2.ellipse(drawn, centre, axes, 0, 0, 360, 1.0, -1)
        sharp = cv2.GaussianBlur(drawn, (0, 0), 0.08 * max(height, width))[..., None]
        far = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(1.5, 7.0)))
        image = np.asarray(image * sharp + far * (1 - sharp), np.uint8)
    if rng.random() < 0.12:  # the whole photo out of focus
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.8, 3.5))), np.uint8)
    if rng.random() < 0.1:  # a small picture, enlarged
        scale = float(rng.uniform(0.25, 0.8))
        size = (max(8, int(width * scale)), max(8, int(height * scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        ways = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)
        image = np.asarray(cv2.resize(small, (width, height), interpolation=ways[int(rng.integers(3))]), np.uint8)
    if rng.random() < 0.15:  # a flash or a lamp that foil, glass and plastic mirror
        for _ in range(int(rng.integers(1, 4))):
            image = with_glare(image, rng)
    if rng.random() < 0.15:  # a shop's watermark
        ink = np.zeros((height, width), np.uint8)
        text = "".join(rng.choice(list("abcdefghijklmnoprstuvwxyz .@"), size=int(rng.integers(5, 16))))
        place = (int(rng.uniform(0, 0.5) * width), int(rng.uniform(0.08, 0.98) * height))
        cv2.putText(ink, text, place, int(rng.integers(0, 8)), float(rng.uniform(0.5, 1.6)), 255, 2, cv2.LINE_AA)
        alpha = ink[..., None] / 255.0 * rng.uniform(0.25, 1.0)
        image = np.asarray(image * (1 - alpha) + np.asarray(random_colour(rng)) * alpha, np.uint8)
    return image


def _on_square(image: RgbImage, mask: NDArray[np.float32], *, side: int, rng: np.random.Generator) -> Tampered:
    """The photo at the top left of a grey square as it is served, now and then smaller or mirrored."""
    fit = side / max(image.shape[:2]) * float(rng.choice([1.0, rng.uniform(0.6, 1.0)], p=[0.6, 0.4]))
    width, height = (max(STRIDE, round(size * fit)) for size in (image.shape[1], image.shape[0]))
    small = resized(image, width=width, height=height)
    shown = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        small, shown = small[:, ::-1], shown[:, ::-1]
    square, target = np.full((side, side, 3), _GREY, np.uint8), np.zeros((side, side), np.float32)
    square[:height, :width], target[:height, :width] = small, shown
    cells = side // STRIDE
    means = target.reshape(cells, STRIDE, cells, STRIDE).mean(axis=(1, 3))
    seen = np.zeros((cells, cells), np.bool_)
    seen[: -(-height // STRIDE), : -(-width // STRIDE)] = True
    return Tampered(square, means.astype(np.float32), seen)
