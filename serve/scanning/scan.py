"""The scan, top to bottom: propose → embed → read → search → verify → judge.

`Scanner.scan` takes an upright picture and answers which brand's mark is where and whether it looks genuine, smeared
or imitated. It holds no state of its own between scans: the same pixels under the same model, index, claims,
authorisations and policy version give the same answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from index.interface import IndexView
from model.bundle import ModelBundle
from model.panels import panels
from model.reading import Line
from model.reference_views import is_blank
from model.regions import Box, Region, RgbImage
from serve.scanning.authorised import under
from serve.scanning.candidates import (
    BRANDS_PER_REGION,
    MAX_CLAIMED,
    Candidate,
    References,
    StoredReference,
    Suspect,
    chosen,
    most_alike,
    same_place,
    suspects_of,
    with_references,
)
from serve.scanning.covered_mark import covered_marks, unreadable
from serve.scanning.misspelt_name import misspelt_names
from serve.scanning.policy import Policy, strength, strongest
from serve.scanning.proposals import proposed
from serve.scanning.results import Decision, Finding
from serve.scanning.seen import SeenRegions, SeenTampering
from serve.scanning.shown_product import places_of_products, suspected_products
from serve.scanning.sought import NOBODY, Sought, Speaks
from serve.scanning.verification import Verified, verify
from serve.scanning.written_words import lines_in, words_by_place, written_in
from serve.text.brand_words import BrandWords
from serve.text.listing import BrokenRule, Listing
from serve.text.listing_rules import broken_rules
from serve.text.naming import How

Broken = Callable[[frozenset[str]], Sequence[BrokenRule]]
"""The rules that a listing's text breaks whose pictures show something of brands, by their ids."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found, before it is stored and sent; `vectors` (n, d) are of the regions that it looked at, and
    `pictures` those of them that are one, by their row: the whole and what it is made of.
    """

    scan_id: str
    decision: Decision
    reasons: list[str]
    findings: list[Finding]
    verified: list[Verified]
    sought: Sought
    broken_rules: list[BrokenRule]
    vectors: NDArray[np.float32]
    pictures: Mapping[int, Box]
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


@dataclass(frozen=True, slots=True)
class _Photo:
    """A photo as it was looked at: its `regions` and their `vectors` (n, d), the whole first, and the `lines` read."""

    image: RgbImage
    regions: Sequence[Region]
    vectors: NDArray[np.float32]
    lines: Sequence[Line]
    tampering: SeenTampering


class _Named:
    """References under the names of brands in `words`: one that is renamed meanwhile is told by its old name."""

    def __init__(self, references: References, words: BrandWords) -> None:
        self._references, self._words = references, words

    def get(self, reference_id: str) -> StoredReference | None:
        """As `References.get`."""
        found = self._references.get(reference_id)
        name = None if found is None else self._words.name_of(found.brand_id)
        return found if found is None or name in (None, found.brand) else replace(found, brand=name)


class Scanner:
    """Runs scans with one model bundle over one state of the index; safe to call from several threads."""

    def __init__(self, bundle: ModelBundle, *, state: IndexView, references: References, words: BrandWords) -> None:
        self._bundle = bundle
        self._state = state
        self._references = _Named(references, words)
        self._words = words

    def sought_by(self, listing: Listing | None) -> Sought:
        """The first `MAX_CLAIMED` brands that a listing names."""
        if listing is None:
            return NOBODY
        named = list(self._words.how_named(listing).items())[:MAX_CLAIMED]
        denied = [brand_id for brand_id, how in named if how is How.DENIED]
        return Sought(claimed=[brand_id for brand_id, _ in named], denied=denied)

    def rules_broken_by(self, listing: Listing | None) -> Broken:
        """The rules that a listing's text breaks; it is read once for all pictures that show the same brands."""

        @cache
        def broken(shown: frozenset[str]) -> list[BrokenRule]:
            return [] if listing is None else broken_rules(listing, self._words, shown=shown)

        return broken

    def scan(
        self,
        image: RgbImage,
        *,
        scan_id: str,
        policy: Policy,
        sought: Sought = NOBODY,
        broken: Broken | None = None,
        authorised: Collection[str] = (),
    ) -> Scan:
        """Scan one upright picture, (height, width, 3) uint8 RGB, for every brand's marks.

        For those of the brands `sought` it is searched closely, unless it is blank. `broken` returns the rules that the
        listing's text breaks, given the ids of the brands found in the picture. `authorised` are the ids of the brands
        that let the seller use their photos.
        """
        stopwatch = Stopwatch()
        speaks = {} if is_blank(image) else sought.speaking()
        with stopwatch.step("propose"):
            pictures = panels(image)
            regions = proposed(image, self._bundle, panels=pictures, sought=bool(speaks))
        with stopwatch.step("embed"):
            vectors = self._bundle.embedder.embed([region.box.crop(image) for region in regions])
        with stopwatch.step("read"):
            lines = lines_in(image, regions, vectors, bundle=self._bundle)
            written = written_in(lines, words=self._words)
            if written:
                regions += [one.region for one in written]
                of_lines = self._bundle.embedder.embed([one.line.box.crop(image) for one in written])
                vectors = np.concatenate([vectors, of_lines])
            spelled = words_by_place(written, regions)
        photo = _Photo(image, regions, vectors, lines, SeenTampering(image, self._bundle.tampering, panels=pictures))
        with stopwatch.step("search"):
            hits = self._state.search_brands(vectors, brands=BRANDS_PER_REGION)
            rivals = self._bundle.rivals(vectors, brands=self._state.brands, known=self._words.is_word)
        with stopwatch.step("verify"):
            suspects = suspects_of(
                regions,
                vectors,
                hits,
                rivals=rivals,
                state=self._state,
                spelled=spelled,
                claimed=list(speaks),
                least_similarity=self._bundle.calibration.candidate_similarity,
            )
            verified = self._verified(photo, suspects, speaks=speaks, known_fakes_of=sought.known_fakes_of)
        found = [one.finding(f"/v1/scans/{scan_id}/evidence/{n}.png") for n, one in enumerate(verified)]
        findings = under(found, authorised)
        rules = [] if broken is None else broken(frozenset(one.brand_id for one in findings))
        of_findings, of_text = policy.under(self._bundle.name).decide(findings), policy.decide_text(rules)
        return Scan(
            scan_id=scan_id,
            decision=strongest((of_findings[0], of_text[0])),
            reasons=[*of_findings[1], *of_text[1]],
            findings=findings,
            verified=verified,
            sought=sought,
            broken_rules=list(rules),
            vectors=vectors,
            pictures={row: region.box for row, region in enumerate(regions) if region.is_a_picture},
            model=self._bundle.name,
            index_version=self._state.version,
            policy_version=policy.version,
            milliseconds=stopwatch.milliseconds,
        )

    def _verified(
        self, photo: _Photo, suspects: Sequence[Suspect], *, speaks: Mapping[str, Speaks], known_fakes_of: Sequence[str]
    ) -> list[Verified]:
        """What is found by comparing and reading, in places that hide a mark, and in photos of known fakes; the
        strongest first.
        """
        likely = chosen(suspects, calibration=self._bundle.calibration, brands=self._state.brands)
        candidates = self._with_references(likely, photo)
        compare = partial(
            verify, photo.image, bundle=self._bundle, brands=self._state.brands,
            regions=SeenRegions(photo.image, lines=photo.lines), tampering=photo.tampering,
        )  # fmt: skip
        found = [compare(one) for one in candidates]
        verified = _merged([each for one in found if one is not None for each in (one, *one.within)])
        verified += misspelt_names(
            photo.image,
            photo.lines,
            _not_doubted(speaks, verified),
            beside=verified,
            words=self._words,
            state=self._state,
            references=self._references,
            bundle=self._bundle,
        )
        verified += self._covered(photo, candidates, speaks=speaks, beside=verified)
        found_here = _brands(verified)
        surely_shown = most_alike(suspects, brands=[one for one in known_fakes_of if one not in found_here])
        for one in self._with_references(surely_shown, photo):
            shown = compare(one, surely_its=True)
            verified += [] if shown is None else [shown]
        return sorted(verified, key=lambda item: -strength(item.finding("")))

    def _covered(
        self, photo: _Photo, candidates: Sequence[Candidate], *, speaks: Mapping[str, Speaks],
        beside: Sequence[Verified],
    ) -> list[Verified]:  # fmt: skip
        """Marks made unreadable, of brands for which nothing else was found in the photo.

        The brands asked about are those that other evidence points to and those whose product the photo shows; a name
        that the listing denies is no evidence.
        """
        covered = partial(
            covered_marks, photo.image, pictures=photo.tampering.pictures, state=self._state,
            references=self._references, bundle=self._bundle,
        )  # fmt: skip
        found_here = _brands(beside)
        spoken_for = {brand: by for brand, by in speaks.items() if brand not in found_here and by is not Speaks.DENIAL}
        products = suspected_products(candidates, but={*found_here, *spoken_for})
        if not spoken_for and not products:
            return []
        places = unreadable(photo.tampering.places, beside=beside)
        found = covered(spoken_for, places=places)
        if not products or not places:
            return found
        on_products = places_of_products(
            photo.image,
            places,
            suspected=products,
            vector=photo.vectors[:1],
            state=self._state,
            references=self._references,
        )
        for brand, places in on_products.items():
            found += covered({brand: Speaks.PRODUCT}, places=places)
        return found

    def _with_references(self, suspects: Iterable[Suspect], photo: _Photo) -> list[Candidate]:
        return with_references(suspects, photo.vectors, state=self._state, references=self._references)


def _brands(verified: Sequence[Verified]) -> set[str]:
    """The ids of the brands of which something was found."""
    return {one.reference.brand_id for one in verified}


def _not_doubted(speaks: Mapping[str, Speaks], verified: Sequence[Verified]) -> dict[str, Speaks]:
    """The brands that some evidence points to (their own mark counts) and whose marks, if any, all look genuine."""
    doubted = {one.reference.brand_id for one in verified if one.kind != "genuine"}
    shown = {one.reference.brand_id: Speaks.MARK for one in verified}
    return {brand: by for brand, by in (shown | dict(speaks)).items() if brand not in doubted}


def _merged(verified: Sequence[Verified]) -> list[Verified]:
    """One mark a place.

    Two brands cannot own one mark: where they overlap, the one that is surest not to be unrelated stays. A reused
    photo and the marks inside it stand side by side.
    """
    kept: list[Verified] = []
    for one in sorted(verified, key=lambda item: (item.scores.unrelated, -item.similarity)):
        rivals = [other for other in kept if (other.kind == "copied_photo") == (one.kind == "copied_photo")]
        if not any(same_place(one.suspect.region.box, other.suspect.region.box) for other in rivals):
            kept.append(one)
    return kept
