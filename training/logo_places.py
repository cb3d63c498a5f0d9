"""The weights of `model.wiped_places`: when is a logo's place in a copied product photo called wiped?

Fitted on photos whose licences allow it: garments (CC0) and studio pictures of groceries (MIT) with drawn marks of
brands of the training split, at the places that are found on them, as at an upload: by the detector alone, and for
every second product by the brand's logos too, whose weights are fitted first (`training.own_logos`). Each gives copies
whose logo is untouched and copies whose mark was wiped by one of the tools that may be trained on: the drawn one, or,
where there is none or it is not found, any of the places.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from model.alignment import prepare_reference
from model.detector import Detector
from model.embedder import Embedder
from model.own_logos import Likeness, OwnLogos, log_odds, product_places
from model.photo_copy import CopyWeights, photo_match
from model.place_patches import prepared_places
from model.regions import Box, Region, RgbImage
from model.whole_files import write_whole
from model.wiped_places import Weights, measured, terms
from training.edits.copies import marked_product, reused
from training.edits.smears import TRAINING_SMEARS, smear
from training.evaluation.datasets import Photo, grocery_products, is_for_tuning, plain_photos
from training.evaluation.report import Progress
from training.own_logos import SAME_MARK, brand_vectors, fitted_likeness, seen_regions
from training.synthesis.logos import Logo, split_of

WEAKEST = 0.8
"""Strength (0..1) of the weakest smear that is learnt from: little of the mark is left."""

COPIES = 3
"""Copies of each product, untouched, and as many wiped."""

FOLDS = 5
"""Parts of the photos; what is said of each part comes of weights fitted to the others."""

_MARKED_SHARE = 0.85

RARE = 0.005
"""Share of the measurements, at each end, that count as no further out than the rest."""

COPY_PROBABILITY = 0.5
"""Probability from which a picture is taken for a copy."""


@dataclass(frozen=True, slots=True)
class PlaceSettings:
    """`products` are drawn by `seed`, and first `marked` ones for how brands' logos are weighed; `most_false` is the
    share of untouched copies that may be called wiped."""

    products: int = 2000
    marked: int = 600
    seed: int = 0
    most_false: float = 0.01


@dataclass(frozen=True, slots=True)
class Measured:
    """One place of one copy: `numbers` as `model.wiped_places.measured`, whether it is `wiped`, and by which `tool`.

    `detected` is how sure the place is in the reference. `photo` names the product's photo, `drawing` the mark drawn on
    it, `copy` the copy.
    """

    numbers: NDArray[np.float64]
    detected: float
    wiped: bool
    tool: str
    photo: str
    drawing: int
    copy: int


def fit_places(
    file: Path,
    *,
    detector: Detector,
    embedder: Embedder,
    photo_copy: CopyWeights,
    logos: Sequence[Logo],
    settings: PlaceSettings,
    progress: Progress,
) -> dict[str, Any]:
    """Draw, measure, fit, and write `file`; returns what was written. `photo_copy` says what is taken for a copy.

    Raises `DataMissing` without the garments and the groceries.
    """
    seen = seen_regions(
        training_photos(), logos=logos, count=settings.marked, seed=settings.seed, detector=detector, embedder=embedder,
        progress=progress,
    )  # fmt: skip
    likeness = fitted_likeness(list(seen))
    rows = measured_places(
        detector=detector, embedder=embedder, likeness=likeness, photo_copy=photo_copy, logos=logos, settings=settings,
        progress=progress,
    )  # fmt: skip
    fitted = fitted_weights(list(rows), likeness=likeness, most_false=settings.most_false)
    write_whole(file, json.dumps(fitted, indent=2) + "\n")
    return fitted


def measured_places(
    *,
    detector: Detector,
    embedder: Embedder,
    likeness: Likeness,
    photo_copy: CopyWeights,
    logos: Sequence[Logo],
    settings: PlaceSettings,
    progress: Progress,
) -> Iterator[Measured]:
    """The places of all copies, one product after the other."""
    photos = training_photos()
    drawable = [logo for logo in logos if split_of(logo.brand) == "train"]
    for number in progress(range(settings.products), settings.products, "copied products"):
        rng = np.random.default_rng([settings.seed, number])
        photo, logo = photos[int(rng.integers(len(photos)))], drawable[int(rng.integers(len(drawable)))]
        picture, marks = photo.read(), list[Box]()
        if rng.random() < _MARKED_SHARE:
            try:
                picture, mark = marked_product(picture, logo, rng=rng)
                marks.append(mark)
            except ValueError:
                continue
        vectors = brand_vectors(logo.brand, drawable, embedder=embedder)
        own = OwnLogos(vectors, detector, embedder, likeness) if number % 2 and len(vectors) else None
        found = product_places(picture, detect=detector.detect, own=own)
        if found:
            name = photo.path.stem
            yield from _copies(picture, found, marks, photo=name, drawing=number, photo_copy=photo_copy, rng=rng)


def training_photos() -> list[Photo]:
    """Garments and studio pictures that may be tuned on."""
    garments = [photo for photo in plain_photos("clothing") if is_for_tuning(photo.path)]
    studio = [Photo(product.photos[0]) for product in grocery_products()]
    return garments + studio * 6


def _copies(
    picture: RgbImage,
    found: Sequence[Region],
    marks: Sequence[Box],
    *,
    photo: str,
    drawing: int,
    photo_copy: CopyWeights,
    rng: np.random.Generator,
) -> Iterator[Measured]:
    reference = prepare_reference(picture)
    places, boxes = prepared_places(picture, found, reference=reference), [one.box for one in found]
    on_marks = [(number, mark) for number, box in enumerate(boxes) for mark in marks if mark.iou(box) > SAME_MARK]
    for copy in range(2 * COPIES):
        any_place = int(rng.integers(len(boxes)))
        wanted, target = on_marks[0] if on_marks else (any_place, boxes[any_place])
        is_wiped = copy >= COPIES
        tool = str(rng.choice(TRAINING_SMEARS)) if is_wiped else ""
        source = picture
        if is_wiped:
            source = smear(picture, target, tool=tool, strength=float(rng.uniform(WEAKEST, 1.0)), rng=rng)
        # A caption on what is no mark wipes nothing.
        clear = boxes if is_wiped else marks
        seen = reused(source, rng=rng, keep=target.grown(0.1), clear=clear).picture
        match = photo_match(seen, reference, places=[place.place.box for place in places], weights=photo_copy)
        if match.probability < COPY_PROBABILITY or match.matrix is None:
            continue
        shown = [places[wanted]] if is_wiped else places
        for place in shown:
            numbers = measured(seen, match.matrix, place)
            if numbers is not None:
                yield Measured(numbers, place.detected, is_wiped, tool, photo, drawing, copy)


def fitted_weights(rows: Sequence[Measured], *, likeness: Likeness, most_false: float) -> dict[str, Any]:
    """Weights of the regression, and the threshold that `most_false` of the untouched copies pass.

    The threshold, and the shares in `cross_fitted`, are of scores that each photo gets from weights fitted to other
    photos (`FOLDS` parts); a copy has the score of its most suspicious place.
    """
    numbers, labels = np.array([row.numbers for row in rows]), np.array([row.wiped for row in rows])
    detected = np.array([row.detected for row in rows])
    fold = np.array([int(hashlib.sha256(row.photo.encode()).hexdigest(), 16) % FOLDS for row in rows])
    scores = np.zeros(len(rows))
    for one in range(FOLDS):
        others = _regression(numbers[fold != one], detected[fold != one], labels[fold != one], likeness=likeness)
        asked = zip(numbers[fold == one], detected[fold == one], strict=True)
        scores[fold == one] = [others.probability(row, detected=score) for row, score in asked]
    copies: dict[tuple[str, int, int], float] = defaultdict(float)
    for row, score in zip(rows, scores, strict=True):
        if not row.wiped:
            key = (row.photo, row.drawing, row.copy)
            copies[key] = max(copies[key], float(score))
    untouched = np.sort(list(copies.values()))[::-1]
    threshold = max(float(untouched[int(most_false * len(untouched))]), 0.5)
    weights = _regression(numbers, detected, labels, likeness=likeness)
    return {
        **asdict(replace(weights, finding_probability=round(threshold, 4))),
        "cross_fitted": {
            "untouched_copies": len(untouched),
            "untouched_called": round(float((untouched > threshold).mean()), 4),
            "wiped_places": int(labels.sum()),
            "wiped_called": round(float((scores[labels] > threshold).mean()), 4),
        },
    }


def _regression(
    numbers: NDArray[np.float64], detected: NDArray[np.float64], labels: NDArray[np.bool_], *, likeness: Likeness
) -> Weights:
    """The logistic regression on the terms of `numbers` (m, n) and on the log odds of `detected` (m,), both kinds
    counting alike; its threshold is open."""
    low, high = np.round(np.quantile(numbers, (RARE, 1 - RARE), axis=0), 4)
    inputs = np.column_stack([terms(np.clip(numbers, low, high)), log_odds(detected)])
    scaler = StandardScaler().fit(inputs)
    fitted = LogisticRegression(C=0.3, class_weight="balanced", max_iter=3000).fit(scaler.transform(inputs), labels)
    weights = np.round(fitted.coef_[0] / scaler.scale_, 5)
    intercept = float(fitted.intercept_[0] - (fitted.coef_[0] / scaler.scale_) @ scaler.mean_)
    return Weights(
        intercept=round(intercept, 5),
        weights=tuple(weights[:-1].tolist()),
        detected=float(weights[-1]),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        finding_probability=1.0,
        likeness=likeness,
    )
