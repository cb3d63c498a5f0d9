from __future__ import annotations

import numpy as np
import pytest

from model.embedder import Embedder
from model.released import bundle_folder
from training.own_logos import SeenRegion, brand_vectors, fitted_likeness
from training.synthesis.logos import load_logos


def seen(*, similarity_says: float, count: int = 4000) -> list[SeenRegion]:
    """Regions that are marks by the detector's log odds, and by `similarity_says` times their similarity."""
    rng = np.random.default_rng(0)
    scores, similarities = rng.uniform(0.03, 0.9, count), rng.uniform(0.0, 1.0, count)
    odds = np.log(scores / (1 - scores)) + similarity_says * (similarities - 0.5)
    is_mark = rng.random(count) < 1 / (1 + np.exp(-odds))
    return [
        SeenRegion(float(score), float(similarity), 0.6 if mark else 0.0)
        for score, similarity, mark in zip(scores, similarities, is_mark, strict=True)
    ]


def test_a_likeness_that_says_nothing_leaves_the_detector_s_scores():
    likeness = fitted_likeness(seen(similarity_says=0.0))
    scores = np.array([0.05, 0.2, 0.6, 0.05, 0.2, 0.6])
    assert likeness.as_sure(scores, np.repeat([0.1, 0.9], 3)) == pytest.approx(scores, abs=0.06)


def test_a_likeness_that_says_much_moves_them():
    likeness = fitted_likeness(seen(similarity_says=12.0))
    unlike, like = likeness.as_sure(np.array([0.2, 0.2]), np.array([0.2, 0.8])).tolist()
    assert unlike < 0.1
    assert like > 0.6


def test_what_shows_a_part_of_the_mark_teaches_nothing():
    found = seen(similarity_says=6.0)
    parts = [SeenRegion(0.9, 1.0, 0.2)] * 500
    assert fitted_likeness([*found, *parts]) == fitted_likeness(found)


def test_a_brand_s_drawings_are_compared_as_they_are_uploaded():
    logos = load_logos()
    embedder = Embedder(bundle_folder() / "embedder.onnx")
    vectors = brand_vectors(logos[0].brand, logos, embedder=embedder)
    assert vectors.shape[1] == embedder.dimension
    assert len(vectors) > 1, "several views of a drawing"
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3)
