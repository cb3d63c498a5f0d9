"""Whole photos through the real API: whose mark is in the photo, among thousands of brands?

References are clean vector logos: those of the reported brands, none of which was trained on, among those of
thousands of other brands. Queries are whole photos, not crops. Photos of brands that no package draws, and garments
without marks, tell how often the scan sees a mark where there is none of ours.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from client.api import Hallmark, Json
from client.service import running_service
from model.bundle import CHAMPION, bundle_folder, load_bundle
from model.encoding import png
from model.regions import Box
from training.evaluation.datasets import Photo, boxed_photos, plain_photos
from training.evaluation.detection import matches
from training.evaluation.intervals import Estimate, mean_interval
from training.evaluation.provenance import provenance
from training.logos import Logo, fetch_packages, is_held_out, load_logos, rasterise

DRAWINGS_PER_BRAND = 4
"""Clean versions of one brand's mark that are registered, at most."""

MARK_SIZES = {"under 8 %": (0.0, 0.08), "8 to 20 %": (0.08, 0.2), "20 to 50 %": (0.2, 0.5), "over 50 %": (0.5, 9.9)}
"""Width of a mark as a share of the photo's width."""

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Shows a bar: takes what is iterated, its length and a description."""


@dataclass(frozen=True, slots=True)
class RecognitionSettings:
    """How much is measured; `photos` and `clean_photos` limit the number of pictures (None: all)."""

    distractor_brands: int = 2000
    photos: int | None = None
    clean_photos: int | None = None
    bundle: str = CHAMPION


@dataclass(frozen=True, slots=True)
class Detection:
    """What the detector sees: recall over marks at IoU 0.5, boxes over photos."""

    recall: Estimate
    recall_by_size: dict[str, Estimate]
    false_boxes_per_photo: Estimate
    boxes_per_clean_photo: Estimate


@dataclass(frozen=True, slots=True)
class Recognition:
    """The figures; each estimate is over photos."""

    provenance: dict[str, str]
    reference_brands: int
    distractor_brands: int
    top1_brand: Estimate
    found_any: Estimate
    false_brand: Estimate
    finding_without_reference: Estimate
    clean_photo_with_finding: Estimate
    clean_photo_held: Estimate
    detection: Detection
    verdicts: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        return asdict(self)

    def rows(self) -> list[tuple[str, Estimate]]:
        """The figures as a person reads them."""
        seen = self.detection
        return [
            ("right brand first, whole photo", self.top1_brand),
            ("a brand found at all", self.found_any),
            ("another brand first", self.false_brand),
            ("a finding, brand without reference", self.finding_without_reference),
            ("a finding on a garment without marks", self.clean_photo_with_finding),
            ("a garment without marks held up", self.clean_photo_held),
            ("marks detected at IoU 0.5", seen.recall),
            *((f"  {size} of the width", estimate) for size, estimate in seen.recall_by_size.items()),
            ("boxes a photo that match no mark", seen.false_boxes_per_photo),
            ("boxes a garment without marks", seen.boxes_per_clean_photo),
        ]


def evaluate_recognition(settings: RecognitionSettings, *, progress: Progress) -> Recognition:
    """Start a service of one's own, register the references, scan the photos and count.

    Raises:
        DataMissing: FlickrLogos-27 or the clothing photos are not there.
        ServiceFailed: the service did not start.
    """
    photos = _sample(boxed_photos("flickrlogos27"), settings.photos)
    clean = plain_photos("clothing", limit=settings.clean_photos)
    reported = sorted({mark.brand for photo in photos for mark in photo.marks})
    drawings = load_logos(fetch_packages())
    own, others = _references(drawings, reported=reported, distractors=settings.distractor_brands)
    with tempfile.TemporaryDirectory(prefix="hallmark-evaluation-") as folder:
        options = {"HALLMARK_MODEL": settings.bundle}
        with (
            running_service(Path(folder), settings=options) as service,
            Hallmark(service.url, key=service.create_key("admin")) as api,
        ):
            register_brands(api, {**own, **others}, progress=progress)
            answers = [api.scan(photo.path.read_bytes()) for photo in progress(photos, len(photos), "photos")]
            quiet = [api.scan(photo.path.read_bytes()) for photo in progress(clean, len(clean), "clean photos")]
    with_reference = [(p, a) for p, a in zip(photos, answers, strict=True) if p.marks[0].brand in own]
    without = [a for p, a in zip(photos, answers, strict=True) if p.marks[0].brand not in own]
    tops = [(photo.marks[0].brand, _top_brand(answer)) for photo, answer in with_reference]
    return Recognition(
        provenance=provenance([photo.path for photo in (*photos, *clean)], model=settings.bundle),
        reference_brands=len(own),
        distractor_brands=len(others),
        top1_brand=mean_interval([top == brand for brand, top in tops]),
        found_any=mean_interval([top is not None for _, top in tops]),
        false_brand=mean_interval([top not in (None, brand) for brand, top in tops]),
        finding_without_reference=mean_interval([bool(answer["findings"]) for answer in without]),
        clean_photo_with_finding=mean_interval([bool(answer["findings"]) for answer in quiet]),
        clean_photo_held=mean_interval([answer["decision"] != "allow" for answer in quiet]),
        verdicts=_verdicts(with_reference),
        detection=_detection(photos, clean, bundle=settings.bundle, progress=progress),
    )


def _sample(photos: list[Photo], limit: int | None) -> list[Photo]:
    if limit is None or limit >= len(photos):
        return photos
    chosen = np.random.default_rng(0).choice(len(photos), limit, replace=False)
    return [photos[number] for number in sorted(chosen)]


def _references(
    drawings: Sequence[Logo], *, reported: Sequence[str], distractors: int
) -> tuple[dict[str, list[Logo]], dict[str, list[Logo]]]:
    """The reported brands' drawings, and one drawing each of other brands (never a sub-brand of a reported one)."""
    by_brand: dict[str, list[Logo]] = defaultdict(list)
    for logo in drawings:
        by_brand[logo.brand].append(logo)
    own = {brand: by_brand[brand][:DRAWINGS_PER_BRAND] for brand in reported if brand in by_brand}
    strangers = [brand for brand in sorted(by_brand) if not is_held_out(brand)]
    chosen = np.random.default_rng(0).permutation(len(strangers))[:distractors]
    return own, {strangers[number]: by_brand[strangers[number]][:1] for number in chosen}


def register_brands(api: Hallmark, references: dict[str, list[Logo]], *, progress: Progress) -> None:
    """Register each brand with clean drawings of its mark on white; one that cannot be seen on white is left out."""
    for brand, logos in progress(references.items(), len(references), "references"):
        brand_id = api.create_brand(brand)["id"]
        for logo in logos:
            drawn = rasterise(logo, width=256, background=(255, 255, 255))
            if drawn[..., :3].std() > 1.0:
                api.add_reference(brand_id, png(drawn), kind="logo")


def _top_brand(answer: Json) -> str | None:
    """The brand that the scan is surest of, whatever it says was done to the mark."""
    best = min(answer["findings"], key=lambda one: (one["scores"]["unrelated"], -one["similarity"]), default=None)
    return None if best is None else str(best["brand"])


def _verdicts(answers: Sequence[tuple[Photo, Json]]) -> dict[str, int]:
    """Findings of the right brand by kind; these photos show genuine marks."""
    counts: dict[str, int] = defaultdict(int)
    for photo, answer in answers:
        for finding in answer["findings"]:
            if finding["brand"] == photo.marks[0].brand:
                counts[finding["kind"]] += 1
    return dict(counts)


def _detection(photos: Sequence[Photo], clean: Sequence[Photo], *, bundle: str, progress: Progress) -> Detection:
    """Recall of the boxed marks at IoU 0.5, and boxes a photo that match none (some marks in photos have no box)."""
    detector = load_bundle(bundle_folder(bundle)).detector
    found: dict[str, list[bool]] = {size: [] for size in MARK_SIZES}
    false: list[float] = []
    for photo in progress(photos, len(photos), "detection"):
        image = photo.read()
        regions = detector.detect(image)
        matched = matches([mark.box for mark in photo.marks], regions)
        for mark, place in zip(photo.marks, matched, strict=True):
            found[_size(mark.box, image.shape[1])].append(place is not None)
        false.append(len(regions) - sum(place is not None for place in matched))
    quiet = [float(len(detector.detect(photo.read()))) for photo in progress(clean, len(clean), "detection, clean")]
    return Detection(
        recall=mean_interval([hit for hits in found.values() for hit in hits]),
        recall_by_size={size: mean_interval(hits) for size, hits in found.items()},
        false_boxes_per_photo=mean_interval(false),
        boxes_per_clean_photo=mean_interval(quiet),
    )


def _size(box: Box, photo_width: int) -> str:
    share = box.width / photo_width
    return next(name for name, (low, high) in MARK_SIZES.items() if low <= share < high)
