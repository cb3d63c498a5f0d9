"""How the embedder learns: from ImageNet weights, through a closed-form head, to a model that knows a mark anywhere.

`train` reads rendered views (`training/embedder/views.py`), and is resumable: it writes a checkpoint with its settings
after each evaluation on the development brands, and goes on from it. Nothing here sees a held-out brand.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.networks.embedder import INPUT_SIZE, EmbedderNetwork, imagenet_network
from model.networks.weights import load_weights
from training.checkpoints import digest_of_file, rate_share, save_checkpoint
from training.denormals import denormals_as_zero
from training.embedder.batches import ONE_MARK, BatchSampler
from training.embedder.losses import multi_similarity
from training.embedder.views import Views
from training.evaluation.retrieval import recall_at_1
from training.refusals import OtherTrainingError


@dataclass(frozen=True)
class Settings:
    """One training run. Rates are of AdamW; `size` is the training resolution in pixels.

    From step `rivals_from` on, half of each batch are brands that look alike; who does is found anew every
    `rivals_every` steps. A run of limited `seconds` leaves a checkpoint and is gone on with by the next one.
    """

    seed: int = 0
    steps: int = 1500
    brands: int = 44
    products: int = 4
    garments: int = 4
    size: int = INPUT_SIZE
    body_rate: float = 8e-5
    head_rate: float = 3e-4
    warm_up_steps: int = 30
    weight_decay: float = 1e-4
    frozen_blocks: int = 4
    averaging: float = 0.995
    evaluate_every: int = 150
    rivals_from: int = 100
    rivals_every: int = 300
    head_start_views: int = 5000
    seconds: float = math.inf

    @classmethod
    def learning_on(cls, *, seed: int) -> Self:
        """From an earlier release on: shorter, more slowly, and beside brands that look alike from the first step."""
        return cls(
            seed=seed, steps=650, body_rate=5e-5, head_rate=1e-4, evaluate_every=325, rivals_from=0, rivals_every=325
        )


@dataclass(frozen=True)
class Progress:
    """What a run tells while it goes: the loss, cosines of true and nearest false pairs, and development figures."""

    step: int
    loss: float
    positive: float
    nearest_negative: float
    pictures_per_second: float
    development: dict[str, float] | None


@dataclass(frozen=True)
class LabelledViews:
    """Real pictures beside rendered views: `pixels` (m, size, size, 3) uint8, and which are `alike` (m, m)."""

    pixels: NDArray[np.uint8]
    alike: NDArray[np.bool_]


class RealViews(Protocol):
    """Where a batch's real pictures come from."""

    def draw(self, rng: np.random.Generator) -> LabelledViews:
        """Those of one batch."""
        ...


def train(
    views: Views, *, checkpoint: Path, settings: Settings, start: Path | None = None, real: RealViews | None = None
) -> Iterator[Progress]:
    """Train until `settings.steps` or `settings.seconds`, yielding after every step; goes on from `checkpoint`.

    `start` names the weights (`embedder.fp16.npz`) of an earlier release to begin from instead of ImageNet's; `real`
    gives pictures that join each batch. The best averaged weights by development recall are in the checkpoint under
    `best`. Raises `OtherTrainingError` when the checkpoint is of other settings.
    """
    with denormals_as_zero():
        yield from _trained(views, checkpoint, settings=settings, start=start, real=real)


def _trained(
    views: Views, checkpoint: Path, *, settings: Settings, start: Path | None, real: RealViews | None
) -> Iterator[Progress]:
    torch.manual_seed(settings.seed)
    sampler = BatchSampler(views, brands=settings.brands, products=settings.products, garments=settings.garments)
    state = _resume(checkpoint, settings, start=start)
    network = EmbedderNetwork() if state or start else imagenet_network()
    if start and not state:
        load_weights(network, start)
    elif not state:
        start_head(network, views, settings=settings)
    network.channels_last()
    network.freeze(settings.frozen_blocks)
    optimiser = _optimiser(network, settings)
    averaged = {name: value.clone() for name, value in network.state_dict().items()}
    done, best = 0, -1.0
    if state:
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        averaged, done, best = state["averaged"], state["step"], state["best_recall"]
        sampler.rivals = state["rivals"]
    best_weights = state["best"] if state else averaged
    began = time.monotonic()
    for step in range(done, settings.steps):
        if step >= settings.rivals_from and (step - settings.rivals_from) % settings.rivals_every == 0:
            _find_rivals(_with(averaged), sampler, views, settings=settings)
        rate = rate_share(step, steps=settings.steps, warm_up_steps=settings.warm_up_steps)
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * rate
        progress = _step(network, optimiser, sampler, views, real, step=step, settings=settings)
        keep = min(settings.averaging, (1 + step) / (10 + step))
        for name, value in network.state_dict().items():
            averaged[name].mul_(keep).add_(value, alpha=1 - keep)
        out_of_time = time.monotonic() - began > settings.seconds
        if (step + 1) % settings.evaluate_every == 0 or step + 1 == settings.steps or out_of_time:
            figures = development_figures(_with(averaged), views, size=settings.size)
            if figures["selection"] > best:
                best, best_weights = figures["selection"], {name: value.clone() for name, value in averaged.items()}
            state = {
                "settings": asdict(settings), "begun_from": digest_of_file(start),
                "network": network.state_dict(), "averaged": averaged, "step": step + 1,
                "optimiser": optimiser.state_dict(), "rivals": sampler.rivals,
                "best": best_weights, "best_recall": best, "figures": figures,
            }  # fmt: skip
            save_checkpoint(checkpoint, state)
            progress = Progress(**{**asdict(progress), "development": figures})
        yield progress
        if out_of_time:
            return


def _step(
    network: EmbedderNetwork,
    optimiser: torch.optim.Optimizer,
    sampler: BatchSampler,
    views: Views,
    real: RealViews | None,
    *,
    step: int,
    settings: Settings,
) -> Progress:
    """One gradient step on one batch, which is drawn from the run's seed and the step."""
    began = time.monotonic()
    rng = np.random.default_rng([settings.seed, step])
    batch = sampler.draw(rng)
    pixels, alike = pictures(views, batch.rows, size=settings.size), torch.from_numpy(batch.alike)
    if real is not None:
        labelled = real.draw(rng)
        pixels = np.concatenate([pixels, labelled.pixels])
        alike = torch.block_diag(alike, torch.from_numpy(labelled.alike))  # type: ignore[no-untyped-call]
    vectors = network(torch.from_numpy(pixels))
    ignored = _ignored(vectors, batch.ignored)
    loss = multi_similarity(vectors, alike=alike, ignored=ignored)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimiser.step()
    with torch.no_grad():
        cosines = vectors @ vectors.T
        itself = torch.eye(len(vectors), dtype=torch.bool)
        positive = float(cosines[alike & ~itself].mean())
        negative = float(cosines.masked_fill(alike | itself | ignored, -1.0).amax(dim=1).mean())
    speed = len(pixels) / (time.monotonic() - began)
    return Progress(step + 1, float(loss.detach()), positive, negative, speed, None)


def _ignored(vectors: Tensor, of_batch: NDArray[np.bool_]) -> Tensor:
    """Pairs to leave alone: those of the batch, and real pictures that look like a rendered mark: it may be theirs."""
    rendered, count = len(of_batch), len(vectors)
    ignored = torch.zeros((count, count), dtype=torch.bool)
    ignored[:rendered, :rendered] = torch.from_numpy(of_batch)
    with torch.no_grad():
        one_mark = vectors[:rendered] @ vectors[rendered:].T > ONE_MARK
    ignored[:rendered, rendered:], ignored[rendered:, :rendered] = one_mark, one_mark.T
    return ignored


def _find_rivals(network: EmbedderNetwork, sampler: BatchSampler, views: Views, *, settings: Settings) -> None:
    references = sampler.references()
    rows = np.array(list(references.values()), np.intp)
    sampler.set_rivals(list(references), embed_views(network, views, rows, size=settings.size))


def _optimiser(network: EmbedderNetwork, settings: Settings) -> torch.optim.Optimizer:
    body = [parameter for parameter in network.trunk.parameters() if parameter.requires_grad]
    groups = [
        {"params": body, "peak": settings.body_rate},
        {"params": list(network.head.parameters()), "peak": settings.head_rate},
    ]
    return torch.optim.AdamW(groups, lr=settings.head_rate, weight_decay=settings.weight_decay)


def _resume(checkpoint: Path, settings: Settings, *, start: Path | None) -> dict[str, Any] | None:
    if not checkpoint.exists():
        return None
    state: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    if state.get("begun_from") != digest_of_file(start):
        raise OtherTrainingError(f"{checkpoint} began from other weights; give another file, or the same --start")
    if "rivals" not in state:
        raise OtherTrainingError(f"{checkpoint} is of an earlier version of this trainer; give another file")
    fixed = {name: value for name, value in asdict(settings).items() if name != "seconds"}
    if any(state["settings"].get(name) != value for name, value in fixed.items()):
        raise OtherTrainingError(
            f"{checkpoint} was made with {state['settings']}; give another file or the same settings"
        )
    return state


def _with(weights: dict[str, Tensor]) -> EmbedderNetwork:
    network = EmbedderNetwork()
    network.load_state_dict(weights)
    network.channels_last().eval()
    return network


def trained_network(checkpoint: Path) -> EmbedderNetwork:
    """The network with the best weights of a checkpoint."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    return _with(state["best"])


def pictures(views: Views, rows: NDArray[np.intp], *, size: int) -> NDArray[np.uint8]:
    """The (n, size, size, 3) uint8 views `rows`."""
    stored = views.pixels[rows]
    if stored.shape[1] == size:
        return stored
    return np.stack([cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA) for picture in stored]).astype(
        np.uint8
    )


@torch.no_grad()
def embed_views(
    network: EmbedderNetwork, views: Views, rows: NDArray[np.intp], *, size: int, raw: bool = False
) -> NDArray[np.float32]:
    """Vectors (n, 256) of the views `rows`, or with `raw` the (n, 1280) features before the head."""
    found = []
    for start in range(0, len(rows), 64):
        taken = torch.from_numpy(pictures(views, rows[start : start + 64], size=size))
        found.append((network.features(taken) if raw else network(taken)).numpy())
    return np.concatenate(found)


def start_head(network: EmbedderNetwork, views: Views, *, settings: Settings) -> None:
    """Set the head to linear discriminant analysis of the rendered training brands (shrunk within-class covariance).

    The 256 directions in which brands differ most against how views of one drawing differ; scaled so that the latter
    is 1 (Fisher 1936; Rao 1948).
    """
    rng = np.random.default_rng(settings.seed)
    drawings = [
        [row for rows in styles.values() for row in rows]
        for group in views.members("train", ("clean", "photo")).values()
        for styles in group.values()
    ]
    chosen = [rng.permutation(rows)[:4] for rows in drawings if len(rows) >= 3]
    chosen = [chosen[i] for i in rng.permutation(len(chosen))[: settings.head_start_views // 4]]
    rows = np.concatenate(chosen)
    label = np.repeat(np.arange(len(chosen)), [len(part) for part in chosen])
    network.channels_last().eval()
    features = embed_views(network, views, rows, size=settings.size, raw=True).astype(np.float64)
    weights, bias = discriminant(features, label, dimension=network.head.out_features)
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(weights.astype(np.float32)))
        network.head.bias.copy_(torch.from_numpy(bias.astype(np.float32)))


def discriminant(
    features: NDArray[np.float64], label: NDArray[np.intp], *, dimension: int, shrinkage: float = 0.3
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (dimension, d) and bias (dimension,) of linear discriminant analysis; `label` counts from 0."""
    mean = features.mean(axis=0)
    counts = np.bincount(label).astype(np.float64)
    sums = np.zeros((len(counts), features.shape[1]))
    np.add.at(sums, label, features)
    centres = sums / counts[:, None]
    inside = features - centres[label]
    within = inside.T @ inside / len(features)
    within = (1 - shrinkage) * within + shrinkage * np.trace(within) / len(within) * np.eye(len(within))
    values, vectors = np.linalg.eigh(within)
    whitening = vectors / np.sqrt(values)
    between = (centres - mean) @ whitening
    _, directions = np.linalg.eigh(between.T @ between)
    weights = (whitening @ directions[:, ::-1][:, :dimension]).T
    return weights, -weights @ mean


def development_figures(network: EmbedderNetwork, views: Views, *, size: int) -> dict[str, float]:
    """Recall on development brands: photo-like view → clean reference, photo → photo; and shop photo → product.

    `selection`, their mean over the first two, picks the weights.
    """
    groups = views.members("dev", ("clean", "reversed", "photo"))
    queries, brands, drawings, references, owners = [], [], [], [], []
    for name, marks in sorted(groups.items()):
        for drawing, styles in sorted(marks.items()):
            references += styles["clean"] + styles["reversed"]
            owners += [name] * len(styles["clean"] + styles["reversed"])
            queries += styles["photo"][:2]
            brands += [name] * len(styles["photo"][:2])
            drawings += [f"{name} {drawing}"] * len(styles["photo"][:2])
    asked = embed_views(network, views, np.array(queries), size=size)
    known = embed_views(network, views, np.array(references), size=size)
    clean = float(np.mean(np.array(owners)[(asked @ known.T).argmax(axis=1)] == np.array(brands)))
    photo = float(recall_at_1(asked, np.array(brands)).mean())
    figures = {"photo_to_clean": clean, "photo_to_photo": photo, "selection": (clean + photo) / 2}
    products = views.members("dev", ("product",))
    rows = [(name, row) for name, shots in products.items() for kind in shots.values() for row in kind["product"]]
    if rows:
        vectors = embed_views(network, views, np.array([row for _, row in rows]), size=size)
        figures["product"] = float(recall_at_1(vectors, np.array([name for name, _ in rows])).mean())
    return figures
