"""From seed to file: the verifier's two networks, its head and its card, into the folder of a model bundle.

`release_verifier` draws pairs, trains both networks and fits the head: about 40 minutes on two cores. `refit_head`
takes networks that are there and fits the head to an embedder: a few minutes; do it whenever the embedder changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model.alignment import FRAME_SIDE, PreparedReference, prepare_reference
from model.export import export_onnx
from model.networks.aligner import AlignerNetwork
from model.networks.verifier import CLASSES, VerifierNetwork
from model.networks.weights import save_weights
from model.regions import RgbImage
from model.verifier import ALIGNER, VerifierRuntime
from training.evaluation.verdicts import calibration_error
from training.synthesis.grounds import Backgrounds, data_folder
from training.synthesis.logos import Logo, load_logos, split_of
from training.verifier.aligner import fit_aligner
from training.verifier.head import Embed, ExaminedPairs, examined_pairs, fit_head
from training.verifier.network import NetworkRecipe, fit_network, similar_reference
from training.verifier.pairs import LABELS, Pair, clean_reference, draw_pair

NETWORK = "verifier.onnx"
CALIBRATION = "verifier_calibration.json"
CARD = "verifier.card.md"

DRAWN_SHARES = (0.32, 0.25, 0.28, 0.15)
"""Shares of the classes among drawn pairs, in the order of `LABELS`."""

SCAN_WEIGHTS = (1.0, 0.7, 0.7, 2.5)
"""What each drawn pair counts when the head is fitted: most candidates of a scan are genuine or unrelated."""

_COLOURED_SHARE = 0.65

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pairs, with the pictures of the references that they name and the brands of those."""

    pairs: list[Pair]
    pictures: list[RgbImage]
    brands: list[str]

    def prepared(self) -> list[PreparedReference]:
        """The references made ready."""
        return [prepare_reference(picture) for picture in self.pictures]


def draw_pairs(
    logos: Sequence[Logo], *, count: int, seed: int, backgrounds: Backgrounds, unseen: bool = False
) -> Drawn:
    """`count` pairs around `logos`, two thirds of them logos of several colours; `unseen` takes only kept-out edits."""
    rng = np.random.default_rng(seed)
    coloured = [i for i, logo in enumerate(logos) if not logo.monochrome] or list(range(len(logos)))
    plain = [i for i, logo in enumerate(logos) if logo.monochrome] or coloured
    pairs: list[Pair] = []
    while len(pairs) < count:
        index = int(rng.choice(coloured if rng.random() < _COLOURED_SHARE else plain))
        label = str(rng.choice(LABELS, p=DRAWN_SHARES))
        try:
            pairs.append(draw_pair(logos, index, label=label, rng=rng, backgrounds=backgrounds, unseen=unseen))
        except ValueError:  # a logo without what the imitation needs, or too thin to be drawn: take another
            continue
    return gathered(pairs, logos)


def gathered(pairs: Sequence[Pair], logos: Sequence[Logo]) -> Drawn:
    """`pairs` with only the references that they use, renumbered."""
    used = sorted({pair.reference for pair in pairs if pair.reference >= 0})
    number = {reference: place for place, reference in enumerate(used)}
    renamed = [replace(pair, reference=number.get(pair.reference, -1)) for pair in pairs]
    return Drawn(renamed, [clean_reference(logos[i]) for i in used], [logos[i].brand for i in used])


def with_hard_references(drawn: Drawn, frames: np.ndarray, *, seed: int) -> list[Pair]:
    """Unrelated pairs given a reference of another brand that looks alike among 1, 30 or 200 drawn ones."""
    rng = np.random.default_rng(seed)
    owner = np.array(drawn.brands)
    settled = []
    for pair in drawn.pairs:
        chosen = pair.reference
        if chosen < 0:
            among = rng.choice(len(frames), min(int(rng.choice([1, 30, 200])), len(frames)), replace=False)
            others = among[owner[among] != pair.brand]
            pool = others if len(others) else np.flatnonzero(owner != pair.brand)[:1]
            chosen = similar_reference(pair.region, frames, among=pool)
        settled.append(replace(pair, reference=chosen))
    return settled


def release_verifier(
    folder: Path, *, logos: Path | None, embed: Embed, seed: int, report: Report, pairs: int = 9000
) -> None:
    """Draw, train, fit and write everything that the verifier needs into `folder`."""
    backgrounds = Backgrounds.found_in(data_folder())
    known = load_logos(logos)
    training = [logo for logo in known if split_of(logo.brand) == "train"]
    drawn = draw_pairs(training, count=pairs, seed=seed, backgrounds=backgrounds)
    frames = np.stack([reference.frame for reference in drawn.prepared()])
    settled = with_hard_references(drawn, frames, seed=seed)
    aligner = fit_aligner(settled, frames, recipe=NetworkRecipe(seed=seed, epochs=8, crude_share=0.85), report=report)
    judge = fit_network(settled, frames, recipe=NetworkRecipe(seed=seed), report=report)
    export_aligner(folder, aligner)
    export_judge(folder, judge)
    refit_head(folder, logos=logos, embed=embed, seed=seed, report=report)


def export_aligner(folder: Path, network: AlignerNetwork) -> None:
    """Write `aligner.onnx` and its weights."""
    export_onnx(network, folder / ALIGNER, example=_EXAMPLE, input_names=["pairs"], output_names=["corners"])
    save_weights(network, folder / "aligner.fp16.npz")


def export_judge(folder: Path, network: VerifierNetwork) -> None:
    """Write `verifier.onnx` and its weights."""
    save_weights(network, folder / "verifier.fp16.npz")
    outputs = ["logits", "summary"]
    export_onnx(network, folder / NETWORK, example=_EXAMPLE, input_names=["pairs"], output_names=outputs)


_EXAMPLE = torch.zeros((2, 2, FRAME_SIDE, FRAME_SIDE, 3), dtype=torch.uint8)


def refit_head(folder: Path, *, logos: Path | None, embed: Embed, seed: int, report: Report, pairs: int = 2400) -> None:
    """Fit the head to the networks in `folder` and to `embed`, on `dev` brands, and write its numbers and card."""
    dev = [logo for logo in load_logos(logos) if split_of(logo.brand) == "dev"]
    drawn = draw_pairs(dev, count=pairs, seed=seed + 1, backgrounds=Backgrounds.found_in(data_folder()))
    examined = examine(drawn, folder=folder, embed=embed)
    write_calibration(folder, fit_head(examined, weights=SCAN_WEIGHTS), seed=seed)
    report(f"head fitted on {len(examined.labels)} pairs of {len(set(drawn.brands))} dev brands")


def examine(drawn: Drawn, *, folder: Path, embed: Embed) -> ExaminedPairs:
    """Measure `drawn` with the networks in `folder`."""
    runtime = VerifierRuntime(folder / NETWORK)
    return examined_pairs(drawn.pairs, drawn.prepared(), drawn.pictures, drawn.brands, runtime=runtime, embed=embed)


def write_calibration(folder: Path, head: dict[str, Any], *, seed: int) -> None:
    """Write the head's numbers beside the networks."""
    content = {"classes": list(CLASSES), "seed": seed, "head": head}
    (folder / CALIBRATION).write_text(json.dumps(content) + "\n", encoding="utf-8")


def error_of_calibration(examined: ExaminedPairs, probabilities: np.ndarray) -> float:
    """Expected calibration error of `probabilities` (n, 4) on `examined`."""
    return calibration_error(probabilities, examined.labels)
