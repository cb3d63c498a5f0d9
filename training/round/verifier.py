"""The verifier's network goes on from the champion's, on drawn pairs and labels mixed.

Every pair is seen as the scan shows it, laid on its reference by the champion's own alignment. What a round moves is
the trunk, which judges all places together: three in four of the weights. What is compared at each place, and where a
mark was changed, stays the champion's, since no label tells of places. So each picture passes the lower layers once,
however often it is seen, and a round can repeat what it was taught without being slow. The batch statistics stay too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from model.networks.layout import channels_last
from model.networks.verifier import CLASSES, VerifierNetwork
from model.networks.weights import load_weights
from training.round.standing import StandingFrames
from training.round.teaching import Taught, label_rows

_AT_ONCE = 32
"""Pairs that pass the lower layers together."""


@dataclass(frozen=True, slots=True)
class VerifierRecipe:
    """How the network is fine-tuned.

    At most `label_share` of each batch are labels, and a label that is wholly believed is seen `label_repeats` times.
    """

    seed: int = 0
    steps: int = 400
    batch: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    label_share: float = 0.8
    label_repeats: float = 200.0
    label_smoothing: float = 0.03


def fine_tune_verifier(
    start: Path, *, standing: StandingFrames, taught: Taught, recipe: VerifierRecipe,
    progress: Callable[[Iterable[int]], Iterable[int]],
) -> tuple[VerifierNetwork, float]:  # fmt: skip
    """Go on from the weights in the file `start`; returns the network and the mean loss of the last tenth of the steps.

    `progress` passes the steps on and may show them.
    """
    torch.manual_seed(recipe.seed)
    network = _loaded(start)
    seen = recipe.steps * recipe.batch
    from_labels = label_rows(seen, taught.worth, share=recipe.label_share, repeats=recipe.label_repeats)
    known, learnt = _places(network, standing.frames), _places(network, taught.frames)
    moved = [*network.trunk.parameters(), *network.summary.parameters(), *network.verdict.parameters()]
    optimiser = torch.optim.AdamW(moved, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=max(recipe.steps, 2))
    losses = []
    for step in progress(range(recipe.steps)):
        rng = np.random.default_rng([recipe.seed, step])
        batch = _batch(standing, taught, size=recipe.batch, share=from_labels / seen, rng=rng)
        places = torch.cat([learnt[batch.side[: batch.taught], batch.rows[: batch.taught]],
                            known[batch.side[batch.taught :], batch.rows[batch.taught :]]])  # fmt: skip
        logits, _ = network.judged(places.float().contiguous(memory_format=torch.channels_last))
        loss = functional.cross_entropy(logits, torch.from_numpy(batch.labels), label_smoothing=recipe.label_smoothing)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(moved, 2.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return network, float(np.mean(losses[-max(1, recipe.steps // 10) :])) if losses else float("nan")


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows (n,) of pairs, the first `taught` of which are of decided regions, which `side` of each (0, or 1: in a
    mirror), and labels (n,).
    """

    rows: NDArray[np.intp]
    side: NDArray[np.intp]
    labels: NDArray[np.int64]
    taught: int


def _loaded(weights: Path) -> VerifierNetwork:
    network = VerifierNetwork()
    load_weights(network, weights)
    channels_last(network)
    return network.eval()


@torch.no_grad()
def _places(network: VerifierNetwork, frames: NDArray[np.uint8]) -> Tensor:
    """What the lower layers make of pairs (n, 2, h, w, 3) and of their mirror images: (2, n, c, h, w) float16."""
    sides = []
    for seen in (frames, frames[:, :, :, ::-1]):
        pieces = [
            network.places(network.described_pairs(torch.from_numpy(np.ascontiguousarray(some)))).half()
            for some in (seen[first : first + _AT_ONCE] for first in range(0, len(seen), _AT_ONCE))
        ]
        sides.append(torch.cat(pieces) if pieces else torch.empty(0))
    return torch.stack(sides)


def _batch(standing: StandingFrames, taught: Taught, *, size: int, share: float, rng: np.random.Generator) -> _Batch:
    """Half of the pairs are seen in a mirror: a pair in a mirror has the same verdict."""
    from_labels = int(rng.binomial(size, share))
    rows, labels = np.empty(0, np.intp), np.empty(0, np.int64)
    if from_labels:
        rows, labels = taught.draw(from_labels, rng=rng)
    rest = rest_of_batch(standing, labels, size=size, rng=rng)
    side = (rng.random(size) < 0.5).astype(np.intp)
    return _Batch(np.concatenate([rows, rest]), side, np.concatenate([labels, standing.labels[rest]]), from_labels)


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
