"""Pictures put together, as sellers send them: several in one, in a frame, under a caption, on a screen.

Nobody tampered with anything there, though a picture that lies in another has the edges of one that was pasted in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from model.preprocessing import resized
from model.regions import Box, RgbImage
from training.edits.innocent import low_resolution, recompressed
from training.edits.strokes import random_colour
from training.synthesis.clutter import made_up_word, text_image

MOST_SIDE = 900
"""Pixels of the longer side of a sheet of several pictures, about."""

Another = Callable[[], RgbImage]
"""Any other picture, to stand beside the one that is composed."""


@dataclass(frozen=True, slots=True)
class Composed:
    """`image` (height, width, 3) uint8; where the `boxes` of the first picture lie in it; and its pictures' own."""

    image: RgbImage
    boxes: tuple[Box, ...]
    panels: tuple[Box, ...]


def composed(picture: RgbImage, boxes: tuple[Box, ...], *, another: Another, rng: np.random.Generator) -> Composed:
    """The picture with the `boxes` of its marks put together with others, or with what stands around it."""
    whole = Composed(picture, boxes, (Box(0, 0, picture.shape[1], picture.shape[0]),))
    draw = rng.random()
    if draw < 0.5:
        made = _grid(whole, another, rng)
    elif draw < 0.65:
        made = _inset(whole, another, rng)
    else:
        made = _framed(whole, rng)
    return _captioned(made, rng) if rng.random() < 0.3 else made


def _grid(first: Composed, another: Another, rng: np.random.Generator) -> Composed:
    """Up to four by four cells of one size, gaps of one colour between them or none; one cell shows the picture.

    A picture fills its cell, cut off at the sides, or lies whole in it.
    """
    columns, rows = ((2, 1), (1, 2), (2, 2), (3, 1), (3, 2), (2, 3), (3, 3), (4, 4))[int(rng.integers(8))]
    height, width = first.image.shape[:2]
    wide = min(width, MOST_SIDE // max(columns, rows))
    tall = int(np.clip(wide * height / width, 0.6 * wide, 1.5 * wide))
    gap = int(wide * float(rng.choice([0.0, rng.uniform(0.005, 0.08)], p=[0.35, 0.65])))
    sheet = _sheet(columns * wide + (columns + 1) * gap, rows * tall + (rows + 1) * gap, rng)
    own, fills, panels, boxes = int(rng.integers(columns * rows)), rng.random() < 0.6, [], first.boxes
    shown = first.image
    for number in range(columns * rows):
        row, column = divmod(number, columns)
        cell = Box(gap + column * (wide + gap), gap + row * (tall + gap), wide, tall)
        # A picture may stand in a sheet more than once.
        if number != own and rng.random() < 0.85:
            shown = another()
        panel, moved = _laid(sheet, _aged(first.image if number == own else shown, rng), cell, fills=fills)
        panels.append(panel)
        if number == own:
            boxes = tuple(moved(box) for box in first.boxes)
    return Composed(sheet, tuple(_inside(boxes, panels[own])), tuple(panels))


def _inset(first: Composed, another: Another, rng: np.random.Generator) -> Composed:
    """A smaller picture in a corner, with a rim or without, square or round: a detail, as a rule."""
    sheet = first.image.copy()
    height, width = sheet.shape[:2]
    side = float(rng.uniform(0.22, 0.45)) * min(height, width)
    left = float(rng.choice([0.02 * width, 0.98 * width - side]))
    top = float(rng.choice([0.02 * height, 0.98 * height - side]))
    place = Box(int(left), int(top), int(side), int(side))
    detail = _detail(first.image, rng) if rng.random() < 0.5 else another()
    laid = sheet.copy()
    _laid(laid, _aged(detail, rng), place, fills=True)
    cover, middle = np.zeros((height, width), np.uint8), (int(left + side / 2), int(top + side / 2))
    rim = int(side * float(rng.choice([0.0, rng.uniform(0.01, 0.06)])))
    if rng.random() < 0.4:
        cv2.circle(cover, middle, int(side / 2), 255, -1)
    else:
        cv2.rectangle(cover, (int(left), int(top)), (int(left + side) - 1, int(top + side) - 1), 255, -1)
    if rim:
        grown = cv2.dilate(cover, np.ones((2 * rim + 1, 2 * rim + 1), np.uint8))
        sheet[grown > 0] = random_colour(rng)
    sheet[cover > 0] = laid[cover > 0]
    clear = tuple(box for box in first.boxes if box.intersection(place.grown(0.1)) == 0)
    return Composed(sheet, clear, (*first.panels, place))


def _framed(first: Composed, rng: np.random.Generator) -> Composed:
    """A border all around or on two sides, of one colour or of the picture itself, enlarged and blurred."""
    height, width = first.image.shape[:2]
    across, down = (float(np.exp(rng.uniform(np.log(0.02), np.log(0.6)))) for _ in range(2))
    if rng.random() < 0.5:
        down = across * width / height if rng.random() < 0.5 else 0.0
    elif rng.random() < 0.5:
        across = 0.0
    shape = (int(height * (1 + 2 * down)), int(width * (1 + 2 * across)))
    sheet = _sheet(shape[1], shape[0], rng)
    if rng.random() < 0.35:
        enlarged = resized(first.image, width=shape[1], height=shape[0])
        sheet = np.asarray(cv2.GaussianBlur(enlarged, (0, 0), 0.03 * max(shape)), np.uint8)
    top = int((shape[0] - height) * float(rng.choice([0.5, rng.uniform(0, 1)])))
    panel, moved = _laid(sheet, first.image, Box((shape[1] - width) // 2, top, width, height), fills=True)
    return Composed(sheet, tuple(moved(box) for box in first.boxes), (panel,))


def _captioned(made: Composed, rng: np.random.Generator) -> Composed:
    """A bar of one colour with words above or below, as a shop's banner or the edge of a screen has."""
    height, width = made.image.shape[:2]
    tall = max(12, int(height * rng.uniform(0.06, 0.25)))
    bar = _sheet(width, tall, rng)
    for _ in range(int(rng.integers(1, 4))):
        words = " ".join(made_up_word(rng, letters=int(rng.integers(2, 9))) for _ in range(int(rng.integers(1, 5))))
        pixels, colour = max(8, int(tall * rng.uniform(0.2, 0.5))), np.asarray(random_colour(rng))
        ink = text_image(words, rng=rng, pixels=pixels, colour=colour)
        ink = ink[: int(tall * 0.9), : int(width * 0.96)]
        x, y = int(rng.uniform(0, width - ink.shape[1])), int(rng.uniform(0, tall - ink.shape[0]))
        part = bar[y : y + ink.shape[0], x : x + ink.shape[1]]
        alpha = ink[..., 3:].astype(np.float32) / 255
        part[:] = (part * (1 - alpha) + ink[..., :3] * alpha).astype(np.uint8)
    if rng.random() < 0.5:
        return replace(made, image=np.concatenate([made.image, bar]))
    down = [tuple(box._replace(y=box.y + tall) for box in boxes) for boxes in (made.boxes, made.panels)]
    return Composed(np.concatenate([bar, made.image]), *down)


def _aged(picture: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Every other picture was small or compressed before: those of a sheet need not be alike."""
    ways = (low_resolution, recompressed, None, None)
    way = ways[int(rng.integers(len(ways)))]
    return picture if way is None else way(picture, rng)


def _sheet(width: int, height: int, rng: np.random.Generator) -> RgbImage:
    """A ground of one colour, white every other time."""
    sheet = np.empty((height, width, 3), np.uint8)
    sheet[:] = (255, 255, 255) if rng.random() < 0.5 else random_colour(rng)
    return sheet


def _detail(picture: RgbImage, rng: np.random.Generator) -> RgbImage:
    height, width = picture.shape[:2]
    side = int(min(height, width) * rng.uniform(0.15, 0.4))
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    return np.ascontiguousarray(picture[top : top + side, left : left + side])


def _laid(sheet: RgbImage, picture: RgbImage, cell: Box, *, fills: bool) -> tuple[Box, Callable[[Box], Box]]:
    """Lay the picture in the middle of `cell`: where it then lies, and how a box of it moved."""
    height, width = picture.shape[:2]
    scale = (max if fills else min)(cell.width / width, cell.height / height)
    small = resized(picture, width=max(1, round(width * scale)), height=max(1, round(height * scale)))
    left, top = cell.x + (cell.width - small.shape[1]) / 2, cell.y + (cell.height - small.shape[0]) / 2
    whole = Box(int(left), int(top), small.shape[1], small.shape[0])
    x, y = max(int(cell.x), int(whole.x)), max(int(cell.y), int(whole.y))
    right = min(int(cell.x + cell.width), int(whole.x) + small.shape[1], sheet.shape[1])
    bottom = min(int(cell.y + cell.height), int(whole.y) + small.shape[0], sheet.shape[0])
    sheet[y:bottom, x:right] = small[y - int(whole.y) : bottom - int(whole.y), x - int(whole.x) : right - int(whole.x)]

    def moved(box: Box) -> Box:
        return Box(whole.x + box.x * scale, whole.y + box.y * scale, box.width * scale, box.height * scale)

    return Box(x, y, right - x, bottom - y), moved


def _inside(boxes: tuple[Box, ...], panel: Box) -> list[Box]:
    """The boxes that nearly all of which can be seen in `panel`, and what of them can."""
    seen = []
    for box in boxes:
        x, y = max(box.x, panel.x), max(box.y, panel.y)
        right = min(box.x + box.width, panel.x + panel.width)
        bottom = min(box.y + box.height, panel.y + panel.height)
        if right > x and bottom > y and (right - x) * (bottom - y) > 0.8 * box.area:
            seen.append(Box(x, y, right - x, bottom - y))
    return seen
