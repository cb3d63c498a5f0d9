"""Which brand may explain which region, before anything is compared.

A brand comes under suspicion in a region because its references are similar, because a word of it was read there, or
because the listing names it. A brand's logo and its product photos are two suspicions: a photo that looks like a
product's shows its mark all the more. What could not become a finding whatever the comparison said is not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from index.interface import Hit, IndexView
from model.alignment import PreparedReference
from model.calibration import NOT_COMPARED, Calibration, MarkEvidence
from model.place_patches import PreparedPlace
from model.reference_views import mark_shown, shows_product
from model.regions import Box, Region
from serve.text.brand_words import Spelled

BRANDS_PER_REGION = 4
"""Brands that similarity alone may bring to one region; verification finds the right one among them better."""

MAX_CANDIDATES = 6
"""Pairs of region and reference that are verified; each costs a few milliseconds."""

MAX_CLAIMED = 3
"""Brands named by a listing that are looked for; names stacked beyond them are not."""

MOST_REFERENCES = 200
"""References of a brand, those most like a region, among which its logo is looked for where a product is likest."""

SAME_PLACE = 0.5
"""Share of the smaller box that two findings of one brand must cover together to be one finding."""


@dataclass(frozen=True, slots=True)
class StoredReference:
    """A genuine reference as the scan needs it.

    `places` are where a product's photo shows its logo; `marks` are those within a logo's picture.
    """

    reference_id: str
    brand_id: str
    brand: str
    kind: Literal["logo", "product"]
    prepared: PreparedReference
    places: tuple[PreparedPlace, ...] = ()
    marks: tuple[PreparedReference, ...] = ()

    def seen_in(self, view: str) -> StoredReference:
        """What the view of that name shows of it: a mark within it, or all of it."""
        number = mark_shown(view)
        return self if number is None else replace(self, prepared=self.marks[number])


class References(Protocol):
    """Where the scan finds the pictures behind the index's hits."""

    def get(self, reference_id: str) -> StoredReference | None:
        """The reference, or None when it was removed since the search."""
        ...


@dataclass(frozen=True, slots=True)
class Suspect:
    """A brand that may explain region number `place`; `margin` is its similarity above the best other brand's."""

    place: int
    region: Region
    hit: Hit
    margin: float
    spelled: Spelled | None
    claimed: bool

    @property
    def of_product(self) -> bool:
        """Whether what it may show is a product's photo, and not a logo."""
        return shows_product(self.hit.view)

    def evidence(self, *, brands: int) -> MarkEvidence:
        """What speaks for it among `brands`, before it is compared."""
        evidence = MarkEvidence(
            NOT_COMPARED,
            self.hit.similarity,
            self.margin,
            brands,
            detected=self.region.detected,
            whole=self.region.is_a_picture,
        )
        if self.spelled is None:
            return evidence
        return evidence._replace(word=self.spelled.kind, letters=len(self.spelled.word))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A suspect and the pictures that may explain it: references of the brand with their similarity, best first."""

    suspect: Suspect
    references: list[tuple[StoredReference, float]]


class _Shown(NamedTuple):
    """That region number `place` may show a brand's product photo, or its logo."""

    place: int
    brand_id: str
    of_product: bool


def suspects_of(
    regions: Sequence[Region],
    vectors: NDArray[np.float32],
    hits: Sequence[Sequence[Hit]],
    *,
    rivals: NDArray[np.float32] | None,
    state: IndexView,
    spelled: Mapping[int, Sequence[Spelled]],
    claimed: Sequence[str],
    least_similarity: float,
) -> list[Suspect]:
    """Every brand that something speaks for, with the region; its logo and its product photos each by itself.

    For each of `regions`: its row of `vectors` (n, 256); its `hits`, the best of the nearest brands; and in `rivals`
    (n,) its highest similarity to the cohort's logos, which stand in for other brands where few are registered (they
    are no rivals of product photos). `spelled` maps a region's number to the words read in it. `claimed` are the ids of
    brands that something outside the picture points to, such as the listing's text; of a claimed brand that nothing
    else points to, the most similar region is suspected. A brand suspected by similarity alone needs at least
    `least_similarity`: if its nearest reference is a product photo below that, its logos are not looked for.
    """
    best = dict(_alike(hits, vectors, state=state, claimed=claimed, least_similarity=least_similarity))
    for shown, hit in (*_read(spelled, vectors, state=state), *_claimed(claimed, vectors, state=state)):
        best.setdefault(shown, hit)  # what the search found there already stays
    words = {(place, word.brand_id): word for place, read in spelled.items() for word in read}
    likest = [None] * len(regions) if rivals is None else rivals.tolist()
    return [
        Suspect(
            place=place,
            region=regions[place],
            hit=hit,
            margin=_margin(hit, hits[place], rival=None if of_product else likest[place]),
            spelled=words.get((place, brand_id)),
            claimed=brand_id in claimed,
        )
        for (place, brand_id, of_product), hit in best.items()
    ]


def chosen(suspects: Sequence[Suspect], *, calibration: Calibration, brands: int) -> Iterator[Suspect]:
    """Those that are worth comparing, likeliest first, no brand's logo or product twice in one place.

    A brand that the photo spells or the listing names comes before those that are only similar.
    """

    def likeliest(one: Suspect) -> tuple[bool, float, float, int]:
        probability = calibration.worth_comparing(claimed=one.claimed).probability(one.evidence(brands=brands))
        return (not _is_named(one), -probability, -one.hit.similarity, one.hit.vector_id)

    taken: list[Suspect] = []
    for suspect in sorted(suspects, key=likeliest):
        if not _is_named(suspect) and suspect.hit.similarity < calibration.candidate_similarity:
            continue
        if not calibration.worth_comparing(claimed=suspect.claimed).passes(suspect.evidence(brands=brands)):
            continue
        same_brand = [
            one.region.box
            for one in taken
            if one.hit.brand_id == suspect.hit.brand_id and one.of_product == suspect.of_product
        ]
        if any(same_place(suspect.region.box, box) for box in same_brand):
            continue
        taken.append(suspect)
        yield suspect


def most_alike(suspects: Sequence[Suspect], *, brands: Sequence[str]) -> Iterator[Suspect]:
    """Of each of `brands` whose logo is suspected anywhere, the suspect that is most similar."""
    for brand in brands:
        own = [one for one in suspects if one.hit.brand_id == brand and not one.of_product]
        yield from sorted(own, key=lambda one: (-one.hit.similarity, one.place))[:1]


def with_references(
    suspects: Iterable[Suspect], vectors: NDArray[np.float32], *, state: IndexView, references: References
) -> list[Candidate]:
    """The first suspects with the reference that each is most like; where there are few, with more of the brand's.

    At most `MAX_CANDIDATES` pairs in all. A brand may own several versions of its mark, any of which may be shown.
    """
    candidates: list[Candidate] = []
    for suspect in suspects:
        reference = references.get(suspect.hit.reference_id)
        if reference is not None:
            shown = reference.seen_in(suspect.hit.view)
            candidates.append(Candidate(suspect, [(shown, suspect.hit.similarity)]))
        if len(candidates) == MAX_CANDIDATES:
            return candidates
    spare = MAX_CANDIDATES - len(candidates)
    for candidate in candidates:
        suspect, (first, _) = candidate.suspect, candidate.references[0]
        if first.kind == "product":
            continue
        place = slice(suspect.place, suspect.place + 1)
        (hits,) = state.search_brand(vectors[place], brand_id=suspect.hit.brand_id, references=MOST_REFERENCES)
        for hit in hits:
            if spare == 0:
                return candidates
            is_another_logo = hit.reference_id != first.reference_id and not shows_product(hit.view)
            other = references.get(hit.reference_id) if is_another_logo else None
            if other is not None:
                candidate.references.append((other.seen_in(hit.view), hit.similarity))
                spare -= 1
    return candidates


def same_place(one: Box, other: Box) -> bool:
    """Whether two boxes are about one thing."""
    smaller = min(one.area, other.area)
    return smaller > 0 and one.intersection(other) / smaller >= SAME_PLACE


def _alike(
    hits: Sequence[Sequence[Hit]], vectors: NDArray[np.float32], *, state: IndexView, claimed: Sequence[str],
    least_similarity: float,
) -> Iterator[tuple[_Shown, Hit]]:  # fmt: skip
    """What the nearest brands show; of one whose product is alike enough, or that is claimed, its best logo too."""
    for place, row in enumerate(hits):
        for hit in row:
            of_product = shows_product(hit.view)
            yield _Shown(place, hit.brand_id, of_product), hit
            if of_product and (hit.similarity >= least_similarity or hit.brand_id in claimed):
                for logo in _best_logo(vectors[place : place + 1], brand_id=hit.brand_id, state=state):
                    yield _Shown(place, hit.brand_id, of_product=False), logo


def _read(
    spelled: Mapping[int, Sequence[Spelled]], vectors: NDArray[np.float32], *, state: IndexView
) -> Iterator[tuple[_Shown, Hit]]:
    """The best logo of each brand of which a word was read, where it was read."""
    for place, words in spelled.items():
        for word in words:
            for logo in _best_logo(vectors[place : place + 1], brand_id=word.brand_id, state=state):
                yield _Shown(place, word.brand_id, of_product=False), logo


def _claimed(claimed: Sequence[str], vectors: NDArray[np.float32], *, state: IndexView) -> Iterator[tuple[_Shown, Hit]]:
    """Of each claimed brand its best logo in the region that is most like one, and its best product likewise."""
    for brand_id in claimed:
        rows = state.search_brand(vectors, brand_id=brand_id, references=MOST_REFERENCES)
        every = [(place, hit) for place, row in enumerate(rows) for hit in row]
        for of_product in (False, True):
            found = [one for one in every if shows_product(one[1].view) == of_product]
            if found:
                place, hit = max(found, key=lambda one: (one[1].similarity, -one[0]))
                yield _Shown(place, brand_id, of_product), hit


def _best_logo(vector: NDArray[np.float32], *, brand_id: str, state: IndexView) -> list[Hit]:
    """The brand's logo that is most like the region with the `vector` (1, 256), if it has one; at most one."""
    (hits,) = state.search_brand(vector, brand_id=brand_id, references=MOST_REFERENCES)
    return [hit for hit in hits if not shows_product(hit.view)][:1]


def _is_named(one: Suspect) -> bool:
    return one.claimed or one.spelled is not None


def _margin(hit: Hit, row: Sequence[Hit], *, rival: float | None) -> float:
    """The similarity of `hit` above the best of another brand in `row`, and of the `rival`; alone, above 0."""
    others = [other.similarity for other in row if other.brand_id != hit.brand_id]
    return hit.similarity - max(others if rival is None else [*others, rival], default=0.0)
