"""The photos that sellers of the simulated marketplace offer: goods with a brand's mark, genuine or tampered with.

A listing's photo shows the mark large, as one who sells by the mark shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.tricks import TRICKS
from model.alignment import CROP_MARGIN, REGION_SIDE
from model.regions import Box, RgbImage
from training.edits.imitations import HELD_OUT_IMITATIONS, IMITATIONS, any_imitation
from training.edits.redrawn import ImpossibleEditError
from training.edits.smears import TRAINING_SMEARS, smear, smeared_by
from training.synthesis.grounds import Backgrounds, FloatImage, drawn_ground
from training.synthesis.inks import dressed
from training.synthesis.logos import Logo, RgbaImage, rasterise
from training.synthesis.optics import photographed
from training.synthesis.rendering import place_mark

KNOWN_KINDS = (*TRAINING_SMEARS, *(name for name in IMITATIONS if name not in HELD_OUT_IMITATIONS))
"""What the released models were taught."""

NEW_KINDS = ("hatching", *TRICKS)
"""Smears that no released model was taught, and that go unseen at first: a trick that works spreads.

Chosen after a trial of 19 kinds: see docs/history.md, Rounds.
"""

_PHOTO_SIDE = 512
_MARK_SIDE = 320
_VISIBLE = 40
"""Grey levels by which a mark must differ from the goods on most of its area."""


@dataclass(frozen=True, slots=True)
class Goods:
    """A listing's photo, the place of the mark in it, and the edit that made it a fake (empty: genuine)."""

    photo: RgbImage
    box: Box
    edit: str

    @property
    def fake(self) -> bool:
        """Whether the goods are counterfeit."""
        return bool(self.edit)

    def region(self, rng: np.random.Generator) -> RgbImage:
        """What a scan cuts out for the verifier: a detector's box, off by some per cent, with the scan's margin."""
        left, top, right, bottom = rng.normal(0.0, 0.05, 4).clip(-0.12, 0.12)
        box = self.box
        found = Box(
            box.x - left * box.width,
            box.y - top * box.height,
            box.width * (1 + left + right),
            box.height * (1 + top + bottom),
        )
        region = found.grown(CROP_MARGIN).crop(self.photo)
        scale = min(1.0, REGION_SIDE / max(region.shape[:2]))
        if scale < 1:
            region = np.asarray(cv2.resize(region, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        return np.ascontiguousarray(region)


def draw_goods(
    logos: Sequence[Logo], place: int, *, kinds: Sequence[str], rng: np.random.Generator, grounds: Backgrounds
) -> Goods:
    """A photo of goods with the mark of `logos[place]`, a fake by one of `kinds`, genuine where there are none.

    Smeared and imitated marks are as frequent where `kinds` has both; a mark that offers no imitation is smeared.
    """
    mark, edit = rasterise(logos[place], width=_MARK_SIDE), ""
    imitations = [name for name in kinds if name in IMITATIONS]
    smears = [name for name in kinds if name not in IMITATIONS]
    if imitations and rng.random() < 0.5:
        others = [logos[int(other)] for other in rng.integers(len(logos), size=2)]
        with suppress(ImpossibleEditError):
            edit, mark = any_imitation(logos[place], kinds=imitations, rng=rng, width=_MARK_SIDE, others=others)
    photo, box = _on_goods(mark, rng=rng, grounds=grounds)
    if smears and not edit:
        edit = str(rng.choice(smears))
        strength = float(rng.uniform(0.0, 0.5))
        if edit in TRICKS:
            photo = smeared_by(TRICKS[edit], photo, box, shaped=False, strength=strength, rng=rng)
        else:
            photo = smear(photo, box, tool=edit, strength=strength, rng=rng)
    return Goods(photographed(photo.astype(np.float32), rng=rng, strength=float(rng.uniform(0.1, 0.5))), box, edit)


def _on_goods(mark: RgbaImage, *, rng: np.random.Generator, grounds: Backgrounds) -> tuple[RgbImage, Box]:
    """The mark as it is or in another make, on real goods or a drawn ground where it can be seen."""
    for _ in range(8):
        made = dressed(mark, rng=rng) if rng.random() < 0.4 else mark
        real = rng.random() < 0.5
        ground = (grounds.piece if real else _drawn)(_PHOTO_SIDE, _PHOTO_SIDE, rng=rng)
        under = np.clip(ground, 0, 255).astype(np.uint8)
        photo, box, _ = place_mark(made, under, rng=rng, width_fraction=float(rng.uniform(0.4, 0.7)))
        moved = np.abs(box.crop(photo).astype(np.int16) - box.crop(under)).max(axis=-1) > _VISIBLE
        if float(moved.mean()) > 0.7 * float((made[..., 3] > 127).mean()):
            break
    return photo, box


def _drawn(height: int, width: int, *, rng: np.random.Generator) -> FloatImage:
    return drawn_ground(height, width, rng=rng)
