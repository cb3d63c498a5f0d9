"""Which regions hold a line of words: a linear probe on the vectors that a scan has anyway.

The teacher is the reader itself: a region is readable where it surely reads something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from model.bundle import ModelBundle
from model.calibration import READABLE_PLACES, Readable
from model.reading import FEWEST_LETTERS
from model.regions import RgbImage
from training.evaluation.report import Progress

FOUND_SHARE = 0.9
"""Of the regions of marked photos that can be read, those that the probe finds."""

FOLDS = 5

REGULARISATION = 10.0
"""Inverse strength of the probe's prior. Its vectors have length 1: with 1, a tenth more of the garments and of the
studio photos are read for the same nine in ten brand words of real photos for tuning.
"""


def fit_readable(
    bundle: ModelBundle, marked: Sequence[RgbImage], plain: Sequence[RgbImage], *, progress: Progress
) -> tuple[Readable, float]:
    """The probe, and the share of the regions of `plain` photos that it has read; every region is read once.

    Where the line lies is chosen on `marked` photos, by probes that did not see them: text on packages and garments
    is another thing than wordmarks.
    """
    groups = [
        [row for photo in progress(photos, len(photos), "lines in photos") for row in _read(bundle, photo)]
        for photos in (marked, plain)
    ]
    rows = [row for group in groups for row in group]
    vectors, readable = np.stack([vector for vector, _ in rows]), np.array([is_read for _, is_read in rows])
    of_marked = np.arange(len(rows)) < len(groups[0])
    probe = LogisticRegression(C=REGULARISATION, class_weight="balanced", max_iter=3000)
    unseen = cross_val_predict(probe, vectors, readable, cv=FOLDS, method="decision_function")
    least = float(np.quantile(unseen[readable & of_marked], 1.0 - FOUND_SHARE))
    fitted = probe.fit(vectors, readable)
    least_value = least - float(fitted.intercept_[0])
    return Readable(fitted.coef_[0].astype(np.float32), least_value), float(np.mean(unseen[~of_marked] >= least))


def _read(bundle: ModelBundle, photo: RgbImage) -> Iterator[tuple[NDArray[np.float32], bool]]:
    """Vector and answer of each region that a scan asks about."""
    crops = [region.box.crop(photo) for region in bundle.detector.likeliest(photo, most=READABLE_PLACES)]
    if crops:
        for crop, vector in zip(crops, bundle.embedder.embed(crops), strict=True):
            letters = sum(letter.isalnum() for letter in bundle.reader.line(crop))
            yield vector, letters >= FEWEST_LETTERS
