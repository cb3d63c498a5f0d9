import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from drawn_garment import COPIES, PLACE, WIPES, product, recompressed, smeared

from model.alignment import prepare_reference
from model.own_logos import Likeness
from model.photo_copy import load_copy_weights, photo_match
from model.place_patches import box_in_copy, prepared_places
from model.regions import Box, Region
from model.released import bundle_folder
from model.wiped_places import MEASUREMENTS, Weights, load_weights, measured, terms, wiped

WEIGHTS = load_weights(bundle_folder() / "wiped_places.json")
COPY_WEIGHTS = load_copy_weights(bundle_folder() / "photo_copy.json")


def compared(copy: np.ndarray):
    photo = product()
    reference = prepare_reference(photo)
    (place,) = prepared_places(photo, [Region(PLACE, 0.6)], reference=reference)
    match = photo_match(copy, reference, places=[place.place.box], weights=COPY_WEIGHTS)
    assert match.matrix is not None
    return wiped(copy, match.matrix, place, weights=WEIGHTS), match, place


@pytest.mark.parametrize("edit", COPIES)
def test_an_honest_copy_is_not_called_wiped(edit):
    found, _, _ = compared(COPIES[edit](product()))
    assert found is not None
    assert found.probability < WEIGHTS.finding_probability


@pytest.mark.parametrize("edit", COPIES)
@pytest.mark.parametrize("how", WIPES)
def test_a_wiped_place_is_called_so(how, edit):
    found, _, _ = compared(COPIES[edit](smeared(product(), WIPES[how])))
    assert found is not None
    assert found.probability >= WEIGHTS.finding_probability
    assert found.detail_left < 0.5
    assert f"{round(100 * found.detail_left)} % of its detail is left" in found.reasons[0]
    assert found.difference.shape == found.aligned.shape[:2] == found.genuine.shape[:2]


def test_a_smear_elsewhere_leaves_the_place_alone():
    photo = product()
    photo[330:400, 100:200] = cv2.GaussianBlur(photo[330:400, 100:200], (0, 0), 11)
    found, _, _ = compared(photo)
    assert found is not None
    assert found.probability < WEIGHTS.finding_probability


def test_a_place_that_was_cropped_away_says_nothing():
    found, _, _ = compared(np.ascontiguousarray(product()[215:, :]))
    assert found is None


@pytest.mark.parametrize("edit", ["same", "cropped", "flipped", "recompressed"])
def test_the_place_is_found_in_the_copy(edit):
    dot = product()
    dot[...] = 255
    PLACE.crop(dot)[...] = 0
    _, match, place = compared(COPIES[edit](product()))
    rows, columns = np.nonzero(COPIES[edit](dot)[..., 0] < 128)
    truth = Box(columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
    assert match.matrix is not None
    assert box_in_copy(place.place.box, match.matrix).iou(truth) > 0.85


def test_a_part_that_is_gone_shows_by_window_where_the_whole_hardly_changes():
    half = product()
    Box(PLACE.x, PLACE.y, 0.3 * PLACE.width, PLACE.height).crop(half)[...] = (70, 110, 150)
    numbers = {}
    for name, copy in {"whole": product(), "half": half}.items():
        _, match, place = compared(copy)
        numbers[name] = measured(copy, match.matrix, place)
    lost = numbers["whole"] - numbers["half"]
    detail, worst, emptied = lost[0], lost[4], lost[6]
    assert worst > 2 * detail > 0
    assert emptied > 2


def test_equal_copies_measure_equal():
    _, match, place = compared(recompressed(product()))
    first, second = (measured(recompressed(product()), match.matrix, place) for _ in range(2))
    assert np.array_equal(first, second)


def test_controls_lie_apart_from_the_places():
    photo = product()
    reference = prepare_reference(photo)
    found = [Region(PLACE, 0.6), Region(Box(100, 300, 60, 60), 0.2)]
    places = prepared_places(photo, found, reference=reference)
    assert [one.detected for one in places] == [0.6, 0.2]
    for one in places:
        assert one.controls
        for control in one.controls:
            assert all(control.box.intersection(other.place.box) == 0 for other in places)


def test_the_terms_are_the_numbers_and_their_products():
    assert terms(np.array([2.0, 3.0, 5.0])).tolist() == [2, 3, 5, 4, 6, 10, 9, 15, 25]
    assert terms(np.ones((7, 16))).shape == (7, 152)


def weights(**changed: Any) -> Weights:
    two = {"intercept": -1.0, "weights": (2, 0.5, 0, 1, 0), "detected": 0.0, "low": (-1, -1), "high": (1, 2)}
    likeness = Likeness(intercept=0.0, detected=1.0, similarity=0.0)
    return Weights(**{**two, "finding_probability": 0.9, "likeness": likeness, **changed})


def test_the_probability_is_a_logistic_regression_of_numbers_within_bounds() -> None:
    probability = weights().probability(np.array([1.0, 2.0]), detected=0.5)
    assert probability == pytest.approx(1 / (1 + np.exp(-4.0)))
    assert weights().probability(np.array([50.0, 90.0]), detected=0.5) == probability


def test_a_surer_mark_is_the_likelier_wiped() -> None:
    odds_alone = weights(intercept=0.0, weights=(0, 0, 0, 0, 0), detected=1.0)
    asked = [odds_alone.probability(np.zeros(2), detected=score) for score in (0.0, 0.2, 0.7, 1.0)]
    assert asked == pytest.approx([0.01, 0.2, 0.7, 0.99])


def test_weights_are_read_as_they_were_written_and_those_of_other_measurements_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights.json"
    count = MEASUREMENTS + MEASUREMENTS * (MEASUREMENTS + 1) // 2
    written = weights(weights=(0.5,) * count, low=(0,) * MEASUREMENTS, high=(1,) * MEASUREMENTS)
    file.write_text(json.dumps({**asdict(written), "cross_fitted": {}}))
    assert load_weights(file) == written
    file.write_text(json.dumps(asdict(weights())))
    with pytest.raises(ValueError, match="run `hallmark train places`"):
        load_weights(file)
