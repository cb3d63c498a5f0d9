"""Sets of pairs, drawn around logos by as many processes as there are cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from os import cpu_count

import numpy as np

from model.alignment import PreparedReference, prepare_reference
from model.regions import RgbImage
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import Logo
from training.verifier.impossible import Impossible
from training.verifier.pairs import LABELS, Pair, clean_reference, draw_pair

DRAWN_SHARES = (0.32, 0.25, 0.28, 0.15)
"""Shares of the classes among drawn pairs, in the order of `LABELS`."""

PARTS = 4
"""In which pairs are drawn, each by a process of its own; what is drawn depends on their number."""

Seed = int | np.random.SeedSequence

_COLOURED_SHARE = 0.65


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pairs, with the pictures of the references that they name and the brands of those."""

    pairs: list[Pair]
    pictures: list[RgbImage]
    brands: list[str]

    def prepared(self) -> list[PreparedReference]:
        """The references made ready."""
        return [prepare_reference(picture) for picture in self.pictures]


NOTHING = Drawn([], [], [])


def draw_pairs(
    logos: Sequence[Logo], *, count: int, seed: Seed, backgrounds: Backgrounds, unseen: bool = False
) -> Drawn:
    """`count` pairs around `logos`, two thirds of them logos of several colours; `unseen` takes only kept-out edits."""
    rng = np.random.default_rng(seed)
    coloured = [i for i, logo in enumerate(logos) if not logo.monochrome] or list(range(len(logos)))
    plain = [i for i, logo in enumerate(logos) if logo.monochrome] or coloured
    pairs: list[Pair] = []
    impossible = Impossible(count)
    while len(pairs) < count:
        index = int(rng.choice(coloured if rng.random() < _COLOURED_SHARE else plain))
        label = str(rng.choice(LABELS, p=DRAWN_SHARES))
        try:
            pairs.append(draw_pair(logos, index, label=label, rng=rng, backgrounds=backgrounds, unseen=unseen))
        except ValueError as error:  # a logo without what the imitation needs, or too thin to be drawn: take another
            impossible.note(error)
    return gathered(pairs, logos)


def gathered(pairs: Sequence[Pair], logos: Sequence[Logo]) -> Drawn:
    """`pairs` with only the references that they use, renumbered."""
    used = sorted({pair.reference for pair in pairs if pair.reference >= 0})
    number = {reference: place for place, reference in enumerate(used)}
    renamed = [replace(pair, reference=number.get(pair.reference, -1)) for pair in pairs]
    return Drawn(renamed, [clean_reference(logos[i]) for i in used], [logos[i].brand for i in used])


def in_parts(part: Callable[[np.random.SeedSequence], Drawn], *, seed: int | Sequence[int]) -> Drawn:
    """What `part` draws for each of the `PARTS`, by processes of their own."""
    with ProcessPoolExecutor(min(PARTS, cpu_count() or 1), get_context("spawn")) as processes:
        return joined(processes.map(part, np.random.SeedSequence(seed).spawn(PARTS)))


def joined(parts: Iterable[Drawn]) -> Drawn:
    """The pairs of all `parts`, in their order, each with its references."""
    whole = Drawn([], [], [])
    for part in parts:
        before = len(whole.pictures)
        whole.pairs.extend(
            replace(pair, reference=pair.reference + before) if pair.reference >= 0 else pair for pair in part.pairs
        )
        whole.pictures.extend(part.pictures)
        whole.brands.extend(part.brands)
    return whole
