"""The close look from seed to file: what it learns from, how, and what its word is worth beside the verifier's.

Two thirds of the pairs are drawn: half of these are shown as the verifier's are; the others flat, as graphics, or as
words in typefaces, whose imitations miss letters. In the other third photos show real marks
(`training.verifier.found`). The trunk is that of the bundle's embedder and stays; it is kept with the network.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch.nn import functional

from model.alignment import FRAME_SIDE, Matrix, moved, reference_corners
from model.close_look import FILE, SQUARE, CloseLook, close_pair, frame_size
from model.networks.close_look import CLASSES, MAP_STRIDE, CloseLookNetwork
from model.networks.embedder import EmbedderNetwork
from model.networks.weights import go_part_way, load_weights, save_weights
from model.verifier import ALIGNER, Aligner, VerdictHead, VerifierRuntime, verdict_log_odds
from model.whole_files import write_whole
from training.edits.redrawn import ImpossibleEditError
from training.synthesis.found_marks import FoundMark
from training.synthesis.grounds import Backgrounds, any_colour, data_folder
from training.synthesis.logos import Logo, RgbaImage, load_logos, rasterise, split_of
from training.synthesis.wordmarks import cased, fetch_fonts, near_miss, wordmark
from training.verifier.drawing import PARTS, Drawn, Seed, gathered, in_parts, joined
from training.verifier.flat import Flat
from training.verifier.found import FoundPairs, found_pairs
from training.verifier.head import Embed, examined_pairs
from training.verifier.impossible import Impossible
from training.verifier.material import Counts, Report, real_marks
from training.verifier.pairs import MARK_WIDTH, Imitate, Pair, Photographed, Showing, draw_pair
from training.verifier.release import CALIBRATION, NETWORK, aligned_pairs, export_halves
from training.verifier.steps import Steps, material_of
from training.verifier.views import ViewRecipe, true_matrix

WEIGHTS = "close_look.fp16.npz"

SHARES = (0.43, 0.14, 0.43)
"""Of the classes, in the order of `CLASSES`."""

PHOTOGRAPHED, FLAT = 0.41, 0.35
"""Of the pairs: those shown as the verifier's are, and those shown flat; the others are words, half of them flat."""

MISSED_SHARE = 0.75
"""Of the imitated words, those that miss letters; the others are edited as any mark."""

RECIPE = ViewRecipe(epochs=3, batch=32, learning_rate=2e-3, crude_share=0.88, crude_noise=0.01, fine_noise=0.01)
"""How it is trained: mostly on pairs as the aligner laid them."""

RECIPE_ON = replace(RECIPE, epochs=2, learning_rate=8e-4)
"""How an earlier release is learnt on."""

LEARNT_SHARE = 0.5
"""Of what was learnt on, in the weights that are released: half-way it keeps what the earlier release knew (WiSE-FT,
Wortsman et al. 2022)."""

MAP_WEIGHT = 1.5
"""Of the maps' cross entropy beside the verdict's."""

LEARNT_FROM, WEIGHED_ON = Counts(17_400, 8_400), Counts(3_600, 1_200)
"""Pairs of `train` brands and goods that the network learns from, and of `dev` ones that say what its word is worth."""

_COLOURED_SHARE = 0.65
_WORD_LETTERS = range(4, 13)
_DARKEST = 180  # of 255: letters are at least as dark


def release_close_look(
    folder: Path, *, work: Path, logos: Path | None, embed: Embed, seed: int, report: Report,
    start: Path | None = None, counts: Counts = LEARNT_FROM,
) -> None:  # fmt: skip
    """Draw, train and write the close look into `folder`, whose verifier is there, and fit what its word is worth.

    An hour and a half on two cores. The network's epochs are kept in the folder `work`. `start` names the weights
    (`close_look.fp16.npz`) of an earlier release to begin from, trunk and all; what is written lies half-way from it to
    what was learnt then. Without real photos it learns from drawn pairs alone, and says so.
    """
    marks = real_marks(report)
    drawn = drawn_in_parts("train", marks, counts=counts, logos=logos, seed=seed)
    alignments = aligned_pairs(drawn.pairs, drawn.prepared(), aligner=Aligner(folder / ALIGNER))
    embedder = EmbedderNetwork()
    load_weights(embedder, folder / "embedder.fp16.npz")
    network = fit_close_look(
        drawn,
        alignments,
        embedder=embedder,
        recipe=replace(RECIPE if start is None else RECIPE_ON, seed=seed),
        report=report,
        checkpoint=work / "close_look.pt",
        start=start,
    )
    if start is not None:
        go_part_way(network, start, share=LEARNT_SHARE)
    save_weights(network, folder / WEIGHTS)
    export_close_look(network, folder / FILE)
    weigh_close_look_anew(folder, logos=logos, embed=embed, seed=seed, report=report, marks=marks)


def weigh_close_look_anew(
    folder: Path, *, logos: Path | None, embed: Embed, seed: int, report: Report,
    marks: Sequence[FoundMark] | None = None, counts: Counts = WEIGHED_ON,
) -> None:  # fmt: skip
    """Fit what the word of the close look in `folder` is worth, on pairs of `dev` brands and goods, and write it.

    `marks` are all real ones, which are looked for otherwise where any are asked for.
    """
    real = (real_marks(report) if counts.found else []) if marks is None else marks
    drawn = drawn_in_parts("dev", real, counts=counts, logos=logos, seed=seed + 1)
    weigh_close_look(folder, drawn, embed=embed, report=report)


def drawn_in_parts(split: str, marks: Sequence[FoundMark], *, counts: Counts, logos: Path | None, seed: int) -> Drawn:
    """Pairs of the brands of `split`, then real ones of its `marks`, by processes of their own.

    Each of the `PARTS` draws the same number; what `counts` leave over, divided by it, is not drawn.
    """
    fonts, real = fetch_fonts(), [mark for mark in marks if mark.split == split]
    each = Counts(counts.drawn // PARTS, counts.found // PARTS)
    part = partial(_part, split=split, real=real, counts=each, logos=logos, fonts=fonts)
    return in_parts(part, seed=seed)


def _part(
    seed: Seed, *, split: str, real: Sequence[FoundMark], counts: Counts, logos: Path | None, fonts: Sequence[Path]
) -> Drawn:
    backgrounds = Backgrounds.found_in(data_folder())
    of_split = [logo for logo in load_logos(logos) if split_of(logo.brand) == split]
    drawn = draw_looks(of_split, count=counts.drawn, seed=seed, backgrounds=backgrounds, fonts=fonts)
    if not real:
        return drawn
    shares = dict(zip(CLASSES, SHARES, strict=True))
    return joined([drawn, found_pairs(FoundPairs(real, backgrounds), count=counts.found, shares=shares, seed=seed)])


def draw_looks(
    logos: Sequence[Logo], *, count: int, seed: Seed, backgrounds: Backgrounds, fonts: Sequence[Path],
    unseen: bool = False,
) -> Drawn:  # fmt: skip
    """`count` pairs around `logos` and words in the typefaces `fonts`; `unseen` takes only kept-out edits of logos."""
    rng, known = np.random.default_rng(seed), list(logos)
    ways: tuple[Showing, Showing] = Photographed(backgrounds), Flat()
    by_colour = [[i for i, logo in enumerate(logos) if logo.monochrome == plain] for plain in (False, True)]
    coloured, plain = by_colour[0] or by_colour[1], by_colour[1] or by_colour[0]
    names = sorted({logo.brand for logo in logos if _is_word(logo.brand)})
    pairs: list[Pair] = []
    impossible = Impossible(count)
    while len(pairs) < count:
        label, way = str(rng.choice(CLASSES, p=SHARES)), rng.random()
        imitate: Imitate | None = None
        index = int(rng.choice(coloured if rng.random() < _COLOURED_SHARE else plain))
        showing = ways[int(way >= PHOTOGRAPHED)]
        try:
            if way >= PHOTOGRAPHED + FLAT and names:
                word, imitate = _word(str(rng.choice(names)), fonts, rng)
                known.append(word)
                index, showing = len(known) - 1, ways[int(rng.integers(2))]
            pairs.append(
                draw_pair(
                    known, index, label=label, rng=rng, backgrounds=backgrounds, unseen=unseen, showing=showing,
                    imitate=imitate,
                )
            )  # fmt: skip
        except ValueError as error:  # a letter that the typeface lacks, or a mark without what the imitation needs
            impossible.note(error)
    return gathered(pairs, known)


def _is_word(name: str) -> bool:
    return name.isascii() and name.isalpha() and len(name) in _WORD_LETTERS


def _word(name: str, fonts: Sequence[Path], rng: np.random.Generator) -> tuple[Logo, Imitate | None]:
    """The name in a typeface, and what imitates it: a near miss of it, or None for what imitates any mark."""
    font = fonts[int(rng.integers(len(fonts)))]
    red, green, blue = (int(value) for value in np.minimum(any_colour(rng), _DARKEST))
    missed, genuine = (
        wordmark(one, font, colour=f"#{red:02x}{green:02x}{blue:02x}")
        for one in cased([near_miss(name, rng=rng), name], rng=rng)
    )

    def misspelt(_: np.random.Generator) -> tuple[str, RgbaImage]:
        try:
            return "near_miss", rasterise(missed, width=MARK_WIDTH)
        except ValueError as error:
            raise ImpossibleEditError(str(error)) from error

    return genuine, misspelt if rng.random() < MISSED_SHARE else None


def fit_close_look(
    drawn: Drawn, alignments: Sequence[Matrix], *, embedder: EmbedderNetwork, recipe: ViewRecipe, report: Report,
    checkpoint: Path | None = None, start: Path | None = None,
) -> CloseLookNetwork:  # fmt: skip
    """Train on `drawn`, whose regions lie on their references as `alignments` say; `report` gets a line an epoch.

    It begins from the weights `start`, or from the trunk of `embedder` alone. With a `checkpoint` file it goes on where
    it was interrupted.
    """
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    network = CloseLookNetwork()
    network.start_from_embedder(embedder)
    if start is not None:
        load_weights(network, start)
    steps = Steps(
        network,
        recipe=recipe,
        pairs=len(drawn.pairs),
        material=material_of(network, drawn.pairs),
        rng=rng,
        checkpoint=checkpoint,
    )
    while steps.epochs < recipe.epochs:
        network.train()
        losses = []
        for looks in _epoch(drawn, alignments, recipe=recipe, rng=rng):
            logits, maps = network(torch.from_numpy(looks.pictures))
            labels = torch.from_numpy(looks.labels)
            verdict = functional.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
            kinds = functional.one_hot(labels, len(CLASSES))[:, 1:, None, None].float()
            places = functional.binary_cross_entropy_with_logits(maps, torch.from_numpy(looks.changed)[:, None] * kinds)
            steps.take(verdict + MAP_WEIGHT * places)
            right = (logits.argmax(dim=1) == labels).float().mean()
            losses.append([float(one.detach()) for one in (verdict, places, right)])
        loss, place, accuracy = np.mean(losses, axis=0)
        steps.finish_epoch()
        report(f"close look, epoch {steps.epochs}: loss {loss:.3f}, of the maps {place:.3f}, right {accuracy:.3f}")
    network.eval()
    return network


class _Looks(NamedTuple):
    """A batch in one frame: `pictures` (n, 2, h, w, 3) uint8, `labels` (n,), `changed` (n, h / 8, w / 8) 0..1."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]
    changed: NDArray[np.float32]


def _epoch(
    drawn: Drawn, alignments: Sequence[Matrix], *, recipe: ViewRecipe, rng: np.random.Generator
) -> Iterator[_Looks]:
    """Every pair once, in batches of one frame and random order, each laid anew."""
    frames: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, pair in enumerate(drawn.pairs):
        frames[frame_size(drawn.pictures[pair.reference])].append(number)
    batches = []
    for numbers in frames.values():
        shuffled = rng.permutation(numbers)
        batches += [shuffled[at : at + recipe.batch] for at in range(0, len(shuffled) - recipe.batch + 1, recipe.batch)]
    for place in rng.permutation(len(batches)):
        chosen = [drawn.pairs[number] for number in batches[place]]
        looks = [
            _look(pair, alignments[number], drawn.pictures[pair.reference], recipe=recipe, rng=rng)
            for number, pair in zip(batches[place], chosen, strict=True)
        ]
        pictures, changed = (np.stack(one) for one in zip(*looks, strict=True))
        labels = np.array([CLASSES.index(pair.label) for pair in chosen])
        yield _Looks(pictures, labels, np.asarray(changed / 255, np.float32))


def _look(
    pair: Pair, found: Matrix, picture: NDArray[np.uint8], *, recipe: ViewRecipe, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """One pair as the network sees it, (2, h, w, 3), and what of each cell was changed."""
    truly = true_matrix(pair)
    crude = truly is None or rng.random() < recipe.crude_share
    start = found if truly is None or crude else truly
    spread = recipe.crude_noise if crude else recipe.fine_noise
    noise = rng.normal(0, spread, (4, 2)).clip(-2.5 * spread, 2.5 * spread)
    laid = moved(start, (reference_corners() + noise * FRAME_SIDE).astype(np.float32))
    pictures = close_pair(pair.region, start if laid is None else laid, picture)
    height, width = pictures.shape[1] // MAP_STRIDE, pictures.shape[2] // MAP_STRIDE
    changed = np.asarray(cv2.resize(pair.changed, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    if rng.random() < 0.3:  # a pair seen in a mirror is a pair with the same verdict
        pictures, changed = pictures[:, :, ::-1], changed[:, ::-1]
    if rng.random() < 0.15:
        pictures, changed = pictures[:, ::-1], changed[::-1]
    if rng.random() < 0.25:
        pictures = pictures[..., rng.permutation(3)]
    pictures = np.ascontiguousarray(pictures)
    if rng.random() < 0.25:
        pictures[0] = cv2.GaussianBlur(pictures[0], (0, 0), float(rng.uniform(0.4, 1.6)))
    if rng.random() < 0.12:
        pictures[1] = 255 - pictures[1]
    return pictures, np.ascontiguousarray(changed)


def export_close_look(network: CloseLookNetwork, path: Path) -> None:
    """Write both halves, in fp32: in int8 it is a third faster and tells 0.874 instead of 0.888 of pairs (ROC AUC)."""
    export_halves(
        network, path, comparing=network.compared, outputs=["logits", "maps"],
        pictures=torch.zeros((2, *SQUARE, 3), dtype=torch.uint8), any_size=True,
    )  # fmt: skip


def weigh_close_look(folder: Path, drawn: Drawn, *, embed: Embed, report: Report) -> None:
    """Write into the calibration in `folder` what the close look's log odds of an imitation are worth.

    A logistic regression of these and of the verifier's, on `drawn` pairs of brands that neither saw.
    """
    calibration = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
    references = drawn.prepared()
    runtime, look = VerifierRuntime(folder / NETWORK), CloseLook(folder / FILE)
    examined = examined_pairs(drawn.pairs, references, drawn.pictures, drawn.brands, runtime=runtime, embed=embed)
    said = VerdictHead(calibration["head"]).probabilities(examined.numbers)
    rows, right = [], []
    aligner = Aligner(folder / ALIGNER)
    for pair, scores, matrix in zip(
        examined.pairs, said, aligned_pairs(examined.pairs, references, aligner=aligner), strict=True
    ):
        if pair.label != "smear":
            odds = look.imitation_log_odds(pair.region, matrix, references[pair.reference])
            rows.append([verdict_log_odds(float(scores[0]), float(scores[2])), odds])
            right.append(pair.label == "imitation")
    fitted = LogisticRegression(C=1.0).fit(np.array(rows), np.array(right))
    (verdict, close), bias = fitted.coef_[0].round(4).tolist(), round(float(fitted.intercept_[0]), 4)
    report(f"close look weighed on {len(rows)} pairs: {close} beside {verdict} of the verifier's odds, {bias}")
    calibration["close_look"] = {"bias": bias, "verdict": verdict, "look": close}
    write_whole(folder / CALIBRATION, json.dumps(calibration) + "\n")
