"""Where a product photo shows its brand's own logos, which the brand uploaded before it.

The detector knows marks of any brand. What it would doubt is a logo place all the same where it looks like one of the
brand's logos; what it is surer of may be a print, a button or a strap, and counts for less where it looks like none.
Both together are said as the score that the detector alone would have to give to say as much, so that whatever weighs
scores weighs these too. `hallmark train places` fits it; the bundle's `wiped_places.json` holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from model.detector import Detector
from model.embedder import Embedder
from model.logo_places import SMALLEST_SIDE, Detect, logo_places, logo_regions
from model.regions import Region, RgbImage

FAINTEST = 0.03
"""The detector's score from which a region is compared with the brand's logos."""

_SUREST = 0.01

Numbers = NDArray[np.float64]
Vectors = NDArray[np.float32]


def log_odds(scores: float | Numbers) -> Numbers:
    """Of the detector's scores, 0..1; those nearer to 0 or 1 than `_SUREST` count as that near."""
    return np.asarray(logit(np.clip(scores, _SUREST, 1.0 - _SUREST)), np.float64)


@dataclass(frozen=True, slots=True)
class Likeness:
    """By how much a region's likeness to the brand's logos moves the detector's log odds: a line in both."""

    intercept: float
    detected: float
    similarity: float

    def as_sure(self, scores: Numbers, similarities: Numbers) -> Numbers:
        """Detector scores (n,), 0..1, corrected for similarity to the brand's logos.

        `scores` (n,) are the detector's own, `similarities` (n,), -1..1, each region's to the most similar logo.
        """
        odds = self.intercept + self.detected * log_odds(scores) + self.similarity * similarities
        return np.asarray(expit(odds), np.float64)


@dataclass(frozen=True, slots=True)
class OwnLogos:
    """A brand's own logos by the vectors (n, d) of their views, n > 0, and what finds them in its product photos."""

    vectors: Vectors
    detector: Detector
    embedder: Embedder
    likeness: Likeness

    def regions(self, picture: RgbImage) -> list[Region]:
        """The regions of the product photo `picture` (RGB uint8) that may be logo places, in its pixels.

        Each is as sure, by detector and likeness, as the detector has to be of a region.
        """
        found = faint_regions(picture, detector=self.detector)
        if not found:
            return []
        similarities = likeness_of(found, picture, self.vectors, embedder=self.embedder)
        scores = self.likeness.as_sure(np.array([region.score for region in found]), similarities)
        together = [replace(region, score=float(score)) for region, score in zip(found, scores, strict=True)]
        return [region for region in together if region.score >= self.detector.score_threshold]


def product_places(picture: RgbImage, *, detect: Detect, own: OwnLogos | None = None) -> list[Region]:
    """The logo places of the product photo `picture` (RGB uint8), in its pixels, surest first.

    By the brand's `own` logos, or by the detector alone.
    """
    return logo_places(picture, logo_regions(picture, detect=detect) if own is None else own.regions(picture))


def faint_regions(picture: RgbImage, *, detector: Detector) -> list[Region]:
    """What the detector takes for marks from `FAINTEST` on, in the picture and its parts; nothing tiny."""
    found = logo_regions(picture, detect=partial(detector.detect, score_threshold=FAINTEST))
    return [region for region in found if min(region.box.width, region.box.height) >= SMALLEST_SIDE]


def likeness_of(regions: Sequence[Region], picture: RgbImage, logos: Vectors, *, embedder: Embedder) -> Numbers:
    """How similar each of n regions of the picture is to the most similar of `logos` (m, d), (n,), -1..1."""
    seen = embedder.embed([region.box.crop(picture) for region in regions])
    return np.asarray((seen @ logos.T).max(axis=1), np.float64)
