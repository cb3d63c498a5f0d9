"""Crops of marks: do they find other photos' crops of their brand, and the clean drawing of its mark?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.alignment import CROP_MARGIN
from model.reference_views import reference_views
from model.regions import RgbImage
from training.evaluation.datasets import Photo
from training.evaluation.intervals import Estimate, grouped_mean
from training.evaluation.matchers import Matcher
from training.evaluation.references import Drawings, as_uploaded
from training.evaluation.report import Progress, Table
from training.evaluation.retrieval import (
    among_first,
    average_precisions,
    best_by_label,
    expanded,
    first_is_right,
    hide_own,
    true_accepts,
)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures with the brand (n,) and the photo (n,) that each comes from."""

    pictures: list[RgbImage]
    label: NDArray[np.str_]
    group: NDArray[np.str_]

    def part(self, rows: NDArray[np.intp]) -> Pictures:
        """The pictures of `rows`."""
        return Pictures([self.pictures[row] for row in rows], self.label[rows], self.group[rows])

    def bearable(self, matcher: Matcher) -> Pictures:
        """Itself, or a sample as large as `matcher` can bear as queries."""
        most = matcher.most_queries
        if most is None or most >= len(self.pictures):
            return self
        return self.part(np.sort(np.random.default_rng(0).choice(len(self.pictures), most, replace=False)))


def crops_of(photos: Sequence[Photo]) -> Pictures:
    """The pixels in every mark's box."""
    found = []
    for photo in photos:
        image = photo.read()
        found += [(mark.box.crop(image), mark.brand, photo.path.name) for mark in photo.marks]
    pictures, label, group = zip(*found, strict=True)
    return Pictures(list(pictures), np.array(label), np.array(group))


def regions_of(photos: Sequence[Photo]) -> list[RgbImage]:
    """Every mark with the margin that a scan adds to a region, in the order of `crops_of`."""
    found = []
    for photo in photos:
        image = photo.read()
        found += [mark.box.grown(CROP_MARGIN).crop(image) for mark in photo.marks]
    return found


def leave_one_photo_out(crops: Pictures, *, matchers: Sequence[Matcher], progress: Progress) -> Table:
    """Each crop is answered from the crops of all other photos; `expanded`, by query and its two nearest together.

    A matcher that cannot bear to compare every crop is not expanded.
    """
    rows = {}
    for matcher in progress(matchers, len(matchers), "crops"):
        queries = crops.bearable(matcher)
        similarities = matcher.similarities(queries.pictures, crops.pictures)
        found = hide_own(similarities, queries.group, crops.group)
        labels = queries.label, crops.label
        row = {
            "recall_at_1": grouped_mean(first_is_right(found, *labels), queries.group),
            "mean_average_precision": grouped_mean(average_precisions(found, *labels), queries.group),
            "true_accepts_at_1_percent": true_accepts(found, *labels, group=queries.group),
        }
        if len(queries.pictures) == len(crops.pictures):
            found = hide_own(expanded(similarities, crops.group), crops.group, crops.group)
            row["recall_at_1_expanded"] = grouped_mean(first_is_right(found, *labels), crops.group)
            row["mean_average_precision_expanded"] = grouped_mean(average_precisions(found, *labels), crops.group)
        rows[matcher.name] = row
    facts = {"crops": len(crops.pictures), "brands": len(set(crops.label.tolist()))}
    return Table("Crops, leave one photo out (FlickrLogos-27)", rows, facts)


def against_references(
    crops: Pictures,
    *,
    own: Drawings,
    others: Drawings,
    levels: Sequence[int],
    matchers: Sequence[Matcher],
    progress: Progress,
) -> Table:
    """Each crop is named by the most similar clean reference, among those of as many other brands as `levels` say.

    Every method gets the views of a reference that the service indexes.
    """
    queries = crops.part(np.flatnonzero(np.isin(crops.label, list(own))))
    gallery, label = _gallery({**own, **others})
    rows = {}
    for matcher in progress(matchers, len(matchers), "clean references"):
        asked = queries.bearable(matcher)
        best, labels = best_by_label(matcher.similarities(asked.pictures, gallery), label)
        row: dict[str, Estimate] = {}
        for level in levels:
            present = np.isin(labels, [*own, *list(others)[:level]])
            for first in (1, 5):
                hits = among_first(best[:, present], asked.label, labels[present], first=first)
                row[f"top{first}_of_{level}_others"] = grouped_mean(hits, asked.group)
        reported = np.isin(labels, list(own))
        row["true_accepts_at_1_percent"] = true_accepts(
            best[:, reported], asked.label, labels[reported], group=asked.group
        )
        rows[matcher.name] = row
    facts = {"crops": len(queries.pictures), "brands_with_references": len(own), "views": len(gallery)}
    return Table("Crops against clean vector references (FlickrLogos-27)", rows, facts)


def _gallery(references: Drawings) -> tuple[list[RgbImage], NDArray[np.str_]]:
    """Every view of every reference that can be seen, and its brand."""
    found = [
        (view, brand)
        for brand, logos in references.items()
        for logo in logos
        if (drawn := as_uploaded(logo)) is not None
        for _, view in reference_views(drawn, kind="logo")
    ]
    pictures, label = zip(*found, strict=True)
    return list(pictures), np.array(label)
