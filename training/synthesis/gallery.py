"""Sheets of sample pictures, to see what the data engine makes before a network learns from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from model.preprocessing import letterbox
from model.regions import RgbImage
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import Logo, rasterise, split_of
from training.synthesis.rendering import clean_mark, render_mark


def sheet(pictures: Sequence[RgbImage], *, columns: int, tile: int = 120) -> RgbImage:
    """The pictures letterboxed into tiles of `tile` px, row by row; raises `ValueError` when there are none."""
    if not pictures:
        raise ValueError("a sheet needs at least one picture")
    rows = -(-len(pictures) // columns)
    canvas = np.full((rows * tile, columns * tile, 3), 255, np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // columns * tile, number % columns * tile
        canvas[top : top + tile - 2, left : left + tile - 2] = letterbox(picture, size=tile - 2)
    return canvas


def draw_gallery(
    path: Path, *, logos: Sequence[Logo], backgrounds: Backgrounds, rows: int = 12, columns: int = 10, seed: int = 0
) -> None:
    """Write a sheet to `path`: in each row one training mark, first as uploaded, then as photos show it."""
    rng = np.random.default_rng(seed)
    train = [logo for logo in logos if split_of(logo.brand) == "train"]
    pictures: list[RgbImage] = []
    for number in rng.choice(len(train), rows, replace=False):
        mark = rasterise(train[number], width=160)
        pictures.append(clean_mark(mark))
        pictures += [render_mark(mark, rng=rng, size=160, backgrounds=backgrounds) for _ in range(columns - 1)]
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), cv2.cvtColor(sheet(pictures, columns=columns), cv2.COLOR_RGB2BGR)):
        raise OSError(f"cannot write {path}")
