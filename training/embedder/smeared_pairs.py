"""Marks as they are and as a seller smears them: what the embedder learns to see through smears from.

Half of them are drawn, of training brands; half are what the detector takes for marks on real photos. Each pair is
drawn from its own seed, and an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.networks.embedder import INPUT_SIZE
from model.preprocessing import letterbox
from model.regions import Box, RgbImage
from training.edits.anything import changed_anyhow
from training.edits.smears import HELD_OUT_SMEARS, TRAINING_SMEARS, smear
from training.refusals import OtherTrainingError
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import Logo, rasterise, split_of
from training.synthesis.optics import photographed
from training.synthesis.rendering import render_mark
from training.synthesis.scenes import Scenes

Split = Literal["train", "dev"]

STRONGEST = 0.6
"""Strength up to which marks are smeared: of what is left beyond, nobody can tell whose it is."""

ANYHOW_SHARE = 0.3
"""Of the training smears, those by no tool."""

TWICE_SHARE = 0.15
"""Of the training smears, those on top of another."""

REAL_SHARE = 0.5

_MARK_SIDE = 256
_LEAST_SIDE = 16
_ROOM = (0.0, 0.3)  # what is around a region on a real photo, before the detector's error, in sides of it


@dataclass(frozen=True, slots=True)
class PairPlan:
    """How many pairs are drawn. Those of `dev` are of development brands and photos, by tools of training and, every
    other one, by tools that are kept out of it.
    """

    train: int = 24_000
    dev: int = 1_000
    seed: int = 0

    def count(self, split: Split) -> int:
        """The pairs of `split`."""
        return self.train if split == "train" else self.dev


class SmearedPairs:
    """Pairs on disk: `before` and `after` (n, size, size, 3) uint8, letterboxed, as memory maps."""

    def __init__(self, folder: Path, *, count: int, mode: Literal["r", "r+"] = "r") -> None:
        shape = (count, INPUT_SIZE, INPUT_SIZE, 3)
        self.before, self.after = (
            np.memmap(folder / f"{name}.u8", np.uint8, mode, shape=shape) for name in ("before", "after")
        )
        self.done: NDArray[np.uint8] = np.memmap(folder / "done.u8", np.uint8, mode, shape=(count,))

    def __len__(self) -> int:
        return len(self.done)


def draw_pairs(
    folder: Path, *, plan: PairPlan, split: Split, logos: Sequence[Logo], photos: Scenes, backgrounds: Backgrounds
) -> Iterator[int]:
    """Draw what is missing of the plan's `split` into `folder`, yielding the number of each pair.

    `photos` are those of the split. Raises `OtherTrainingError` when `folder` holds another plan.
    """
    pairs = _opened(folder, plan, plan.count(split))
    own = [logo for logo in logos if split_of(logo.brand) == split]
    for number in np.flatnonzero(pairs.done == 0).tolist():
        rng = np.random.default_rng([plan.seed, len(split), number])
        real = rng.random() < REAL_SHARE
        crop = _real_mark(photos, rng) if real else _drawn_mark(own, backgrounds, rng)
        tools = HELD_OUT_SMEARS if split == "dev" and number % 2 else TRAINING_SMEARS
        smeared = _smeared(crop, tools=tools, anyhow=split == "train", other=_real_mark(photos, rng), rng=rng)
        smeared = photographed(smeared.astype(np.float32), rng=rng, strength=float(rng.choice([0.0, 0.2])))
        pairs.before[number] = letterbox(crop, size=INPUT_SIZE)
        pairs.after[number] = letterbox(smeared, size=INPUT_SIZE)
        pairs.done[number] = 1
        yield number


def _opened(folder: Path, plan: PairPlan, count: int) -> SmearedPairs:
    """The files, made where there are none; refused where they are of another plan."""
    file, description = folder / "pairs.json", asdict(plan)
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("before", "after"):
            np.memmap(folder / f"{name}.u8", np.uint8, "w+", shape=(count, INPUT_SIZE, INPUT_SIZE, 3)).flush()
        np.memmap(folder / "done.u8", np.uint8, "w+", shape=(count,)).flush()
        file.write_text(json.dumps(description), encoding="utf-8")
    elif json.loads(file.read_text(encoding="utf-8")) != description:
        raise OtherTrainingError(f"{folder} holds pairs of another plan: give another folder or remove it")
    return SmearedPairs(folder, count=count, mode="r+")


def _drawn_mark(logos: Sequence[Logo], backgrounds: Backgrounds, rng: np.random.Generator) -> RgbImage:
    """A crop of a mark as a detector would cut it, of a brand drawn at random."""
    mark = rasterise(logos[int(rng.integers(len(logos)))], width=_MARK_SIDE)
    return render_mark(mark, rng=rng, size=_MARK_SIDE, backgrounds=backgrounds)


def _real_mark(photos: Scenes, rng: np.random.Generator) -> RgbImage:
    """A crop of what the detector takes for a mark, or a little more of it; of any place where it sees none."""
    while True:
        scene = photos.scene(int(rng.integers(len(photos))))
        height, width = scene.image.shape[:2]
        boxes = [box for box in scene.boxes if min(box.width, box.height) >= _LEAST_SIDE]
        if boxes:
            place = boxes[int(rng.integers(len(boxes)))].grown(float(rng.uniform(*_ROOM)) / 2)
        else:
            side = float(rng.uniform(0.2, 1.0)) * min(height, width)
            place = Box(float(rng.uniform(0, width - side)), float(rng.uniform(0, height - side)), side, side)
        crop = place.crop(scene.image)
        if min(crop.shape[:2]) >= _LEAST_SIDE:
            return np.ascontiguousarray(crop)


def _smeared(
    crop: RgbImage, *, tools: Sequence[str], anyhow: bool, other: RgbImage, rng: np.random.Generator
) -> RgbImage:
    """The mark in `crop` smeared so that something is left of it."""
    height, width = crop.shape[:2]
    left, top, right, bottom = rng.uniform(0, 0.08, 4)
    box = Box(left * width, top * height, (1 - left - right) * width, (1 - top - bottom) * height)
    for _ in range(1 + int(anyhow and rng.random() < TWICE_SHARE)):
        if anyhow and rng.random() < ANYHOW_SHARE:
            crop = changed_anyhow(crop, box, other=other, rng=rng)
        else:
            strength = float(rng.uniform(0, STRONGEST))
            crop = smear(crop, box, tool=str(rng.choice(tools)), strength=strength, rng=rng)
    return crop
