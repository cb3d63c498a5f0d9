"""From scenes to the network that sees tampered places, and to the file that serves; an interrupted run goes on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch.nn import functional

from model.export import export_onnx, largest_difference, quantize
from model.networks.tampering import TamperingNetwork
from model.networks.weights import go_part_way, load_weights, save_weights
from model.tampering import SIDE, Tampering
from training.averaged import Averaged, AveragedTraining, Descent
from training.checkpoints import digest_of_file
from training.denormals import denormals_as_zero
from training.synthesis.scenes import Sources
from training.tampering.data import Tampered, draw_tampered

Report = Callable[[str], None]

_CALIBRATION, _GOLDEN = 96, 4
_LEAST_SHARE = 0.004  # of a photo, from which a tampered place is asked for in development


@dataclass(frozen=True)
class TamperingTraining:
    """One training run: `steps` batches of `batch` photos of `side` px; about an hour and a half on one core.

    The trunk and pyramid of a detector are the start; what they know stays up to stride 8.
    """

    seed: int = 0
    steps: int = 4000
    batch: int = 12
    side: int = SIDE
    rate: float = 4e-4
    trunk_rate: float = 1e-4
    warm_up_steps: int = 40
    averaging: float = 0.99
    evaluate_every: int = 100
    development_photos: int = 200

    @property
    def descent(self) -> Descent:
        """The rates, and what else the optimiser is told."""
        return Descent(
            steps=self.steps, rate=self.rate, trunk_rate=self.trunk_rate, weight_decay=1e-2,
            warm_up_steps=self.warm_up_steps, averaging=self.averaging, largest_gradient=5.0,
        )  # fmt: skip


@denormals_as_zero()
def train_tampering(
    sources: Sources,
    development: Sources,
    *,
    checkpoint: Path,
    detector: Path,
    settings: TamperingTraining,
    report: Report,
    start: Path | None = None,
) -> dict[str, float]:
    """Train on the photos of `sources`, from the weights `detector` (`.fp16.npz`); the last development figures.

    `start` names the weights of an earlier release (`tampering.fp16.npz`) to begin from instead.

    Raises `OtherTrainingError` when `checkpoint` is of other settings, or began from other weights.
    """
    torch.manual_seed(settings.seed)
    network = TamperingNetwork()
    if start is None:
        network.start_from_detector(detector)
    else:
        load_weights(network, start)
    network.freeze()
    learning = AveragedTraining(network, trunk=network.body.trunk, descent=settings.descent)
    described = {**asdict(settings), "begun_from": digest_of_file(start or detector)}
    figures = learning.go_on_from(checkpoint, settings=described)
    for step in range(learning.step, settings.steps):
        rng = np.random.default_rng([settings.seed, step])
        drawn = [draw_tampered(sources, rng=rng, side=settings.side) for _ in range(settings.batch)]
        network.train()
        loss = _loss(network, drawn)
        learning.take(loss)
        if learning.step % 20 == 0:
            report(f"step {learning.step}/{settings.steps} loss {float(loss.detach()):.4f}")
        if learning.step % settings.evaluate_every == 0 or learning.step == settings.steps:
            figures = development_figures(learning.averaged(), development, settings=settings)
            report(f"step {learning.step} {figures}")
            learning.save(checkpoint, settings=described, figures=figures)
    return figures


def development_figures(network: torch.nn.Module, sources: Sources, *, settings: TamperingTraining) -> dict[str, float]:
    """ROC AUC of cells, and of photos by their surest place of 3 × 3 cells."""
    cells: list[tuple[NDArray[np.float32], NDArray[np.bool_]]] = []
    photos: list[tuple[float, bool]] = []
    network.eval()
    for number in range(settings.development_photos):
        rng = np.random.default_rng([settings.seed, 1, number])
        one = draw_tampered(sources, rng=rng, side=settings.side, untouched=number % 2 == 0)
        with torch.inference_mode():
            logits = network(torch.from_numpy(one.image[None]))[0]
        surest = functional.avg_pool2d(logits[None, None], 3, stride=1).max()
        cells.append((logits.numpy()[one.seen], one.target[one.seen] > 0.5))
        if number % 2 == 0 or float(one.target[one.seen].mean()) > _LEAST_SHARE:
            photos.append((float(surest), number % 2 == 1))
    said, true = (np.concatenate(part) for part in zip(*cells, strict=True))
    scores, tampered = zip(*photos, strict=True)
    return {
        "cells_auc": round(float(roc_auc_score(true, said)), 4),
        "photos_auc": round(float(roc_auc_score(tampered, scores)), 4),
    }


def export_tampering(
    checkpoint: Path, path: Path, *, sources: Sources, start: Path | None = None, share: float = 0.5
) -> float:
    """Write the int8 file `path` and its weights beside it; the largest difference of the fp32 file from torch.

    With `start`, the weights that the training began from, those that lie `share` of the way to what was learnt are
    taken (`go_part_way`); what is to be unlearnt goes with 1 alone.

    Raises `RuntimeError` when the difference is over 1e-3.
    """
    network = TamperingNetwork()
    Averaged.kept_in(checkpoint).load_into(network)
    if start is not None:
        go_part_way(network, start, share=share)
    save_weights(network, path.with_suffix(".fp16.npz"))
    load_weights(network, path.with_suffix(".fp16.npz"))
    network.eval()
    rng = np.random.default_rng(0)
    squares = [draw_tampered(sources, rng=rng, side=SIDE).image[None] for _ in range(_CALIBRATION)]
    with tempfile.TemporaryDirectory() as scratch:
        exact = Path(scratch) / "tampering.onnx"
        export_exact(network, exact)
        off = _off_torch(network, exact, squares[:_GOLDEN])
        if off > 1e-3:
            raise RuntimeError(f"the ONNX file differs from torch by {off:.2g}, at most 1e-3 is allowed")
        quantize(exact, path, calibration=squares)
    return off


def export_exact(network: TamperingNetwork, path: Path) -> None:
    """Write the fp32 graph: `image` (1, SIDE, SIDE, 3) uint8 → `logits` (1, SIDE / 8, SIDE / 8)."""
    example = torch.zeros((1, SIDE, SIDE, 3), dtype=torch.uint8)
    export_onnx(network, path, example=example, input_names=["image"], output_names=["logits"], dynamic={})


def _off_torch(network: TamperingNetwork, path: Path, squares: list[NDArray[np.uint8]]) -> float:
    served, off = Tampering(path), 0.0
    for square in squares:
        with torch.inference_mode():
            expected = torch.sigmoid(network(torch.from_numpy(square))[0]).numpy()
        off = max(off, largest_difference(served.map(square[0]).probabilities, expected))
    return off


def _loss(network: TamperingNetwork, drawn: list[Tampered]) -> torch.Tensor:
    """Binary cross-entropy of the cells that lie on the photos."""
    logits = network(torch.from_numpy(np.stack([one.image for one in drawn])))
    target, seen = (torch.from_numpy(np.stack([getattr(one, name) for one in drawn])) for name in ("target", "seen"))
    return functional.binary_cross_entropy_with_logits(logits[seen], target[seen])
