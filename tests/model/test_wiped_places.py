import json

import cv2
import numpy as np
import pytest

from model.alignment import prepare_reference
from model.photo_copy import photo_match
from model.regions import Box
from model.wiped_places import WEIGHTS, Weights, box_in_copy, load_weights, measured, prepared_places, wiped

PLACE = Box(150, 190, 90, 44)


def product() -> np.ndarray:
    """A drawn garment on white, 480 × 400: folds, buttons, a pattern, and a word at `PLACE`."""
    rng = np.random.default_rng(4)
    photo = np.full((480, 400, 3), 255, np.uint8)
    cv2.fillPoly(photo, [np.array([[70, 60], [330, 60], [350, 440], [50, 440]])], (70, 110, 150), cv2.LINE_AA)
    for _ in range(26):
        x, y = (int(value) for value in rng.integers([80, 90], [310, 420]))
        ends = (x + int(rng.integers(-40, 40)), y + int(rng.integers(-40, 40)))
        cv2.line(photo, (x, y), ends, tuple(int(v) for v in rng.integers(0, 256, 3)), 3, cv2.LINE_AA)
    x, y, width, height = (int(value) for value in PLACE)
    cv2.rectangle(photo, (x - 4, y - 4), (x + width + 4, y + height + 4), (70, 110, 150), -1)
    cv2.putText(photo, "FUMA", (x + 4, y + 34), cv2.FONT_HERSHEY_DUPLEX, 1.05, (250, 240, 230), 2, cv2.LINE_AA)
    return photo


def blurred(patch: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(patch, (0, 0), 11)


def mosaicked(patch: np.ndarray) -> np.ndarray:
    return cv2.resize(cv2.resize(patch, (4, 2), interpolation=cv2.INTER_AREA), patch.shape[1::-1], interpolation=0)


def painted(patch: np.ndarray) -> np.ndarray:
    return np.full_like(patch, (70, 110, 150))


def stickered(patch: np.ndarray) -> np.ndarray:
    out = np.full_like(patch, (240, 210, 40))
    cv2.circle(out, (patch.shape[1] // 2, patch.shape[0] // 2), 15, (60, 40, 20), 3, cv2.LINE_AA)
    return out


def smeared(photo: np.ndarray, how) -> np.ndarray:
    out = photo.copy()
    patch = PLACE.grown(0.06).crop(out)
    patch[...] = how(patch.copy())
    return out


def recoloured(photo: np.ndarray) -> np.ndarray:
    hsv = cv2.cvtColor(photo, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 50) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def recompressed(photo: np.ndarray) -> np.ndarray:
    small = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)


COPIES = {
    "same": lambda photo: photo,
    "cropped": lambda photo: np.ascontiguousarray(photo[90:440, 60:340]),
    "flipped": lambda photo: np.ascontiguousarray(photo[:, ::-1]),
    "recoloured": recoloured,
    "recompressed": recompressed,
    "out of focus": lambda photo: cv2.GaussianBlur(photo, (0, 0), 3),
    "all": lambda photo: recompressed(recoloured(np.ascontiguousarray(photo[60:470, 40:380][:, ::-1]))),
}
WIPES = {"blurred": blurred, "mosaicked": mosaicked, "painted": painted, "stickered": stickered}


def compared(copy: np.ndarray):
    photo = product()
    reference = prepare_reference(photo)
    (place,) = prepared_places(photo, [PLACE], reference=reference)
    match = photo_match(copy, reference)
    assert match.matrix is not None
    return wiped(copy, match.matrix, place), match, place


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


def test_equal_copies_measure_equal():
    _, match, place = compared(recompressed(product()))
    first, second = (measured(recompressed(product()), match.matrix, place) for _ in range(2))
    assert np.array_equal(first, second)


def test_controls_lie_apart_from_the_places():
    photo = product()
    reference = prepare_reference(photo)
    places = prepared_places(photo, [PLACE, Box(100, 300, 60, 60)], reference=reference)
    for one in places:
        assert one.controls
        for control in one.controls:
            assert all(control.box.intersection(other.place.box) == 0 for other in places)


def test_the_probability_is_a_logistic_regression(tmp_path):
    file = tmp_path / "weights.json"
    file.write_text(json.dumps({"intercept": -1.0, "weights": [2.0, 0.5], "finding_probability": 0.9, "dev": {}}))
    weights = load_weights(file)
    assert weights == Weights(-1.0, (2.0, 0.5), 0.9)
    assert weights.probability(np.array([1.0, 2.0])) == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert weights.probability(np.array([-1e9, 0.0])) < 1e-9
