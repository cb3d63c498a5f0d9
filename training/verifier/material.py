"""What the verifier learns from: drawn marks, marks that photos show, and what a detector proposes on photos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from model.reading import Reader
from training.synthesis.found_marks import FoundMark, found_marks
from training.synthesis.grounds import Backgrounds, data_folder
from training.synthesis.logos import load_logos, split_of
from training.synthesis.products import goods_for_the_verifier
from training.verifier.drawing import DRAWN_SHARES, NOTHING, PARTS, Drawn, draw_pairs, in_parts, joined
from training.verifier.found import FoundPairs, found_pairs
from training.verifier.head import Embed
from training.verifier.pairs import LABELS, Pair
from training.verifier.proposed import Likeliest, proposed_pairs

Report = Callable[[str], None]


class Counts(NamedTuple):
    """How many pairs: `drawn` ones, ones of real marks, `found` on photos, and ones `proposed` by a detector."""

    drawn: int
    found: int
    proposed: int = 0


class Search(NamedTuple):
    """How a scan comes by what it compares: a photo's `likeliest` places, and the vectors by which they are alike."""

    embed: Embed
    likeliest: Likeliest


class Material(NamedTuple):
    """Pairs around the drawings of `packaged`, and around these and real marks, `known`, whose first references they
    are; and what was `proposed`, whose references are chosen later.
    """

    packaged: Drawn
    known: Drawn
    proposed: list[Pair]


def real_marks(report: Report) -> list[FoundMark]:
    """All that are found on the photos that may be trained on; none, which is said, where there are no photos."""
    marks = found_marks(data_folder(), reader=Reader())
    report(f"{len(marks)} real marks found on the photos in {data_folder()}")
    return marks


def material(
    split: str, marks: Sequence[FoundMark], *, counts: Counts, logos: Path | None, likeliest: Likeliest, seed: int
) -> Material:
    """Of the brands, marks and goods of `split`, by processes of their own.

    What `counts` leave over, divided by their number, is not drawn.
    """
    packaged = in_parts(partial(_packaged, split=split, count=counts.drawn // PARTS, logos=logos), seed=seed)
    real = [mark for mark in marks if mark.split == split]
    found = in_parts(partial(_found, marks=real, count=counts.found // PARTS), seed=[seed, 1]) if real else NOTHING
    goods = [product for product in goods_for_the_verifier(data_folder()) if product.split == split]
    proposed = proposed_pairs(goods, likeliest=likeliest, most=counts.proposed, seed=seed)
    return Material(packaged, joined([packaged, found]), proposed)


def _packaged(seed: np.random.SeedSequence, *, split: str, count: int, logos: Path | None) -> Drawn:
    own = [logo for logo in load_logos(logos) if split_of(logo.brand) == split]
    return draw_pairs(own, count=count, seed=seed, backgrounds=_grounds())


def _found(seed: np.random.SeedSequence, *, marks: Sequence[FoundMark], count: int) -> Drawn:
    shares = dict(zip(LABELS, DRAWN_SHARES, strict=True))
    return found_pairs(FoundPairs(marks, _grounds()), count=count, shares=shares, seed=seed)


def _grounds() -> Backgrounds:
    """Pieces of the photos that the verifier may learn from: the network takes them for what shows nobody's mark."""
    return Backgrounds(tuple(path for goods in goods_for_the_verifier(data_folder()) for path in goods.in_use))
