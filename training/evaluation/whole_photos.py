"""Whole photos through the real API: whose mark is in the photo, among hundreds or thousands of other brands?

References are clean vector logos of the reported brands, none of which was trained on, among those of other brands.
Queries are whole photos, not crops. Photos of brands that no package draws, and garments without marks, tell how often
the scan sees a mark where there is none of ours.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from client.api import Hallmark, Json
from client.service import running_service
from training.evaluation.datasets import Photo, is_for_tuning
from training.evaluation.intervals import Estimate, mean_interval, shares_interval
from training.evaluation.references import Drawings, register_brands
from training.evaluation.report import Progress, Table


@dataclass(frozen=True, slots=True)
class Answers:
    """What the service said of each photo, in their order, with `other_brands` registered beside the reported ones."""

    other_brands: int
    marked: list[Json]
    clean: list[Json]


def whole_photos(
    marked: Sequence[Photo],
    clean: Sequence[Photo],
    *,
    own: Drawings,
    others: Drawings,
    levels: Sequence[int],
    bundle: str,
    progress: Progress,
) -> Table:
    """Scan every photo with the first of `others` registered, as many as each of the rising `levels` says.

    Raises:
        ServiceFailed: the service did not start.
    """
    rows, verdicts = {}, {}
    for answers in _answers(marked, clean, own=own, others=others, levels=levels, bundle=bundle, progress=progress):
        name = f"{answers.other_brands}_other_brands"
        rows[name] = figures(marked, clean, answers, registered=set(own))
        verdicts[name] = dict(Counter(one["kind"] for one in _right_findings(marked, answers.marked)))
    facts = {"reported_brands": len(own), "right_findings_by_kind": verdicts}
    return Table("Whole photos through the API, at the shipped threshold (FlickrLogos-27, clothing)", rows, facts)


def _answers(
    marked: Sequence[Photo],
    clean: Sequence[Photo],
    *,
    own: Drawings,
    others: Drawings,
    levels: Sequence[int],
    bundle: str,
    progress: Progress,
) -> list[Answers]:
    names, found, there = list(others), [], 0
    with (
        tempfile.TemporaryDirectory(prefix="hallmark-evaluation-") as folder,
        running_service(Path(folder), settings={"HALLMARK_MODEL": bundle}) as service,
        Hallmark(service.url, key=service.create_key("admin")) as api,
    ):
        register_brands(api, own, progress=progress)
        for level in sorted(levels):
            register_brands(api, {name: others[name] for name in names[there:level]}, progress=progress)
            there = min(level, len(names))
            answers = [
                [
                    api.scan(photo.path.read_bytes())
                    for photo in progress(photos, len(photos), f"{what}, {there} others")
                ]
                for what, photos in (("photos", marked), ("clean photos", clean))
            ]
            found.append(Answers(there, *answers))
    return found


def figures(
    marked: Sequence[Photo], clean: Sequence[Photo], answers: Answers, *, registered: set[str]
) -> dict[str, Estimate]:
    """The figures of one set of references, each over photos."""
    with_reference = [(p, a) for p, a in zip(marked, answers.marked, strict=True) if _brands(p) & registered]
    without = [a for p, a in zip(marked, answers.marked, strict=True) if not _brands(p) & registered]
    tops = [(_brands(photo), _top_brand(answer)) for photo, answer in with_reference]
    named = [({one["brand"] for one in answer["findings"]}, _brands(photo)) for photo, answer in with_reference]
    right = [len(found & there) for found, there in named]
    untouched = [a for p, a in zip(clean, answers.clean, strict=True) if not is_for_tuning(p.path)]
    return {
        "top_brand_right": mean_interval([top in there for there, top in tops]),
        "top_brand_wrong": mean_interval([top is not None and top not in there for there, top in tops]),
        "precision": shares_interval(right, [len(found) for found, _ in named]),
        "recall": shares_interval(right, [len(there & registered) for _, there in named]),
        "finding_without_reference": mean_interval([bool(answer["findings"]) for answer in without]),
        "finding_on_clean": mean_interval([bool(answer["findings"]) for answer in answers.clean]),
        "finding_on_clean_untouched": mean_interval([bool(answer["findings"]) for answer in untouched]),
        "clean_held": mean_interval([answer["decision"] != "allow" for answer in answers.clean]),
    }


def _brands(photo: Photo) -> set[str]:
    return {mark.brand for mark in photo.marks}


def _top_brand(answer: Json) -> str | None:
    """The brand that the scan is surest of, whatever it says was done to the mark."""
    best = min(answer["findings"], key=lambda one: (one["scores"]["unrelated"], -one["similarity"]), default=None)
    return None if best is None else str(best["brand"])


def _right_findings(marked: Sequence[Photo], answers: Sequence[Json]) -> list[Json]:
    """Findings of a brand that is in the photo; these photos show genuine marks."""
    return [
        finding
        for photo, answer in zip(marked, answers, strict=True)
        for finding in answer["findings"]
        if finding["brand"] in _brands(photo)
    ]
