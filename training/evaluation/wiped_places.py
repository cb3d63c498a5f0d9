"""A brand's own product photo, used again: is it told when the logo on it was wiped until nothing was left?

Three sets of references, all of `catalogue` photos. `drawn`: a mark of a held-out brand is drawn on the product, so
that it is known where a logo is; that the detector must find it there is part of the figure. `registered`: the same
products and copies, of a brand that uploaded its logos before. `own`: the photos as they are, with the places that the
detector finds. Each reference gives honest copies, cropped, flipped, recoloured, recompressed, scaled, captioned
elsewhere, and copies that were first smeared at full strength and then edited alike. Beside them, the other photo of
`catalogue` that is most like each reference, which is no copy of it at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import PreparedReference, prepare_reference
from model.bundle import ModelBundle
from model.own_logos import product_places
from model.photo_copy import PhotoMatch, photo_match
from model.place_patches import PreparedPlace, prepared_places
from model.regions import Box, Region, RgbImage
from model.wiped_places import Weights, Wiped, wiped
from training.edits.copies import marked_product
from training.edits.smears import HELD_OUT_SMEARS, TRAINING_SMEARS, smear
from training.evaluation.datasets import Photo
from training.evaluation.intervals import Estimate, grouped_mean
from training.evaluation.products import EDITS, Edit
from training.evaluation.report import Progress, Table
from training.evaluation.verdict_judges import aligned_ssim
from training.evaluation.verdicts import separation
from training.own_logos import brand_vectors
from training.synthesis.logos import Logo, split_of

COPIES = 3
"""Honest copies of each reference, and as many wiped ones."""

LEAST_SHOWN = 0.9
"""Share of the smeared place that a copy must show to be counted."""

METHODS = ("hallmark", "embedding_similarity", "ssim")

SETS = {
    "drawn": "a held-out mark drawn on the product",
    "registered": "the same, and the brand uploaded its logos before",
    "own": "the places that the detector finds",
}

_TRIES = 12


def captioned(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """A line of letters in the lowest tenth, where hardly any logo is."""
    height, width = photo.shape[:2]
    written = photo.copy()
    place = (int(width * rng.uniform(0.02, 0.3)), int(height * 0.975))
    ink = tuple(int(value) for value in rng.integers(0, 256, 3))
    cv2.putText(written, "SALE 50% off", place, cv2.FONT_HERSHEY_SIMPLEX, width / 420, ink, 2, cv2.LINE_AA)
    return written


def scaled(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """To 35 to 130 % of its size."""
    share = float(rng.uniform(0.35, 1.3))
    method = cv2.INTER_AREA if share < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(photo, None, fx=share, fy=share, interpolation=method), np.uint8)


COPY_EDITS: dict[str, Edit] = {**EDITS, "scaled": scaled, "captioned": captioned}
"""What is done to all of a copy."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a reference: its `picture`, the `edit` of all of it, and the `tool` that wiped it, empty for none."""

    picture: RgbImage
    edit: str
    tool: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found of a copy: `scores` (3,) by `METHODS`, larger when suspected; `called`: as the scan finds it.

    `recognised` says whether the photo was taken for a copy, `placed` whether a logo place is where it was smeared.
    """

    photo: int
    copy: Copy
    scores: NDArray[np.float64]
    called: bool
    recognised: bool
    placed: bool


def wiped_copies(
    photos: Sequence[Photo], *, logos: Sequence[Logo], bundle: ModelBundle, progress: Progress
) -> dict[str, Table]:
    """For each set a table by method, and one of what the scan would call wiped at its threshold."""
    held_out = [logo for logo in logos if split_of(logo.brand) == "held_out"]
    alike = _most_alike(photos, bundle)
    tables: dict[str, Table] = {}
    for name in SETS:
        judged: list[Judged] = []
        others: list[Judged] = []
        for number, photo in enumerate(progress(photos, len(photos), f"wiped places, {name}")):
            rng = np.random.default_rng([number, name == "own"])
            reference = _reference(photo.read(), name, held_out, bundle, rng)
            if reference is not None:
                judged += reference.judged(number, bundle=bundle, rng=rng)
                if alike[number] != number:
                    other = Copy(photos[alike[number]].read(), "another photo", "")
                    others.append(reference.judge(other, number, bundle=bundle))
        if judged:
            tables |= _tables(name, judged, others)
    return tables


@dataclass(frozen=True, slots=True)
class Reference:
    """An uploaded product photo, its logo places, and the box of the logo that will be smeared, in its pixels."""

    picture: RgbImage
    prepared: PreparedReference
    found: list[Region]
    places: list[PreparedPlace]
    target: Box

    def judged(self, photo: int, *, bundle: ModelBundle, rng: np.random.Generator) -> Iterator[Judged]:
        """Every copy of the reference, judged."""
        return (self.judge(copy, photo, bundle=bundle) for copy in self._copies(rng))

    def judge(self, copy: Copy, photo: int, *, bundle: ModelBundle) -> Judged:
        """One copy of the reference, or another photo, judged; `photo` is the number of the reference."""
        places = [place.place.box for place in self.places]
        match = photo_match(copy.picture, self.prepared, places=places, weights=bundle.photo_copy)
        recognised = match.probability >= bundle.calibration.copy_probability
        may_be_wiped = match.may_be_wiped(bundle.calibration.copy_probability)
        found = _compared(copy.picture, match, self.places, bundle.wiped_places) if may_be_wiped else []
        scores = np.array([_suspicion(one, found, match, bundle) for one in METHODS])
        called = any(one.probability >= bundle.wiped_places.finding_probability for one in found)
        placed = any(one.box.iou(self.target) > 0.3 for one in self.found)
        return Judged(photo, copy, scores, called, recognised, placed)

    def _copies(self, rng: np.random.Generator) -> Iterator[Copy]:
        names = list(COPY_EDITS)
        for _ in range(COPIES):
            edit = str(rng.choice(names))
            yield Copy(COPY_EDITS[edit](self.picture, rng), edit, "")
        for turn in range(COPIES):
            tool = str(rng.choice(HELD_OUT_SMEARS if turn % 2 else TRAINING_SMEARS))
            smeared = smear(self.picture, self.target, tool=tool, strength=1.0, rng=rng)
            for _ in range(_TRIES):
                edit, seed = str(rng.choice(names)), int(rng.integers(2**31))
                if self._shown(edit, seed) >= LEAST_SHOWN:
                    yield Copy(COPY_EDITS[edit](smeared, np.random.default_rng(seed)), edit, tool)
                    break

    def _shown(self, edit: str, seed: int) -> float:
        """The share of the target's area that `edit` with random numbers of `seed` leaves in the picture."""
        if edit not in ("cropped", "all_together"):
            return 1.0
        mask = np.zeros_like(self.picture)
        self.target.crop(mask)[...] = 255
        cut = EDITS["cropped"](mask, np.random.default_rng(seed))
        return float(cut.astype(np.float64).sum() / max(float(mask.astype(np.float64).sum()), 1.0))


def _reference(
    photo: RgbImage, name: str, logos: Sequence[Logo], bundle: ModelBundle, rng: np.random.Generator
) -> Reference | None:
    """The photo as uploaded; None when no mark can be drawn on it, or, as it is, no place was found."""
    picture, target, own = photo, None, None
    if name != "own":
        logo = logos[int(rng.integers(len(logos)))]
        try:
            picture, target = marked_product(photo, logo, rng=rng)
        except ValueError:
            return None
        if name == "registered":
            own = bundle.own_logos(brand_vectors(logo.brand, logos, embedder=bundle.embedder))
    found = product_places(picture, detect=bundle.detector.detect, own=own)
    if target is None:
        if not found:
            return None
        target = found[int(rng.integers(len(found)))].box
    prepared = prepare_reference(picture)
    return Reference(picture, prepared, found, prepared_places(picture, found, reference=prepared), target)


def _compared(picture: RgbImage, match: PhotoMatch, places: Sequence[PreparedPlace], weights: Weights) -> list[Wiped]:
    if match.matrix is None:
        return []
    found = [wiped(picture, match.matrix, place, weights=weights) for place in places]
    return [one for one in found if one is not None]


def _suspicion(method: str, found: Sequence[Wiped], match: PhotoMatch, bundle: ModelBundle) -> float:
    """How suspicious the most suspicious place is; the baselines are given Hallmark's places and alignment."""
    if not found:
        return -1.0
    if method == "hallmark":
        return match.probability * max(one.probability for one in found)
    if method == "ssim":
        return 1.0 - min(aligned_ssim(one.aligned, one.genuine, np.eye(3)) for one in found)
    seen = bundle.embedder.embed([one.aligned for one in found])
    known = bundle.embedder.embed([one.genuine for one in found])
    return 1.0 - float((seen * known).sum(axis=1).min())


def _most_alike(photos: Sequence[Photo], bundle: ModelBundle) -> NDArray[np.intp]:
    """For each photo the number of the other one that is most similar to it; its own where there is no other."""
    vectors = np.concatenate([bundle.embedder.embed([photo.read()]) for photo in photos])
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2.0)
    alike: NDArray[np.intp] = np.argmax(cosines, axis=1)
    return alike


def _tables(name: str, judged: Sequence[Judged], others: Sequence[Judged]) -> dict[str, Table]:
    scores = np.array([one.scores for one in judged])
    smeared = np.array([one.copy.tool != "" for one in judged])
    photo = np.array([one.photo for one in judged])
    strata = _strata(judged)
    title = SETS[name]
    facts = {"references": len(set(photo.tolist())), "honest_copies": int((~smeared).sum())}
    tables = {
        f"wiped_{name}_{method}": Table(
            f"Wiped logo places of copied catalogue photos ({title}), {method.replace('_', ' ')}",
            {row: separation(scores[inside, column], smeared[inside], photo[inside]) for row, inside in strata.items()},
            dict(facts),
        )
        for column, method in enumerate(METHODS)
    }
    served: dict[str, dict[str, Estimate]] = {}
    honest, wiped_ones = ([one for one in judged if (one.copy.tool != "") == smear_it] for smear_it in (False, True))
    for row, chosen in (("honest copies", honest), ("wiped copies", wiped_ones), ("photos of like products", others)):
        group = np.array([one.photo for one in chosen])
        served[row] = {
            figure: grouped_mean([float(getattr(one, figure)) for one in chosen], group)
            for figure in ("recognised", "placed", "called")
            if chosen
        }
    tables[f"wiped_{name}_served"] = Table(f"Wiped logo places ({title}): as the scan finds them", served, dict(facts))
    return tables


def _strata(judged: Sequence[Judged]) -> dict[str, NDArray[np.bool_]]:
    """The copies that each row is taken over: wiped ones by tool, all ones by edit, and where a place was found."""
    tools = np.array([one.copy.tool for one in judged])
    edits = np.array([one.copy.edit for one in judged])
    unseen, honest = np.isin(tools, HELD_OUT_SMEARS), tools == ""
    rows: dict[str, NDArray[np.bool_]] = defaultdict(lambda: np.zeros(len(judged), np.bool_))
    rows["all"] = np.ones(len(judged), np.bool_)
    rows["place found at the upload"] = np.array([one.placed for one in judged])
    rows["tools of training"] = honest | ~unseen
    rows["tools kept out of training"] = honest | unseen
    for edit in COPY_EDITS:
        rows[f"edit {edit}"] = edits == edit
    for tool in (*TRAINING_SMEARS, *HELD_OUT_SMEARS):
        rows[f"tool {tool}"] = honest | (tools == tool)
    return dict(rows)
