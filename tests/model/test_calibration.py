import json
import math
from dataclasses import replace

import numpy as np
import pytest

from model.calibration import (
    BRANDS,
    FIRST_GUESS,
    Calibration,
    Covered,
    Kinds,
    Likeness,
    MarkEvidence,
    Readable,
    Recognition,
    Shares,
    TamperedPlace,
    read_calibration,
    write_calibration,
)
from model.released import bundle_folder

VERIFIED_ALONE = Recognition(0.0, (1.0, *(0.0,) * 10), 0.5)


def evidence(**changed) -> MarkEvidence:
    return MarkEvidence(verified=0.7, similarity=0.6, margin=0.1, brands=500)._replace(**changed)


def test_with_the_verifiers_weight_alone_its_probability_stays():
    assert VERIFIED_ALONE.probability(evidence()) == pytest.approx(0.7)


def test_nothing_is_surer_than_the_verifier_may_be():
    assert VERIFIED_ALONE.probability(evidence(verified=1.0)) == pytest.approx(0.99)
    assert VERIFIED_ALONE.probability(evidence(verified=0.0)) == pytest.approx(0.01)


def test_every_weight_belongs_to_its_number():
    for place, changed in enumerate(
        (
            {"verified": 0.9},
            {"similarity": 0.9},
            {"margin": 0.3},
            {"brands": 1000},
            {"realigned": 0.5},
            {"agreeing": 3},
            {"word": "near", "letters": 5},
            {"word": "exact", "letters": 5},
            {"word": "exact", "letters": 5},
            {"detected": 0.8},
            {"whole": True},
        )
    ):
        weights = [0.0] * len(Recognition.NAMES)
        weights[place] = 1.0
        recognition = Recognition(0.0, tuple(weights), 0.5)
        assert recognition.probability(evidence(**changed)) > recognition.probability(evidence()), place


def test_of_keypoints_that_agree_the_logarithm_counts():
    recognition = Recognition(0.0, (0.0,) * 5 + (1.0,) + (0.0,) * 5, 0.5)
    odds = [p / (1 - p) for p in (recognition.probability(evidence(agreeing=count)) for count in (0, 1, 9))]
    assert odds == pytest.approx([1.0, 2.0, 10.0])


def test_brands_count_where_they_were_measured():
    recognition = Recognition(0.0, (0.0, 0.0, 0.0, -1.0, *(0.0,) * 7), 0.5)
    few, least, many, most = (
        recognition.probability(evidence(brands=count)) for count in (1, BRANDS[0], 99_999, BRANDS[1])
    )
    assert (few, many) == (least, most)
    assert few > many


def test_evidence_passes_from_the_threshold_on():
    recognition = Recognition(0.0, (1.0, *(0.0,) * 10), 0.9)
    assert not recognition.passes(evidence(verified=0.89))
    assert recognition.passes(evidence(verified=0.91))


@pytest.mark.parametrize("weight", [0.5, -0.5])
def test_what_no_number_of_keypoints_brings_to_the_threshold_cannot_pass(weight):
    by_keypoints = replace(VERIFIED_ALONE, weights=(1.0, *(0.0,) * 4, weight, *(0.0,) * 5))
    numbers = range(21)
    for verified in np.linspace(0.05, 0.95, 19):
        seen = evidence(verified=float(verified))
        passes = any(by_keypoints.passes(seen._replace(agreeing=number)) for number in numbers)
        assert by_keypoints.may_pass(seen, agreeing=max(numbers), verified=(seen.verified,)) == passes


def test_what_no_verifier_brings_to_the_threshold_cannot_pass():
    similar = replace(VERIFIED_ALONE, weights=(1.0, 10.0, *(0.0,) * 9))
    for similarity in np.linspace(-1, 1, 21):
        seen = evidence(similarity=float(similarity))
        passes = any(similar.passes(seen._replace(verified=float(said))) for said in np.linspace(0, 1, 21))
        assert similar.may_pass(seen, agreeing=0, verified=(0.0, 1.0)) == passes


def test_open_kinds_are_the_verifiers():
    shares = Shares(0.2, 0.5, 0.3)
    assert Kinds.open().shares(Likeness(shares)) == pytest.approx(shares)


def test_kinds_follow_their_weights_and_sum_to_one():
    likeness = Likeness(Shares(0.3, 0.4, 0.3))
    doubtful = Kinds((-2.0, 1.0, 0.0, 0.0, 0.0, 0.0), (-2.0, 0.0, 1.0, 0.0, 0.0, 0.0)).shares(likeness)
    assert sum(doubtful) == pytest.approx(1.0)
    assert doubtful.smear == pytest.approx(0.4 / (0.4 + 0.6 * math.exp(2)))
    assert doubtful.imitation / doubtful.genuine == pytest.approx(math.exp(-2))


def test_a_tampered_region_is_the_likelier_a_smear():
    kinds = Kinds((0.0, 1.0, 0.0, 0.0, 2.0, 0.0), (0.0, 0.0, 1.0, 0.0, 0.0, 0.0))
    shares = Shares(0.5, 0.3, 0.2)
    untouched, even, tampered = (kinds.shares(Likeness(shares, tampered=value)) for value in (0.0, 0.5, 0.8))
    assert untouched == pytest.approx(shares)
    assert tampered.smear / tampered.genuine == pytest.approx(even.smear / even.genuine * (0.8 / 0.2) ** 2)


def test_what_hardly_belongs_to_the_reference_is_the_less_likely_an_imitation():
    kinds = Kinds((0.0, 1.0, 0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0, 0.0, 0.5))
    shares = Shares(0.3, 0.4, 0.3)
    doubtful, unasked, sure = (kinds.shares(Likeness(shares, verified=value)) for value in (0.2, 0.5, 0.8))
    assert unasked == pytest.approx(shares)
    assert sure.imitation / sure.genuine == pytest.approx(2.0)
    assert doubtful.imitation / doubtful.genuine == pytest.approx(0.5)


def test_a_covered_mark_follows_its_weights():
    place = TamperedPlace(0.7, 0.05, 0.4)
    assert Covered(0.0, (1.0, 0.0, 0.0, 0.0), 0.5).probability(place) == pytest.approx(0.7)
    assert Covered(0.0, (0.0, 1.0, 0.0, 0.0), 0.5).probability(place) == pytest.approx(1 / (1 + 1 / 0.05))
    assert Covered(0.0, (0.0, 0.0, 0.0, 1.0), 0.5).probability(place) == pytest.approx(1 / (1 + math.exp(-0.4)))
    assert Covered.never().probability(place) < Covered.never().finding_probability


def test_what_is_certain_stays_finite():
    shares = Kinds.open().shares(Likeness(Shares(1.0, 0.0, 0.0), "exact"))
    assert 0.99 < shares.genuine < 1.0


def test_a_region_is_read_from_its_vector():
    vectors = np.eye(256, dtype=np.float32)[:3]
    readable = Readable(np.arange(256, dtype=np.float32), 1.5)
    assert (readable.values(vectors) >= readable.least).tolist() == [False, False, True]
    assert not (Readable.none().values(vectors) >= Readable.none().least).any()


def test_a_calibration_comes_back_as_it_was_written(tmp_path):
    covered = Covered(-1.0, (1.0, 2.0, 0.5, 3.0), 0.4)
    calibration = replace(
        Calibration.open(Readable(np.full(256, 0.25, np.float32), 0.5)),
        covered=covered,
        genuine_weight=1.5,
        fewest_brands=60,
    )
    write_calibration(tmp_path / "calibration.json", calibration)
    again = read_calibration(tmp_path / "calibration.json")
    assert (again.unclaimed, again.claimed, again.kinds) == (FIRST_GUESS, calibration.claimed, Kinds.open())
    assert (again.readable.weights == calibration.readable.weights).all()
    assert again.readable.least == 0.5
    assert (again.covered, again.genuine_weight, again.fewest_brands) == (covered, 1.5, 60)
    write_calibration(tmp_path / "none.json", Calibration.open())
    none = read_calibration(tmp_path / "none.json")
    assert (none.readable.least, none.genuine_weight, none.fewest_brands) == (math.inf, None, None)


def test_a_mark_that_was_changed_either_way_speaks_against_its_listing():
    doubtful = Shares(genuine=0.4, smear=0.3, imitation=0.3)
    assert Calibration.open().against(doubtful) is None
    assert replace(Calibration.open(), genuine_weight=1.0).against(doubtful) == pytest.approx(0.6)
    assert replace(Calibration.open(), genuine_weight=1.5).against(doubtful) == pytest.approx(0.5)


@pytest.mark.parametrize("lost", [("claimed",), ("kinds", "smear", "tampered"), ("unclaimed", "weights", "agreeing")])
def test_a_calibration_of_another_version_is_refused(tmp_path, lost):
    content = json.loads((bundle_folder() / "calibration.json").read_text())
    place = content
    for name in lost[:-1]:
        place = place[name]
    del place[lost[-1]]
    (tmp_path / "calibration.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"lacks '{lost[-1]}'"):
        read_calibration(tmp_path / "calibration.json")


def test_of_several_pictures_each_is_as_likely_as_another_to_be_the_one_that_is_listed():
    even = Covered(0.0, (0.0, 0.0, 0.0, 0.0), 0.5)
    assert even.probability(TamperedPlace(0.9, 0.1, 0.5)) == pytest.approx(1 / 2)
    assert even.probability(TamperedPlace(0.9, 0.1, 0.5, pictures=9)) == pytest.approx(1 / 10)
