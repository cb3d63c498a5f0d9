from __future__ import annotations

import pytest

from training.thresholds import Answered, choose, false_share, recognised_share


def photo(expected: str | None, *candidates: tuple[str, float, float]) -> Answered:
    return Answered(expected, list(candidates))


def test_the_surest_candidate_speaks_for_a_photo() -> None:
    one = photo("fuma", ("fuma", 0.9, 0.5), ("hike", 0.8, 0.7))
    assert one.strongest == 0.9
    assert one.recognised(0.9)
    assert not one.recognised(0.91)
    assert not photo("hike", *one.candidates).recognised(0.5)
    assert photo(None).strongest == 0.0


def test_dissimilar_candidates_are_left_out() -> None:
    one = photo("hike", ("fuma", 0.9, 0.5), ("hike", 0.8, 0.7))
    assert one.at_least(0.6).recognised(0.8)


def test_the_thresholds_keep_false_findings_under_the_wanted_share() -> None:
    empty = [photo(None, ("fuma", 0.6 + number / 1000, 0.5)) for number in range(100)]
    marked = [photo("fuma", ("fuma", 0.65 + number / 1000, 0.5)) for number in range(100)]
    chosen = choose([*empty, *marked], most_false=0.05)
    assert false_share(empty, chosen.finding_probability) == pytest.approx(0.05)
    assert recognised_share(marked, chosen.finding_probability) == pytest.approx(0.55)


def test_similarity_is_used_where_it_tells_more_than_probability() -> None:
    empty = [photo(None, ("fuma", 0.99, 0.50)) for _ in range(50)]
    marked = [photo("fuma", ("fuma", 0.90, 0.80)) for _ in range(50)]
    chosen = choose([*empty, *marked], most_false=0.0)
    assert 0.5 < chosen.candidate_similarity <= 0.8
    assert chosen.finding_probability == 0.5
