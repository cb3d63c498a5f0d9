from __future__ import annotations

import re

import numpy as np
import pytest

from model.bundle import load_bundle
from model.calibration import BRANDS
from model.cohort import FOLDER, Cohort
from model.decode import decode
from model.released import bundle_folder
from training.cohort import NAMES, draw_cohort
from training.synthesis.logos import load_logos, split_of


class TellingEmbedder:
    """The mean colour of a picture, and which pictures it was asked about."""

    def __init__(self) -> None:
        self.asked = 0

    def embed(self, crops: list[np.ndarray]) -> np.ndarray:
        self.asked += len(crops)
        means = np.array([crop.reshape(-1, 3).mean(axis=0) for crop in crops], np.float32)
        return means / np.linalg.norm(means, axis=1, keepdims=True)


def nobody(name: str) -> bool:
    return False


@pytest.fixture(scope="module")
def embedder() -> TellingEmbedder:
    return TellingEmbedder()


@pytest.fixture(scope="module")
def cohort(embedder: TellingEmbedder) -> Cohort:
    return Cohort(embedder)  # type: ignore[arg-type]


def test_a_mark_is_as_alike_as_its_likest_view(cohort: Cohort, embedder: TellingEmbedder) -> None:
    first = decode(sorted(FOLDER.glob("*.png"))[0].read_bytes())
    seen = embedder.embed([first, np.full((9, 9, 3), (255, 0, 0), np.uint8)])
    own, red = cohort.likeness(seen, marks=1, known=nobody)
    assert own == pytest.approx(1.0, abs=0.01)
    assert red < own


def test_more_marks_are_no_less_alike_and_none_at_all_not(cohort: Cohort) -> None:
    red = np.array([[1.0, 0.0, 0.0]], np.float32)
    (none,), (few,), (many,) = (cohort.likeness(red, marks=marks, known=nobody) for marks in (0, 5, 60))
    assert none == 0.0
    assert few <= many


def test_a_mark_that_somebody_registered_is_left_out(cohort: Cohort) -> None:
    red = np.array([[1.0, 0.0, 0.0]], np.float32)
    likest = cohort.likeness(red, marks=len(NAMES), known=nobody)
    without = [cohort.likeness(red, marks=len(NAMES), known=name.__eq__)[0] for name in NAMES]
    assert sum(one < likest[0] for one in without) == 1


def test_the_marks_are_seen_once(cohort: Cohort, embedder: TellingEmbedder) -> None:
    cohort.load()
    before = embedder.asked
    cohort.load()
    cohort.likeness(np.array([[1.0, 0.0, 0.0]], np.float32), marks=3, known=nobody)
    assert embedder.asked == before


def test_there_are_as_many_as_may_be_missing_and_none_that_figures_are_reported_on() -> None:
    names = [re.sub(r"^\d+-", "", file.stem) for file in sorted(FOLDER.glob("*.png"))]
    assert tuple(names) == NAMES
    assert len(names) >= BRANDS[0]
    assert {split_of(name) for name in names} == {"train"}


def test_a_mark_that_no_package_draws_is_told(tmp_path) -> None:
    without_colours = [logo for logo in load_logos() if logo.package != "logos"]
    with pytest.raises(ValueError, match="nuxt is no brand for training"):
        draw_cohort(tmp_path, logos=without_colours)


def test_marks_stand_in_where_few_brands_are_registered_and_nowhere_else() -> None:
    bundle = load_bundle(bundle_folder())
    assert bundle.calibration.fewest_brands == BRANDS[0]
    vectors = bundle.embedder.embed([np.full((60, 60, 3), 255, np.uint8)])
    few = bundle.rivals(vectors, brands=1, known=nobody)
    assert few is not None
    assert few[0] > 0.2
    assert bundle.rivals(vectors, brands=BRANDS[0], known=nobody) is None
