"""Does an evidence picture mark what was changed? Asked of drawn marks, whose changes are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from model.bundle import ModelBundle
from model.comparison import CELLS, Cells, cells_of
from model.regions import RgbImage
from training.evaluation.intervals import Estimate, mean_interval
from training.evaluation.report import Progress, Table
from training.synthesis.grounds import Backgrounds, data_folder
from training.synthesis.logos import Logo, split_of
from training.synthesis.wordmarks import fetch_fonts
from training.verifier.close_look import draw_looks
from training.verifier.drawing import Drawn

CHANGED = 0.25
"""Share of a cell from which it counts as changed."""


def differences(logos: Sequence[Logo], *, count: int, bundle: ModelBundle, progress: Progress) -> Table:
    """Of `count` drawn marks of held-out brands, half of them by edits that are kept out, those that were changed.

    Each is laid on its reference and explained as what it is, a smear or an imitation. `pixels` takes the places where
    the two pictures, so laid, differ most.
    """
    own = [logo for logo in logos if split_of(logo.brand) == "held_out"]
    backgrounds, fonts = Backgrounds.found_in(data_folder()), fetch_fonts()
    found: dict[str, list[tuple[bool, float]]] = defaultdict(list)
    for unseen in (False, True):
        drawn = draw_looks(own, count=count // 2, seed=40 + unseen, backgrounds=backgrounds, fonts=fonts, unseen=unseen)
        for name, right, precision in _judged(drawn, bundle=bundle, progress=progress):
            found[name].append((right, precision))
    rows = {name: _figures(np.array(found[name], np.float64)) for name in sorted(found)}
    return Table(
        "Where drawn marks of held-out brands were changed",
        rows,
        {"cells": f"{CELLS} by {CELLS}, changed from {CHANGED} on"},
    )


def _judged(drawn: Drawn, *, bundle: ModelBundle, progress: Progress) -> list[tuple[str, bool, float]]:
    references = drawn.prepared()
    vectors = bundle.embedder.embed(drawn.pictures)
    rows: list[tuple[str, bool, float]] = []
    for pair in progress(drawn.pairs, len(drawn.pairs), "differences"):
        changed = cells_of(pair.changed / np.float32(255)) >= CHANGED
        if pair.label not in ("smear", "imitation") or not changed.any() or changed.all():
            continue
        (seen,) = bundle.embedder.embed([pair.region])
        laid = bundle.verifier.lay(pair.region, references[pair.reference])
        compared = bundle.verifier.compare(laid, similarity=float(seen @ vectors[pair.reference]))
        explained = bundle.verifier.explain(compared, kind=pair.label)
        told = {
            "hallmark": _cells(explained.difference),
            "verifier_alone": cells_of(compared.examined.changed(pair.label)),
            "pixels": _cells(_gap(explained.aligned, references[pair.reference].picture)),
            "by_chance": np.random.default_rng(len(rows)).random(changed.shape).astype(np.float32),
        }
        for judge, cells in told.items():
            right = bool(changed.ravel()[int(cells.argmax())])
            precision = float(average_precision_score(changed.ravel(), cells.ravel()))
            rows.append((f"{pair.label}, {judge}", right, precision))
    return rows


def _figures(values: NDArray[np.float64]) -> dict[str, Estimate]:
    return {
        "likeliest_place_was_changed": mean_interval(values[:, 0]),
        "average_precision": mean_interval(values[:, 1]),
    }


def _gap(one: RgbImage, other: RgbImage) -> NDArray[np.float32]:
    """How far the colours of two pictures of one size lie apart, (h, w) in CIELAB."""
    a, b = (cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for picture in (one, other))
    return np.asarray(np.linalg.norm(a - b, axis=-1), np.float32)


def _cells(plane: NDArray[np.float32]) -> Cells:
    return np.asarray(cv2.resize(plane, (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.float32)
