"""The weights of `model.photo_agreement`: is a picture that lies on a product photo the same photograph?

Fitted on photos whose licences allow it: garments (CC0), studio pictures of groceries (MIT) and dummies dressed in
garments (`training.edits.other_shots`). Each gives a copy, used again as a shop or a seller would, often with a place
wiped, and photos that are none: other shots, other colours, other garments on the same dummy. Beside them, packages
of the groceries against each other, many of one product line. Only what has the edges of the reference counts: the rest
is told before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from model.alignment import PreparedReference, prepare_reference
from model.photo_agreement import AgreementWeights, Numbers
from model.photo_copy import measured_agreement
from model.regions import Box, RgbImage
from training.edits.copies import reused
from training.edits.other_shots import Figure, another_colour, another_shot
from training.edits.smears import smear
from training.evaluation.datasets import Photo, grocery_products, is_for_tuning, plain_photos
from training.evaluation.report import Progress
from training.logo_places import TOOLS

FOLDS = 5
"""Parts of the references; what is said of each part comes of weights fitted to the others."""

FIGURE_SHARE = 0.5
"""Of the references, those that are dressed dummies; half of the others are garments, half are groceries."""

PLACE_SHARE = 0.6
"""Of the references, those with a logo's place, of which every second copy is wiped there."""

REUSED_SHARE = 0.4
"""Of the other photos, those that are cropped, recoloured, compressed, … as a copy is."""


@dataclass(frozen=True, slots=True)
class CopySettings:
    """`references` are drawn by `seed`; `most_lost` is the share of copies with the right edges that may be refused."""

    references: int = 1100
    seed: int = 0
    most_lost: float = 0.015


@dataclass(frozen=True, slots=True)
class Agreed:
    """What was measured of a picture beside its reference: `numbers` (9,), what it is, and the reference's number."""

    numbers: Numbers
    kind: str
    reference: int

    @property
    def copied(self) -> bool:
        """Whether it is the same photograph."""
        return self.kind in ("copy", "wiped copy")


@dataclass(frozen=True, slots=True)
class _Reference:
    """A product photo, the figure it was drawn of, if any, and a logo's place in it, in its pixels, if any."""

    picture: RgbImage
    figure: Figure | None
    place: Box | None


def fit_copies(file: Path, *, settings: CopySettings, progress: Progress) -> dict[str, Any]:
    """Draw, measure, fit, and write `file`; returns what was written.

    Raises `DataMissing` without the garments and the groceries.
    """
    garments = [photo for photo in plain_photos("clothing") if is_for_tuning(photo.path)]
    packages = [Photo(product.photos[0]) for product in grocery_products()]
    rows = [
        *drawn_pairs(garments, packages, settings=settings, progress=progress),
        *package_pairs(packages, progress=progress),
    ]
    fitted = fitted_weights(rows, most_lost=settings.most_lost)
    file.write_text(json.dumps(fitted, indent=2) + "\n")
    return fitted


def drawn_pairs(
    garments: Sequence[Photo], packages: Sequence[Photo], *, settings: CopySettings, progress: Progress
) -> Iterator[Agreed]:
    """Each reference beside its copy and beside what is easily taken for one, where the edges agree."""
    for number in progress(range(settings.references), settings.references, "references"):
        rng = np.random.default_rng([settings.seed, number])
        reference = _drawn(garments, packages, rng)
        prepared = prepare_reference(reference.picture)
        places = [] if reference.place is None else [_in_prepared(reference.place, prepared, reference.picture)]
        for kind, picture in [_copy(reference, rng), *_others(reference, garments, rng)]:
            numbers = measured_agreement(picture, prepared, places=places)
            if numbers is not None:
                yield Agreed(numbers, kind, number)


def package_pairs(packages: Sequence[Photo], *, progress: Progress) -> Iterator[Agreed]:
    """Each package beside each other one, where the edges agree; their references have numbers below 0."""
    pictures = [photo.read() for photo in packages]
    for number, picture in enumerate(progress(pictures, len(pictures), "packages")):
        prepared = prepare_reference(picture)
        for other in (other for place, other in enumerate(pictures) if place != number):
            numbers = measured_agreement(other, prepared)
            if numbers is not None:
                yield Agreed(numbers, "other package", -1 - number)


def fitted_weights(rows: Sequence[Agreed], *, most_lost: float) -> dict[str, Any]:
    """Weights of the regression, with an intercept under which `most_lost` of the copies are less probable than 0.5.

    The intercept, and the shares in `cross_fitted`, are of scores that each reference gets from weights fitted to other
    references (`FOLDS` parts).
    """
    numbers, copied = np.array([row.numbers for row in rows]), np.array([row.copied for row in rows])
    fold = np.array([row.reference % FOLDS for row in rows])
    odds = np.zeros(len(rows))
    for one in range(FOLDS):
        others = _regression(numbers[fold != one], copied[fold != one])
        odds[fold == one] = others.intercept + numbers[fold == one] @ np.array(others.weights)
    even = float(np.quantile(odds[copied], most_lost))
    fitted = _regression(numbers, copied)
    kinds = sorted({row.kind for row in rows})
    passing = {
        kind: {"seen": len(chosen), "called_copies": round(float((odds[chosen] >= even).mean()), 4)}
        for kind in kinds
        if (chosen := [place for place, row in enumerate(rows) if row.kind == kind])
    }
    weights = AgreementWeights(round(fitted.intercept - even, 5), fitted.weights)
    return {**weights.as_json(), "cross_fitted": passing}


def _regression(numbers: NDArray[np.float64], copied: NDArray[np.bool_]) -> AgreementWeights:
    """The logistic regression on `numbers` (m, 9), both kinds counting alike."""
    scaler = StandardScaler().fit(numbers)
    fitted = LogisticRegression(C=0.3, class_weight="balanced", max_iter=2000).fit(scaler.transform(numbers), copied)
    weights = fitted.coef_[0] / scaler.scale_
    intercept = float(fitted.intercept_[0] - weights @ scaler.mean_)
    return AgreementWeights(round(intercept, 5), tuple(np.round(weights, 5).tolist()))


def _drawn(garments: Sequence[Photo], packages: Sequence[Photo], rng: np.random.Generator) -> _Reference:
    figure = None
    if rng.random() < FIGURE_SHARE:
        head, top, legs = (_one_of(garments, rng) for _ in range(3))
        figure = Figure(head, top, legs, shape=int(rng.integers(2**30)))
        picture = figure.drawn()
    else:
        picture = _one_of(garments if rng.random() < 0.5 else packages, rng)
    return _Reference(picture, figure, _place(picture, rng) if rng.random() < PLACE_SHARE else None)


def _one_of(photos: Sequence[Photo], rng: np.random.Generator) -> RgbImage:
    return photos[int(rng.integers(len(photos)))].read()


def _place(picture: RgbImage, rng: np.random.Generator) -> Box:
    """Somewhere in the middle of the picture."""
    height, width = picture.shape[:2]
    wide, tall = width * float(rng.uniform(0.15, 0.4)), height * float(rng.uniform(0.1, 0.3))
    left, top = rng.uniform(0, 0.6 * width - wide), rng.uniform(0, 0.6 * height - tall)
    return Box(0.2 * width + float(left), 0.2 * height + float(top), wide, tall)


def _in_prepared(place: Box, prepared: PreparedReference, picture: RgbImage) -> Box:
    """`place`, in pixels of `picture`, in those of the picture that was prepared of it."""
    left, top, right, bottom = prepared.whole
    across, down = (right - left) / picture.shape[1], (bottom - top) / picture.shape[0]
    return Box(left + place.x * across, top + place.y * down, place.width * across, place.height * down)


def _copy(reference: _Reference, rng: np.random.Generator) -> tuple[str, RgbImage]:
    """What it is, and the picture."""
    if reference.place is None:
        return "copy", reused(reference.picture, rng=rng).picture
    kind, picture = "copy", reference.picture
    if rng.random() < 0.5:
        kind = "wiped copy"
        picture = smear(picture, reference.place, tool=str(rng.choice(TOOLS)), strength=1.0, rng=rng)
    return kind, reused(picture, rng=rng, keep=reference.place, clear=[reference.place]).picture


def _others(
    reference: _Reference, garments: Sequence[Photo], rng: np.random.Generator
) -> Iterator[tuple[str, RgbImage]]:
    """What is easily taken for a copy of the reference: what it is, and the picture."""
    picture, figure = reference.picture, reference.figure
    others = [("other shot", another_shot(picture, rng, moved=float(rng.uniform(0.004, 0.015))))]
    if figure is not None:
        dressed = figure.wearing(_one_of(garments, rng)).drawn()
        others.append(("other garment", another_shot(dressed, rng, moved=float(rng.uniform(0.001, 0.008)))))
        dyed = another_colour(picture, figure.top_mask(), rng)
        others.append(("other colour", another_shot(dyed, rng, moved=float(rng.uniform(0.002, 0.01)))))
    for kind, other in others:
        yield kind, reused(other, rng=rng, keep=reference.place).picture if rng.random() < REUSED_SHARE else other
