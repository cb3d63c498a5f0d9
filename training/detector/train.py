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
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from model.detector import SIDES, cell_centres
from model.networks.detector import LogoDetector
from model.networks.layout import channels_last
from model.networks.weights import load_weights
from training.checkpoints import digest_of_file, rate_share, save_checkpoint
from training.denormals import denormals_as_zero
from training.detector.data import Batch, SceneStore, draw_batch, draw_scenes
from training.detector.development import DevSet, dev_figures, development_sets, torch_regions
from training.detector.losses import detection_loss
from training.refusals import OtherTrainingError
from training.synthesis.scenes import SceneMaterial

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
    state = TrainingState.started(settings)
    figures: dict[str, Any] = state.figures
    for step in progress(range(state.step, settings.steps), settings.steps - state.step, "detector"):
        losses = state.learn(_batch(store, settings, step))
        if (step + 1) % 25 == 0:
            report(f"step {step + 1}/{settings.steps} " + " ".join(f"{k} {v:.3f}" for k, v in losses.items()))
        if (step + 1) % settings.dev_every == 0 or step + 1 == settings.steps:
            figures = state.evaluate(dev_sets)
            report(f"step {step + 1} dev " + json.dumps(figures))
            state.save(figures)
    return figures


class TrainingState:
    """Network, averaged weights and optimiser at one step; can be saved and taken up again."""

    def __init__(self, settings: DetectorTraining) -> None:
        self.settings = settings
        self.step = 0
        self.figures: dict[str, Any] = {}
        self.network = LogoDetector(channels=settings.channels)
        if settings.start is not None:
            load_weights(self.network, settings.start)
        self.network.freeze()
        channels_last(self.network)
        self.average = AveragedModel(
            self.network,
            multi_avg_fn=get_ema_multi_avg_fn(settings.average_decay),  # type: ignore[no-untyped-call]
        )
        trunk = [weight for weight in self.network.trunk.parameters() if weight.requires_grad]
        known = {id(weight) for weight in self.network.trunk.parameters()}
        rest = [weight for weight in self.network.parameters() if id(weight) not in known]
        self.optimiser = torch.optim.AdamW(
            [{"params": rest, "top": settings.learning_rate}, {"params": trunk, "top": settings.trunk_learning_rate}],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )

    @classmethod
    def started(cls, settings: DetectorTraining) -> TrainingState:
        """A new state, or the one of the folder's last checkpoint; see `train_detector` for what it raises."""
        state = cls(settings)
        path = settings.folder / "last.pt"
        if path.exists():
            saved = torch.load(path, weights_only=True)
            if saved["settings"] != _described(settings):
                raise OtherTrainingError(
                    f"{path} was made with other settings: {saved['settings']}; name another folder"
                )
            state.step, state.figures = saved["step"], saved["figures"]
            state.network.load_state_dict(saved["network"])
            state.average.load_state_dict(saved["average"])
            state.optimiser.load_state_dict(saved["optimiser"])
        return state

    def learn(self, batch: Batch) -> dict[str, float]:
        """One step on `batch`; the losses by name."""
        images = torch.from_numpy(batch.images)
        truth, ignored = ([torch.from_numpy(boxes) for boxes in part] for part in (batch.boxes, batch.ignored))
        self._set_learning_rate()
        self.network.train()
        logits, distances = self.network(images)
        centres = torch.from_numpy(cell_centres(images.shape[1]))
        losses = detection_loss(logits, distances, centres=centres, truth=truth, ignored=ignored)
        self.optimiser.zero_grad()
        losses["total"].backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.step += 1
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _set_learning_rate(self) -> None:
        share = rate_share(self.step, steps=self.settings.steps, warm_up_steps=self.settings.warmup_steps)
        for group in self.optimiser.param_groups:
            group["lr"] = group["top"] * share

    def evaluate(self, dev_sets: Sequence[DevSet]) -> dict[str, Any]:
        """Dev figures of the averaged weights, by name of the dev set."""
        network = self.averaged_network()
        figures = {
            dev.name: dev_figures(torch_regions(network, dev.images, sides=self.settings.served_sides), dev)
            for dev in dev_sets
        }
        return {"step": self.step, "seconds": round(time.process_time()), **figures}

    def averaged_network(self) -> LogoDetector:
        """The network with the averaged weights."""
        module = self.average.module
        if not isinstance(module, LogoDetector):
            raise TypeError(f"expected a LogoDetector, got {type(module).__name__}")
        return module

    def save(self, figures: dict[str, Any]) -> None:
        """Write `last.pt` and the log line."""
        state = {
            "settings": _described(self.settings),
            "step": self.step,
            "figures": figures,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        save_checkpoint(self.settings.folder / "last.pt", state)
        with (self.settings.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(figures) + "\n")


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
