"""The scan, top to bottom: propose → embed → search → read → verify → judge.

`Scanner.scan` takes an upright picture and answers which brand's mark is where and whether it looks genuine, smeared
or imitated. It holds no state of its own between scans: the same pixels under the same model, index, claims and policy
version give the same answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from index.interface import VectorIndex
from model.bundle import ModelBundle
from model.calibration import Likeness, Shares
from model.photo_copy import PhotoMatch, photo_match
from model.regions import Region, RgbImage, whole_image
from model.verifier import Compared, likeliest
from serve.brand_words import BrandWords, Spelled
from serve.candidates import (
    BRANDS_PER_REGION,
    MAX_CLAIMED,
    Candidate,
    References,
    StoredReference,
    Suspect,
    chosen,
    same_place,
    suspects_of,
    with_references,
)
from serve.policy import Policy, strength
from serve.results import Decision, Finding, FindingScores, Kind, Listing, ReadWord

MAX_REGIONS = 8
"""Regions a picture may have, the whole image included; each costs one embedding."""

MAX_LINES = 2
"""Regions in which words are read; each costs more than ten milliseconds."""

REGION_MARGIN = 0.12
"""What is added on each side of a region before it is aligned: a detector's box may cut a mark's edge."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A suspect that passed verification beside `reference`, with what its evidence picture shows."""

    suspect: Suspect
    reference: StoredReference
    similarity: float
    verified: float
    kind: Kind
    scores: FindingScores
    reasons: list[str]
    aligned: RgbImage | None
    difference: NDArray[np.float32] | None

    def finding(self, evidence: str) -> Finding:
        """The finding as it is sent; `evidence` is the path of its picture."""
        suspect, box = self.suspect, self.suspect.region.box
        spelled = suspect.spelled
        return Finding(
            brand_id=self.reference.brand_id,
            brand=self.reference.brand,
            kind=self.kind,
            scores=self.scores,
            box=(round(box.x, 1), round(box.y, 1), round(box.width, 1), round(box.height, 1)),
            reference_id=self.reference.reference_id,
            similarity=round(min(max(self.similarity, -1.0), 1.0), 4),
            margin=round(suspect.margin, 4),
            verified=round(self.verified, 4),
            read=None if spelled is None else ReadWord(seen=spelled.seen, word=spelled.word),
            claimed=suspect.claimed,
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
    claimed: list[str]
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

    def __init__(self, bundle: ModelBundle, *, index: VectorIndex, references: References, words: BrandWords) -> None:
        self._bundle = bundle
        self._index = index
        self._references = references
        self._words = words

    def claimed_in(self, listing: Listing | None) -> list[str]:
        """The ids of the first `MAX_CLAIMED` brands that a listing names."""
        return [] if listing is None else self._words.named_in(listing)[:MAX_CLAIMED]

    def scan(self, image: RgbImage, *, scan_id: str, policy: Policy, claimed: Sequence[str] = ()) -> Scan:
        """Scan one upright picture, (height, width, 3) uint8 RGB, of a listing that names the brands `claimed`."""
        stopwatch = Stopwatch()
        with stopwatch.step("propose"):
            regions = self._propose(image)
        with stopwatch.step("embed"):
            vectors = self._bundle.embedder.embed([region.box.crop(image) for region in regions])
        with stopwatch.step("search"):
            state = self._index.view()
            hits = state.search_brands(vectors, brands=BRANDS_PER_REGION)
        with stopwatch.step("read"):
            spelled = self._read(image, regions, vectors)
        with stopwatch.step("verify"):
            suspects = suspects_of(regions, vectors, hits, state=state, spelled=spelled, claimed=claimed)
            likely = chosen(suspects, calibration=self._bundle.calibration, brands=state.brands)
            candidates = with_references(likely, vectors, state=state, references=self._references)
            found = [self._verify(image, one, brands=state.brands) for one in candidates]
            verified = _merged([one for one in found if one is not None])
        findings = [one.finding(f"/v1/scans/{scan_id}/evidence/{n}.png") for n, one in enumerate(verified)]
        decision, reasons = policy.under(self._bundle.name).decide(findings)
        return Scan(
            scan_id=scan_id,
            decision=decision,
            reasons=reasons,
            findings=findings,
            verified=verified,
            claimed=list(claimed),
            model=self._bundle.name,
            index_version=state.version,
            policy_version=policy.version,
            milliseconds=stopwatch.milliseconds,
        )

    def _propose(self, image: RgbImage) -> list[Region]:
        """The whole image, which may itself be a mark or a product photo, and the places that look like marks."""
        return [whole_image(image), *self._bundle.detector.detect(image)[: MAX_REGIONS - 1]]

    def _read(
        self, image: RgbImage, regions: Sequence[Region], vectors: NDArray[np.float32]
    ) -> dict[int, list[Spelled]]:
        """The brands' words in the regions, by number of the region, that hold a line most clearly."""
        readable = self._bundle.calibration.readable
        values = readable.values(vectors)
        likeliest_first = np.argsort(-values, kind="stable").tolist()
        lines = [place for place in likeliest_first if place > 0 and values[place] >= readable.least]
        read = {place: self._bundle.reader.line(regions[place].box.crop(image)) for place in sorted(lines[:MAX_LINES])}
        spelled = {place: self._words.spelled(line) for place, line in read.items()}
        return {place: words for place, words in spelled.items() if words}

    def _verify(self, image: RgbImage, candidate: Candidate, *, brands: int) -> Verified | None:
        """What the comparison with the references says, or None when they are unrelated."""
        box, (first, _) = candidate.suspect.region.box, candidate.references[0]
        if first.kind == "product":
            return self._finding_from_photo(candidate, photo_match(box.crop(image), first.prepared))
        return self._finding_from_mark(candidate, box.grown(REGION_MARGIN).crop(image), brands=brands)

    def _finding_from_mark(self, candidate: Candidate, crop: RgbImage, *, brands: int) -> Verified | None:
        calibration, verifier, suspect = self._bundle.calibration, self._bundle.verifier, candidate.suspect
        recognition = calibration.recognition(claimed=suspect.claimed)

        def explained(reference: StoredReference, similarity: float) -> _Explained:
            compared = verifier.compare(crop, reference.prepared, similarity=similarity)
            related = 1.0 - compared.scores.unrelated
            evidence = suspect.evidence(brands=brands, verified=related, similarity=similarity)
            likeness = Likeness(compared.scores.shares, related, similarity, evidence.word)
            probability, shares = recognition.probability(evidence), calibration.kinds.shares(likeness)
            return _Explained(reference, similarity, compared, probability, shares)

        ways = [explained(*one) for one in candidate.references]
        passing = [way for way in ways if way.probability >= recognition.finding_probability]
        if not passing:
            return None
        best = max(passing, key=_Explained.worth)
        reading = verifier.read(best.compared, shares=best.shares)
        shares = verifier.after_reading(best.shares, reading)
        kind = likeliest(shares)
        explanation = verifier.explain(best.compared, kind=kind, reading=reading)
        return Verified(
            suspect=suspect,
            reference=best.reference,
            similarity=best.similarity,
            verified=1.0 - best.compared.scores.unrelated,
            kind=kind,
            scores=_rounded(*(best.probability * share for share in shares)),
            reasons=explanation.reasons,
            aligned=explanation.aligned,
            difference=explanation.difference,
        )

    def _finding_from_photo(self, candidate: Candidate, match: PhotoMatch) -> Verified | None:
        if match.probability < self._bundle.calibration.copy_probability:
            return None
        reference, similarity = candidate.references[0]
        return Verified(
            suspect=candidate.suspect,
            reference=reference,
            similarity=similarity,
            verified=match.probability,
            kind="copied_photo",
            scores=_rounded(match.probability, 0.0, 0.0),
            reasons=match.reasons,
            aligned=match.aligned,
            difference=match.difference,
        )


@dataclass(frozen=True, slots=True)
class _Explained:
    """A region beside one reference of the brand: the probability that it is its mark, and how that divides."""

    reference: StoredReference
    similarity: float
    compared: Compared
    probability: float
    shares: Shares

    def worth(self) -> tuple[bool, float]:
        """The best explanation is the surest of those that say genuine, if any does."""
        return likeliest(self.shares) == "genuine", self.probability


def _rounded(genuine: float, smear: float, imitation: float) -> FindingScores:
    """Scores of four decimals that still sum to 1: what rounding leaves goes to `unrelated`."""
    genuine, smear, imitation = (min(max(round(value, 4), 0.0), 1.0) for value in (genuine, smear, imitation))
    unrelated = round(max(1.0 - genuine - smear - imitation, 0.0), 4)
    return FindingScores(genuine=genuine, smear=smear, imitation=imitation, unrelated=unrelated)


def _merged(verified: Sequence[Verified]) -> list[Verified]:
    """Strongest first, one mark a place.

    Two brands cannot own one mark: where they overlap, the one that is surest not to be unrelated stays. A reused
    photo and the marks inside it stand side by side.
    """
    kept: list[Verified] = []
    for one in sorted(verified, key=lambda item: (item.scores.unrelated, -item.similarity)):
        rivals = [other for other in kept if (other.kind == "copied_photo") == (one.kind == "copied_photo")]
        if not any(same_place(one.suspect.region.box, other.suspect.region.box) for other in rivals):
            kept.append(one)
    return sorted(kept, key=lambda item: -strength(item.finding("")))
