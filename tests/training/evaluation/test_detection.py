from __future__ import annotations

import math

import pytest

from model.regions import Box, Region
from training.evaluation.detection import Photo, detection_figures, matches, missed_as


def test_a_region_counts_for_one_mark_and_a_mark_for_one_region() -> None:
    truth = [Box(0, 0, 10, 10), Box(1, 0, 10, 10)]
    regions = [Region(Box(0, 0, 10, 10), 0.9)]
    assert matches(truth, regions) == [0, None]
    assert matches(truth[:1], [*regions, Region(Box(0, 0, 10, 9), 0.8)]) == [0]


def test_the_best_pairs_are_taken_first_whatever_their_scores() -> None:
    truth = [Box(0, 0, 10, 10), Box(0, 0, 10, 14)]
    regions = [Region(Box(0, 0, 10, 13), 0.9), Region(Box(0, 0, 10, 10), 0.1)]
    assert matches(truth, regions) == [1, 0]


def test_a_mark_that_is_not_matched_may_be_seen_in_parts_or_within_more() -> None:
    mark = Box(20, 20, 40, 20)
    part, more, beside = (Region(box, 0.5) for box in (Box(20, 20, 15, 15), Box(10, 10, 80, 60), Box(50, 20, 40, 20)))
    assert missed_as(mark, [beside, part, more]) == "in_parts"
    assert missed_as(mark, [beside, more]) == "in_larger"
    assert missed_as(mark, [beside]) == missed_as(mark, []) == "unseen"


def test_figures_count_by_size_and_tell_false_from_stray() -> None:
    near, far = Region(Box(40, 0, 40, 40), 0.5), Region(Box(80, 80, 5, 5), 0.4)
    first = Photo(100, 100, [Box(0, 0, 60, 40), Box(0, 90, 5, 5)], [Region(Box(0, 0, 60, 40), 0.9), near, far])
    second = Photo(100, 100, [], [])
    figures = detection_figures([first, second])
    assert figures.marks == 2
    assert figures.recall == 0.5
    assert figures.recall_over_8_percent == 1.0
    assert figures.marks_by_size == (1, 0, 0, 1)
    assert figures.recall_by_size[0] == 0.0
    assert math.isnan(figures.recall_by_size[1])
    assert (figures.false_per_photo, figures.stray_per_photo, figures.regions_per_photo) == (1.0, 0.5, 1.5)


def test_who_finds_a_mark_that_nobody_is_asked_for_is_not_wrong() -> None:
    asked, other = Box(0, 0, 30, 30), Box(60, 60, 30, 30)
    regions = [Region(asked, 0.9), Region(other, 0.8), Region(other, 0.7), Region(Box(0, 60, 30, 30), 0.6)]
    found = detection_figures([Photo(100, 100, [asked], regions, [other])])
    assert (found.recall, found.marks) == (1.0, 1)
    assert found.unasked_per_photo == 1.0, "once"
    assert found.false_per_photo == 2.0
    missed = detection_figures([Photo(100, 100, [asked], regions[:1], [other])])
    assert (missed.recall, missed.false_per_photo, missed.unasked_per_photo) == (1.0, 0.0, 0.0)


def test_no_photos_are_refused() -> None:
    with pytest.raises(ValueError, match="no photos"):
        detection_figures([])
