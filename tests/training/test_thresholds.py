from __future__ import annotations

import pytest

from training.thresholds import Answered, Suspect, choose, false_share, recognised_share


def photo(expected: str | None, *candidates: tuple[str, float, float], brands: int = 500) -> Answered:
    return Answered(expected, [Suspect(*candidate, margin=0.1) for candidate in candidates], brands)


def test_the_surest_candidate_speaks_for_a_photo() -> None:
    one = photo("fuma", ("fuma", 0.9, 0.5), ("hike", 0.8, 0.7))
    assert one.strongest == 0.9
    assert one.recognised(0.9)
    assert not one.recognised(0.91)
    assert not Answered("hike", one.candidates, 500).recognised(0.5)
    assert photo(None).strongest == 0.0


def test_recalibrated_probabilities_follow_what_is_right() -> None:
    """Of candidates that the verifier is equally sure of, the similar ones are right."""
    similar = [photo("fuma", ("fuma", 0.9, 0.8 + number / 1000)) for number in range(40)]
    dissimilar = [photo(None, ("fuma", 0.9, 0.5 + number / 1000)) for number in range(40)]
    weights = choose([*similar, *dissimilar], most_false=0.0)
    assert weights.related(0.9, similarity=0.8, margin=0.1, brands=500) > 0.9
    assert weights.related(0.9, similarity=0.55, margin=0.1, brands=500) < 0.1
    assert similar[0].recalibrated(weights).recognised(weights.finding_probability)


def test_the_threshold_keeps_false_findings_under_the_wanted_share() -> None:
    empty = [photo(None, ("fuma", 0.2 + number / 200, 0.6)) for number in range(100)]
    marked = [photo("fuma", ("fuma", 0.45 + number / 200, 0.6)) for number in range(100)]
    chosen = choose([*empty, *marked], most_false=0.05)
    live = [one.recalibrated(chosen) for one in (*empty, *marked)]
    assert false_share(live, chosen.finding_probability) == pytest.approx(0.05, abs=0.011)
    assert recognised_share(live, chosen.finding_probability) == pytest.approx(0.55, abs=0.03)


def test_candidates_that_could_not_pass_are_not_verified() -> None:
    marked = [photo("fuma", ("fuma", 0.9, 0.7)), photo("fuma", ("fuma", 0.9, 0.66))]
    empty = [photo(None, ("hike", 0.1, 0.5)) for _ in range(5)]
    assert choose([*marked, *empty], most_false=0.0).candidate_similarity == pytest.approx(0.64)


def test_among_few_brands_the_same_evidence_says_more() -> None:
    """Among many brands strangers look as similar as marks do among few."""
    few = [photo("fuma", ("fuma", 0.9, 0.60 + n / 1000), brands=60) for n in range(60)]
    few += [photo(None, ("fuma", 0.9, 0.40 + n / 1000), brands=60) for n in range(60)]
    many = [photo("fuma", ("fuma", 0.9, 0.80 + n / 1000), brands=1650) for n in range(60)]
    many += [photo(None, ("fuma", 0.9, 0.60 + n / 1000), brands=1650) for n in range(60)]
    chosen = choose([*few, *many], most_false=0.0)
    assert chosen.related_brands < 0
    for similarity, brands, passes in ((0.62, 60, True), (0.62, 1650, False), (0.82, 1650, True)):
        probability = chosen.related(0.9, similarity=similarity, margin=0.1, brands=brands)
        assert (probability >= chosen.finding_probability) == passes
