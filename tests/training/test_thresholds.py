from __future__ import annotations

import pytest

from training.thresholds import Answered, Suspect, choose, false_share, recognised_share


def photo(expected: str | None, *candidates: tuple[str, float, float]) -> Answered:
    return Answered(expected, [Suspect(*candidate, margin=0.1) for candidate in candidates])


def test_the_surest_candidate_speaks_for_a_photo() -> None:
    one = photo("fuma", ("fuma", 0.9, 0.5), ("hike", 0.8, 0.7))
    assert one.strongest == 0.9
    assert one.recognised(0.9)
    assert not one.recognised(0.91)
    assert not Answered("hike", one.candidates).recognised(0.5)
    assert photo(None).strongest == 0.0


def test_recalibrated_probabilities_follow_what_is_right() -> None:
    """Of candidates that the verifier is equally sure of, the similar ones are right."""
    similar = [photo("fuma", ("fuma", 0.9, 0.8 + number / 1000)) for number in range(40)]
    dissimilar = [photo(None, ("fuma", 0.9, 0.5 + number / 1000)) for number in range(40)]
    weights = choose([*similar, *dissimilar], most_false=0.0)
    assert weights.related(0.9, similarity=0.8, margin=0.1) > 0.9
    assert weights.related(0.9, similarity=0.55, margin=0.1) < 0.1
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
