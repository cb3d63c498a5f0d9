"""How sure is it that a tampered place held the mark of the brand that the listing names?

Fitted on development photos of listings that name a brand: those whose mark was smeared against all others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from model.bundle import ModelBundle
from model.calibration import Covered, TamperedPlace
from model.decode import decode
from model.panels import panels
from model.reference_views import reference_views
from model.regions import RgbImage
from training.calibration.development import DevelopmentBrands, DevelopmentPhoto
from training.evaluation.references import as_uploaded
from training.evaluation.report import Progress

FOLDS = 5


class Named(NamedTuple):
    """A photo of a listing that names a brand: whether its mark is smeared, and its tampered places."""

    smeared: bool
    places: list[TamperedPlace]


def fit_covered(named: Sequence[Named], *, most_false: float) -> tuple[Covered, dict[str, float]]:
    """The regression on the surest place of each photo, and the least threshold with few enough false findings.

    At most `most_false` of the photos whose mark is not smeared pass, by regressions that did not see them. Of the
    photos that are not smeared, those without any tampered place count among them, and teach nothing.
    """
    with_places = [one for one in named if one.places]
    surest = [max(one.places, key=_tampered) for one in with_places]
    numbers, pictures = np.array([one.numbers() for one in surest]), np.array([one.pictures for one in surest])
    smeared = np.array([one.smeared for one in with_places])
    if len(set(smeared.tolist())) < 2:
        return Covered.never(), {}
    regression = LogisticRegression(max_iter=2000)
    unseen = cross_val_predict(regression, numbers, smeared, cv=FOLDS, method="predict_proba")[:, 1]
    unseen = unseen / (unseen + (1.0 - unseen) * pictures)
    innocent = sum(not one.smeared for one in named)
    passing = int(np.floor(most_false * innocent))
    false = np.sort(unseen[~smeared])[::-1]
    least = float(false[passing]) if passing < len(false) else 0.0
    fitted = regression.fit(numbers, smeared)
    found = float((unseen[smeared] > least).sum() / sum(one.smeared for one in named))
    covered = Covered(
        float(fitted.intercept_[0]), tuple(fitted.coef_[0].tolist()), float(np.ceil(least * 1e4 + 1) / 1e4)
    )
    return covered, {"found": round(found, 4), "photos smeared": float(sum(one.smeared for one in named))}


def named_photos(
    bundle: ModelBundle, photos: Sequence[DevelopmentPhoto], brands: DevelopmentBrands, *, progress: Progress
) -> Iterator[Named]:
    """What the bundle sees in those of `photos` whose listing names a brand.

    Where the smeared mark is nobody's, nothing is wrong with suspecting the brand that the listing names: left out.
    """
    known = _reference_vectors(bundle, brands)
    for photo in progress(photos, len(photos), "tampered places"):
        if photo.claims is None or photo.claims not in known or (photo.kind == "smear" and photo.brand is None):
            continue
        image = decode(photo.data)
        yield Named(photo.kind == "smear", list(_places(bundle, image, known[photo.claims])))


def _places(bundle: ModelBundle, image: RgbImage, references: NDArray[np.float32]) -> Iterator[TamperedPlace]:
    shown = panels(image)
    if patches := bundle.tampering.places(image, panels=shown):
        vectors = bundle.embedder.embed([patch.box.crop(image) for patch in patches])
        for patch, similarity in zip(patches, (vectors @ references.T).max(axis=1), strict=True):
            yield TamperedPlace(patch.probability, patch.share, float(similarity), max(len(shown), 1))


def _reference_vectors(bundle: ModelBundle, brands: DevelopmentBrands) -> dict[str, NDArray[np.float32]]:
    pictures: dict[str, list[RgbImage]] = defaultdict(list, {name: list(own) for name, own in brands.packaged.items()})
    for name, logos in {**brands.registered, **brands.pictured}.items():
        pictures[name] += [drawn for logo in logos if (drawn := as_uploaded(logo)) is not None]
    return {
        name: bundle.embedder.embed([view for one in own for _, view in reference_views(one, kind="logo")])
        for name, own in pictures.items()
        if own
    }


def _tampered(place: TamperedPlace) -> float:
    return place.probability
