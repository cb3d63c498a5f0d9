"""Whole photos through the real API: whose mark is in the photo, among hundreds or thousands of other brands?

References are clean vector logos of the reported brands, none of which was trained on, among those of other brands.
Queries are whole photos, not crops. Photos of brands that no package draws, and garments without marks, tell how often
the scan sees a mark where there is none of ours. The same photos are sent again with a listing that names a brand (the
one in the photo; for photos without marks, any), with their marks smeared, and both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from client.api import Json
from client.temporary import temporary_service
from model.encoding import jpeg
from model.regions import Box
from training.edits.smears import SMEARS, smear
from training.evaluation.datasets import ALTERED_PHOTOS, Photo, is_for_tuning, set_aside
from training.evaluation.intervals import Estimate, grouped_mean, mean_interval, shares_interval
from training.evaluation.references import Drawings, register_brands
from training.evaluation.report import Progress, Table
from training.evaluation.verdicts import KINDS, calibration

SEED = 0

ON_MARK = 0.5
"""IoU from which a finding's box is on the mark."""


@dataclass(frozen=True, slots=True)
class Way:
    """How photos are sent: with a listing that names a brand or without, their marks smeared or not."""

    named: bool = False
    smeared: bool = False

    @property
    def name(self) -> str:
        """As it is printed, after the number of brands."""
        return "_named_by_listing" * self.named + "_smeared" * self.smeared


WAYS = (Way(), Way(named=True), Way(smeared=True), Way(named=True, smeared=True))


@dataclass(frozen=True, slots=True)
class Answers:
    """What the service said of each photo, in their order, with `other_brands` registered beside the reported ones."""

    other_brands: int
    way: Way
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

    Among the fewest, every one of the `WAYS` is tried, and how right the served scores are is said of all together.
    Raises `ServiceFailed` when the service does not start.
    """
    rows, verdicts = {}, {}
    served: list[tuple[list[float], int, str]] = []
    for answers in _answers(marked, clean, own=own, others=others, levels=levels, bundle=bundle, progress=progress):
        name = f"{answers.other_brands}_other_brands{answers.way.name}"
        rows[name] = figures(marked, clean, answers, registered=set(own), aside=set_aside())
        verdicts[name] = dict(Counter(one["kind"] for _, one in _right_findings(marked, answers.marked)))
        served += scores_and_truth(marked, clean, answers)
    if served:
        scores, truth, photo = zip(*served, strict=True)
        rows["every_finding"] = calibration(np.array(scores), np.array(truth), photo)
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
) -> Iterator[Answers]:
    names, there, every_way = list(others), 0, True
    with temporary_service(model=bundle) as api:
        register_brands(api, own, progress=progress)
        for level in sorted(levels):
            register_brands(api, {name: others[name] for name in names[there:level]}, progress=progress)
            there = min(level, len(names))
            for way in WAYS if every_way else WAYS[:1]:
                title = f"{there} others{way.name.replace('_', ' ')}"
                answers = [
                    [
                        api.scan(
                            picture_of(photo, number, way=way), listing=listing_of(photo, number, own=own, way=way)
                        )
                        for number, photo in enumerate(progress(photos, len(photos), f"{what}, {title}"))
                    ]
                    for what, photos in (("photos", marked), ("clean photos", [] if way.smeared else clean))
                ]
                yield Answers(there, way, *answers)
            every_way = False


def picture_of(photo: Photo, number: int, *, way: Way) -> bytes:
    """The file that is sent: of a smeared photo with every mark smeared by one tool, whatever its strength.

    All are compressed anew, as a picture is that someone edited and sent: else that alone would tell them apart.
    """
    rng = np.random.default_rng([SEED, number])
    tool, image = str(rng.choice(sorted(SMEARS))), photo.read()
    strength = float(rng.uniform(0, 1))
    for mark in photo.marks if way.smeared else ():
        image = smear(image, mark.box, tool=tool, strength=strength, rng=rng)
    return jpeg(image)


def listing_of(photo: Photo, number: int, *, own: Drawings, way: Way) -> dict[str, str] | None:
    """The listing that is sent with photo `number`, if any: it claims a brand of the photo, or any of `own`."""
    if not way.named:
        return None
    names = sorted(brands_in(photo)) or sorted(own)
    return {"brand_claimed": names[number % len(names)]}


def figures(
    marked: Sequence[Photo],
    clean: Sequence[Photo],
    answers: Answers,
    *,
    registered: set[str],
    aside: Collection[str] = (),
) -> dict[str, Estimate]:
    """The figures of one set of references, each over photos; `aside` names those that nothing was chosen by."""
    with_reference = [(p, a) for p, a in zip(marked, answers.marked, strict=True) if brands_in(p) & registered]
    without = [a for p, a in zip(marked, answers.marked, strict=True) if not brands_in(p) & registered]
    tops = [(brands_in(photo), top_brand(answer)) for photo, answer in with_reference]
    named = [({one["brand"] for one in answer["findings"]}, brands_in(photo)) for photo, answer in with_reference]
    right = [len(found & there) for found, there in named]
    right_findings = list(_right_findings(marked, answers.marked))
    as_drawn = [one for one in right_findings if one[0].path.name not in ALTERED_PHOTOS]
    untouched = [a for p, a in zip(clean, answers.clean, strict=False) if not is_for_tuning(p.path)]
    found = {
        "top_brand_right": mean_interval([top in there for there, top in tops]),
        "top_brand_right_set_aside": mean_interval(
            [top_brand(answer) in brands_in(p) for p, answer in with_reference if p.path.name in aside]
        ),
        "top_brand_wrong": mean_interval([top is not None and top not in there for there, top in tops]),
        "precision": shares_interval(right, [len(found) for found, _ in named]),
        "recall": shares_interval(right, [len(there & registered) for _, there in named]),
        "marked_held": mean_interval([answer["decision"] != "allow" for _, answer in with_reference]),
        **{f"right_called_{kind}": _called(kind, right_findings) for kind in ("smear", "imitation")},
        **{f"right_called_{kind}_unaltered": _called(kind, as_drawn) for kind in ("smear", "imitation")},
        "marked_held_unaltered": mean_interval(
            [answer["decision"] != "allow" for p, answer in with_reference if p.path.name not in ALTERED_PHOTOS]
        ),
        "right_box_on_mark": grouped_mean(
            [_overlap(photo, finding) >= ON_MARK for photo, finding in right_findings], _names(right_findings)
        ),
        "finding_without_reference": mean_interval([bool(answer["findings"]) for answer in without]),
    }
    if not answers.clean:
        return found
    return found | {
        "finding_on_clean": mean_interval([bool(answer["findings"]) for answer in answers.clean]),
        "finding_on_clean_untouched": mean_interval([bool(answer["findings"]) for answer in untouched]),
        "clean_held": mean_interval([answer["decision"] != "allow" for answer in answers.clean]),
    }


def scores_and_truth(
    marked: Sequence[Photo], clean: Sequence[Photo], answers: Answers
) -> Iterator[tuple[list[float], int, str]]:
    """The scores by `KINDS` of every finding of a mark, which of these it is (unrelated where the photo shows no mark
    of the brand, else smeared or genuine as it was sent), and the photo's name.
    """
    there = KINDS.index("smear" if answers.way.smeared else "genuine")
    photos = [*((photo, brands_in(photo), answer) for photo, answer in zip(marked, answers.marked, strict=True)),
              *((photo, set[str](), answer) for photo, answer in zip(clean, answers.clean, strict=False))]  # fmt: skip
    for photo, brands, answer in photos:
        for one in answer["findings"]:
            if one["kind"] in KINDS:
                truth = there if one["brand"] in brands else KINDS.index("unrelated")
                yield [one["scores"][kind] for kind in KINDS], truth, photo.path.name


def _called(kind: str, findings: Sequence[tuple[Photo, Json]]) -> Estimate:
    """The share of the findings that are called so; those of one photo are drawn together."""
    return grouped_mean([finding["kind"] == kind for _, finding in findings], _names(findings))


def _names(findings: Sequence[tuple[Photo, Json]]) -> list[str]:
    return [photo.path.name for photo, _ in findings]


def brands_in(photo: Photo) -> set[str]:
    """The brands whose marks somebody boxed in the photo."""
    return {mark.brand for mark in photo.marks}


def top_brand(answer: Json) -> str | None:
    """The brand that the scan is surest of, whatever it says was done to the mark."""
    best = min(answer["findings"], key=lambda one: (one["scores"]["unrelated"], -one["similarity"]), default=None)
    return None if best is None else str(best["brand"])


def _right_findings(marked: Sequence[Photo], answers: Sequence[Json]) -> Iterator[tuple[Photo, Json]]:
    """Findings of a brand that is in the photo, with it; these photos show genuine marks."""
    for photo, answer in zip(marked, answers, strict=True):
        yield from ((photo, finding) for finding in answer["findings"] if finding["brand"] in brands_in(photo))


def _overlap(photo: Photo, finding: Json) -> float:
    """IoU of the finding's box and the nearest mark of its brand."""
    return max(Box(*finding["box"]).iou(mark.box) for mark in photo.marks if mark.brand == finding["brand"])
