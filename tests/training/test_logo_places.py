from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drawn_garment import PLACE, is_garment, product

import training.logo_places
from model.embedder import Embedder
from model.encoding import png
from model.own_logos import Likeness
from model.photo_copy import load_copy_weights
from model.regions import Region
from model.released import bundle_folder
from model.wiped_places import MEASUREMENTS, Weights
from training.edits.smears import TRAINING_SMEARS
from training.evaluation.datasets import Photo
from training.evaluation.report import quietly
from training.logo_places import Measured, PlaceSettings, fitted_weights, measured_places
from training.synthesis.logos import load_logos

SIZE = MEASUREMENTS

UNMOVED = Likeness(intercept=0.0, detected=1.0, similarity=0.0)
"""Places are as sure as the detector is, whatever they look like."""


def rows(*, wiped: bool, count: int, rng: np.random.Generator) -> list[Measured]:
    """Places that measure about 0 when wiped and about 1 when not, in the first number; noise in the others."""
    numbers = rng.normal(0, 0.2, (count, SIZE))
    numbers[:, 0] += 0.0 if wiped else 1.0
    return [Measured(row, 0.5, wiped, "bar" if wiped else "", f"{wiped} {n}", n, 0) for n, row in enumerate(numbers)]


def drawn(count: int) -> list[Measured]:
    rng = np.random.default_rng(0)
    return [*rows(wiped=False, count=count, rng=rng), *rows(wiped=True, count=count, rng=rng)]


def fitted(found: list[Measured], *, most_false: float) -> dict[str, Any]:
    return fitted_weights(found, likeness=UNMOVED, most_false=most_false)


def test_the_weights_tell_the_two_apart_and_the_threshold_keeps_to_its_share():
    found = drawn(400)
    written = fitted(found, most_false=0.01)
    given = {name: value for name, value in written.items() if name != "cross_fitted"}
    assert given.pop("likeness") == {"intercept": 0.0, "detected": 1.0, "similarity": 0.0}
    weights = Weights(**given, likeness=UNMOVED)
    called = np.array(
        [weights.probability(one.numbers, detected=one.detected) > weights.finding_probability for one in found]
    )
    wiped = np.array([one.wiped for one in found])
    assert called[~wiped].mean() <= 0.02
    assert called[wiped].mean() > 0.95
    assert written["cross_fitted"]["untouched_called"] <= 0.01
    assert written["cross_fitted"]["untouched_copies"] == written["cross_fitted"]["wiped_places"] == 400
    gone, left = (weights.probability(np.array([detail, *[0.0] * (SIZE - 1)]), detected=0.5) for detail in (0.0, 1.0))
    assert gone > 0.9
    assert left < 0.1


def test_what_the_detector_is_sure_of_is_the_likelier_wiped():
    found = [replace(one, detected=0.6 if one.wiped else 0.1, numbers=np.zeros(SIZE)) for one in drawn(200)]
    assert fitted(found, most_false=0.01)["detected"] > 0.5


def test_the_worst_place_of_a_copy_counts():
    """With many places a copy, a threshold by places would let more copies pass than it says."""
    found = [replace(one, photo=str(one.drawing // 10), drawing=0) if not one.wiped else one for one in drawn(400)]
    by_copy = fitted(found, most_false=0.05)
    assert by_copy["cross_fitted"]["untouched_copies"] == 40
    assert by_copy["finding_probability"] >= fitted(drawn(400), most_false=0.05)["finding_probability"]


def test_the_threshold_is_never_below_even_odds():
    found = [replace(one, numbers=one.numbers * 20) for one in drawn(60)]
    assert fitted(found, most_false=0.01)["finding_probability"] >= 0.5


class PlaceDetector:
    score_threshold = 0.5

    def detect(self, image, *, score_threshold=None):
        return [Region(PLACE, 0.9)] if is_garment(image) else []


def test_copies_are_measured_untouched_and_wiped(tmp_path, monkeypatch):
    file = tmp_path / "garment.png"
    file.write_bytes(png(product()))
    monkeypatch.setattr(training.logo_places, "training_photos", lambda: [Photo(file)])
    settings = PlaceSettings(products=6)
    arguments = {
        "detector": PlaceDetector(),
        "embedder": Embedder(bundle_folder() / "embedder.onnx"),
        "likeness": UNMOVED,
        "photo_copy": load_copy_weights(bundle_folder() / "photo_copy.json"),
        "logos": load_logos()[:60],
        "progress": quietly,
    }
    found = list(measured_places(settings=settings, **arguments))
    assert {one.wiped for one in found} == {False, True}
    assert {one.tool for one in found} <= {"", *TRAINING_SMEARS}
    assert all(one.numbers.shape == (SIZE,) for one in found)
    assert [one.detected for one in found] == pytest.approx([0.9] * len(found))
    detail = {wiped: np.median([one.numbers[0] for one in found if one.wiped == wiped]) for wiped in (False, True)}
    assert detail[False] > detail[True] + 0.3
    again = list(measured_places(settings=settings, **arguments))
    # Photos are drawn in floats, whose last digits depend on where the arrays lie: a pixel may differ by one level.
    for one, other in zip(found, again, strict=True):
        assert np.allclose(one.numbers, other.numbers, atol=0.01)
