"""The weights of `model.own_logos`: what a region's likeness to its brand's logos says of a mark there.

Fitted on products with drawn marks of development brands: no network was trained on those, and vectors of brands that
the embedder knows would be more alike than a stranger's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from model.detector import Detector
from model.embedder import Embedder
from model.own_logos import Likeness, Vectors, faint_regions, likeness_of, log_odds
from model.reference_views import reference_views
from training.edits.copies import marked_product
from training.evaluation.datasets import Photo
from training.evaluation.references import as_uploaded, drawings_of
from training.evaluation.report import Progress
from training.synthesis.logos import Logo, split_of

SAME_MARK = 0.3
"""Overlap (intersection over union) from which a region is the drawn mark's."""

BESIDE_MARK = 0.1
"""Overlap up to which it is none of it; what lies between shows a part of the mark and teaches nothing."""


@dataclass(frozen=True, slots=True)
class SeenRegion:
    """A region of a marked product: the detector's `score`, the `similarity` to the brand's logos, -1..1, and the
    `overlap` with the drawn mark, 0..1."""

    score: float
    similarity: float
    overlap: float


def seen_regions(
    photos: Sequence[Photo],
    *,
    logos: Sequence[Logo],
    count: int,
    seed: int,
    detector: Detector,
    embedder: Embedder,
    progress: Progress,
) -> Iterator[SeenRegion]:
    """The faint regions of `count` of the photos with a drawn mark, beside the logos of the mark's brand."""
    drawable = [logo for logo in logos if split_of(logo.brand) == "dev"]
    for number in progress(range(count), count, "marked products"):
        rng = np.random.default_rng([seed, 1, number])
        photo, logo = photos[int(rng.integers(len(photos)))], drawable[int(rng.integers(len(drawable)))]
        vectors = brand_vectors(logo.brand, drawable, embedder=embedder)
        try:
            picture, mark = marked_product(photo.read(), logo, rng=rng)
        except ValueError:
            continue
        found = faint_regions(picture, detector=detector)
        if len(vectors) and found:
            alike = likeness_of(found, picture, vectors, embedder=embedder)
            for region, similarity in zip(found, alike, strict=True):
                yield SeenRegion(region.score, float(similarity), mark.iou(region.box))


def brand_vectors(brand: str, logos: Sequence[Logo], *, embedder: Embedder) -> Vectors:
    """The vectors (n, d) of the brand's drawings among `logos` as they are uploaded; n is 0 where none can be seen."""
    drawn = [as_uploaded(logo) for logo in drawings_of([brand], logos)[brand]]
    views = [view for one in drawn if one is not None for _, view in reference_views(one, kind="logo")]
    return embedder.embed(views)


def fitted_likeness(seen: Sequence[SeenRegion]) -> Likeness:
    """How a region's likeness to the brand's logos moves the detector's log odds that the mark is there.

    One logistic regression weighs both, another the detector's score alone: what the first says is given as the score
    by which the second says the same.
    """
    sure = [one for one in seen if not BESIDE_MARK < one.overlap <= SAME_MARK]
    detected = log_odds(np.array([one.score for one in sure]))[:, None]
    similarities = np.array([one.similarity for one in sure])[:, None]
    is_mark = np.array([one.overlap > SAME_MARK for one in sure])
    (of_detector, of_similarity), both = _regression(np.hstack([detected, similarities]), is_mark)
    (slope,), alone = _regression(detected, is_mark)
    return Likeness(
        intercept=round((both - alone) / slope, 4),
        detected=round(of_detector / slope, 4),
        similarity=round(of_similarity / slope, 4),
    )


def _regression(inputs: NDArray[np.float64], labels: NDArray[np.bool_]) -> tuple[list[float], float]:
    """The weights of `inputs` (m, n) and the intercept."""
    fitted = LogisticRegression(C=10.0, max_iter=1000).fit(inputs, labels)
    return fitted.coef_[0].tolist(), float(fitted.intercept_[0])
