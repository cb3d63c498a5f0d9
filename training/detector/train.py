"""How the logo detector learns: scenes drawn beforehand, one loop, a dev set of drawn scenes and real garments.

From seed to file: `train_detector` draws the scenes, learns (it may be stopped and started again at any time) and keeps
the weights averaged along the way; `training.detector.release.export_detector` writes the file that serves.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.detector import SIDES, cell_centres
from model.networks.detector import LogoDetector
from model.networks.weights import load_weights
from training.averaged import AveragedTraining, Descent
from training.checkpoints import digest_of_file
from training.denormals import denormals_as_zero
from training.detector.data import Batch, SceneStore, draw_batch, draw_scenes
from training.detector.development import DevSet, dev_figures, development_sets, torch_regions
from training.detector.losses import detection_loss
from training.synthesis.scenes import SceneMaterial

CHECKPOINT = "last.pt"
"""The file, in the folder of a training, that it goes on from and is released from."""

Progress = Callable[[Iterable[int], int, str], Iterable[int]]
"""Shows a bar: called with the items, their number and a description, it yields the items."""


@dataclass(frozen=True)
class DetectorTraining:
    """What the detector learns from and how; kept in every checkpoint.

    `folder` takes scenes, checkpoints and the log. `data` is the folder of real photos, `logos` that of the vector logo
    packages, and made-up words are set in the typefaces `fonts`. Each step sees squares of one of the `sides`, as many
    as make `pixels_a_step`: a mark is looked for at `served_sides`, in a large square where it is small and in a small
    one where it is large. `start` names the weights (`detector.fp16.npz`) of an earlier release to begin from instead
    of ImageNet's; the trunk moves slowly, since what ImageNet's photos taught it is all that it knows of the world
    beyond the drawn one. An hour on two cores that have nothing else to do, and 4 GB of memory.
    """

    folder: Path
    data: Path
    logos: Path | None
    fonts: tuple[Path, ...] = ()
    start: Path | None = None
    seed: int = 1
    scenes: int = 10_000
    dev_scenes: int = 240
    sides: tuple[int, ...] = (160, 224, 320, 384)
    pixels_a_step: int = 1_300_000
    served_sides: tuple[int, ...] = SIDES
    steps: int = 4000
    learning_rate: float = 1e-3
    trunk_learning_rate: float = 1.5e-4
    weight_decay: float = 1e-4
    warmup_steps: int = 200
    average_decay: float = 0.998  # of the weights that are evaluated and released
    dev_every: int = 500
    channels: int = 48


@denormals_as_zero()
def train_detector(
    settings: DetectorTraining, *, progress: Progress, report: Callable[[str], None] = print
) -> dict[str, Any]:
    """Train, or go on from the last checkpoint in `settings.folder`; return the last dev figures.

    `report` gets one line with losses every 25 steps and one with dev figures every `dev_every`; the latter are also
    appended to `log.jsonl`. The rate falls to almost nothing, so the last averaged weights are the ones to release.
    Raises `OtherTrainingError` when the folder's checkpoint was made with other settings.
    """
    torch.manual_seed(settings.seed)
    store, dev_sets = _scenes(settings, progress=progress, report=report)
    learning, checkpoint, described = _begun(settings), settings.folder / CHECKPOINT, _described(settings)
    figures = learning.go_on_from(checkpoint, settings=described)
    for step in progress(range(learning.step, settings.steps), settings.steps - learning.step, "detector"):
        losses = _losses(learning.network, _batch(store, settings, step))
        learning.take(losses["total"])
        if learning.step % 25 == 0:
            shown = " ".join(f"{name} {float(loss.detach()):.3f}" for name, loss in losses.items())
            report(f"step {learning.step}/{settings.steps} {shown}")
        if learning.step % settings.dev_every == 0 or learning.step == settings.steps:
            figures = _figures(learning, dev_sets, settings.served_sides)
            report(f"step {learning.step} dev " + json.dumps(figures))
            learning.save(checkpoint, settings=described, figures=figures)
            with (settings.folder / "log.jsonl").open("a") as log:
                log.write(json.dumps(figures) + "\n")
    return figures


def _begun(settings: DetectorTraining) -> AveragedTraining[LogoDetector]:
    """The training before its first step."""
    network = LogoDetector(channels=settings.channels)
    if settings.start is not None:
        load_weights(network, settings.start)
    network.freeze()
    descent = Descent(
        steps=settings.steps,
        rate=settings.learning_rate,
        trunk_rate=settings.trunk_learning_rate,
        weight_decay=settings.weight_decay,
        warm_up_steps=settings.warmup_steps,
        averaging=settings.average_decay,
        largest_gradient=10.0,
    )
    return AveragedTraining(network, trunk=network.trunk, descent=descent)


def _losses(network: LogoDetector, batch: Batch) -> dict[str, Tensor]:
    """The losses of a `network` that learns, by name."""
    images = torch.from_numpy(batch.images)
    truth, ignored = ([torch.from_numpy(boxes) for boxes in part] for part in (batch.boxes, batch.ignored))
    network.train()
    logits, distances = network(images)
    centres = torch.from_numpy(cell_centres(images.shape[1]))
    return detection_loss(logits, distances, centres=centres, truth=truth, ignored=ignored)


def _figures(
    learning: AveragedTraining[LogoDetector], dev_sets: Sequence[DevSet], sides: Sequence[int]
) -> dict[str, Any]:
    """Dev figures of the averaged weights, by name of the dev set."""
    network = learning.averaged()
    figures = {dev.name: dev_figures(torch_regions(network, dev.images, sides=sides), dev) for dev in dev_sets}
    return {"step": learning.step, "seconds": round(time.process_time()), **figures}


def _scenes(
    settings: DetectorTraining, *, progress: Progress, report: Callable[[str], None]
) -> tuple[SceneStore, list[DevSet]]:
    """The drawn training scenes and the dev sets; garments are left out where they are absent."""
    stores = {}
    for split, count, seed in (
        ("train", settings.scenes, settings.seed),
        ("dev", settings.dev_scenes, settings.seed + 98),
    ):
        material = SceneMaterial.found_in(settings.data, logos=settings.logos, split=split, fonts=settings.fonts)
        stores[split] = draw_scenes(
            settings.folder / split, material=material, count=count, seed=seed, progress=progress
        )
    return stores["train"], development_sets(stores["dev"], report=report)


def _batch(store: SceneStore, settings: DetectorTraining, step: int) -> Batch:
    """The batch of `step`, the same whenever it is drawn."""
    rng = np.random.default_rng((settings.seed, 7, step))
    side = int(rng.choice(settings.sides))
    return draw_batch(store, rng=rng, size=max(1, settings.pixels_a_step // side**2), side=side)


_PLACES = ("folder", "data", "logos", "fonts", "start")


def _described(settings: DetectorTraining) -> dict[str, Any]:
    """The settings without the places of this machine, and what it began from."""
    own = {key: value for key, value in asdict(settings).items() if key not in _PLACES}
    return own if settings.start is None else {**own, "start": digest_of_file(settings.start)}
