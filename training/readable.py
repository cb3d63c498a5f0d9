"""Which regions hold a line of words: a linear probe on the vectors that a scan has anyway.

The teacher is the reader itself: a region is readable where it surely reads something. Photos are garments and shops,
which may be tuned on; no figure is reported on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from model.bundle import ModelBundle
from model.calibration import Readable
from model.reading import FEWEST_LETTERS
from model.regions import RgbImage
from training.evaluation.report import Progress

FOUND_SHARE = 0.85
"""Of the regions that can be read, those that the probe finds."""

INVERSE_PENALTY = 10.0
"""Of the logistic regression."""


def fit_readable(bundle: ModelBundle, photos: Sequence[RgbImage], *, progress: Progress) -> tuple[Readable, float]:
    """The probe, and the share of all regions that it has read; every region of `photos` is read once."""
    rows = [row for photo in progress(photos, len(photos), "lines in photos") for row in _read(bundle, photo)]
    vectors, readable = np.stack([vector for vector, _ in rows]), np.array([is_read for _, is_read in rows])
    probe = LogisticRegression(C=INVERSE_PENALTY, class_weight="balanced", max_iter=1000).fit(vectors, readable)
    weights = np.round(probe.coef_[0], 5).astype(np.float32)
    values = vectors @ weights
    least = float(np.quantile(values[readable], 1.0 - FOUND_SHARE))
    return Readable(weights, least), float(np.mean(values >= least))


def _read(bundle: ModelBundle, photo: RgbImage) -> Iterator[tuple[NDArray[np.float32], bool]]:
    """Vector and answer of each region that the detector proposes."""
    crops = [region.box.crop(photo) for region in bundle.detector.detect(photo)]
    if crops:
        for crop, vector in zip(crops, bundle.embedder.embed(crops), strict=True):
            letters = sum(letter.isalnum() for letter in bundle.reader.line(crop))
            yield vector, letters >= FEWEST_LETTERS
