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
from scipy.optimize import minimize
from sklearn.preprocessing import StandardScaler

from model.alignment import PreparedReference, prepare_reference
from model.photo_agreement import NAMES, Numbers
from model.photo_copy import CopyWeights, measured_agreement
from model.regions import Box, RgbImage
from model.whole_files import write_whole
from training.edits.copies import reused
from training.edits.other_shots import Figure, another_colour, another_shot
from training.edits.smears import TRAINING_SMEARS, smear
from training.evaluation.datasets import Photo, grocery_products, is_for_tuning, plain_photos
from training.evaluation.report import Progress

FOLDS = 5
"""Parts of the references; what is said of each part comes of weights fitted to the others."""

PRIOR = 0.3
"""Variance of the weights of standardised measurements, before anything is fitted."""

FIGURE_SHARE = 0.5
"""Of the references, those that are dressed dummies; half of the others are garments, half are groceries."""

PLACE_SHARE = 0.6
"""Of the references, those with logo places, of which every second copy is wiped at the first of them."""

MOST_PLACES = 6
"""Logo places of a reference, the later ones smaller: what lies in them does not speak against a copy."""

REUSED_SHARE = 0.4
"""Of the other photos, those that are cropped, recoloured, compressed, … as a copy is."""


@dataclass(frozen=True, slots=True)
class CopySettings:
    """`references` are drawn by `seed`; `most_false` is the share of the other photos that may be called copies."""

    references: int = 1100
    seed: int = 0
    most_false: float = 0.003


@dataclass(frozen=True, slots=True)
class Agreed:
    """What was measured of a picture beside its reference, what it is, and the reference's number.

    `numbers` (9,) are None where its edges say already that it is no copy.
    """

    numbers: Numbers | None
    kind: str
    reference: int

    @property
    def copied(self) -> bool:
        """Whether it is the same photograph."""
        return self.kind in ("copy", "wiped copy")


@dataclass(frozen=True, slots=True)
class _Reference:
    """A product photo, the figure it was drawn of, if any, and the logo places in it, in its pixels.

    What is wiped lies in the first of them.
    """

    picture: RgbImage
    figure: Figure | None
    places: tuple[Box, ...]


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
    fitted = fitted_weights(rows, most_false=settings.most_false)
    write_whole(file, json.dumps(fitted, indent=2) + "\n")
    return fitted


def drawn_pairs(
    garments: Sequence[Photo], packages: Sequence[Photo], *, settings: CopySettings, progress: Progress
) -> Iterator[Agreed]:
    """Each reference beside its copy and beside what is easily taken for one."""
    for number in progress(range(settings.references), settings.references, "references"):
        rng = np.random.default_rng([settings.seed, number])
        reference = _drawn(garments, packages, rng)
        prepared = prepare_reference(reference.picture)
        places = [_in_prepared(place, prepared, reference.picture) for place in reference.places]
        for kind, picture in [_copy(reference, rng), *_others(reference, garments, rng)]:
            yield Agreed(measured_agreement(picture, prepared, places=places), kind, number)


def package_pairs(packages: Sequence[Photo], *, progress: Progress) -> Iterator[Agreed]:
    """Each package beside each other one; their references have numbers below 0."""
    pictures = [photo.read() for photo in packages]
    for number, picture in enumerate(progress(pictures, len(pictures), "packages")):
        prepared = prepare_reference(picture)
        for other in (other for place, other in enumerate(pictures) if place != number):
            yield Agreed(measured_agreement(other, prepared), "other package", -1 - number)


def fitted_weights(rows: Sequence[Agreed], *, most_false: float) -> dict[str, Any]:
    """Weights of the regression, with an intercept under which `most_false` of the other photos are as probable as 0.5.

    The intercept, and the shares in `cross_fitted`, are of scores that each reference gets from weights fitted to other
    references (`FOLDS` parts).
    """
    fold, copied = np.array([row.reference % FOLDS for row in rows]), np.array([row.copied for row in rows])
    measured = np.array([row.numbers is not None for row in rows])
    numbers = np.array([row.numbers for row in rows if row.numbers is not None])
    odds = np.full(len(rows), -np.inf)
    for one in range(FOLDS):
        own = fold[measured] == one
        others = _regression(numbers[~own], copied[measured & (fold != one)])
        odds[measured & (fold == one)] = others.intercept + numbers[own] @ np.array(others.weights)
    strongest = np.sort(odds[~copied])[::-1]
    even = float(strongest[int(most_false * len(strongest))])
    fitted = _regression(numbers, copied[measured])
    kinds = sorted({row.kind for row in rows})
    passing = {
        kind: {"seen": len(chosen), "called_copies": round(float((odds[chosen] > even).mean()), 4)}
        for kind in kinds
        if (chosen := [place for place, row in enumerate(rows) if row.kind == kind])
    }
    weights = CopyWeights(round(fitted.intercept - even, 5), fitted.weights)
    return {**weights.as_json(), "cross_fitted": passing}


def _regression(numbers: NDArray[np.float64], copied: NDArray[np.bool_]) -> CopyWeights:
    """The logistic regression on `numbers` (m, 9), both kinds counting alike.

    No better agreement may speak against a copy, which other shots of the same outline would teach.
    """
    scaler = StandardScaler().fit(numbers)
    inputs = np.column_stack([np.ones(len(numbers)), scaler.transform(numbers)])
    signs, counts = np.where(copied, 1.0, -1.0), np.where(copied, copied.mean(), 1.0 - copied.mean())

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins, prior = signs * (inputs @ weights), np.append(0.0, weights[1:]) / PRIOR
        slopes = inputs.T @ (-signs / (1.0 + np.exp(margins)) / (2.0 * counts))
        return float((np.logaddexp(0.0, -margins) / (2.0 * counts)).sum() + weights @ prior / 2.0), slopes + prior

    bounds = [(None, None), *((None, 0.0) if name == "colour" else (0.0, None) for name in NAMES)]
    found = minimize(loss, np.zeros(inputs.shape[1]), jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = found[1:] / scaler.scale_
    return CopyWeights(round(float(found[0] - weights @ scaler.mean_), 5), tuple(np.round(weights, 5).tolist()))


def _drawn(garments: Sequence[Photo], packages: Sequence[Photo], rng: np.random.Generator) -> _Reference:
    figure = None
    if rng.random() < FIGURE_SHARE:
        head, top, legs = (_one_of(garments, rng) for _ in range(3))
        figure = Figure(head, top, legs, shape=int(rng.integers(2**30)))
        picture = figure.drawn()
    else:
        picture = _one_of(garments if rng.random() < 0.5 else packages, rng)
    places = int(rng.integers(1, MOST_PLACES + 1)) if rng.random() < PLACE_SHARE else 0
    return _Reference(picture, figure, tuple(_place(picture, rng, shrunk=1 / (1 + n)) for n in range(places)))


def _one_of(photos: Sequence[Photo], rng: np.random.Generator) -> RgbImage:
    return photos[int(rng.integers(len(photos)))].read()


def _place(picture: RgbImage, rng: np.random.Generator, *, shrunk: float) -> Box:
    """Somewhere in the middle of the picture; its sides are `shrunk` to that share."""
    height, width = picture.shape[:2]
    wide, tall = width * shrunk * float(rng.uniform(0.15, 0.4)), height * shrunk * float(rng.uniform(0.1, 0.3))
    left, top = rng.uniform(0, 0.6 * width - wide), rng.uniform(0, 0.6 * height - tall)
    return Box(0.2 * width + float(left), 0.2 * height + float(top), wide, tall)


def _in_prepared(place: Box, prepared: PreparedReference, picture: RgbImage) -> Box:
    """`place`, in pixels of `picture`, in those of the picture that was prepared of it."""
    left, top, right, bottom = prepared.whole
    across, down = (right - left) / picture.shape[1], (bottom - top) / picture.shape[0]
    return Box(left + place.x * across, top + place.y * down, place.width * across, place.height * down)


def _copy(reference: _Reference, rng: np.random.Generator) -> tuple[str, RgbImage]:
    """What it is, and the picture."""
    if not reference.places:
        return "copy", reused(reference.picture, rng=rng).picture
    wiped = reference.places[0]
    kind, picture = "copy", reference.picture
    if rng.random() < 0.5:
        kind = "wiped copy"
        picture = smear(picture, wiped, tool=str(rng.choice(TRAINING_SMEARS)), strength=1.0, rng=rng)
    return kind, reused(picture, rng=rng, keep=wiped, clear=reference.places).picture


def _others(
    reference: _Reference, garments: Sequence[Photo], rng: np.random.Generator
) -> Iterator[tuple[str, RgbImage]]:
    """What is easily taken for a copy of the reference: what it is, and the picture."""
    picture, figure = reference.picture, reference.figure
    kept = reference.places[0] if reference.places else None
    others = [("other shot", another_shot(picture, rng, moved=float(rng.uniform(0.004, 0.015))))]
    if figure is not None:
        dressed = figure.wearing(_one_of(garments, rng)).drawn()
        others.append(("other garment", another_shot(dressed, rng, moved=float(rng.uniform(0.001, 0.008)))))
        dyed = another_colour(picture, figure.top_mask(), rng)
        others.append(("other colour", another_shot(dyed, rng, moved=float(rng.uniform(0.002, 0.01)))))
    for kind, other in others:
        yield kind, reused(other, rng=rng, keep=kept).picture if rng.random() < REUSED_SHARE else other
