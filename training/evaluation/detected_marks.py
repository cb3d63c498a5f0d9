"""What the detector sees on whole photos: recall by size of mark, and boxes where no mark is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import get_args

from model.detector import Detector
from model.regions import Box, Region
from training.evaluation.datasets import Photo
from training.evaluation.detection import Missed, left_over, matches, missed_as
from training.evaluation.intervals import Estimate, grouped_mean, mean_interval
from training.evaluation.report import Progress, Table

MARK_SIZES = {
    "all": (0.0, 99.0),
    "over_8_percent": (0.08, 99.0),
    "under_8_percent": (0.0, 0.08),
    "8_to_20_percent": (0.08, 0.2),
    "20_to_50_percent": (0.2, 0.5),
    "over_50_percent": (0.5, 99.0),
}
"""Width of a box as a share of the photo's width."""


def detected_marks(marked: Sequence[Photo], clean: Sequence[Photo], *, detector: Detector, progress: Progress) -> Table:
    """Recall over the boxed marks at IoU 0.5, what the others are (`Missed`), and boxes a photo, each by its own size.

    `false_boxes` match no mark, `unasked_boxes` one that the data set does not box (`Photo.besides`); of both together
    `stray_boxes` touch none that it boxes. `boxes_on_clean` are on the `clean` photos, in most of which nobody looked
    for marks.
    """
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    false: dict[str, list[int]] = defaultdict(list)
    unasked: dict[str, list[int]] = defaultdict(list)
    stray: dict[str, list[int]] = defaultdict(list)
    quiet: dict[str, list[int]] = defaultdict(list)
    for photo in progress(marked, len(marked), "detection"):
        image = photo.read()
        width, truth = image.shape[1], [mark.box for mark in photo.marks]
        regions = detector.detect(image)
        places = matches(truth, regions)
        rest = left_over(regions, places)
        wrong = left_over(rest, matches(photo.besides, rest))
        alone = [region for region in rest if all(region.box.intersection(box) == 0 for box in truth)]
        made_of = [
            missed_as(box, regions) if place is None else "boxed" for box, place in zip(truth, places, strict=True)
        ]
        for size in MARK_SIZES:
            asked = [one for box, one in zip(truth, made_of, strict=True) if _is(size, box, width)]
            found[size] += [(one, photo.path.name) for one in asked]
            false[size].append(_count(wrong, size, width))
            unasked[size].append(_count(rest, size, width) - false[size][-1])
            stray[size].append(_count(alone, size, width))
    for photo in progress(clean, len(clean), "detection, clean"):
        image = photo.read()
        regions = detector.detect(image)
        for size in MARK_SIZES:
            quiet[size].append(_count(regions, size, image.shape[1]))
    rows = {
        size: {
            "recall_at_iou_0.5": _share(found[size], "boxed"),
            **{missed: _share(found[size], missed) for missed in get_args(Missed)},
            "false_boxes": mean_interval(false[size]),
            "unasked_boxes": mean_interval(unasked[size]),
            "stray_boxes": mean_interval(stray[size]),
            "boxes_on_clean": mean_interval(quiet[size]),
        }
        for size in MARK_SIZES
    }
    return Table("Detector, by width of the mark or box (FlickrLogos-27, clothing)", rows)


def _share(found: Sequence[tuple[str, str]], what: str) -> Estimate:
    return grouped_mean([float(one == what) for one, _ in found], [photo for _, photo in found])


def _count(regions: Sequence[Region], size: str, width: int) -> int:
    return sum(_is(size, region.box, width) for region in regions)


def _is(size: str, box: Box, width: int) -> bool:
    low, high = MARK_SIZES[size]
    return low <= box.width / width < high
