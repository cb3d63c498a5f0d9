"""How the aligner learns: pairs laid as a detector's box lies, or nearly aligned, with each cell's true flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.alignment import FLOW_CELLS, FRAME_SIDE, reference_corners
from model.networks.aligner import REACH, AlignerNetwork
from training.verifier.pairs import Pair
from training.verifier.steps import Steps, material_of
from training.verifier.views import ViewRecipe, epoch_views

MATCHING_WEIGHT = 1.0
"""Of the correlation's own choice of a displacement, beside the flow on which the cells agreed."""


def fit_aligner(
    pairs: Sequence[Pair],
    frames: NDArray[np.uint8],
    *,
    recipe: ViewRecipe,
    report: Callable[[str], None],
    checkpoint: Path | None = None,
) -> AlignerNetwork:
    """Train on the related ones of `pairs`, whose references' frames are `frames` (logos, h, w, 3).

    With a `checkpoint` file it goes on where it was interrupted.
    """
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    related = [pair for pair in pairs if not np.isnan(pair.quad).any()]
    network = AlignerNetwork()
    steps = Steps(
        network,
        recipe=recipe,
        pairs=len(related),
        material=material_of(network, related),
        rng=rng,
        checkpoint=checkpoint,
    )
    while steps.epochs < recipe.epochs:
        network.train()
        losses = []
        for views in epoch_views(related, frames, recipe=recipe, rng=rng):
            loss, error = _loss(network, views.pictures, views.corners)
            steps.take(loss)
            losses.append((float(loss.detach()), error))
        mean_loss, mean_error = np.mean(losses, axis=0)
        steps.finish_epoch()
        report(f"aligner, epoch {steps.epochs}: loss {mean_loss:.3f}, flow off by {mean_error:.2f} cells")
    network.eval()
    return network


def true_flow(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where each cell goes when the reference's corners go by `corners` (8,): (2, FLOW_CELLS, FLOW_CELLS), in cells."""
    target = reference_corners() + corners.reshape(4, 2) * FRAME_SIDE
    matrix = cv2.getPerspectiveTransform(reference_corners(), target.astype(np.float32))
    size = FRAME_SIDE / FLOW_CELLS
    y, x = np.mgrid[0:FLOW_CELLS, 0:FLOW_CELLS].astype(np.float32) * size + size / 2
    places = np.stack([x, y], axis=-1).reshape(-1, 1, 2)
    gone = cv2.perspectiveTransform(places, matrix) - places
    return np.asarray(gone.reshape(FLOW_CELLS, FLOW_CELLS, 2).transpose(2, 0, 1) / size, np.float32)


def _loss(network: AlignerNetwork, pictures: NDArray[np.uint8], corners: NDArray[np.float32]) -> tuple[Tensor, float]:
    """Negative log likelihood of the true flow under a Laplace distribution and of the true displacement under the
    correlation's softmax; and the mean error in cells.
    """
    likely, flow, doubt = network.matches_and_flow(network.described_pairs(torch.from_numpy(pictures)))
    target = torch.from_numpy(np.stack([true_flow(row) for row in corners]))
    reached = (target.abs().amax(dim=1) <= REACH).float()
    error = (flow - target).abs().sum(dim=1)
    likelihood = error * torch.exp(-doubt) + 2 * doubt
    matching = -torch.log((likely * _neighbouring(target)).sum(dim=1) + 1e-4)
    inner = torch.zeros_like(reached)
    inner[:, 1:-1, 1:-1] = reached[:, 1:-1, 1:-1]
    total = inner.sum().clamp(min=1)
    loss = ((likelihood + MATCHING_WEIGHT * matching) * inner).sum() / total
    return loss, float(((error * inner).sum() / total).detach())


def _neighbouring(flow: Tensor) -> Tensor:
    """How near each displacement is to `flow` (n, 2, h, w): (n, shifts, h, w), 1 at it and 0 from one cell on."""
    reach = torch.arange(-REACH, REACH + 1, dtype=torch.float32)[None, :, None, None]
    x = (1 - (flow[:, :1] - reach).abs()).clamp(min=0)
    y = (1 - (flow[:, 1:] - reach).abs()).clamp(min=0)
    return (y[:, :, None] * x[:, None]).flatten(1, 2)
