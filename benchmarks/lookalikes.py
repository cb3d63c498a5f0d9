"""Imitations that training does not draw, as sellers make them.

`training.edits` moves, bends and exchanges a mark's own parts. Here it gets what it never had: letters of another
typeface, another order, a crown, a face, the colours of another brand, another symbol beside its word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.letters import exchanged, letters_of, palette
from training.synthesis.inks import laid_over
from training.synthesis.logos import RgbaImage, rasterise
from training.synthesis.wordmarks import cased, near_miss, wordmark

SIDE = 480
"""Pixels of a mark's width before it is laid on a photo."""

_SYMBOLS = ("heart", "star", "drop")


@dataclass(frozen=True, slots=True)
class Material:
    """What a mark is changed with: the brand's `name`, other brands' marks, and typefaces."""

    name: str
    others: Sequence[RgbaImage]
    fonts: Sequence[Path]

    def any_font(self, rng: np.random.Generator) -> Path:
        """One of the typefaces."""
        return self.fonts[int(rng.integers(len(self.fonts)))]


Change = Callable[[RgbaImage, Material, np.random.Generator], RgbaImage | None]
"""(mark, material, random numbers) → the changed mark; None where the mark does not offer what the change needs."""


def word_set_anew(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """The name with one letter or two wrong, in any typeface and the mark's colour."""
    if not (material.name.isascii() and material.name.isalpha() and 4 <= len(material.name) <= 10):
        return None
    (word,) = cased([near_miss(material.name, rng=rng)], rng=rng)
    return written(word, material, rng, colour=main_colour(mark))


def one_letter(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """One letter of the mark is another one, of any typeface."""
    letters = letters_of(mark)
    if len(letters) < 2:
        return None
    chosen = letters[int(rng.integers(len(letters)))]
    return exchanged(mark, [chosen], font=material.any_font(rng), rng=rng)


def all_letters(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """Another word in the frame, the colours and the places of the mark's own."""
    letters = letters_of(mark)
    return exchanged(mark, letters, font=material.any_font(rng), rng=rng) if len(letters) > 1 else None


def halves_swapped(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """What stands before a gap comes after it: another order of letters, words or word and symbol."""
    cut = _gap(mark, lambda gaps, middles: int(np.argmin(np.abs(middles - mark.shape[1] / 2))))
    if cut is None:
        return None
    first, second = mark[:, : cut[0]], mark[:, cut[1] :]
    gap = np.zeros((mark.shape[0], cut[1] - cut[0], 4), np.uint8)
    return np.ascontiguousarray(np.concatenate([second, gap, first], axis=1))


def crowned(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """A crown on it."""
    height, width = mark.shape[:2]
    wide = round(min(width, 1.4 * height) * rng.uniform(0.5, 0.9))
    tall, left = max(8, round(wide * 0.45)), (width - wide) // 2
    out = np.pad(mark, ((tall + 2, 0), (0, 0), (0, 0)))
    teeth = np.array([[0, 1], [0, 0.1], [0.25, 0.6], [0.5, 0], [0.75, 0.6], [1, 0.1], [1, 1]])
    crown = np.zeros(out.shape[:2], np.uint8)
    cv2.fillPoly(crown, [np.rint(teeth * (wide, tall) + (left, 0)).astype(np.int32)], 255, cv2.LINE_AA)
    return painted(out, crown, main_colour(mark) if rng.random() < 0.6 else (222, 178, 40))


def repeated(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """Two or three of it in a row, one over the other."""
    if mark.shape[1] > 1.7 * mark.shape[0]:
        return None
    count, step = int(rng.integers(2, 4)), round(mark.shape[1] * rng.uniform(0.45, 0.8))
    out = np.zeros((mark.shape[0], mark.shape[1] + step * (count - 1), 4), np.uint8)
    for number in range(count):
        place = out[:, number * step : number * step + mark.shape[1]]
        place[:] = laid_over(place, mark)
    return out


def with_a_face(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """Eyes and a mouth: a cartoon of it."""
    out, (height, width) = mark.copy(), mark.shape[:2]
    radius = max(4, round(min(height, width * 0.5) * rng.uniform(0.13, 0.2)))
    x, y = round(width * rng.uniform(0.4, 0.6)), round(height * 0.38)
    for side in (-1, 1):
        eye, pupil = (np.zeros((height, width), np.uint8) for _ in range(2))
        middle = (round(x + side * radius * 1.1), y)
        cv2.circle(eye, middle, radius, 255, -1, cv2.LINE_AA)
        cv2.circle(pupil, (middle[0] + radius // 4, y + radius // 4), radius // 2, 255, -1, cv2.LINE_AA)
        out = painted(painted(out, eye, (255, 255, 255)), pupil, (10, 10, 10))
    mouth = np.zeros((height, width), np.uint8)
    cv2.ellipse(
        mouth, (x, y + round(radius * 1.3)), (round(radius * 1.6), radius), 0, 10, 170, 255, max(3, radius // 3)
    )
    return painted(out, mouth, (190, 30, 40))


def others_colours(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """The colours of another brand, in a mark of several; one of one colour has genuine versions in any."""
    own = palette(mark)
    palettes = [found for other in material.others if len(found := palette(other)) >= 2]
    if len(own) < 2 or not palettes:
        return None
    taken = palettes[int(rng.integers(len(palettes)))]
    new = np.array([taken[number % len(taken)] for number in range(len(own))])
    if np.abs(new - own).max(axis=1).max() < 90:
        return None
    pixels = mark[..., :3].astype(np.int32)
    nearest = np.abs(pixels[:, :, None] - own[None, None]).sum(axis=-1).argmin(axis=-1)
    return np.dstack([new[nearest].astype(np.uint8), mark[..., 3]])


def symbol_turned(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """The symbol stands on its head beside its word."""
    return _with_symbol(mark, lambda symbol: symbol[::-1, ::-1])


def symbol_exchanged(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """A heart, a star or a drop for the symbol, beside the genuine word."""

    def other(symbol: RgbaImage) -> RgbaImage:
        drawn = np.zeros_like(symbol)
        return painted(drawn, _shape(str(rng.choice(_SYMBOLS)), symbol.shape[:2]), main_colour(symbol))

    return _with_symbol(mark, other)


def sliced(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """Cut along a line aslant, and one side shifted along it."""
    height, width = mark.shape[:2]
    room = round(0.3 * min(height, width))
    out = np.pad(mark, ((room, room), (room, room), (0, 0)))
    tall, wide = out.shape[:2]
    angle = rng.uniform(0.15, 0.5) * np.pi * rng.choice([-1, 1])
    y, x = np.mgrid[0:tall, 0:wide]
    beyond = (x - wide / 2) * np.sin(angle) - (y - tall / 2) * np.cos(angle) > 0
    step = min(height, width) * rng.uniform(0.15, 0.28)
    moved = np.roll(out, (round(step * np.sin(angle)), round(step * np.cos(angle))), axis=(0, 1))
    return np.where(beyond[..., None], moved, out)


def swirled(mark: RgbaImage, material: Material, rng: np.random.Generator) -> RgbaImage | None:
    """Turned about its middle, most at the middle."""
    room = round(0.12 * min(mark.shape[:2]))
    out = np.pad(mark, ((room, room), (room, room), (0, 0)))
    height, width = out.shape[:2]
    y, x = (plane.astype(np.float32) for plane in np.mgrid[0:height, 0:width])
    u, v = (x - width / 2) / width, (y - height / 2) / height
    turn = rng.choice([-1, 1]) * rng.uniform(0.9, 1.6) * np.exp(-((u**2 + v**2) / 0.08)).astype(np.float32)
    back_u, back_v = u * np.cos(turn) - v * np.sin(turn), u * np.sin(turn) + v * np.cos(turn)
    share = out[..., 3:].astype(np.float32) / 255
    flat = np.dstack([out[..., :3] * share, out[..., 3:]])
    to_x, to_y = ((back_u + 0.5) * width).astype(np.float32), ((back_v + 0.5) * height).astype(np.float32)
    moved = cv2.remap(flat, to_x, to_y, cv2.INTER_LINEAR)
    colour = moved[..., :3] / np.maximum(moved[..., 3:] / 255, 1e-3)
    return np.clip(np.dstack([colour, moved[..., 3:]]), 0, 255).astype(np.uint8)


LOOKALIKES: dict[str, Change] = {
    change.__name__: change
    for change in (
        word_set_anew, one_letter, all_letters, halves_swapped, crowned, repeated, with_a_face, others_colours,
        symbol_turned, symbol_exchanged, sliced, swirled,
    )
}  # fmt: skip
"""By name."""


def written(text: str, material: Material, rng: np.random.Generator, *, colour: tuple[int, ...]) -> RgbaImage:
    """`text` in any typeface, `SIDE` px wide."""
    return rasterise(wordmark(text, material.any_font(rng), colour="#{:02x}{:02x}{:02x}".format(*colour)), width=SIDE)


def main_colour(mark: RgbaImage) -> tuple[int, int, int]:
    """The mark's own colour, RGB: the commonest, vivid ones first; near black for a white mark."""
    solid = mark[..., :3][mark[..., 3] > 200]
    if not len(solid):
        return (20, 20, 20)
    colours, counts = np.unique(solid // 16, axis=0, return_counts=True)
    vivid = counts * (1 + np.ptp(colours, axis=1).astype(float))
    near = np.abs((solid // 16).astype(int) - colours[int(np.argmax(vivid))]).max(axis=1) == 0
    red, green, blue = (int(value) for value in np.median(solid[near], axis=0))
    return (red, green, blue) if min(red, green, blue) < 225 else (20, 20, 20)


def painted(mark: RgbaImage, shape: NDArray[Any], colour: tuple[int, ...]) -> RgbaImage:
    """`shape` (h, w) uint8 laid over the mark in one colour."""
    over = np.empty_like(mark)
    over[..., :3], over[..., 3] = np.asarray(colour, np.uint8), shape
    return laid_over(mark, over)


def _gap(mark: RgbaImage, choose: Callable[[NDArray[Any], NDArray[Any]], int]) -> tuple[int, int] | None:
    """A range of empty columns inside the mark; `choose` takes their widths and middles."""
    empty = np.concatenate([[False], mark[..., 3].max(axis=0) < 16, [False]]).astype(int)
    starts, ends = np.flatnonzero(np.diff(empty) == 1), np.flatnonzero(np.diff(empty) == -1)
    kept = (starts > 0.12 * mark.shape[1]) & (ends < 0.88 * mark.shape[1])
    if not kept.any():
        return None
    starts, ends = starts[kept], ends[kept]
    chosen = choose(ends - starts, (starts + ends) / 2)
    return int(starts[chosen]), int(ends[chosen])


def _with_symbol(mark: RgbaImage, change: Callable[[RgbaImage], RgbaImage]) -> RgbaImage | None:
    """The part before the widest gap changed, where it is about square and the rest is a word."""
    if mark.shape[1] < 1.8 * mark.shape[0]:
        return None
    cut = _gap(mark, lambda gaps, middles: int(np.argmax(gaps)))
    if cut is None or not 0.5 < cut[0] / mark.shape[0] < 1.6:
        return None
    out = mark.copy()
    out[:, : cut[0]] = change(mark[:, : cut[0]])
    return out


def _shape(name: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = size
    turn = np.linspace(0, 2 * np.pi, 11 if name == "star" else 60)[:-1]
    if name == "heart":
        x = 16 * np.sin(turn) ** 3
        y = -(13 * np.cos(turn) - 5 * np.cos(2 * turn) - 2 * np.cos(3 * turn) - np.cos(4 * turn))
    elif name == "star":
        radius = np.where(np.arange(len(turn)) % 2, 0.42, 1.0)
        x, y = radius * np.sin(turn), -radius * np.cos(turn)
    else:
        x, y = np.sin(turn) * np.sin(turn / 2), -np.cos(turn)
    points = np.stack([x, y], axis=1)
    points = (points - points.min(axis=0)) / np.ptp(points, axis=0) * (width - 1, height - 1)
    drawn = np.zeros(size, np.uint8)
    cv2.fillPoly(drawn, [np.rint(points).astype(np.int32)], 255, cv2.LINE_AA)
    return drawn
