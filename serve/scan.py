"""The scan, top to bottom: propose → embed → search → verify → judge.

`Scanner.scan` takes an upright picture and answers which brand's mark is where and whether it looks genuine, smeared
or imitated. It holds no state of its own between scans: the same pixels under the same model, index and policy
version give the same answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, assert_never

import numpy as np
from numpy.typing import NDArray

from index.interface import Hit, VectorIndex
from model.alignment import PreparedReference
from model.bundle import ModelBundle
from model.photo_copy import PhotoMatch, photo_match
from model.place_patches import PreparedPlace
from model.regions import Box, Region, RgbImage, whole_image
from serve.copied_photo import WipedPlace, wiped_places
from serve.policy import Policy, strength
from serve.results import Decision, Finding, FindingScores, Kind

MAX_REGIONS = 8
"""Regions a picture may have, the whole image included; each costs one embedding."""

BRANDS_PER_REGION = 2
"""Brands that may explain one region; the second is there for when the first fails verification."""

MAX_CANDIDATES = 3
"""Pairs of region and reference that are verified; each costs a few milliseconds."""

REGION_MARGIN = 0.12
"""What is added on each side of a region before it is aligned: a detector's box may cut a mark's edge."""

SAME_PLACE = 0.5
"""Share of the smaller box that two findings of one brand must cover together to be one finding."""


@dataclass(frozen=True, slots=True)
class StoredReference:
    """A genuine reference as the scan needs it; `places` are where a product's photo shows its logo."""

    reference_id: str
    brand_id: str
    brand: str
    kind: Literal["logo", "product"]
    prepared: PreparedReference
    places: tuple[PreparedPlace, ...] = ()


class References(Protocol):
    """Where the scan finds the pictures behind the index's hits."""

    def get(self, reference_id: str) -> StoredReference | None:
        """The reference, or None when it was removed since the search."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A region and the reference that may explain it; `margin` is its similarity above the best other brand's."""

    region: Region
    hit: Hit
    margin: float
    reference: StoredReference


@dataclass(frozen=True, slots=True)
class Verified:
    """A candidate that passed verification, with what its evidence picture shows.

    `genuine` is what it is compared with, where that is not the whole reference. `within` are the smears at the logo's
    places of a copied photo.
    """

    candidate: Candidate
    kind: Kind
    scores: FindingScores
    reasons: list[str]
    aligned: RgbImage | None
    difference: NDArray[np.float32] | None
    genuine: RgbImage | None = None
    within: tuple[Verified, ...] = ()

    def finding(self, evidence: str) -> Finding:
        """The finding as it is sent; `evidence` is the path of its picture."""
        box, reference = self.candidate.region.box, self.candidate.reference
        return Finding(
            brand_id=reference.brand_id,
            brand=reference.brand,
            kind=self.kind,
            scores=self.scores,
            box=(round(box.x, 1), round(box.y, 1), round(box.width, 1), round(box.height, 1)),
            reference_id=reference.reference_id,
            similarity=round(min(max(self.candidate.hit.similarity, -1.0), 1.0), 4),
            margin=round(self.candidate.margin, 4),
            reasons=self.reasons,
            evidence=evidence,
        )


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found, before it is stored and sent."""

    scan_id: str
    decision: Decision
    reasons: list[str]
    findings: list[Finding]
    verified: list[Verified]
    model: str
    index_version: int
    policy_version: int
    milliseconds: dict[str, float]


@dataclass
class Stopwatch:
    """Milliseconds by step."""

    milliseconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the block under `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.milliseconds[name] = (time.perf_counter() - start) * 1000.0


class Scanner:
    """Runs scans with one model bundle over one index; safe to call from several threads."""

    def __init__(self, bundle: ModelBundle, *, index: VectorIndex, references: References) -> None:
        self._bundle = bundle
        self._index = index
        self._references = references

    def scan(self, image: RgbImage, *, scan_id: str, policy: Policy) -> Scan:
        """Scan one upright picture, (height, width, 3) uint8 RGB."""
        stopwatch = Stopwatch()
        with stopwatch.step("propose"):
            regions = self._propose(image)
        with stopwatch.step("embed"):
            vectors = self._bundle.embedder.embed([region.box.crop(image) for region in regions])
        with stopwatch.step("search"):
            state = self._index.view()
            hits = state.search_brands(vectors, brands=BRANDS_PER_REGION)
        with stopwatch.step("verify"):
            candidates = self._candidates(regions, hits, brands=state.brands)
            found = [self._verify(image, one, brands=state.brands) for one in candidates]
            verified = _merged([each for one in found if one is not None for each in (one, *one.within)])
        findings = [one.finding(f"/v1/scans/{scan_id}/evidence/{n}.png") for n, one in enumerate(verified)]
        decision, reasons = policy.under(self._bundle.name).decide(findings)
        return Scan(
            scan_id=scan_id,
            decision=decision,
            reasons=reasons,
            findings=findings,
            verified=verified,
            model=self._bundle.name,
            index_version=state.version,
            policy_version=policy.version,
            milliseconds=stopwatch.milliseconds,
        )

    def _propose(self, image: RgbImage) -> list[Region]:
        """The whole image, which may itself be a mark or a product photo, and the places that look like marks."""
        return [whole_image(image), *self._bundle.detector.detect(image)[: MAX_REGIONS - 1]]

    def _candidates(self, regions: Sequence[Region], hits: Sequence[Sequence[Hit]], *, brands: int) -> list[Candidate]:
        """The pairs that verification could make findings of, most similar first, no brand twice in one place."""
        calibration = self._bundle.calibration
        pairs = [
            (region, hit, margin)
            for region, row in zip(regions, hits, strict=True)
            for hit in row
            if calibration.may_be_found(similarity=hit.similarity, margin=(margin := _margin(hit, row)), brands=brands)
        ]
        pairs.sort(key=lambda pair: (-pair[1].similarity, pair[1].vector_id))
        candidates: list[Candidate] = []
        for region, hit, margin in pairs:
            if len(candidates) == MAX_CANDIDATES:
                break
            same_brand = [one.region.box for one in candidates if one.hit.brand_id == hit.brand_id]
            if any(_same_place(region.box, box) for box in same_brand):
                continue
            reference = self._references.get(hit.reference_id)
            if reference is not None:
                candidates.append(Candidate(region, hit, margin, reference))
        return candidates

    def _verify(self, image: RgbImage, candidate: Candidate, *, brands: int) -> Verified | None:
        """What the comparison of region and reference says, or None when they are unrelated."""
        reference = candidate.reference
        match reference.kind:
            case "logo":
                crop = candidate.region.box.grown(REGION_MARGIN).crop(image)
                return self._finding_from_mark(candidate, crop, brands=brands)
            case "product":
                crop = candidate.region.box.crop(image)
                match = photo_match(crop, reference.prepared, places=[one.place.box for one in reference.places])
                return self._finding_from_photo(image, candidate, match)
            case _:
                assert_never(reference.kind)

    def _finding_from_mark(self, candidate: Candidate, crop: RgbImage, *, brands: int) -> Verified | None:
        calibration, similarity = self._bundle.calibration, candidate.hit.similarity

        def related(probability: float) -> float:
            return calibration.related(probability, similarity=similarity, margin=candidate.margin, brands=brands)

        def is_finding(probability: float) -> bool:
            return related(probability) >= calibration.finding_probability

        verdict = self._bundle.verifier.verify(
            crop, candidate.reference.prepared, similarity=similarity, is_finding=is_finding
        )
        scores = verdict.scores
        paired = 1.0 - scores.unrelated
        if not is_finding(paired):
            return None
        scale = related(paired) / max(paired, 1e-6)
        return Verified(
            candidate=candidate,
            kind=verdict.kind,
            scores=_rounded(scores.genuine * scale, scores.smear * scale, scores.imitation * scale),
            reasons=verdict.reasons,
            aligned=verdict.aligned,
            difference=verdict.difference,
        )

    def _finding_from_photo(self, image: RgbImage, candidate: Candidate, match: PhotoMatch) -> Verified | None:
        if match.probability < self._bundle.calibration.copy_probability:
            return None
        wiped = wiped_places(image, candidate.region.box, match=match, places=candidate.reference.places)
        return Verified(
            candidate=candidate,
            kind="copied_photo",
            scores=_rounded(match.probability, 0.0, 0.0),
            reasons=match.reasons,
            aligned=match.aligned,
            difference=match.difference,
            within=tuple(_smear_within(candidate, match, one) for one in wiped),
        )


def _smear_within(candidate: Candidate, match: PhotoMatch, place: WipedPlace) -> Verified:
    """The smear at a logo's place of a copied photo; it holds as far as the photo is a copy."""
    copied, wiped = match.probability, place.wiped
    return Verified(
        candidate=replace(candidate, region=Region(place.box, candidate.region.score)),
        kind="smear",
        scores=_rounded(copied * (1.0 - wiped.probability), copied * wiped.probability, 0.0),
        reasons=wiped.reasons,
        aligned=wiped.aligned,
        difference=wiped.difference,
        genuine=wiped.genuine,
    )


def _margin(hit: Hit, row: Sequence[Hit]) -> float:
    """The similarity of `hit` above the best of another brand in `row`; alone, above 0."""
    return hit.similarity - max((other.similarity for other in row if other.brand_id != hit.brand_id), default=0.0)


def _rounded(genuine: float, smear: float, imitation: float) -> FindingScores:
    """Scores of four decimals that still sum to 1: what rounding leaves goes to `unrelated`."""
    genuine, smear, imitation = (min(max(round(value, 4), 0.0), 1.0) for value in (genuine, smear, imitation))
    unrelated = round(max(1.0 - genuine - smear - imitation, 0.0), 4)
    return FindingScores(genuine=genuine, smear=smear, imitation=imitation, unrelated=unrelated)


def _same_place(one: Box, other: Box) -> bool:
    smaller = min(one.area, other.area)
    return smaller > 0 and one.intersection(other) / smaller >= SAME_PLACE


def _merged(verified: Sequence[Verified]) -> list[Verified]:
    """Strongest first, one mark a place.

    Two brands cannot own one mark: where they overlap, the one that is surest not to be unrelated stays. A reused
    photo and the marks inside it stand side by side.
    """
    kept: list[Verified] = []
    for one in sorted(verified, key=lambda item: (item.scores.unrelated, -item.candidate.hit.similarity)):
        rivals = [other for other in kept if (other.kind == "copied_photo") == (one.kind == "copied_photo")]
        if not any(_same_place(one.candidate.region.box, other.candidate.region.box) for other in rivals):
            kept.append(one)
    return sorted(kept, key=lambda item: -strength(item.finding("")))
