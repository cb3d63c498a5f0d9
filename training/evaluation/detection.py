"""How well regions cover the marks of photos: recall by size of mark, and false boxes a photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from model.regions import Box, Region

SIZE_EDGES = (0.0, 0.08, 0.2, 0.5, 1.01)
"""Edges of the size classes: width of a mark divided by the width of its photo."""


Missed = Literal["in_parts", "in_larger", "unseen"]

_MOSTLY = 0.7


@dataclass(frozen=True, slots=True)
class Photo:
    """One evaluated photo: its size in pixels, the marks that are asked for, and the regions found, strongest first.

    `besides` are marks that nobody is asked for: who misses one misses nothing, and who finds one is not wrong.
    """

    width: int
    height: int
    truth: Sequence[Box]
    regions: Sequence[Region]
    besides: Sequence[Box] = ()


@dataclass(frozen=True, slots=True)
class DetectionFigures:
    """What an evaluation found.

    `recall` is the share of marks that some region covers at the given IoU, one region counting for one mark;
    `recall_by_size` the same by `SIZE_EDGES` (NaN where there is no mark of that size) and `marks_by_size` the numbers.
    `false_per_photo` counts the regions that match no mark, `unasked_per_photo` those that match one that nobody is
    asked for; of both together `stray_per_photo` do not even touch a mark that is asked for.
    """

    photos: int
    marks: int
    recall: float
    recall_over_8_percent: float
    recall_by_size: tuple[float, ...]
    marks_by_size: tuple[int, ...]
    false_per_photo: float
    unasked_per_photo: float
    stray_per_photo: float
    regions_per_photo: float


def matches(truth: Sequence[Box], regions: Sequence[Region], *, iou: float = 0.5) -> list[int | None]:
    """For each true box the place in `regions` of the region that covers it, or None.

    Pairs are taken greedily from the largest overlap down; each region and each mark is used once.
    """
    overlaps = sorted(
        (
            (mark.iou(region.box), i, j)
            for i, mark in enumerate(truth)
            for j, region in enumerate(regions)
            if mark.iou(region.box) >= iou
        ),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    matched: list[int | None] = [None] * len(truth)
    used: set[int] = set()
    for _, i, j in overlaps:
        if matched[i] is None and j not in used:
            matched[i] = j
            used.add(j)
    return matched


def missed_as(mark: Box, regions: Sequence[Region]) -> Missed:
    """What the `regions` of a photo make of a `mark` that none of them matches.

    `in_parts`: one of them lies mostly inside it; else `in_larger`: it lies mostly inside one of them; else `unseen`.
    """
    shared = [mark.intersection(region.box) for region in regions]
    if any(both >= _MOSTLY * region.box.area > 0 for both, region in zip(shared, regions, strict=True)):
        return "in_parts"
    return "in_larger" if any(both >= _MOSTLY * mark.area for both in shared) else "unseen"


def left_over(regions: Sequence[Region], matched: Sequence[int | None]) -> list[Region]:
    """The regions that are not among the `matched` ones."""
    return [region for number, region in enumerate(regions) if number not in matched]


def detection_figures(photos: Sequence[Photo], *, iou: float = 0.5) -> DetectionFigures:
    """Figures over `photos`; raises `ValueError` when there are none."""
    if not photos:
        raise ValueError("no photos to evaluate detection on")
    sizes, found = [], []
    false = unasked = stray = regions = 0
    for photo in photos:
        matched = matches(photo.truth, photo.regions, iou=iou)
        sizes += [mark.width / photo.width for mark in photo.truth]
        found += [place is not None for place in matched]
        rest = left_over(photo.regions, matched)
        wrong = left_over(rest, matches(photo.besides, rest, iou=iou))
        false += len(wrong)
        unasked += len(rest) - len(wrong)
        stray += sum(all(region.box.intersection(mark) == 0 for mark in photo.truth) for region in rest)
        regions += len(photo.regions)
    hits, widths = np.array(found, dtype=bool), np.array(sizes)
    classes = [(widths >= low) & (widths < high) for low, high in pairwise(SIZE_EDGES)]
    return DetectionFigures(
        photos=len(photos),
        marks=len(hits),
        recall=_mean(hits),
        recall_over_8_percent=_mean(hits[widths >= 0.08]),
        recall_by_size=tuple(_mean(hits[members]) for members in classes),
        marks_by_size=tuple(int(members.sum()) for members in classes),
        false_per_photo=false / len(photos),
        unasked_per_photo=unasked / len(photos),
        stray_per_photo=stray / len(photos),
        regions_per_photo=regions / len(photos),
    )


def _mean(hits: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    """The share of True, NaN for none."""
    return float(hits.mean()) if hits.size else float("nan")
