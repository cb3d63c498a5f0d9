"""From seed to file: the verifier's networks and its head, into the folder of a model bundle.

`release_verifier` draws pairs, trains two networks and fits the head: about two hours on two cores. `refit_head` takes
networks that are there, with the trunk of the one that sees tampered places unless the bundle has its own already, and
fits the head to them and to an embedder: a quarter of an hour; do it whenever one of them changes.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.alignment import FRAME_SIDE, Matrix, PreparedReference, laid_in_frame, prepare_reference, working_size
from model.appearance import FILE as APPEARANCE
from model.export import export_onnx, quantize
from model.networks.aligner import AlignerNetwork
from model.networks.appearance import TAPS, AppearanceNetwork
from model.networks.layers import PairNetwork
from model.networks.verifier import CLASSES, VerifierNetwork
from model.networks.weights import load_weights, save_weights
from model.reading import Outcome
from model.regions import RgbImage
from model.siamese import features_file
from model.verifier import ALIGNER, Aligner, VerifierRuntime
from training.synthesis.grounds import Backgrounds, data_folder
from training.synthesis.logos import Logo, load_logos, split_of
from training.verifier.aligner import fit_aligner
from training.verifier.head import Embed, ExaminedPairs, examined_pairs, fit_head, fit_smear
from training.verifier.network import fit_network
from training.verifier.pairs import LABELS, Pair, clean_reference, draw_pair
from training.verifier.views import ViewRecipe, similar_reference

NETWORK = "verifier.onnx"
CALIBRATION = "verifier_calibration.json"
CARD = "verifier.card.md"

DRAWN_SHARES = (0.32, 0.25, 0.28, 0.15)
"""Shares of the classes among drawn pairs, in the order of `LABELS`."""

_COLOURED_SHARE = 0.65
_CALIBRATION = 400
_PICTURES = torch.zeros((2, FRAME_SIDE, FRAME_SIDE, 3), dtype=torch.uint8)

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


ALIGNER_RECIPE = ViewRecipe(epochs=6, learning_rate=3e-3, crude_share=0.6, crude_noise=0.02, fine_noise=0.04)
"""How the aligner is trained: mostly from where a detector's box lies."""

JUDGE_RECIPE = ViewRecipe(epochs=5, crude_share=0.7, crude_noise=0.01, fine_noise=0.02)
"""How the verdict is trained: mostly on pairs as the aligner laid them."""


def release_verifier(
    folder: Path, *, work: Path, logos: Path | None, embed: Embed, seed: int, report: Report, pairs: int = 28_000
) -> None:
    """Draw, train, fit and write everything that the verifier needs into `folder`.

    The networks' epochs are kept in the folder `work`: what was interrupted draws the same pairs and goes on.
    """
    backgrounds = Backgrounds.found_in(data_folder())
    known = load_logos(logos)
    training = [logo for logo in known if split_of(logo.brand) == "train"]
    drawn = draw_pairs(training, count=pairs, seed=seed, backgrounds=backgrounds)
    references = drawn.prepared()
    frames = np.stack([reference.frame for reference in references])
    settled = with_hard_references(drawn, frames, seed=seed)
    aligner = fit_aligner(
        settled,
        frames,
        recipe=replace(ALIGNER_RECIPE, seed=seed),
        report=report,
        checkpoint=work / "aligner.pt",
    )
    export_aligner(folder, aligner)
    alignments = aligned_pairs(settled, references, aligner=Aligner(folder / ALIGNER))
    judge = fit_network(
        settled,
        frames,
        recipe=replace(JUDGE_RECIPE, seed=seed),
        report=report,
        alignments=alignments,
        checkpoint=work / "verdict.pt",
    )
    export_judge(folder, judge)
    refit_head(folder, logos=logos, embed=embed, seed=seed, report=report)


def aligned_pairs(pairs: Sequence[Pair], references: Sequence[PreparedReference], *, aligner: Aligner) -> list[Matrix]:
    """How each region lies on its reference by `aligner`: matrices from its pixels to the frame."""
    found = []
    for pair in pairs:
        small = working_size(pair.region)
        to_working_size = np.diag([small.shape[1] / pair.region.shape[1], small.shape[0] / pair.region.shape[0], 1.0])
        found.append(aligner.align(small, references[pair.reference]) @ to_working_size)
    return found


def export_aligner(folder: Path, network: AlignerNetwork) -> None:
    """Write both halves of the aligner and its weights."""
    export_halves(
        network, folder / ALIGNER, comparing=lambda pairs: network.matches_and_flow(pairs)[1:],
        outputs=["flow", "doubt"],
    )  # fmt: skip
    save_weights(network, folder / "aligner.fp16.npz")


def export_judge(folder: Path, network: VerifierNetwork) -> None:
    """Write both halves of the verdict's network and its weights."""
    export_halves(
        network, folder / NETWORK, comparing=lambda pairs: network.judged(network.places(pairs)),
        outputs=["logits", "maps"],
    )  # fmt: skip
    save_weights(network, folder / "verifier.fp16.npz")


def export_halves(
    network: PairNetwork, path: Path, *, comparing: Callable[[Tensor], tuple[Tensor, ...]],
    outputs: Sequence[str], pictures: Tensor = _PICTURES, any_size: bool = False,
) -> None:  # fmt: skip
    """Write what `model.siamese.Siamese` runs: the half that describes pictures, and the one that compares them.

    `pictures` are an example of what is described; with `any_size` other pictures may be of other sizes.
    """
    network.eval()
    count, side = torch.export.Dim("n"), torch.export.Dim.DYNAMIC
    export_onnx(
        _Half(network, network.described), features_file(path), example=pictures, input_names=["pictures"],
        output_names=["features"], dynamic={0: count, 1: side, 2: side} if any_size else None,
    )  # fmt: skip
    with torch.no_grad():
        pairs = torch.stack([network.described(pictures)] * 2, dim=1)
    export_onnx(
        _Half(network, comparing), path, example=pairs, input_names=["pairs"], output_names=outputs,
        dynamic={0: count, 3: side, 4: side} if any_size else None,
    )  # fmt: skip


class _Half(nn.Module):
    """A part of a network's work, as a module of its own with the network's weights."""

    def __init__(self, network: nn.Module, work: Callable[[Tensor], Tensor | tuple[Tensor, ...]]) -> None:
        super().__init__()
        self.network = network
        self._work = work

    def forward(self, given: Tensor) -> Tensor | tuple[Tensor, ...]:
        """What the part gives."""
        return self._work(given)


def export_appearance(folder: Path, pairs: NDArray[np.uint8]) -> None:
    """Write `appearance.onnx` (int8) with the weights beside it, else with the trunk in `tampering.fp16.npz`.

    `pairs` (n, 2, h, w, 3) are regions and references, laid on each other: they give the ranges.
    """
    network, weights = AppearanceNetwork(), folder / "appearance.fp16.npz"
    if weights.is_file():
        load_weights(network, weights)
    else:
        network.start_from_tampering(folder / "tampering.fp16.npz")
        save_weights(network, weights)
    with tempfile.TemporaryDirectory() as scratch:
        exact = Path(scratch) / APPEARANCE
        taps = [f"tap_{number}" for number in TAPS]
        export_onnx(network, exact, example=_PICTURES, input_names=["pictures"], output_names=taps)
        pictures = pairs.reshape(-1, *pairs.shape[2:])
        quantize(exact, folder / APPEARANCE, calibration=np.array_split(pictures, math.ceil(len(pictures) / 8)))


def refit_head(
    folder: Path, *, logos: Path | None, embed: Embed, seed: int, report: Report, pairs: int = 12_000
) -> None:
    """Fit the head to the networks in `folder` and to `embed`, on `dev` brands, and write its numbers.

    What a reading says is fitted after it (`training.verifier.wording`), and nothing until then.

    Raises `FileNotFoundError` when there is neither `appearance.fp16.npz` nor `tampering.fp16.npz`.
    """
    drawn = _dev_pairs(pairs, logos=logos, seed=seed)
    export_appearance(folder, laid_pairs(drawn, drawn.prepared(), aligner=Aligner(folder / ALIGNER)))
    examined = _examined(drawn, folder, embed=embed)
    head = fit_head(examined.numbers, examined.labels, brands=[pair.brand for pair in examined.pairs])
    report(f"head fitted on {len(examined.labels)} pairs of {len(set(drawn.brands))} dev brands")
    unread = dict.fromkeys(get_args(Outcome), 0.0)
    content = {"classes": list(CLASSES), "seed": seed, "head": head, "reading": unread}
    (folder / CALIBRATION).write_text(json.dumps(content) + "\n", encoding="utf-8")


def refit_smears(
    folder: Path, *, logos: Path | None, embed: Embed, seed: int, report: Report, pairs: int = 12_000
) -> None:
    """Fit the head's second step alone, which tells smears: who is recognised, and what a reading says, stay."""
    examined = _examined(_dev_pairs(pairs, logos=logos, seed=seed), folder, embed=embed)
    content = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
    evenly = np.ones(len(examined.labels))
    content["head"]["smear"] = fit_smear(content["head"], examined.numbers, examined.labels, share=evenly)
    report(f"second step fitted on {len(examined.labels)} pairs")
    (folder / CALIBRATION).write_text(json.dumps(content) + "\n", encoding="utf-8")


def _dev_pairs(count: int, *, logos: Path | None, seed: int) -> Drawn:
    dev = [logo for logo in load_logos(logos) if split_of(logo.brand) == "dev"]
    return draw_pairs(dev, count=count, seed=seed + 1, backgrounds=Backgrounds.found_in(data_folder()))


def _examined(drawn: Drawn, folder: Path, *, embed: Embed) -> ExaminedPairs:
    """The pairs as the networks in `folder` and `embed` see them."""
    runtime = VerifierRuntime(folder / NETWORK)
    return examined_pairs(drawn.pairs, drawn.prepared(), drawn.pictures, drawn.brands, runtime=runtime, embed=embed)


def laid_pairs(drawn: Drawn, references: Sequence[PreparedReference], *, aligner: Aligner) -> NDArray[np.uint8]:
    """The first pairs that have a reference, as the networks see them: (n, 2, h, w, 3)."""
    pairs = [pair for pair in drawn.pairs if pair.reference >= 0][:_CALIBRATION]
    matrices = aligned_pairs(pairs, references, aligner=aligner)
    return np.stack([
        [laid_in_frame(pair.region, matrix), references[pair.reference].frame]
        for pair, matrix in zip(pairs, matrices, strict=True)
    ])  # fmt: skip
