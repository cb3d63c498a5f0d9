import numpy as np
import pytest
from drawn_garment import PLACE, product

import training.logo_places
from model.encoding import png
from model.regions import Region
from model.wiped_places import Weights
from training.edits.smears import HELD_OUT_SMEARS, SMEARS
from training.evaluation.datasets import Photo
from training.logo_places import TOOLS, Measured, PlaceSettings, fitted_weights, measured_places
from training.synthesis.logos import load_logos

SIZE = 9


def rows(*, wiped: bool, split: str, count: int, rng: np.random.Generator) -> list[Measured]:
    """Places that measure about 0 when wiped and about 1 when not, in the first number; noise in the others."""
    numbers = rng.normal(0, 0.2, (count, SIZE))
    numbers[:, 0] += 0.0 if wiped else 1.0
    return [Measured(row, wiped, "bar" if wiped else "", f"{split} {n}", n, split) for n, row in enumerate(numbers)]


def test_tools_kept_for_measuring_are_not_learnt_from():
    assert not set(TOOLS) & set(HELD_OUT_SMEARS)
    assert set(TOOLS) | set(HELD_OUT_SMEARS) == set(SMEARS)


def test_the_weights_tell_the_two_apart_and_the_threshold_keeps_to_its_share():
    rng = np.random.default_rng(0)
    drawn = [
        one
        for split, count in (("train", 300), ("dev", 200))
        for wiped in (False, True)
        for one in rows(wiped=wiped, split=split, count=count, rng=rng)
    ]
    written = fitted_weights(drawn, most_false=0.01)
    weights = Weights(written["intercept"], tuple(written["weights"]), written["finding_probability"])
    dev = [one for one in drawn if one.split == "dev"]
    called = [weights.probability(one.numbers) > weights.finding_probability for one in dev]
    false = [here for here, one in zip(called, dev, strict=True) if not one.wiped]
    found = [here for here, one in zip(called, dev, strict=True) if one.wiped]
    assert np.mean(false) <= 0.01
    assert np.mean(found) > 0.95
    assert np.mean(found) == pytest.approx(written["dev"]["wiped_found"], abs=0.01)
    assert written["weights"][0] < 0, "what is left speaks against a smear"


def test_the_threshold_is_never_below_even_odds():
    rng = np.random.default_rng(1)
    drawn = []
    for split in ("train", "dev"):
        for wiped in (False, True):
            found = rows(wiped=wiped, split=split, count=50, rng=rng)
            drawn += [Measured(one.numbers * 20, wiped, one.tool, one.product, one.copy, split) for one in found]
    assert fitted_weights(drawn, most_false=0.005)["finding_probability"] >= 0.5


class PlaceDetector:
    def detect(self, image):
        return [Region(PLACE, 0.9)] if image.shape == product().shape else []


def test_copies_are_measured_untouched_and_wiped(tmp_path, monkeypatch):
    file = tmp_path / "garment.png"
    file.write_bytes(png(product()))
    monkeypatch.setattr(training.logo_places, "training_photos", lambda: [Photo(file)])
    settings = PlaceSettings(products=6)
    arguments = {"detector": PlaceDetector(), "logos": load_logos()[:60], "progress": lambda items, *_: items}
    found = list(measured_places(settings=settings, **arguments))
    assert {one.wiped for one in found} == {False, True}
    assert {one.tool for one in found} <= {"", *TOOLS}
    assert all(one.numbers.shape == (SIZE,) for one in found)
    detail = {wiped: np.median([one.numbers[0] for one in found if one.wiped == wiped]) for wiped in (False, True)}
    assert detail[False] > detail[True] + 0.3
    again = list(measured_places(settings=settings, **arguments))
    # Photos are drawn in floats, whose last digits depend on where the arrays lie: a pixel may differ by one level.
    for one, other in zip(found, again, strict=True):
        assert np.allclose(one.numbers, other.numbers, atol=0.01)
