"""From a candidate to what a scan says of it: is it the brand's mark, of which kind, and what shows it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.agreeing_keypoints import agreeing
from model.alignment import MOST_FEATURES
from model.bundle import ModelBundle
from model.calibration import Likeness, MarkEvidence, Recognition
from model.photo_copy import PhotoMatch, photo_match
from model.reference_views import quarters_turned
from model.regions import Box, Region, RgbImage
from model.verifier import Compared, Laid, likeliest
from serve.scanning.candidates import Candidate, StoredReference, Suspect
from serve.scanning.copied_photo import WipedPlace, wiped_places
from serve.scanning.results import Finding, FindingScores, Kind, ReadWord
from serve.scanning.seen import SeenRegions, SeenTampering

UNITS = 10_000
"""Of a score: it has four decimals."""

UPRIGHT = 0.03
"""How much higher the aligned similarity of a quarter-turned match must be for it to win over the upright one.

One upright mark in four is nearest to a turned view of its reference. With this margin 0.81 of the marks on upright
tuning photos are compared upright, and 0.86 of those on turned photos turned; without it 0.69 and 0.91.
"""

SURELY_ITS = 0.9
"""A mark less probably the brand's than this is taken for another brand's if another word is read in its place."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A suspect that passed verification beside `reference`, with what its evidence picture shows.

    `place` is where the mark lies, in pixels of the image: around it as it was laid on the reference, or all of the
    region where nothing was laid. What was laid has `aligned` and `difference`, a mark `realigned` and `agreeing` too.
    `strength` is how strongly it speaks against the listing, where its kind's score does not say so. `genuine` is what
    it is compared with, where that is not the whole reference. `within` are the smears at the logo's places of a copied
    photo.
    """

    suspect: Suspect
    place: Box
    reference: StoredReference
    similarity: float
    verified: float
    kind: Kind
    scores: FindingScores
    reasons: list[str]
    realigned: float | None = None
    agreeing: int | None = None
    tampered: float | None = None
    aligned: RgbImage | None = None
    difference: NDArray[np.float32] | None = None
    strength: float | None = None
    genuine: RgbImage | None = None
    within: tuple[Verified, ...] = ()

    def finding(self, evidence: str) -> Finding:
        """The finding as it is sent; `evidence` is the path of its picture."""
        suspect, box = self.suspect, self.place
        spelled = suspect.spelled
        return Finding(
            brand_id=self.reference.brand_id,
            brand=self.reference.brand,
            kind=self.kind,
            scores=self.scores,
            strength=self.strength,
            box=(round(box.x, 1), round(box.y, 1), round(box.width, 1), round(box.height, 1)),
            reference_id=self.reference.reference_id,
            similarity=round(min(max(self.similarity, -1.0), 1.0), 4),
            margin=round(suspect.margin, 4),
            realigned=self.realigned,
            agreeing=self.agreeing,
            verified=round(self.verified, 4),
            tampered=self.tampered,
            detected=None if suspect.region.detected is None else round(suspect.region.detected, 4),
            whole=suspect.region.is_a_picture,
            read=None if spelled is None else ReadWord(seen=spelled.seen, word=spelled.word),
            claimed=suspect.claimed,
            reasons=self.reasons,
            evidence=evidence,
        )


def verify(
    image: RgbImage,
    candidate: Candidate,
    *,
    bundle: ModelBundle,
    brands: int,
    regions: SeenRegions,
    tampering: SeenTampering,
    surely_its: bool = False,
) -> Verified | None:
    """What the comparison with the references says, or None when they are unrelated.

    `regions` and `tampering` are of `image`. With `surely_its` something else says that it is the brand's mark: then
    any probability that it is will do.
    """
    box, (first, _) = candidate.suspect.region.box, candidate.references[0]
    if first.kind == "product":
        places = [one.place.box for one in first.places]
        match = photo_match(
            box.crop(image), first.prepared, places=places, weights=bundle.photo_copy, small=regions.photo(box)
        )
        is_copy = match.probability >= bundle.calibration.copy_probability
        return _finding_from_photo(image, candidate, match, bundle=bundle) if is_copy else None
    return _finding_from_mark(
        candidate, regions, bundle=bundle, brands=brands, tampering=tampering, surely_its=surely_its
    )


def _finding_from_mark(
    candidate: Candidate, regions: SeenRegions, *, bundle: ModelBundle, brands: int, tampering: SeenTampering,
    surely_its: bool,
) -> Verified | None:  # fmt: skip
    calibration, verifier, suspect = bundle.calibration, bundle.verifier, candidate.suspect
    recognition = calibration.recognition(claimed=suspect.claimed)
    if surely_its:
        recognition = replace(recognition, finding_probability=0.0)
    takes_any = recognition.finding_probability == 0.0  # as thresholds do that are being chosen
    best = _best_way(candidate, regions, bundle=bundle, recognition=recognition, brands=brands)
    if best is None:
        return None
    tampered = tampering.within(suspect.region.box)
    divided = verifier.scores(best.compared).shares
    likeness = Likeness(divided, best.evidence.word, tampered, best.evidence.verified)
    shares = calibration.kinds.shares(likeness)
    place = regions.place(suspect.region.box, best.compared.examined.matrix, quarters=best.quarters)
    reading = verifier.read(best.compared, shares=shares, lines=regions.lines(place))
    says_another = reading is not None and reading.outcome == "another_word" and best.probability < SURELY_ITS
    shares = verifier.after_reading(shares, reading)
    kind, scores = likeliest(shares), rounded_scores(*(best.probability * share for share in shares))
    # A mark that differs from its reference and is more probably unrelated to it is no imitation of it.
    differs = kind == "imitation" and scores.imitation < scores.unrelated
    if (says_another or differs) and not takes_any:
        return None
    explanation = verifier.explain(best.compared, kind=kind, reading=reading)
    against = None if kind == "genuine" or surely_its else calibration.against(shares)
    return Verified(
        suspect=suspect,
        place=place,
        reference=best.reference,
        similarity=best.evidence.similarity,
        realigned=best.evidence.realigned,
        agreeing=best.evidence.agreeing,
        tampered=tampered,
        verified=best.evidence.verified,
        kind=kind,
        scores=scores,
        reasons=explanation.reasons,
        aligned=explanation.aligned,
        difference=explanation.difference,
        strength=None if against is None else round(against, 4),
    )


def _best_way(
    candidate: Candidate, regions: SeenRegions, *, bundle: ModelBundle, recognition: Recognition, brands: int
) -> _Way | None:
    """The region beside the reference that explains it best, of those that say that it is the brand's mark."""
    suspect, verifier = candidate.suspect, bundle.verifier
    turned = quarters_turned(suspect.hit.view)

    def way(laid: Laid, reference: StoredReference, similarity: float, realigned: float, quarters: int) -> _Way | None:
        evidence = suspect.evidence(brands=brands)._replace(similarity=similarity, realigned=realigned)
        # Most pairs are unrelated, whatever the verifier and the keypoints say, each of which costs as much again.
        if not recognition.may_pass(evidence, agreeing=MOST_FEATURES, verified=(0.0, 1.0)):
            return None
        compared = verifier.compare(laid, similarity=similarity)
        evidence = evidence._replace(verified=1.0 - compared.unrelated)
        if not recognition.may_pass(evidence, agreeing=MOST_FEATURES, verified=(evidence.verified,)):
            return None
        features = regions.features(suspect.region.box, quarters=quarters)
        evidence = evidence._replace(agreeing=agreeing(features, reference.prepared, matrix=laid.matrix))
        probability = recognition.probability(evidence)
        passes = probability >= recognition.finding_probability
        return _Way(reference, evidence, compared, quarters, probability) if passes else None

    def ways(*, quarters: int) -> Sequence[_Way]:
        mark = regions.mark(suspect.region.box, quarters=quarters)
        laid = [verifier.lay(mark, reference.prepared) for reference, _ in candidate.references]
        realigned = bundle.second_look.similarities(laid)
        found = [
            way(one, reference, similarity, again, quarters)
            for one, (reference, similarity), again in zip(laid, candidate.references, realigned, strict=True)
        ]
        return [one for one in found if one is not None]

    passing = ways(quarters=turned)
    if turned and passing:
        passing = _as_it_stands(upright=ways(quarters=0), turned=passing)
    return max(passing, key=_Way.worth, default=None)


def _finding_from_photo(
    image: RgbImage, candidate: Candidate, match: PhotoMatch, *, bundle: ModelBundle
) -> Verified | None:
    """None where it is another shot: a copy that differs in its logo places was wiped there."""
    reference, similarity = candidate.references[0]
    least, wiped = bundle.calibration.copy_probability, list[WipedPlace]()
    if match.may_be_wiped(least):
        wiped = wiped_places(
            image, candidate.suspect.region.box, match=match, places=reference.places, weights=bundle.wiped_places
        )
    if not wiped and match.whole < least:
        return None
    return Verified(
        suspect=candidate.suspect,
        place=candidate.suspect.region.box,
        reference=reference,
        similarity=similarity,
        verified=match.probability,
        kind="copied_photo",
        scores=rounded_scores(match.probability, 0.0, 0.0),
        reasons=match.reasons,
        aligned=match.aligned,
        difference=match.difference,
        within=tuple(_smear_within(candidate, match, one) for one in wiped),
    )


@dataclass(frozen=True, slots=True)
class _Way:
    """A region, turned back by `quarters`, beside one reference of the brand; and how probably it is its mark."""

    reference: StoredReference
    evidence: MarkEvidence
    compared: Compared
    quarters: int
    probability: float

    def worth(self) -> tuple[float, float]:
        """The best explanation is the reference that the mark is most like, once it is laid on it."""
        return self.evidence.realigned, self.probability


def _as_it_stands(*, upright: Sequence[_Way], turned: Sequence[_Way]) -> Sequence[_Way]:
    """Those of a mark as it is, unless it is clearly more like its references when it is turned back."""
    as_is, back = (max((one.evidence.realigned for one in ways), default=-1.0) for ways in (upright, turned))
    return upright if upright and as_is + UPRIGHT >= back else turned


def _smear_within(candidate: Candidate, match: PhotoMatch, place: WipedPlace) -> Verified:
    """The smear at a logo's place of a copied photo; it holds as far as the photo is a copy."""
    suspect, (reference, similarity) = candidate.suspect, candidate.references[0]
    copied, wiped = match.probability, place.wiped
    return Verified(
        suspect=replace(suspect, region=Region(place.box, place.wiped.probability, "tampered")),
        place=place.box,
        reference=reference,
        similarity=similarity,
        verified=copied,
        kind="smear",
        scores=rounded_scores(copied * (1.0 - wiped.probability), copied * wiped.probability, 0.0),
        reasons=wiped.reasons,
        aligned=wiped.aligned,
        difference=wiped.difference,
        genuine=wiped.genuine,
    )


def rounded_scores(genuine: float, smear: float, imitation: float) -> FindingScores:
    """The scores, rounded to four decimals, summing to 1.

    `unrelated` takes the remainder; where rounding pushed the other three above 1, the largest is reduced.
    """
    parts = [round(min(max(round(value, 4), 0.0), 1.0) * UNITS) for value in (genuine, smear, imitation)]
    left = UNITS - sum(parts)
    if left < 0:
        parts[parts.index(max(parts))] += left
    genuine, smear, imitation, unrelated = (part / UNITS for part in (*parts, max(left, 0)))
    return FindingScores(genuine=genuine, smear=smear, imitation=imitation, unrelated=unrelated)
