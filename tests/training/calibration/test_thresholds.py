from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.calibration import Calibration, Kinds, Likeness, MarkEvidence, Recognition, Shares
from model.verifier import likeliest
from training.calibration.development import DevelopmentPhoto
from training.calibration.figures import figures
from training.calibration.kinds import less_accusing
from training.calibration.scans import Answered, Suspect, suspects_of
from training.calibration.thresholds import choose

GENUINE = Shares(0.9, 0.05, 0.05)


def suspect(brand: str, verified: float, similarity: float, *, claimed: bool = False, **changed) -> Suspect:
    shares = changed.pop("shares", GENUINE)
    evidence = MarkEvidence(verified, similarity, 0.1, 500)._replace(**changed)
    return Suspect(brand, evidence, shares, claimed)


def photo(brand: str | None, *suspects: Suspect, brands: int = 500, kind: str = "genuine") -> Answered:
    claims = next((one.brand for one in suspects if one.claimed), None)
    suspects = tuple(one._replace(evidence=one.evidence._replace(brands=brands)) for one in suspects)
    return Answered(DevelopmentPhoto(b"", brand, kind if brand else None, claims), list(suspects), brands)  # type: ignore[arg-type]


def found(one: Answered, calibration: Calibration) -> list[str]:
    return [each.brand for each, _ in one.judged(calibration)]


def test_the_surest_comes_first_and_each_by_its_own_threshold() -> None:
    calibration = Calibration.open()
    strict = replace(calibration, unclaimed=replace(calibration.unclaimed, finding_probability=1.0))
    one = photo("fuma", suspect("hike", 0.9, 0.5), suspect("fuma", 0.9, 0.7), suspect("acme", 0.05, 0.2, claimed=True))
    assert found(one, calibration) == ["fuma", "hike", "acme"]
    assert found(one, strict) == ["acme"]


def test_recalibrated_probabilities_follow_what_is_right() -> None:
    """Of candidates that the verifier is equally sure of, the similar ones are right."""
    similar = [photo("fuma", suspect("fuma", 0.9, 0.8 + number / 1000)) for number in range(40)]
    dissimilar = [photo(None, suspect("fuma", 0.9, 0.5 + number / 1000)) for number in range(40)]
    chosen = choose([*similar, *dissimilar], most_false=0.0)
    assert chosen.unclaimed.probability(MarkEvidence(0.9, 0.8, 0.1, 500)) > 0.9
    assert chosen.unclaimed.probability(MarkEvidence(0.9, 0.55, 0.1, 500)) < 0.1
    assert all(found(one, chosen) == ["fuma"] for one in similar)
    assert not any(found(one, chosen) for one in dissimilar)


def test_the_threshold_keeps_false_findings_under_the_wanted_share() -> None:
    empty = [photo(None, suspect("fuma", 0.2 + number / 200, 0.6)) for number in range(100)]
    marked = [photo("fuma", suspect("fuma", 0.45 + number / 200, 0.6)) for number in range(100)]
    answered = [*empty, *marked]
    (told,) = figures(answered, choose(answered, most_false=0.05)).values()
    assert told["false findings"] == pytest.approx(0.05, abs=0.011)
    assert told["recognised, not named by the listing"] == pytest.approx(0.55, abs=0.03)


@pytest.mark.parametrize(("claimed", "passes"), [(False, True), (True, False)])
def test_what_is_found_falsely_among_few_brands_counts_where_the_listing_names_the_brand(claimed, passes) -> None:
    few = [photo(None, suspect("fuma", 0.5, 0.6, claimed=claimed), brands=60) for _ in range(50)]
    many = [photo(None, suspect("fuma", 0.5, 0.4, claimed=claimed)) for _ in range(50)]
    marked = [photo("fuma", suspect("fuma", 0.5, 0.6, claimed=claimed), brands=brands) for brands in [60, 500] * 50]
    chosen = choose([*few, *many, *marked], most_false=0.0)
    assert bool(found(marked[0], chosen)) == passes


def test_brands_of_which_there_are_real_photos_teach_as_much_as_all_others() -> None:
    """Drawn marks of ninety photos are as similar as strangers' are; real ones, of ten photos, are more similar."""
    rng = np.random.default_rng(0)

    def photos(brand: str, shown: str | None, similarity: float, count: int) -> list[Answered]:
        values = rng.normal(similarity, 0.02, count)
        return [photo(shown, suspect(brand, 0.5, float(value), realigned=0.7 if shown else 0.5)) for value in values]

    drawn = [*photos("fuma", "fuma", 0.5, 90), *photos("fuma", None, 0.5, 90)]
    real = [*photos("nike", "nike", 0.7, 10), *photos("nike", None, 0.5, 10)]
    as_drawn = [*photos("hike", "hike", 0.7, 10), *photos("hike", None, 0.5, 10)]
    similarity = Recognition.NAMES.index("similarity")
    weights = [choose([*drawn, *others], most_false=0.0).unclaimed.weights[similarity] for others in (as_drawn, real)]
    assert weights[1] > 2 * weights[0]


def test_a_brand_that_the_listing_names_has_a_threshold_of_its_own() -> None:
    rng = np.random.default_rng(0)
    plain = [photo("fuma", suspect("fuma", 0.9, value)) for value in rng.uniform(0.6, 0.9, 50)]
    plain += [photo(None, suspect("fuma", 0.9, value)) for value in rng.uniform(0.3, 0.6, 50)]
    named = [photo("fuma", suspect("fuma", 0.9, value, claimed=True)) for value in rng.uniform(0.4, 0.7, 50)]
    named += [photo(None, suspect("fuma", 0.9, value, claimed=True)) for value in rng.uniform(0.1, 0.4, 50)]
    chosen = choose([*plain, *named], most_false=0.0)
    assert found(photo("fuma", suspect("fuma", 0.9, 0.5)), chosen) == []
    assert found(photo("fuma", suspect("fuma", 0.9, 0.5, claimed=True)), chosen) == ["fuma"]


def test_a_word_that_was_read_counts() -> None:
    read = [photo("fuma", suspect("fuma", 0.5, 0.4, word="exact", letters=4)) for _ in range(30)]
    not_read = [photo(None, suspect("fuma", 0.5, 0.4)) for _ in range(30)]
    chosen = choose([*read, *not_read], most_false=0.0)
    assert found(read[0], chosen) == ["fuma"]
    assert found(not_read[0], chosen) == []


def test_keypoints_that_agree_count_once_the_two_were_compared() -> None:
    agreeing = [photo("fuma", suspect("fuma", 0.5, 0.4, agreeing=12)) for _ in range(30)]
    not_agreeing = [photo(None, suspect("fuma", 0.5, 0.4, agreeing=1)) for _ in range(30)]
    chosen = choose([*agreeing, *not_agreeing], most_false=0.0)
    assert found(agreeing[0], chosen) == ["fuma"]
    assert found(not_agreeing[0], chosen) == []
    assert chosen.worth_unclaimed.weights[chosen.worth_unclaimed.NAMES.index("agreeing")] == pytest.approx(0.0)


def test_how_sure_the_detector_was_counts_before_anything_is_compared() -> None:
    sure = [photo("fuma", suspect("fuma", 0.5, 0.4, detected=0.6)) for _ in range(30)]
    unsure = [photo(None, suspect("fuma", 0.5, 0.4, detected=0.1)) for _ in range(30)]
    chosen = choose([*sure, *unsure], most_false=0.0)
    assert found(sure[0], chosen) == ["fuma"]
    assert found(unsure[0], chosen) == []
    assert chosen.worth_unclaimed.weights[chosen.worth_unclaimed.NAMES.index("detected")] > 0


def test_candidates_that_could_not_pass_are_not_verified() -> None:
    marked = [photo("fuma", suspect("fuma", 0.9, 0.7)), photo("fuma", suspect("fuma", 0.9, 0.66))]
    empty = [photo(None, suspect("hike", 0.1, 0.5)) for _ in range(5)]
    assert choose([*marked, *empty], most_false=0.0).candidate_similarity == pytest.approx(0.64)


def test_a_brand_that_the_listing_names_is_compared_where_it_is_as_soon_shown_as_not() -> None:
    """However sure the right findings of development were before anything was compared."""
    right = [photo("fuma", suspect("fuma", 0.9, 0.8 + n / 1000, claimed=n % 2 == 0)) for n in range(80)]
    wrong = [photo(None, suspect("fuma", 0.1, 0.5 + n / 1000, claimed=n % 2 == 0)) for n in range(80)]
    chosen = choose([*right, *wrong], most_false=0.0)
    assert chosen.worth_claimed.finding_probability == 0.5
    assert chosen.worth_unclaimed.finding_probability > 0.5


def test_among_few_brands_the_same_evidence_says_more() -> None:
    """Among many brands strangers look as similar as marks do among few."""
    few = [photo("fuma", suspect("fuma", 0.9, 0.60 + n / 1000), brands=60) for n in range(60)]
    few += [photo(None, suspect("fuma", 0.9, 0.40 + n / 1000), brands=60) for n in range(60)]
    many = [photo("fuma", suspect("fuma", 0.9, 0.80 + n / 1000), brands=1650) for n in range(60)]
    many += [photo(None, suspect("fuma", 0.9, 0.60 + n / 1000), brands=1650) for n in range(60)]
    chosen = choose([*few, *many], most_false=0.0)
    for similarity, brands, passes in ((0.62, 60, True), (0.62, 1650, False), (0.82, 1650, True)):
        one = photo("fuma", suspect("fuma", 0.9, similarity), brands=brands)
        assert bool(found(one, chosen)) == passes


def test_most_marks_for_sale_are_genuine() -> None:
    """A version of the mark that no reference shows looks as changed as an imitation does: it is not accused."""
    rng = np.random.default_rng(0)

    def marks(kind: str, imitation: float, count: int) -> list[Answered]:
        shares = [min(max(imitation + value, 0.02), 0.9) for value in rng.normal(0, 0.1, count)]
        return [
            photo("fuma", suspect("fuma", 0.9, 0.8, shares=Shares(0.95 - one, 0.05, one)), kind=kind) for one in shares
        ]

    smears = [photo("fuma", suspect("fuma", 0.9, 0.8, shares=Shares(0.1, 0.85, 0.05)), kind="smear") for _ in range(40)]
    empty = [photo(None, suspect("fuma", 0.1, 0.3)) for _ in range(40)]
    answered = [*marks("genuine", 0.1, 60), *marks("genuine", 0.6, 30), *marks("imitation", 0.6, 30), *smears, *empty]
    kinds = choose(answered, most_false=0.0).kinds
    assert likeliest(kinds.shares(Likeness(Shares(0.35, 0.05, 0.6)))) == "genuine"
    assert likeliest(kinds.shares(Likeness(Shares(0.1, 0.85, 0.05)))) == "smear"


@pytest.mark.parametrize(("of_real_photos", "said"), [(False, "imitation"), (True, "genuine")])
def test_genuine_marks_of_real_photos_are_accused_as_seldom_as_drawn_ones(of_real_photos: bool, said: str) -> None:
    rng = np.random.default_rng(0)

    def marks(brand: str, kind: str, imitation: float, count: int) -> list[Answered]:
        shares = [min(max(imitation + value, 0.02), 0.9) for value in rng.normal(0, 0.05, count)]
        return [
            photo(brand, suspect(brand, 0.9, 0.8, shares=Shares(0.95 - one, 0.05, one)), kind=kind) for one in shares
        ]

    smears = [photo("fuma", suspect("fuma", 0.9, 0.8, shares=Shares(0.1, 0.85, 0.05)), kind="smear") for _ in range(40)]
    empty = [photo(None, suspect("fuma", 0.1, 0.3)) for _ in range(40)]
    few = marks("nike" if of_real_photos else "fuma", "genuine", 0.7, 6)
    answered = [*marks("fuma", "genuine", 0.1, 300), *few, *marks("fuma", "imitation", 0.6, 30), *smears, *empty]
    assert likeliest(choose(answered, most_false=0.0).kinds.shares(Likeness(Shares(0.35, 0.05, 0.6)))) == said


@pytest.mark.parametrize("brand", ["fuma", "nike"])
def test_accusations_become_rarer_until_few_genuine_marks_are_accused_in_scans(brand: str) -> None:
    """Of 100 drawn marks, or of 100 on real photos, ten look smeared and ten imitated, ever more surely."""
    untouched = [Shares(0.98, 0.01, 0.01)] * 80
    smeared = [Shares(0.5 - n / 100, 0.5 + n / 100, 0.0) for n in range(1, 11)]
    imitated = [Shares(0.5 - n / 100, 0.0, 0.5 + n / 100) for n in range(1, 11)]
    shown = [Kinds.open().shares(Likeness(one)) for one in (*untouched, *smeared, *imitated)]
    served = [photo(brand, suspect(brand, 0.9, 0.8, shares=one)) for one in shown]
    lowered = less_accusing(Kinds.open(), served)
    said = [likeliest(lowered.shares(suspect.likeness())) for one in served for suspect in one.suspects]
    assert said.count("smear") == 2
    assert said.count("imitation") == 2
    assert lowered.smear[1:] == Kinds.open().smear[1:], "what tells them stays as it is"


def test_accusations_that_are_rare_enough_stay_as_they_are() -> None:
    served = [photo("fuma", suspect("fuma", 0.9, 0.8))] * 20
    assert less_accusing(Kinds.open(), served) == Kinds.open()


def test_what_was_compared_with_nothing_teaches_no_weights() -> None:
    """A covered place, or a name with other letters: the brand is named, but no region was laid on a reference."""
    scores = {"genuine": 0.1, "smear": 0.0, "imitation": 0.86, "unrelated": 0.04}
    compared = {
        "brand": "fuma", "scores": scores, "read": None, "verified": 0.9, "similarity": 0.5, "margin": 0.1,
        "realigned": 0.7, "agreeing": 3, "detected": 0.5, "whole": False, "claimed": True, "tampered": 0.1,
    }  # fmt: skip
    answer = {"findings": [compared, {**compared, "realigned": None, "agreeing": None}]}
    assert [one.evidence.realigned for one in suspects_of(answer, brands=60)] == [0.7]
