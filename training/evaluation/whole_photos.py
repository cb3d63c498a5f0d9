"""Whole photos through the real API: whose mark is in the photo, among hundreds or thousands of other brands?

References are clean vector logos of the reported brands, none of which was trained on, among those of other brands.
Queries are whole photos, not crops. Photos of brands that no package draws, and garments without marks, tell how often
the scan sees a mark where there is none of ours. The same photos are sent again with a listing that names a brand (the
one in the photo; for photos without marks, any), with their marks smeared, and both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

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


class Answered(NamedTuple):
    """A photo, and what the service said of it."""

    photo: Photo
    answer: Json

    @property
    def brands(self) -> set[str]:
        """The brands whose marks are in the photo."""
        return brands_in(self.photo)

    @property
    def found(self) -> set[str]:
        """The brands that the service found."""
        return {one["brand"] for one in self.answer["findings"]}

    @property
    def top(self) -> str | None:
        """The brand that the service is surest of."""
        return top_brand(self.answer)

    @property
    def held(self) -> bool:
        """Whether a listing of the photo would be held up."""
        return bool(self.answer["decision"] != "allow")


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
        shown = map(Answered, marked, answers.marked)
        verdicts[name] = dict(Counter(finding["kind"] for _, finding in _right_findings(shown)))
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
    shown = list(map(Answered, marked, answers.marked))
    known = [one for one in shown if one.brands & registered]
    kept = [one for one in known if one.photo.path.name in aside]
    as_drawn = [one for one in known if one.photo.path.name not in ALTERED_PHOTOS]
    right = [len(one.found & one.brands) for one in known]
    on_mark = [(photo, _overlap(photo, finding) >= ON_MARK) for photo, finding in _right_findings(known)]
    found = {
        "top_brand_right": mean_interval([one.top in one.brands for one in known]),
        "top_brand_right_set_aside": mean_interval([one.top in one.brands for one in kept]),
        "top_brand_wrong": mean_interval([one.top is not None and one.top not in one.brands for one in known]),
        "precision": shares_interval(right, [len(one.found) for one in known]),
        "recall": shares_interval(right, [len(one.brands & registered) for one in known]),
        **_said_of_marks(known),
        **{f"{name}_unaltered": figure for name, figure in _said_of_marks(as_drawn).items()},
        "right_box_on_mark": _share_by_photo(on_mark),
        "finding_without_reference": mean_interval([bool(one.found) for one in shown if not one.brands & registered]),
    }
    return found | _said_of_clean(list(map(Answered, clean, answers.clean)))


def _said_of_marks(shown: Sequence[Answered]) -> dict[str, Estimate]:
    """How often photos of marks are held up, and how often a mark whose brand is found is called something else."""
    findings = list(_right_findings(shown))
    called = {
        f"right_called_{kind}": _share_by_photo([(photo, finding["kind"] == kind) for photo, finding in findings])
        for kind in ("smear", "imitation")
    }
    return {"marked_held": mean_interval([one.held for one in shown]), **called}


def _said_of_clean(shown: Sequence[Answered]) -> dict[str, Estimate]:
    """How often photos without a mark get a finding or are held up; nothing where none were sent."""
    if not shown:
        return {}
    untouched = [one for one in shown if not is_for_tuning(one.photo.path)]
    return {
        "finding_on_clean": mean_interval([bool(one.found) for one in shown]),
        "finding_on_clean_untouched": mean_interval([bool(one.found) for one in untouched]),
        "clean_held": mean_interval([one.held for one in shown]),
    }


def scores_and_truth(
    marked: Sequence[Photo], clean: Sequence[Photo], answers: Answers
) -> Iterator[tuple[list[float], int, str]]:
    """The scores by `KINDS` of every finding of a mark, which of these it is (unrelated where the photo shows no mark
    of the brand, else smeared or genuine as it was sent), and the photo's name.
    """
    there = KINDS.index("smear" if answers.way.smeared else "genuine")
    for one in map(Answered, (*marked, *clean), (*answers.marked, *answers.clean)):
        for finding in one.answer["findings"]:
            if finding["kind"] in KINDS:
                truth = there if finding["brand"] in one.brands else KINDS.index("unrelated")
                yield [finding["scores"][kind] for kind in KINDS], truth, one.photo.path.name


def _share_by_photo(seen: Sequence[tuple[Photo, bool]]) -> Estimate:
    """The share of the findings of which it is true; those of one photo are drawn together."""
    return grouped_mean([true for _, true in seen], [photo.path.name for photo, _ in seen])


def brands_in(photo: Photo) -> set[str]:
    """The brands whose marks somebody boxed in the photo."""
    return {mark.brand for mark in photo.marks}


def top_brand(answer: Json) -> str | None:
    """The brand that the scan is surest of, whatever it says was done to the mark."""
    best = min(answer["findings"], key=lambda one: (one["scores"]["unrelated"], -one["similarity"]), default=None)
    return None if best is None else str(best["brand"])


def _right_findings(shown: Iterable[Answered]) -> Iterator[tuple[Photo, Json]]:
    """Findings of a brand that is in the photo, with it."""
    for one in shown:
        yield from ((one.photo, finding) for finding in one.answer["findings"] if finding["brand"] in one.brands)


def _overlap(photo: Photo, finding: Json) -> float:
    """IoU of the finding's box and the nearest mark of its brand."""
    return max(Box(*finding["box"]).iou(mark.box) for mark in photo.marks if mark.brand == finding["brand"])
