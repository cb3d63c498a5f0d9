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
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.alignment import FRAME_SIDE, Matrix, PreparedReference, laid_in_frame, working_size
from model.appearance import FILE as APPEARANCE
from model.export import export_onnx, quantize
from model.networks.aligner import AlignerNetwork
from model.networks.appearance import TAPS, AppearanceNetwork
from model.networks.layers import PairNetwork
from model.networks.verifier import CLASSES, VerifierNetwork
from model.networks.weights import load_weights, save_weights
from model.reading import Outcome
from model.siamese import features_file
from model.verifier import ALIGNER, Aligner, VerifierRuntime
from model.whole_files import write_whole
from training.synthesis.found_marks import FoundMark
from training.verifier.aligner import fit_aligner
from training.verifier.drawing import Drawn
from training.verifier.head import Embed, ExaminedPairs, examined_pairs, fit_head, fit_smear
from training.verifier.material import Counts, Report, Search, material, real_marks
from training.verifier.network import fit_network
from training.verifier.pairs import Pair
from training.verifier.rivals import beside_nearest, with_rivals
from training.verifier.views import ViewRecipe

NETWORK = "verifier.onnx"
CALIBRATION = "verifier_calibration.json"
ALIGNER_WEIGHTS = "aligner.fp16.npz"

LEARNT_FROM = Counts(drawn=16_000, found=10_000, proposed=3_600)
"""Pairs of `train` brands and goods that the networks learn from; the aligner not from what is proposed."""

HEAD_FROM = Counts(drawn=12_000, found=1_600, proposed=600)
"""Pairs of `dev` brands and goods that the head is fitted on."""

_CALIBRATION = 400
_PICTURES = torch.zeros((2, FRAME_SIDE, FRAME_SIDE, 3), dtype=torch.uint8)

ALIGNER_RECIPE = ViewRecipe(epochs=6, learning_rate=3e-3, crude_share=0.6, crude_noise=0.02, fine_noise=0.04)
"""How the aligner is trained: mostly from where a detector's box lies."""

JUDGE_RECIPE = ViewRecipe(epochs=5, crude_share=0.7, crude_noise=0.01, fine_noise=0.02)
"""How the verdict is trained: mostly on pairs as the aligner laid them."""

JUDGE_RECIPE_ON = replace(JUDGE_RECIPE, epochs=3, learning_rate=1e-3)
"""How an earlier release's verdict is learnt on."""


def release_verifier(
    folder: Path, *, work: Path, logos: Path | None, search: Search, seed: int, report: Report,
    start: Path | None = None, counts: Counts = LEARNT_FROM,
) -> None:  # fmt: skip
    """Draw, train, fit and write everything that the verifier needs into `folder`.

    The networks' epochs are kept in the folder `work`: what was interrupted draws the same pairs and goes on. `start`
    names the weights (`verifier.fp16.npz`) of an earlier release, whose verdict learns on; its aligner, beside them,
    stays as it is.
    """
    marks = real_marks(report)
    drawn = material("train", marks, counts=counts, logos=logos, likeliest=search.likeliest, seed=seed)
    references = drawn.known.prepared()
    frames = np.stack([reference.frame for reference in references])
    recipe = replace(ALIGNER_RECIPE, seed=seed)
    begun = None
    if start is None:
        aligner = fit_aligner(drawn.known.pairs, frames, recipe=recipe, report=report, checkpoint=work / "aligner.pt")
    else:
        aligner, begun = AlignerNetwork(), VerifierNetwork()
        load_weights(aligner, start.with_name(ALIGNER_WEIGHTS))
        load_weights(begun, start)
    export_aligner(folder, aligner)
    settled = with_rivals(drawn.known, frames, embed=search.embed, seed=seed)
    settled += beside_nearest(drawn.proposed, drawn.packaged, embed=search.embed, seed=seed)
    judge = fit_network(
        settled,
        frames,
        recipe=replace(JUDGE_RECIPE if start is None else JUDGE_RECIPE_ON, seed=seed),
        report=report,
        alignments=aligned_pairs(settled, references, aligner=Aligner(folder / ALIGNER)),
        start=begun,
        checkpoint=work / "verdict.pt",
    )
    export_judge(folder, judge)
    refit_head(folder, logos=logos, search=search, seed=seed, report=report, marks=marks)


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
    save_weights(network, folder / ALIGNER_WEIGHTS)


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
    folder: Path, *, logos: Path | None, search: Search, seed: int, report: Report,
    marks: Sequence[FoundMark] | None = None, counts: Counts = HEAD_FROM,
) -> None:  # fmt: skip
    """Fit the head to the networks in `folder` and to the vectors of `search`, on `dev` brands and goods, and write it.

    `marks` are all real ones, which are looked for otherwise. What a reading says is fitted after it
    (`training.verifier.wording`), and nothing until then; what the close look's word is worth stays.

    Raises `FileNotFoundError` when there is neither `appearance.fp16.npz` nor `tampering.fp16.npz`.
    """
    drawn = _for_the_head(marks, counts=counts, logos=logos, search=search, seed=seed, report=report)
    export_appearance(folder, laid_pairs(drawn, drawn.prepared(), aligner=Aligner(folder / ALIGNER)))
    examined = _examined(drawn, folder, embed=search.embed)
    head = fit_head(examined.numbers, examined.labels, brands=[pair.brand for pair in examined.pairs])
    report(f"head fitted on {len(examined.labels)} pairs of {len(set(drawn.brands))} dev brands")
    unread = dict.fromkeys(get_args(Outcome), 0.0)
    fitted_before = folder / CALIBRATION
    kept = json.loads(fitted_before.read_text(encoding="utf-8")) if fitted_before.exists() else {}
    content = {**kept, "classes": list(CLASSES), "seed": seed, "head": head, "reading": unread}
    write_whole(folder / CALIBRATION, json.dumps(content) + "\n")


def refit_smears(
    folder: Path, *, logos: Path | None, search: Search, seed: int, report: Report,
    marks: Sequence[FoundMark] | None = None, counts: Counts = HEAD_FROM,
) -> None:  # fmt: skip
    """Fit the head's second step alone, which tells smears: who is recognised, and what a reading says, stay."""
    drawn = _for_the_head(marks, counts=counts, logos=logos, search=search, seed=seed, report=report)
    examined = _examined(drawn, folder, embed=search.embed)
    content = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
    evenly = np.ones(len(examined.labels))
    content["head"]["smear"] = fit_smear(content["head"], examined.numbers, examined.labels, share=evenly)
    report(f"second step fitted on {len(examined.labels)} pairs")
    write_whole(folder / CALIBRATION, json.dumps(content) + "\n")


def _for_the_head(
    marks: Sequence[FoundMark] | None, *, counts: Counts, logos: Path | None, search: Search, seed: int, report: Report
) -> Drawn:
    real = real_marks(report) if marks is None else marks
    drawn = material("dev", real, counts=counts, logos=logos, likeliest=search.likeliest, seed=seed + 1)
    proposed = beside_nearest(drawn.proposed, drawn.packaged, embed=search.embed, seed=seed)
    return replace(drawn.known, pairs=[*drawn.known.pairs, *proposed])


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
