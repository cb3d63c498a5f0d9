"""Pictures that are about marks alone: one mark that fills the picture, and marks in rows on a shelf or a sheet.

Most drawn scenes show small marks on things. Sellers and brands also upload the mark itself, on white or on a ground,
and photograph stacks of the same package; a detector that never saw these boxes a large mark in parts.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from model.regions import Box, RgbImage
from training.synthesis.clutter import made_up_word, text_image
from training.synthesis.grounds import any_colour, drawn_ground
from training.synthesis.inks import opposite
from training.synthesis.logos import RgbaImage, one_colour
from training.synthesis.rendering import place_mark

Mark = Callable[[], RgbaImage]
"""Draws another mark each time that it is called."""

Drawn = tuple[RgbImage, list[Box], list[Box]]
"""A picture, the boxes of its marks, and the boxes of what may pass for a part of one."""

_MOST_IN_ROWS = 24  # marks in rows, at most


def mark_picture(mark: RgbaImage, ground: RgbImage | None, *, side: int, rng: np.random.Generator) -> Drawn:
    """A picture with its longer side `side` px that shows one mark, a third of its width wide or more.

    On `ground`, (height, width, 3), or on a plain one; now and then with a line of small words beside the mark.
    """
    if ground is None:
        ground = _plain(*_shape_for(mark, side, rng), rng=rng)
    height, width = ground.shape[:2]
    most = min(1.0, 0.96 * height / width * mark.shape[1] / mark.shape[0])
    share = most * float(rng.uniform(0.35, 1.0))
    mark = _told_from(mark, ground)
    if rng.random() < 0.35:
        placed, box, _ = place_mark(mark, ground, rng=rng, width_fraction=share)
    else:
        placed, box = _flat(mark, ground, wide=max(8, round(share * width)), rng=rng)
    slogan: list[Box] = []
    if rng.random() < 0.35:
        slogan = _add_slogan(placed, box, rng)
    return placed, [box], slogan


def marks_in_rows(draw: Mark, ground: RgbImage, *, rng: np.random.Generator) -> Drawn:
    """The ground with rows and columns of marks: mostly one again and again, as on a shelf, else a sheet of many."""
    height, width = ground.shape[:2]
    rows, columns = (int(number) for number in rng.integers(1, 6, 2))
    if rows * columns < 3:
        columns = 3
    rows = min(rows, _MOST_IN_ROWS // columns)
    picture, boxes = ground.copy(), []
    are_alike, has_panels = rng.random() < 0.75, rng.random() < 0.55
    mark, panel = draw(), any_colour(rng)
    tall, wide = height / rows, width / columns
    fill = float(rng.uniform(0.4, 0.9))
    place = rng.uniform(0.3, 0.7, 2)  # in each cell, of what it leaves free
    for row in range(rows):
        for column in range(columns):
            if not are_alike:
                mark = draw()
            left, top = column * wide, row * tall
            cell = picture[round(top) : round(top + tall) - 1, round(left) : round(left + wide) - 1]
            if has_panels:
                cell[:] = np.clip(panel + rng.normal(0, 6), 0, 255).astype(np.uint8)
            if rng.random() < 0.08:
                continue
            shrink = fill * min(tall / mark.shape[0], wide / mark.shape[1]) * float(rng.uniform(0.93, 1.0))
            size = (max(4, round(mark.shape[1] * shrink)), max(4, round(mark.shape[0] * shrink)))
            shown = _told_from(mark, cell)
            x, y = round(left + (wide - size[0]) * place[0]), round(top + (tall - size[1]) * place[1])
            boxes.append(_pasted(picture, shown, Box(x, y, *size)))
    return picture, boxes, []


def _shape_for(mark: RgbaImage, side: int, rng: np.random.Generator) -> tuple[int, int]:
    """Height and width of a picture of the mark: cut to it, or as a camera takes it."""
    cut = mark.shape[0] / mark.shape[1] * rng.uniform(0.8, 1.5)
    taken = rng.choice([1.0, 0.75, 4 / 3, rng.uniform(0.6, 1.6)])
    ratio = float(np.clip(cut if rng.random() < 0.5 else taken, 0.25, 3.0))
    return (round(side * ratio), side) if ratio <= 1 else (side, round(side / ratio))


def _plain(height: int, width: int, *, rng: np.random.Generator) -> RgbImage:
    """White, a colour, or a material."""
    kind = rng.random()
    if kind < 0.5:
        return np.full((height, width, 3), rng.uniform(242, 255), np.uint8)
    if kind < 0.7:
        return np.broadcast_to(any_colour(rng).astype(np.uint8), (height, width, 3)).copy()
    return np.clip(drawn_ground(height, width, rng=rng), 0, 255).astype(np.uint8)


def _told_from(mark: RgbaImage, ground: RgbImage) -> RgbaImage:
    """The mark, in near black or near white where too little of it stands out of the ground's mean."""
    mean = ground.reshape(-1, 3).mean(axis=0)
    solid = mark[..., 3] > 127
    differs = np.abs(mark[..., :3][solid].astype(np.float32) - mean).max(axis=-1) > 48
    if differs.size and float(differs.mean()) > 0.25:
        return mark
    return one_colour(mark, opposite(ground))


def _flat(mark: RgbaImage, ground: RgbImage, *, wide: int, rng: np.random.Generator) -> tuple[RgbImage, Box]:
    """The mark laid on the ground unturned, mostly in its middle."""
    height, width = ground.shape[:2]
    tall = max(4, round(wide * mark.shape[0] / mark.shape[1]))
    spare = np.array([width - wide, height - tall])
    place = np.array([0.5, 0.5]) if rng.random() < 0.5 else rng.uniform(0, 1, 2)
    left, top = (int(value) for value in np.maximum(spare * place, 0))
    picture = ground.copy()
    return picture, _pasted(picture, mark, Box(left, top, wide, tall))


def _pasted(picture: RgbImage, mark: RgbaImage, place: Box) -> Box:
    """Draw the mark on the picture at the place, in pixels; the box of what of it can be seen."""
    left, top, wide, tall = (int(value) for value in place)
    small = cv2.resize(mark, (wide, tall), interpolation=cv2.INTER_AREA)
    part = picture[top : top + tall, left : left + wide]
    small = small[: part.shape[0], : part.shape[1]]
    alpha = small[..., 3:].astype(np.float32) / 255
    part[:] = (part * (1 - alpha) + small[..., :3] * alpha).astype(np.uint8)
    rows, columns = (np.flatnonzero((small[..., 3] > 60).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return place
    seen = (columns[0], rows[0], columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0])
    return Box(float(left + seen[0]), float(top + seen[1]), float(seen[2]), float(seen[3]))


def _add_slogan(picture: RgbImage, box: Box, rng: np.random.Generator) -> list[Box]:
    """Some small words under or above the mark, where there is room; their box."""
    words = " ".join(made_up_word(rng, letters=int(rng.integers(3, 9))) for _ in range(int(rng.integers(1, 5))))
    text = text_image(words, rng=rng, pixels=40, colour=np.array(opposite(picture), np.float32))
    wide = box.width * float(rng.uniform(0.3, 1.0))
    tall = wide * text.shape[0] / text.shape[1]
    gap = tall * float(rng.uniform(0.3, 1.2))
    top = box.y + box.height + gap if rng.random() < 0.75 else box.y - gap - tall
    if top < 0 or top + tall > picture.shape[0] or tall < 5 or tall > 0.4 * box.height:
        return []
    left = box.x + (box.width - wide) * float(rng.choice([0.0, 0.5, 1.0]))
    return [_pasted(picture, text, Box(round(left), round(top), round(wide), round(tall)))]
