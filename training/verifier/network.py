"""How the verifier's network learns, on pairs of the training brands.

It sees each pair anew in every epoch, nearly aligned or, less often, as crudely as a detector's box lies: alignment
fails at times, and the verdict must bear it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from model.alignment import FRAME_SIDE, Matrix, box_matrix, laid_in_frame, moved, reference_corners
from model.networks.layout import channels_last
from model.networks.verifier import CLASSES, VerifierNetwork
from model.regions import RgbImage
from training.verifier.pairs import Pair


@dataclass(frozen=True, slots=True)
class NetworkRecipe:
    """How the network is trained: `crude_share` of the views are laid as the box lies, the others nearly aligned."""

    seed: int = 1
    epochs: int = 20
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    crude_share: float = 0.2
    label_smoothing: float = 0.03


@dataclass(frozen=True, slots=True)
class Views:
    """A batch: pictures (n, 2, h, w, 3) uint8, corner targets (n, 8) with NaN where unrelated, labels (n,)."""

    pictures: NDArray[np.uint8]
    corners: NDArray[np.float32]
    labels: NDArray[np.int64]


def fit_network(
    pairs: Sequence[Pair],
    frames: NDArray[np.uint8],
    *,
    recipe: NetworkRecipe,
    report: Callable[[str], None],
    start: VerifierNetwork | None = None,
) -> VerifierNetwork:
    """Train on `pairs`, whose references' frames are `frames` (logos, h, w, 3); `report` gets a line an epoch.

    `start` is a network to go on from.
    """
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    network = start or VerifierNetwork()
    channels_last(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * (len(pairs) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=steps)
    for epoch in range(recipe.epochs):
        network.train()
        losses = []
        for views in epoch_views(pairs, frames, recipe=recipe, rng=rng):
            verdict, right = _loss(network, views, smoothing=recipe.label_smoothing)
            optimiser.zero_grad()
            verdict.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            losses.append((float(verdict.detach()), right))
        loss, accuracy = np.mean(losses, axis=0)
        report(f"epoch {epoch + 1}: loss {loss:.3f}, right {accuracy:.3f}")
    network.eval()
    return network


def epoch_views(
    pairs: Sequence[Pair], frames: NDArray[np.uint8], *, recipe: NetworkRecipe, rng: np.random.Generator
) -> Iterator[Views]:
    """Every pair once, in random order, each laid anew."""
    order = rng.permutation(len(pairs))
    for start in range(0, len(order) - recipe.batch + 1, recipe.batch):
        chosen = [pairs[int(i)] for i in order[start : start + recipe.batch]]
        views = [_view(pair, frames, crude=rng.random() < recipe.crude_share, rng=rng) for pair in chosen]
        yield Views(
            np.stack([pictures for pictures, _ in views]),
            np.stack([corners for _, corners in views]),
            np.array([CLASSES.index(pair.label) for pair in chosen]),
        )


def true_matrix(pair: Pair) -> Matrix | None:
    """The matrix from the pair's region to the frame that its known corners give; None where unrelated."""
    if np.isnan(pair.quad).any():
        return None
    places = pair.quad * [pair.region.shape[1], pair.region.shape[0]]
    return np.asarray(cv2.getPerspectiveTransform(places.astype(np.float32), reference_corners()), np.float64)


def _view(
    pair: Pair, frames: NDArray[np.uint8], *, crude: bool, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """One pair as the network sees it: pictures (2, h, w, 3) and corner targets (8,)."""
    genuine = true_matrix(pair)
    start = box_matrix(pair.region) if crude or genuine is None else genuine
    spread = 0.015 if crude else 0.03
    noise = rng.normal(0, spread, (4, 2)).clip(-2.5 * spread, 2.5 * spread)
    laid = moved(start, (reference_corners() + noise * FRAME_SIDE).astype(np.float32))
    matrix = start if laid is None else laid
    region = laid_in_frame(pair.region, matrix)
    reference = frames[pair.reference if pair.reference >= 0 else int(rng.integers(len(frames)))]
    corners = np.full((4, 2), np.nan)
    if genuine is not None:
        there = cv2.perspectiveTransform(reference_corners()[:, None], matrix @ np.linalg.inv(genuine))[:, 0]
        corners = (there - reference_corners()) / FRAME_SIDE
    pictures = np.stack([region, reference])
    if rng.random() < 0.3:  # a pair seen in a mirror is a pair with the same verdict
        pictures = pictures[:, :, ::-1]
        corners = (corners * [-1, 1])[[1, 0, 3, 2]]
    if rng.random() < 0.25:
        pictures = pictures[..., rng.permutation(3)]
    return np.ascontiguousarray(pictures), corners.reshape(8).astype(np.float32)


def _loss(network: VerifierNetwork, views: Views, *, smoothing: float) -> tuple[Tensor, float]:
    """Cross entropy, and the share of right verdicts."""
    logits, _ = network(torch.from_numpy(views.pictures))
    labels = torch.from_numpy(views.labels)
    loss = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    return loss, float((logits.argmax(dim=1) == labels).float().mean())


def similar_reference(region: RgbImage, frames: NDArray[np.uint8], *, among: NDArray[np.int64]) -> int:
    """Of the logos `among`, the one whose frame looks most like `region` by 16×16 greys: a hard unrelated reference."""
    seen = _thumbnail(laid_in_frame(region, box_matrix(region)))
    scores = [abs(float((seen * _thumbnail(frames[i])).sum())) for i in among]
    return int(among[int(np.argmax(scores))])


def _thumbnail(frame: RgbImage) -> NDArray[np.float32]:
    small = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (16, 16), interpolation=cv2.INTER_AREA)
    centred = small.astype(np.float32) - float(small.mean())
    return np.asarray(centred / (float(np.linalg.norm(centred)) + 1e-6), np.float32)
