"""How the aligner learns: pairs laid as a detector's box lies, with the true corners and each cell's true flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from model.alignment import FRAME_SIDE, reference_corners
from model.networks.aligner import CELLS, REACH, AlignerNetwork
from model.networks.layout import channels_last
from training.verifier.network import NetworkRecipe, epoch_views
from training.verifier.pairs import Pair

FLOW_WEIGHT = 0.15
CORNER_WEIGHT = 20.0


def fit_aligner(
    pairs: Sequence[Pair], frames: NDArray[np.uint8], *, recipe: NetworkRecipe, report: Callable[[str], None]
) -> AlignerNetwork:
    """Train on the related ones of `pairs`, whose references' frames are `frames` (logos, h, w, 3)."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    related = [pair for pair in pairs if not np.isnan(pair.quad).any()]
    network = AlignerNetwork()
    channels_last(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * (len(related) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=steps)
    for epoch in range(recipe.epochs):
        network.train()
        losses = []
        for views in epoch_views(related, frames, recipe=recipe, rng=rng):
            corners, flow = network.corners_and_flow(torch.from_numpy(views.pictures))
            corner = functional.smooth_l1_loss(corners, torch.from_numpy(views.corners), beta=0.03)
            moved = _flow_loss(flow, views.corners)
            optimiser.zero_grad()
            (CORNER_WEIGHT * corner + FLOW_WEIGHT * moved).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            losses.append((float(corner.detach()), float(moved.detach())))
        corner_loss, flow_loss = np.mean(losses, axis=0)
        report(f"epoch {epoch + 1}: corners {corner_loss:.4f}, flow {flow_loss:.3f} cells")
    network.eval()
    return network


def true_flow(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where each cell of the frame goes when the reference's corners go by `corners` (8,): (2, CELLS, CELLS), cells."""
    target = reference_corners() + corners.reshape(4, 2) * FRAME_SIDE
    matrix = cv2.getPerspectiveTransform(reference_corners(), target.astype(np.float32))
    size = FRAME_SIDE / CELLS
    y, x = np.mgrid[0:CELLS, 0:CELLS].astype(np.float32) * size + size / 2
    places = np.stack([x, y], axis=-1).reshape(-1, 1, 2)
    gone = cv2.perspectiveTransform(places, matrix) - places
    return np.asarray(gone.reshape(CELLS, CELLS, 2).transpose(2, 0, 1) / size, np.float32)


def _flow_loss(flow: Tensor, corners: NDArray[np.float32]) -> Tensor:
    """Mean error of the flow in cells, inside the reference's rectangle, where the search could reach."""
    target = torch.from_numpy(np.stack([true_flow(row) for row in corners]))
    margin = 1
    reachable = (target.abs().amax(dim=1, keepdim=True) <= REACH).float()
    error = functional.smooth_l1_loss(flow, target, reduction="none", beta=0.25).mean(dim=1, keepdim=True) * reachable
    inner = error[:, :, margin:-margin, margin:-margin]
    return inner.sum() / reachable[:, :, margin:-margin, margin:-margin].sum().clamp(min=1)
