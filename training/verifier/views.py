"""Pairs as the networks see them in training: the region laid on the reference anew in every epoch.

Some are laid as crudely as a detector's box lies, the others nearly aligned: the aligner starts from both, and the
verdict must bear what it leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import FRAME_SIDE, Matrix, box_matrix, laid_in_frame, moved, reference_corners
from model.networks.verifier import CLASSES
from model.regions import RgbImage
from training.verifier.layout import MAP_SIDE
from training.verifier.pairs import Pair


@dataclass(frozen=True, slots=True)
class ViewRecipe:
    """How a network is trained.

    `crude_share` of the views start as the box lies (or, where alignments are given, as those say), the others at the
    true place; the corners of both are then moved by normal noise of `crude_noise` and `fine_noise` of the frame.
    """

    seed: int = 1
    epochs: int = 5
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    crude_share: float = 0.2
    crude_noise: float = 0.015
    fine_noise: float = 0.03
    label_smoothing: float = 0.03


@dataclass(frozen=True, slots=True)
class Views:
    """A batch: pictures (n, 2, h, w, 3) uint8, corner targets (n, 8) with NaN where unrelated, labels (n,).

    `changed` (n, MAP_SIDE, MAP_SIDE) float32 0..1 is laid out as the reference.
    """

    pictures: NDArray[np.uint8]
    corners: NDArray[np.float32]
    labels: NDArray[np.int64]
    changed: NDArray[np.float32]


def epoch_views(
    pairs: Sequence[Pair],
    frames: NDArray[np.uint8],
    *,
    recipe: ViewRecipe,
    rng: np.random.Generator,
    alignments: Sequence[Matrix] | None = None,
) -> Iterator[Views]:
    """Every pair once, in random order, each laid anew; `alignments` are matrices to the frame, one a pair."""
    order = rng.permutation(len(pairs))
    for start in range(0, len(order) - recipe.batch + 1, recipe.batch):
        chosen = order[start : start + recipe.batch]
        views = [
            _view(pairs[i], frames, found=None if alignments is None else alignments[i], recipe=recipe, rng=rng)
            for i in chosen
        ]
        pictures, corners, changed = zip(*views, strict=True)
        labels = np.array([CLASSES.index(pairs[i].label) for i in chosen])
        shares = np.asarray(np.stack(changed) / 255, np.float32)
        yield Views(np.stack(pictures), np.stack(corners), labels, shares)


def true_matrix(pair: Pair) -> Matrix | None:
    """The matrix from the pair's region to the frame that its known corners give; None where unrelated."""
    if np.isnan(pair.quad).any():
        return None
    places = pair.quad * [pair.region.shape[1], pair.region.shape[0]]
    return np.asarray(cv2.getPerspectiveTransform(places.astype(np.float32), reference_corners()), np.float64)


def _view(
    pair: Pair, frames: NDArray[np.uint8], *, found: Matrix | None, recipe: ViewRecipe, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]:
    """One pair as the network sees it: pictures (2, h, w, 3), corner targets (8,) and the map of changes."""
    genuine = true_matrix(pair)
    crude = genuine is None or rng.random() < recipe.crude_share
    laid_by_box = box_matrix(pair.region) if found is None else found
    start = laid_by_box if genuine is None or crude else genuine
    spread = recipe.crude_noise if crude else recipe.fine_noise
    noise = rng.normal(0, spread, (4, 2)).clip(-2.5 * spread, 2.5 * spread)
    laid = moved(start, (reference_corners() + noise * FRAME_SIDE).astype(np.float32))
    matrix = start if laid is None else laid
    region = laid_in_frame(pair.region, matrix)
    reference = frames[pair.reference if pair.reference >= 0 else int(rng.integers(len(frames)))]
    corners = np.full((4, 2), np.nan)
    if genuine is not None:
        there = cv2.perspectiveTransform(reference_corners()[:, None], matrix @ np.linalg.inv(genuine))[:, 0]
        corners = (there - reference_corners()) / FRAME_SIDE
    pictures, changed = np.stack([region, reference]), pair.changed
    if rng.random() < 0.3:  # a pair seen in a mirror is a pair with the same verdict
        pictures, changed = pictures[:, :, ::-1], changed[:, ::-1]
        corners = (corners * [-1, 1])[[1, 0, 3, 2]]
    if rng.random() < 0.25:
        pictures = pictures[..., rng.permutation(3)]
    return np.ascontiguousarray(pictures), corners.reshape(8).astype(np.float32), changed.reshape(MAP_SIDE, MAP_SIDE)


def similar_reference(region: RgbImage, frames: NDArray[np.uint8], *, among: NDArray[np.int64]) -> int:
    """Of the logos `among`, the one whose frame looks most like `region` by 16×16 greys: a hard unrelated reference."""
    seen = _thumbnail(laid_in_frame(region, box_matrix(region)))
    scores = [abs(float((seen * _thumbnail(frames[i])).sum())) for i in among]
    return int(among[int(np.argmax(scores))])


def _thumbnail(frame: RgbImage) -> NDArray[np.float32]:
    small = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (16, 16), interpolation=cv2.INTER_AREA)
    centred = small.astype(np.float32) - float(small.mean())
    return np.asarray(centred / (float(np.linalg.norm(centred)) + 1e-6), np.float32)
