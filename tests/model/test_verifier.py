import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from model.alignment import prepare_reference
from model.calibration import Shares
from model.reading import Reader, Reading
from model.released import bundle_folder
from model.verifier import LookWeights, ReadingLogOdds, Scores, VerdictHead, Verifier, likeliest, verdict_log_odds


@pytest.fixture(scope="module")
def verifier():
    folder = bundle_folder()
    return Verifier(folder / "verifier.onnx", calibration=folder / "verifier_calibration.json", reader=Reader())


def mark() -> np.ndarray:
    picture = np.full((140, 200, 3), 255, np.uint8)
    cv2.circle(picture, (70, 70), 55, (200, 30, 30), -1, cv2.LINE_AA)
    cv2.circle(picture, (70, 70), 25, (255, 255, 255), -1, cv2.LINE_AA)
    cv2.rectangle(picture, (120, 20), (150, 120), (30, 60, 180), -1)
    cv2.line(picture, (160, 20), (190, 120), (20, 20, 20), 14, cv2.LINE_AA)
    return picture


def in_a_photo() -> np.ndarray:
    """The mark with a detector's margin on a grey ground."""
    picture = np.full((180, 250, 3), 205, np.uint8)
    picture[22:158, 26:224] = np.minimum(mark()[2:138, 1:199], 205)
    return picture


def test_scores_are_probabilities_and_everything_has_its_shape(verifier):
    reference = prepare_reference(mark())
    compared = verifier.compare(verifier.lay(in_a_photo(), reference), similarity=0.8)
    scores = verifier.scores(compared)
    assert sum(vars_of(scores)) == pytest.approx(1, abs=1e-9)
    assert sum(scores.shares) == pytest.approx(1, abs=1e-9)
    assert scores.unrelated == compared.unrelated
    explanation = verifier.explain(compared, kind="smear")
    assert explanation.aligned.shape == reference.picture.shape
    assert explanation.difference.shape == reference.picture.shape[:2]
    assert explanation.difference.dtype == np.float32
    assert 0 <= explanation.difference.min() <= explanation.difference.max() <= 1


def test_a_genuine_mark_needs_no_reasons(verifier):
    compared = verifier.compare(verifier.lay(in_a_photo(), prepare_reference(mark())), similarity=0.8)
    assert verifier.explain(compared, kind="genuine").reasons == []
    assert verifier.explain(compared, kind="imitation").reasons != []


def test_words_are_read_where_an_imitation_is_suspected(verifier):
    picture = np.full((120, 420, 3), 255, np.uint8)
    cv2.putText(picture, "ACMOR", (20, 90), cv2.FONT_HERSHEY_SIMPLEX, 3, (20, 20, 20), 9, cv2.LINE_AA)
    compared = verifier.compare(verifier.lay(picture, prepare_reference(picture)), similarity=0.9)
    assert verifier.read(compared, shares=Shares(0.9, 0.05, 0.05)) is None
    reading = verifier.read(compared, shares=Shares(0.2, 0.1, 0.7))
    assert reading is not None
    assert reading.known == "ACMOR"


def test_the_likeliest_kind():
    assert [likeliest(one) for one in (Shares(0.5, 0.3, 0.2), Shares(0.2, 0.5, 0.3), Shares(0.1, 0.3, 0.6))] == [
        "genuine",
        "smear",
        "imitation",
    ]


def vars_of(scores):
    return scores.genuine, scores.smear, scores.imitation, scores.unrelated


def test_a_clean_mark_is_more_genuine_than_a_mosaic_of_it(verifier):
    reference, photo = prepare_reference(mark()), in_a_photo()
    tiled = cv2.resize(cv2.resize(photo, (9, 7), interpolation=cv2.INTER_AREA), (250, 180), interpolation=0)
    clean, smeared = (verifier.verify(image, reference, similarity=0.7) for image in (photo, tiled))
    assert clean.genuine > smeared.genuine
    assert smeared.smear > clean.smear


def test_noise_that_looks_like_nothing_is_unrelated(verifier):
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    clean = verifier.verify(in_a_photo(), prepare_reference(mark()), similarity=0.8)
    assert verifier.verify(noise, prepare_reference(mark()), similarity=0.1).unrelated > clean.unrelated


def test_equal_pixels_give_equal_verdicts_in_any_thread(verifier):
    reference, photo = prepare_reference(mark()), in_a_photo()
    expected = verifier.verify(photo, reference, similarity=0.6)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: verifier.verify(photo, reference, similarity=0.6), range(24)))
    assert found == [expected] * 24


@pytest.mark.parametrize("shape", [(1, 1), (1, 20000), (2000, 3), (5, 7)])
def test_tiny_and_odd_regions_get_a_verdict(verifier, shape):
    scores = verifier.verify(np.full((*shape, 3), 77, np.uint8), prepare_reference(mark()), similarity=0.3)
    assert np.isfinite([scores.genuine, scores.smear, scores.imitation, scores.unrelated]).all()


def test_the_head_agrees_with_a_slow_truth():
    rng = np.random.default_rng(0)
    numbers = {
        "mean": rng.normal(size=3).tolist(),
        "scale": [1.0, 2.0, 0.5],
        "weights": rng.normal(size=(3, 4)).tolist(),
        "bias": [0.0, 0.1, 0.2, 0.3],
        "temperature": 1.7,
        "smear": {"mean": [0.5, 0.1], "scale": [2.0, 0.5], "weights": [[0.8], [0.3]], "bias": [-0.2]},
    }
    x = rng.normal(size=4)
    standard = [(x[i] - numbers["mean"][i]) / numbers["scale"][i] for i in range(3)]
    logits = [sum(standard[i] * numbers["weights"][i][c] for i in range(3)) + numbers["bias"][c] for c in range(4)]
    powers = [np.exp(logit / 1.7) for logit in logits]
    genuine, smear, imitation, unrelated = (power / sum(powers) for power in powers)
    odds = np.log(smear / (genuine + imitation))
    share = 1 / (1 + np.exp(0.2 - 0.8 * (odds - 0.5) / 2.0 - 0.3 * (x[3] - 0.1) / 0.5))
    rest = (1 - unrelated) * (1 - share) / (genuine + imitation)
    found = VerdictHead(numbers).probabilities(x.astype(np.float64))
    assert found == pytest.approx([genuine * rest, (1 - unrelated) * share, imitation * rest, unrelated])
    assert found.sum() == pytest.approx(1.0)
    many = VerdictHead(numbers).probabilities(np.stack([x, x + 1]))
    assert many[0] == pytest.approx(found)


_HEAD = {"mean": [0], "scale": [1], "weights": [[1, 0, 0, 0]], "bias": [0, 0, 0, 0], "temperature": 1}
_SMEAR = {"mean": [0], "scale": [1], "weights": [[1]], "bias": [0]}


_LOOK = {"close_look": {"bias": 0, "verdict": 1, "look": 1}}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"head": {**_HEAD, "smear": _SMEAR}, **_LOOK}, "not from one round"),
        ({"head": _HEAD, **_LOOK}, "of an earlier release"),
        ({"head": {**_HEAD, "smear": _SMEAR}}, "does not weigh the close look"),
    ],
)
def test_a_calibration_of_another_round_is_refused(tmp_path, content, reason):
    (tmp_path / "calibration.json").write_text(json.dumps({**content, "reading": {"near_miss": 1}}))
    with pytest.raises(ValueError, match=reason):
        Verifier(bundle_folder() / "verifier.onnx", calibration=tmp_path / "calibration.json", reader=Reader())


def test_a_close_look_divides_anew_what_is_genuine_and_imitated():
    weights, before = LookWeights({"bias": 0.1, "verdict": 0.5, "look": 0.9}), Scores(0.5, 0.1, 0.3, 0.1)
    after = weights.applied(before, 2.0)
    assert (after.smear, after.unrelated) == (before.smear, before.unrelated)
    assert after.genuine + after.imitation == pytest.approx(0.8)
    odds = 0.1 + 0.5 * verdict_log_odds(0.5, 0.3) + 0.9 * 2.0
    assert np.log(after.imitation / after.genuine) == pytest.approx(odds)
    assert weights.applied(before, -2.0).imitation < before.imitation < after.imitation


def test_a_near_miss_beyond_doubt_counts_as_one_where_a_calibration_does_not_tell_them_apart():
    before = Shares(0.9, 0.0, 0.1)
    until_then, since = ReadingLogOdds({"near_miss": 1.0}), ReadingLogOdds({"near_miss": 1.0, "surely_near_miss": 3.0})
    near, surely = (since.applied(before, outcome).imitation for outcome in ("near_miss", "surely_near_miss"))
    assert before.imitation < near < surely
    assert until_then.applied(before, "surely_near_miss").imitation == near


@pytest.mark.parametrize(("genuine", "imitation", "odds"), [(0.5, 0.5, 0.0), (1.0, 0.0, -6.0), (0.0, 1.0, 6.0)])
def test_odds_of_an_imitation_stay_within_bounds(genuine, imitation, odds):
    assert verdict_log_odds(genuine, imitation) == pytest.approx(odds)


@pytest.mark.parametrize(("seen", "raised"), [("FUMA", False), ("FUNA", True), ("SUMMER", True)])
def test_a_reading_moves_what_is_between_genuine_and_imitated(verifier, seen, raised):
    before = Shares(0.5, 0.2, 0.3)
    after = verifier.after_reading(before, Reading("FUMA", seen, 0.99))
    assert after.smear == before.smear, "it says nothing of a smear"
    assert sum(after) == pytest.approx(1.0)
    assert (after.imitation > before.imitation) == raised


def test_another_word_in_what_is_not_alike_is_another_mark(verifier, monkeypatch):
    picture = np.full((120, 420, 3), 255, np.uint8)
    compared = verifier.compare(verifier.lay(picture, prepare_reference(picture)), similarity=0.9)
    monkeypatch.setattr(verifier, "_reader", SimpleNamespace(read=lambda *_, **__: Reading("ACMOR", "SUMMER", 0.99)))
    suspected = Shares(0.2, 0.1, 0.7)
    assert verifier.read(replace(compared, unrelated=0.1), shares=suspected).seen == "SUMMER"
    assert verifier.read(replace(compared, unrelated=0.5), shares=suspected) is None
