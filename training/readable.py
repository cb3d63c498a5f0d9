"""Which regions hold a line of words: a linear probe on the vectors that a scan has anyway.

The teacher is the reader itself: a region is readable where a line that it surely reads lies in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from model.bundle import ModelBundle
from model.calibration import Readable
from model.reading import FEWEST_LETTERS
from model.regions import RgbImage
from training.evaluation.report import Progress

FOUND_SHARE = 0.9
"""Of the marked photos that hold a line, those that the probe has read."""

FOLDS = 5


@dataclass(frozen=True, slots=True)
class _Photo:
    """The vectors (n, 256) of a photo's regions, which of them hold a line (n,), and whether any place does."""

    vectors: NDArray[np.float32]
    readable: NDArray[np.bool_]
    holds_line: bool


def fit_readable(
    bundle: ModelBundle, marked: Sequence[RgbImage], plain: Sequence[RgbImage], *, progress: Progress
) -> tuple[Readable, float]:
    """The probe, and the share of the `plain` photos that it has read; here every photo is read.

    A photo is read where one of its regions passes. From which value on is chosen on `marked` photos, by probes that
    did not see the region: text on packages and garments is another thing than wordmarks.
    """
    photos = [
        _read(bundle, photo) for photo in progress([*marked, *plain], len(marked) + len(plain), "lines in photos")
    ]
    vectors = np.concatenate([photo.vectors for photo in photos])
    readable = np.concatenate([photo.readable for photo in photos])
    probe = LogisticRegression(class_weight="balanced", max_iter=1000)
    unseen = cross_val_predict(probe, vectors, readable, cv=FOLDS, method="decision_function")
    ends = np.cumsum([len(photo.readable) for photo in photos])[:-1]
    highest = np.array([values.max(initial=-np.inf) for values in np.split(unseen, ends)])
    of_marked = np.arange(len(photos)) < len(marked)
    holds_line = np.array([photo.holds_line for photo in photos])
    least = float(np.quantile(highest[holds_line & of_marked & np.isfinite(highest)], 1.0 - FOUND_SHARE))
    fitted = probe.fit(vectors, readable)
    least_value = least - float(fitted.intercept_[0])
    return Readable(fitted.coef_[0].astype(np.float32), least_value), float(np.mean(highest[~of_marked] >= least))


def _read(bundle: ModelBundle, photo: RgbImage) -> _Photo:
    boxes = [region.box for region in bundle.detector.detect(photo)]
    lines = [line for line in bundle.reader.lines(photo) if _letters(line.text) >= FEWEST_LETTERS]
    if not boxes:
        return _Photo(np.zeros((0, 256), np.float32), np.zeros(0, np.bool_), bool(lines))
    vectors = bundle.embedder.embed([box.crop(photo) for box in boxes])
    readable = [any(line.lies_in(box) for line in lines) for box in boxes]
    return _Photo(vectors, np.array(readable), bool(lines))


def _letters(text: str) -> int:
    return sum(letter.isalnum() for letter in text)
