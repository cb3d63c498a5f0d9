"""The verifier's network goes on from the champion's, on drawn pairs and labels mixed.

Every pair is seen as the scan shows it, laid on its reference by the champion's own alignment. The batch statistics
stay the champion's, so that a few hundred steps move the weights and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from model.networks.layout import channels_last
from model.networks.verifier import CLASSES, VerifierNetwork
from model.networks.weights import load_weights
from training.round.standing import StandingFrames
from training.round.teaching import Taught, label_rows

KEPT_MAPS = 10.0
"""Of the squared difference of the maps from the champion's, on drawn pairs: no label says where a mark was changed."""


@dataclass(frozen=True, slots=True)
class VerifierRecipe:
    """How the network is fine-tuned.

    At most `label_share` of each batch are labels, and a label that is wholly believed is seen `label_repeats` times.
    """

    seed: int = 0
    steps: int = 300
    batch: int = 64
    learning_rate: float = 3e-4
    weight_decay: float = 1e-2
    label_share: float = 0.25
    label_repeats: float = 60.0
    label_smoothing: float = 0.03


def fine_tune_verifier(
    start: Path, *, standing: StandingFrames, taught: Taught, recipe: VerifierRecipe,
    progress: Callable[[Iterable[int]], Iterable[int]],
) -> tuple[VerifierNetwork, float]:  # fmt: skip
    """Go on from the weights in the file `start`; returns the network and the mean loss of the last tenth of the steps.

    `progress` passes the steps on and may show them.
    """
    torch.manual_seed(recipe.seed)
    network, champion = _loaded(start), _loaded(start)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=max(recipe.steps, 2))
    seen = recipe.steps * recipe.batch
    from_labels = label_rows(seen, taught.worth, share=recipe.label_share, repeats=recipe.label_repeats)
    losses = []
    for step in progress(range(recipe.steps)):
        rng = np.random.default_rng([recipe.seed, step])
        batch = _batch(standing, taught, size=recipe.batch, share=from_labels / seen, rng=rng)
        pictures = torch.from_numpy(batch.pictures)
        logits, maps = network(pictures)
        loss = functional.cross_entropy(logits, torch.from_numpy(batch.labels), label_smoothing=recipe.label_smoothing)
        if batch.taught < len(pictures):
            with torch.no_grad():
                before = champion(pictures[batch.taught :])[1]
            kept = functional.mse_loss(torch.sigmoid(maps[batch.taught :]), torch.sigmoid(before))
            loss = loss + KEPT_MAPS * kept
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return network, float(np.mean(losses[-max(1, recipe.steps // 10) :])) if losses else float("nan")


@dataclass(frozen=True, slots=True)
class _Batch:
    """Pictures (n, 2, h, w, 3) and labels (n,), the first `taught` of which are of decided regions."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]
    taught: int


def _loaded(weights: Path) -> VerifierNetwork:
    network = VerifierNetwork()
    load_weights(network, weights)
    channels_last(network)
    return network.eval()


def _batch(standing: StandingFrames, taught: Taught, *, size: int, share: float, rng: np.random.Generator) -> _Batch:
    """Half of the pairs are seen in a mirror: a pair in a mirror has the same verdict."""
    from_labels = int(rng.binomial(size, share))
    pictures, labels = [], []
    if from_labels:
        drawn, classes = taught.draw(from_labels, rng=rng)
        pictures.append(taught.frames[drawn])
        labels.append(classes)
    rows = rest_of_batch(standing, np.concatenate(labels) if labels else np.empty(0, np.int64), size=size, rng=rng)
    pictures.append(standing.frames[rows])
    labels.append(standing.labels[rows])
    batch = np.concatenate(pictures)
    mirrored = rng.random(len(batch)) < 0.5
    batch[mirrored] = batch[mirrored][:, :, :, ::-1]
    return _Batch(np.ascontiguousarray(batch), np.concatenate(labels), from_labels)


def rest_of_batch(
    standing: StandingFrames, given: NDArray[np.int64], *, size: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Standing pairs that fill up a batch in which the classes `given` are there already.

    Each class is then as frequent as among the standing pairs: labels say what a class looks like, and not how often it
    comes, since nearly all of them are of listings that somebody complained of.
    """
    count = np.bincount(standing.labels, minlength=len(CLASSES))
    missing = np.maximum(count / count.sum() * size - np.bincount(given, minlength=len(CLASSES)), 0.0)
    share = (missing / np.maximum(count, 1))[standing.labels]
    return rng.choice(len(standing.labels), size - len(given), p=share / share.sum())
