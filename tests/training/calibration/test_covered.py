import numpy as np
import pytest

from model.calibration import Covered, TamperedPlace
from training.calibration.covered import Named, fit_covered


def named(count: int, *, smeared: bool, sure: tuple[float, float], rng: np.random.Generator) -> list[Named]:
    """Photos with one tampered place each, as sure as `sure` says."""
    return [
        Named(
            smeared,
            [TamperedPlace(float(rng.uniform(*sure)), float(rng.uniform(0.02, 0.2)), float(rng.normal(0.4, 0.05)))],
        )
        for _ in range(count)
    ]


def test_sure_places_of_smeared_photos_pass_and_few_others_do() -> None:
    rng = np.random.default_rng(0)
    photos = [
        *named(60, smeared=True, sure=(0.6, 0.99), rng=rng),
        *named(60, smeared=False, sure=(0.5, 0.7), rng=rng),
        *(Named(smeared=False, places=[]) for _ in range(140)),
    ]
    covered, figures = fit_covered(photos, most_false=0.01)
    passing = [any(covered.probability(place) >= covered.finding_probability for place in one.places) for one in photos]
    assert np.mean(passing[60:]) <= 0.02
    assert np.mean(passing[:60]) > 0.4
    assert figures["found"] == pytest.approx(np.mean(passing[:60]), abs=0.15)


def test_without_both_sorts_of_photos_nothing_is_found() -> None:
    rng = np.random.default_rng(0)
    assert fit_covered(named(9, smeared=True, sure=(0.6, 0.9), rng=rng), most_false=0.01) == (Covered.never(), {})
