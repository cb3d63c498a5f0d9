"""The frozen sets: drawn marks of development brands, always the same, that no candidate may lose on.

Each gives a score from 0 to 1 for each picture, so that two models are compared on the same ones. Pictures of one brand
share its mark and so tell much the same: the brand is the unit that is drawn anew for an interval.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.alignment import PreparedReference
from model.bundle import ModelBundle
from model.regions import RgbImage
from training.round.standing import sampled_logos
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import Logo, rasterise, split_of
from training.synthesis.rendering import render_mark
from training.verifier.drawing import draw_pairs
from training.verifier.head import likeness
from training.verifier.pairs import Pair, clean_reference, without_margin
from training.verifier.rivals import with_hard_references

SEED = 20_261_124
"""Never used to train or to choose anything."""

TAMPERED = ("smear", "imitation")

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FrozenSizes:
    """How many brands are searched among, photos of them asked for, and pairs judged."""

    brands: int = 150
    photos_per_brand: int = 2
    pairs: int = 500


@dataclass(frozen=True, slots=True)
class RecognitionSet:
    """Photo-like views of marks, to be named by clean references: 1 where the nearest one is the right brand's."""

    references: list[RgbImage]
    photos: list[RgbImage]
    brand: NDArray[np.intp]

    @property
    def units(self) -> list[str]:
        """(n,) which photos are drawn together for an interval: those of one brand."""
        return [str(brand) for brand in self.brand]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the pictures."""
        return digest_of([*self.references, *self.photos])

    def scores(self, bundle: ModelBundle) -> Scores:
        """(n,) 0 or 1, one for each photo."""
        similarity = bundle.embedder.embed(self.photos) @ bundle.embedder.embed(self.references).T
        return np.asarray(similarity.argmax(axis=1) == self.brand, np.float64)


@dataclass(frozen=True, slots=True)
class VerdictSet:
    """Regions beside references: how well is it told whether they are tampered with?

    `truth` (n,) is the probability of it, 0 or 1 for what was drawn; `units` (n,) says which are drawn together for an
    interval.
    """

    regions: list[RgbImage]
    crops: list[RgbImage]
    pictures: list[RgbImage]
    references: list[PreparedReference]
    reference_of: NDArray[np.intp]
    truth: Scores
    units: list[str]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the pictures and the truth."""
        return hashlib.sha256(digest_of([*self.regions, *self.pictures]).encode() + self.truth.tobytes()).hexdigest()

    def tampered(self, bundle: ModelBundle) -> Scores:
        """(n,) the probability that a bundle gives to a smear or an imitation."""
        seen, found = bundle.embedder.embed(self.crops), np.zeros(len(self.crops), np.float64)
        for place in sorted({int(one) for one in self.reference_of}):
            asked = np.flatnonzero(self.reference_of == place)
            similar = likeness(seen[asked], self.pictures[place], embed=bundle.embedder.embed)
            for number, similarity in zip(asked, similar, strict=True):
                region, reference = self.regions[number], self.references[place]
                scores = bundle.verifier.verify(region, reference, similarity=float(similarity))
                found[number] = scores.smear + scores.imitation
        return found

    def scores(self, tampered: Scores) -> Scores:
        """(n,) 1 less the squared error of the probabilities (Brier, 1950)."""
        return np.asarray(1.0 - (tampered - self.truth) ** 2, np.float64)


def recognition_set(logos: Sequence[Logo], *, sizes: FrozenSizes) -> RecognitionSet:
    """Views of development brands on drawn grounds; one drawing of each brand."""
    dev = sampled_logos([logo for logo in logos if split_of(logo.brand) == "dev"], brands=sizes.brands, seed=SEED)
    first = list({logo.brand: logo for logo in reversed(dev)}.values())[::-1]
    rng = np.random.default_rng(SEED)
    photos = [
        render_mark(rasterise(logo, width=160), rng=rng, size=160)
        for logo in first
        for _ in range(sizes.photos_per_brand)
    ]
    brand = np.repeat(np.arange(len(first)), sizes.photos_per_brand)
    return RecognitionSet([clean_reference(logo) for logo in first], photos, brand)


def verdict_set(logos: Sequence[Logo], *, sizes: FrozenSizes, unseen: bool) -> VerdictSet:
    """Drawn pairs of development brands; `unseen`: by edits that nothing is fitted to."""
    dev = [logo for logo in logos if split_of(logo.brand) == "dev"]
    seed = SEED + 1 + unseen
    drawn = draw_pairs(dev, count=sizes.pairs, seed=seed, backgrounds=Backgrounds(), unseen=unseen)
    references = drawn.prepared()
    frames = np.stack([reference.frame for reference in references])
    settled: list[Pair] = with_hard_references(drawn, frames, seed=seed)
    return VerdictSet(
        [pair.region for pair in settled],
        [without_margin(pair.region) for pair in settled],
        drawn.pictures,
        references,
        np.array([pair.reference for pair in settled], np.intp),
        np.array([pair.label in TAMPERED for pair in settled], np.float64),
        [pair.brand or f"pair {number}" for number, pair in enumerate(settled)],  # of nobody's mark: each by itself
    )


@dataclass(frozen=True, slots=True)
class FrozenSets:
    """All that are drawn, by the names that promotion asks for."""

    recognition: RecognitionSet
    verdicts: dict[str, VerdictSet]


def frozen_sets(logos: Sequence[Logo], *, sizes: FrozenSizes) -> FrozenSets:
    """Draw them: a minute or two at full size."""
    return FrozenSets(
        recognition_set(logos, sizes=sizes),
        {
            "verdicts": verdict_set(logos, sizes=sizes, unseen=False),
            "verdicts on edits kept out": verdict_set(logos, sizes=sizes, unseen=True),
        },
    )


def digest_of(pictures: Sequence[RgbImage]) -> str:
    """SHA-256 over the shapes and pixels of pictures."""
    digest = hashlib.sha256()
    for picture in pictures:
        digest.update(repr(picture.shape).encode() + np.ascontiguousarray(picture).tobytes())
    return digest.hexdigest()
