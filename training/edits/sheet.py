"""A sheet of smears by strength and of imitations by logo, so that a person can judge them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from model.regions import Box, RgbImage
from training.edits.imitations import IMITATIONS, imitate
from training.edits.redrawn import ImpossibleEditError
from training.edits.smears import SMEARS, smear
from training.synthesis.logos import Logo, RgbaImage, load_logos, rasterise

_CELL = 132
_STRENGTHS = (0.0, 0.33, 0.66, 1.0)


def draw_sheet(path: Path, *, seed: int, logos: Sequence[Logo] | None = None) -> None:
    """Write a PNG: every smear at four strengths on the left, every imitation of four logos on the right.

    `logos` defaults to a random choice of PyPI `simpleicons`. Raises `OSError` where it cannot be written.
    """
    rng = np.random.default_rng(seed)
    pool = list(load_logos() if logos is None else logos)
    chosen = [pool[int(i)] for i in rng.choice(len(pool), size=min(8, len(pool)), replace=False)]
    smears = [_smear_row(name, chosen, rng) for name in SMEARS]
    imitations = [_genuine_row(chosen), *(_imitation_row(kind, chosen, pool, rng) for kind in IMITATIONS)]
    height = max(len(smears), len(imitations))
    blank = np.full_like(smears[0], 255)
    left = np.vstack(smears + [blank] * (height - len(smears)))
    right = np.vstack(imitations + [np.full_like(imitations[0], 255)] * (height - len(imitations)))
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), cv2.cvtColor(np.hstack([left, right]), cv2.COLOR_RGB2BGR)):
        raise OSError(f"cannot write {path}")


def _smear_row(name: str, logos: Sequence[Logo], rng: np.random.Generator) -> RgbImage:
    cells = [_label(name)]
    for i, strength in enumerate(_STRENGTHS):
        photo, box = _photo(rasterise(logos[i % len(logos)], width=240), rng)
        cells.append(_labelled(smear(photo, box, tool=name, strength=strength, rng=rng), f"{strength:.2f}"))
    return np.hstack(cells)


def _genuine_row(logos: Sequence[Logo]) -> RgbImage:
    return np.hstack([_label("genuine"), *(_on_white(rasterise(logo, width=240)) for logo in logos)])


def _imitation_row(kind: str, logos: Sequence[Logo], pool: Sequence[Logo], rng: np.random.Generator) -> RgbImage:
    cells = [_label(kind)]
    for logo in logos:
        try:
            cells.append(_on_white(imitate(logo, kind=kind, rng=rng, width=240, others=pool)))
        except ImpossibleEditError:
            cells.append(_label("-"))
    return np.hstack(cells)


def _photo(mark: RgbaImage, rng: np.random.Generator) -> tuple[RgbImage, Box]:
    """The mark on a plain, shaded ground, and its box."""
    ground = np.full((_CELL * 2, _CELL * 2, 3), rng.integers(150, 240, 3), np.float32)
    ground *= np.linspace(0.85, 1.05, _CELL * 2)[:, None, None]
    scale = min(200 / mark.shape[1], 200 / mark.shape[0])
    size = (max(1, int(mark.shape[1] * scale)), max(1, int(mark.shape[0] * scale)))
    small = cv2.resize(mark, size, interpolation=cv2.INTER_AREA)
    left, top = (_CELL * 2 - size[0]) // 2, (_CELL * 2 - size[1]) // 2
    share = small[..., 3:].astype(np.float32) / 255
    place = ground[top : top + size[1], left : left + size[0]]
    place[...] = place * (1 - share) + small[..., :3] * share
    return np.clip(ground, 0, 255).astype(np.uint8), Box(left, top, size[0], size[1])


def _on_white(mark: RgbaImage) -> RgbImage:
    scale = (_CELL - 12) / max(mark.shape[:2])
    size = (max(1, int(mark.shape[1] * scale)), max(1, int(mark.shape[0] * scale)))
    small = cv2.resize(mark, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    share = small[..., 3:] / 255
    cell = np.full((_CELL, _CELL, 3), 236, np.uint8)
    left, top = (_CELL - size[0]) // 2, (_CELL - size[1]) // 2
    cell[top : top + size[1], left : left + size[0]] = small[..., :3] * share + 236 * (1 - share)
    return cell


def _label(text: str) -> RgbImage:
    cell = np.full((_CELL, _CELL, 3), 255, np.uint8)
    cv2.putText(cell, text, (4, _CELL // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return cell


def _labelled(photo: RgbImage, text: str) -> RgbImage:
    cell = cv2.resize(photo, (_CELL, _CELL), interpolation=cv2.INTER_AREA).astype(np.uint8)
    cv2.putText(cell, text, (4, _CELL - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
    return cell
