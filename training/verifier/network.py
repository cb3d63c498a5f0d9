"""How the verifier's network learns, on pairs of the training brands: what was done to each, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from model.alignment import Matrix
from model.networks.verifier import CLASSES, VerifierNetwork
from training.verifier.pairs import Pair
from training.verifier.steps import Steps, material_of
from training.verifier.views import ViewRecipe, Views, epoch_views

MAP_WEIGHT = 1.5
"""Of the maps' cross entropy beside the verdict's."""


def fit_network(
    pairs: Sequence[Pair],
    frames: NDArray[np.uint8],
    *,
    recipe: ViewRecipe,
    report: Callable[[str], None],
    alignments: Sequence[Matrix] | None = None,
    start: VerifierNetwork | None = None,
    checkpoint: Path | None = None,
) -> VerifierNetwork:
    """Train on `pairs`, whose references' frames are `frames` (logos, h, w, 3); `report` gets a line an epoch.

    `alignments` are what the aligner found, one matrix a pair; `start` is a network to go on from. With a `checkpoint`
    file it goes on where it was interrupted.
    """
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    network = start or VerifierNetwork()
    steps = Steps(
        network, recipe=recipe, pairs=len(pairs), material=material_of(network, pairs), rng=rng, checkpoint=checkpoint
    )
    while steps.epochs < recipe.epochs:
        network.train()
        losses = []
        for views in epoch_views(pairs, frames, recipe=recipe, rng=rng, alignments=alignments):
            verdict, places, right = _losses(network, views, smoothing=recipe.label_smoothing)
            steps.take(verdict + MAP_WEIGHT * places)
            losses.append((float(verdict.detach()), float(places.detach()), right))
        loss, place, accuracy = np.mean(losses, axis=0)
        steps.finish_epoch()
        report(f"verdict, epoch {steps.epochs}: loss {loss:.3f}, of the maps {place:.3f}, right {accuracy:.3f}")
    network.eval()
    return network


def _losses(network: VerifierNetwork, views: Views, *, smoothing: float) -> tuple[Tensor, Tensor, float]:
    """Cross entropy of the verdict and of the maps, and the share of right verdicts."""
    logits, maps = network(torch.from_numpy(views.pictures))
    labels = torch.from_numpy(views.labels)
    loss = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    right = float((logits.argmax(dim=1) == labels).float().mean())
    related = labels != CLASSES.index("unrelated")
    changed = torch.from_numpy(views.changed)
    kinds = torch.stack([labels == CLASSES.index("smear"), labels == CLASSES.index("imitation")], dim=1)
    target = changed[:, None] * kinds[:, :, None, None]
    return loss, functional.binary_cross_entropy_with_logits(maps[related], target[related]), right
