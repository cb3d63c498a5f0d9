from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from model.own_logos import FAINTEST, Likeness, OwnLogos, log_odds
from model.regions import Box, Region

LIKENESS = Likeness(intercept=-5.0, detected=0.5, similarity=10.0)
LOGO, PRINT = Box(60, 60, 20, 20), Box(120, 150, 40, 30)


def product() -> np.ndarray:
    """A grey product with a light logo and a dark print on it."""
    picture = np.full((240, 240, 3), 120, np.uint8)
    LOGO.crop(picture)[...] = 250
    PRINT.crop(picture)[...] = 10
    return picture


@dataclass
class FixedDetector:
    """Is so sure of the places of the whole picture, and sees nothing in parts of it or in the mirror."""

    places: dict[Box, float]
    score_threshold: float = 0.2

    def detect(self, image: np.ndarray, *, score_threshold: float) -> list[Region]:
        assert score_threshold == FAINTEST
        is_whole = np.array_equal(image, product())
        return [Region(box, score) for box, score in self.places.items()] if is_whole else []


class LightnessEmbedder:
    """What is light and what is dark are at right angles."""

    def embed(self, crops: list[np.ndarray]) -> np.ndarray:
        return np.array([[1.0, 0.0] if crop.mean() > 127 else [0.0, 1.0] for crop in crops], np.float32)


def found(**scores: float) -> dict[Box, float]:
    """The regions that may be places, for a brand whose logos are dark and, once, light."""
    places = {{"logo": LOGO, "print": PRINT}[name]: score for name, score in scores.items()}
    logos = LightnessEmbedder().embed([np.full((9, 9, 3), 255, np.uint8)])
    own = OwnLogos(logos, FixedDetector(places), LightnessEmbedder(), LIKENESS)  # type: ignore[arg-type]
    return {region.box: region.score for region in own.regions(product())}


def test_what_is_like_a_logo_needs_no_sure_detector():
    assert set(found(logo=0.04)) == {LOGO}


def test_what_is_like_none_needs_a_surer_one():
    assert set(found(logo=0.5, print=0.5)) == {LOGO}


def test_a_place_is_as_sure_as_the_detector_would_have_to_be():
    score = found(logo=0.3)[LOGO]
    assert score == pytest.approx(LIKENESS.as_sure(np.array([0.3]), np.array([1.0]))[0])
    assert log_odds(score) == pytest.approx(-5.0 + 0.5 * np.log(0.3 / 0.7) + 10.0)


def test_the_surer_detector_and_the_likelier_region_are_surer():
    scores = LIKENESS.as_sure(np.array([0.1, 0.9, 0.1, 0.9]), np.array([0.2, 0.2, 0.7, 0.7]))
    assert (np.diff(scores) > 0).all()


def test_what_is_too_small_to_be_compared_is_no_place():
    tiny = Box(64, 64, 8, 8)
    logos = LightnessEmbedder().embed([np.full((9, 9, 3), 255, np.uint8)])
    own = OwnLogos(logos, FixedDetector({tiny: 0.9}), LightnessEmbedder(), LIKENESS)  # type: ignore[arg-type]
    assert own.regions(product()) == []
