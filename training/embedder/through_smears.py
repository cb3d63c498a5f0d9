"""How the embedder learns to see through smears: a smeared mark is to get the vector that it had before.

The released embedder teaches. Its pupil begins as its copy, and learns from pairs of a mark as it is and smeared
(`training/embedder/smeared_pairs.py`): the vector of the smeared one is drawn to the teacher's vector of the mark as it
is, and is to be nearest to that among those of the batch (van den Oord et al. 2018, https://arxiv.org/abs/1807.03748);
marks as they are keep theirs. So no label is needed, real photos serve as well, and vectors stay comparable with what
references have (as Schlarmann et al. 2024 do against adversarial noise, https://arxiv.org/abs/2402.12336).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from model.networks.embedder import EmbedderNetwork
from model.networks.weights import load_weights
from training.embedder.smeared_pairs import SmearedPairs
from training.embedder.train import learning_rate, optimiser_of, resumed, save_checkpoint

_ONE_MARK = 0.6
"""Cosine of the teacher's vectors from which two marks of a batch are not to be told apart."""

_TEMPERATURE = 0.07

_AT_ONCE = 16
"""Pictures that are embedded together; more of them leave the processor's cache."""


@dataclass(frozen=True)
class SmearTraining:
    """One training run; rates are of AdamW. Each batch has `smeared` marks and `untouched` other ones.

    `told_apart` weighs the contrastive part of the loss. A run of limited `seconds` leaves a checkpoint and is gone on
    with by the next one.
    """

    seed: int = 0
    steps: int = 1200
    smeared: int = 64
    untouched: int = 32
    told_apart: float = 0.25
    body_rate: float = 1e-4
    head_rate: float = 2e-4
    warm_up_steps: int = 50
    weight_decay: float = 1e-4
    frozen_blocks: int = 4
    averaging: float = 0.995
    save_every: int = 150
    seconds: float = math.inf


@dataclass(frozen=True)
class Learnt:
    """What a run tells while it goes: cosines of the pupil's vectors with the teacher's, of smeared and of untouched
    marks, and every so often figures of development."""

    step: int
    loss: float
    smeared: float
    untouched: float
    pictures_per_second: float
    development: dict[str, float] | None = None


def learn_through_smears(
    pairs: SmearedPairs, dev: SmearedPairs, *, teacher: Path, checkpoint: Path, settings: SmearTraining
) -> Iterator[Learnt]:
    """Train until `settings.steps` or `settings.seconds`, yielding after every step; goes on from `checkpoint`.

    `teacher` is the file of its weights (`embedder.fp16.npz`). The averaged weights are in the checkpoint under `best`.
    Raises `OtherTrainingError` when the checkpoint is of other settings.
    """
    torch.set_flush_denormal(True)  # denormal activations make CPU convolutions ten times slower
    torch.manual_seed(settings.seed)
    taught = EmbedderNetwork()
    load_weights(taught, teacher)
    targets, dev_targets = (vectors_of(taught.channels_last(), of.before) for of in (pairs, dev))
    state = resumed(checkpoint, asdict(settings))
    network = EmbedderNetwork()
    load_weights(network, teacher)
    network.channels_last()
    network.freeze(settings.frozen_blocks)
    optimiser = optimiser_of(network, settings)
    averaged, done = {name: value.clone() for name, value in network.state_dict().items()}, 0
    if state:
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        averaged, done = state["best"], state["step"]
    began = time.monotonic()
    for step in range(done, settings.steps):
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * learning_rate(step, settings)
        learnt = _step(network, optimiser, pairs, targets, step=step, settings=settings)
        keep = min(settings.averaging, (1 + step) / (10 + step))
        for name, value in network.state_dict().items():
            averaged[name].mul_(keep).add_(value, alpha=1 - keep)
        out_of_time = time.monotonic() - began > settings.seconds
        if (step + 1) % settings.save_every == 0 or step + 1 == settings.steps or out_of_time:
            shown = EmbedderNetwork()
            shown.load_state_dict(averaged)
            figures = development_figures(shown.channels_last(), dev, dev_targets)
            save_checkpoint(
                checkpoint, settings=asdict(settings), network=network.state_dict(), best=averaged, step=step + 1,
                optimiser=optimiser.state_dict(), figures=figures,
            )  # fmt: skip
            learnt = Learnt(**{**asdict(learnt), "development": figures})
        yield learnt
        if out_of_time:
            return


def _step(
    network: EmbedderNetwork, optimiser: torch.optim.Optimizer, pairs: SmearedPairs, targets: NDArray[np.float32], *,
    step: int, settings: SmearTraining,
) -> Learnt:  # fmt: skip
    began = time.monotonic()
    rng = np.random.default_rng([settings.seed, step])
    rows = rng.choice(len(pairs), settings.smeared + settings.untouched, replace=False)
    smeared, untouched = np.split(rows, [settings.smeared])
    pixels = np.concatenate([pairs.after[smeared], pairs.before[untouched]])
    wanted = torch.from_numpy(targets[rows])
    vectors = network(torch.from_numpy(pixels))
    cosines = (vectors * wanted).sum(dim=1)
    loss = (1 - cosines).mean() + settings.told_apart * told_apart(vectors, wanted)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimiser.step()
    of_smeared, of_untouched = (
        float(part.detach().mean()) for part in cosines.split(list(map(len, (smeared, untouched))))
    )
    return Learnt(step + 1, float(loss.detach()), of_smeared, of_untouched, len(rows) / (time.monotonic() - began))


def told_apart(vectors: Tensor, wanted: Tensor) -> Tensor:
    """Cross entropy of which of the `wanted` (n, d) each of the `vectors` (n, d) is; those that are nearly the same as
    its own do not count as others."""
    same = (wanted @ wanted.T > _ONE_MARK) & ~torch.eye(len(wanted), dtype=torch.bool)
    logits = (vectors @ wanted.T / _TEMPERATURE).masked_fill(same, -torch.inf)
    return functional.cross_entropy(logits, torch.arange(len(wanted)))


@torch.no_grad()
def vectors_of(network: EmbedderNetwork, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 256), of `pictures` (n, size, size, 3) uint8."""
    network.eval()
    parts = [
        network(torch.from_numpy(np.array(pictures[at : at + _AT_ONCE]))).numpy()
        for at in range(0, len(pictures), _AT_ONCE)
    ]
    return np.concatenate(parts)


def development_figures(
    network: EmbedderNetwork, dev: SmearedPairs, targets: NDArray[np.float32]
) -> dict[str, float]:  # fmt: skip
    """Of development marks smeared by tools of training, by those kept out, and untouched: how often the mark as it was
    is the most similar of all, and the mean cosine with it, by the teacher's vectors."""
    after, before = vectors_of(network, dev.after), vectors_of(network, dev.before)
    unseen = np.arange(len(dev)) % 2 == 1
    figures = {}
    for name, vectors, rows in (
        ("taught", after, ~unseen),
        ("unseen", after, unseen),
        ("untouched", before, unseen | ~unseen),
    ):
        cosines = vectors[rows] @ targets.T
        figures[f"{name}_first"] = float((cosines.argmax(axis=1) == np.flatnonzero(rows)).mean())
        figures[f"{name}_cosine"] = float(cosines[np.arange(int(rows.sum())), np.flatnonzero(rows)].mean())
    return figures
