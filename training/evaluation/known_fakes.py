"""Is a fake that is known found when it is listed again, and what genuine goods are held up by it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import prepare_reference
from model.bundle import ModelBundle
from model.known_fakes import (
    LEAST_PHOTO_SIMILARITY,
    LEAST_SIMILARITY,
    MOST_COMPARED,
    is_photo_of_fake,
    known_fakes_shown,
    likeness_to_photos,
    parts_of_photo,
)
from model.panels import panels
from model.regions import RgbImage
from training.edits.smears import TRAINING_SMEARS, smear
from training.evaluation.datasets import Photo
from training.evaluation.intervals import Estimate, grouped_mean, mean_interval
from training.evaluation.matchers import Embed
from training.evaluation.report import Progress, Table
from training.evaluation.verdict_cases import STRENGTHS, CaseSet

NOTHING_LEFT = STRENGTHS["nothing_left"][0]
"""Strength of a smear from which on nothing of the mark is left to know it by."""


def known_fakes(cases: CaseSet, *, embed: Embed) -> Table:
    """Smeared marks as a brand's known fakes, by the rule that serves and by similarity alone.

    `listed_again`: the same photo's mark, cut out a little otherwise, smaller and compressed anew, is found.
    `genuine_held`: another photo's genuine mark is, by one known fake; `_by_any`: by one of all its brand's. `…_copies`
    say the same of fakes that copy the mark exactly, for which genuine marks of other photos stand.
    """
    marks = [case for case in cases.cases if not case.strength >= NOTHING_LEFT]
    fake = np.array([case.kind == "smear" for case in marks])
    brand, photo = np.array([case.brand for case in marks]), np.array([case.photo for case in marks])
    rng = np.random.default_rng(0)
    vectors = embed([case.inner for case in marks])
    again = embed([listed_again(case.inner, rng=rng) for case in marks])
    genuine = {name: embed(pictures) for name, pictures in cases.references.items()}
    rows: dict[str, dict[str, Estimate]] = {}
    for method in ("hallmark", "similarity"):
        found, held = np.zeros(len(marks), bool), np.zeros((len(marks), len(marks)))
        for name in sorted(set(brand.tolist())):
            own = np.flatnonzero(brand == name)
            held[np.ix_(own, own)] = _told(method, vectors[own], fakes=vectors[own], genuine=genuine[name])
            found[own] = np.diagonal(_told(method, again[own], fakes=vectors[own], genuine=genuine[name]))
        held[(brand[:, None] != brand[None]) | (photo[:, None] == photo[None])] = np.nan
        rows[method] = {"listed_again": grouped_mean(found[fake], photo[fake])}
        for suffix, known in (("", fake), ("_copies", ~fake)):
            by_each = held[~fake][:, known]
            asked = ~np.isnan(by_each).all(axis=1)
            rows[method][f"genuine_held{suffix}"] = grouped_mean(
                np.nanmean(by_each[asked], axis=1), photo[~fake][asked]
            )
            rows[method][f"genuine_held{suffix}_by_any"] = grouped_mean(
                np.nanmax(by_each[asked], axis=1), photo[~fake][asked]
            )
    facts = {"genuine_marks": int((~fake).sum()), "smeared_marks": int(fake.sum()), "brands": len(set(brand.tolist()))}
    return Table("Known fakes, listed again (FlickrLogos-27)", rows, facts)


def known_photos(photos: Sequence[Photo], studio: Sequence[Photo], *, bundle: ModelBundle, progress: Progress) -> Table:
    """Photos whose mark was smeared as known fakes, by similarity that is verified, and by similarity alone.

    `listed_again`: another upload of the photo is found. `other_photo`: another photo, as it is, passes for one of all
    the fakes' photos. `studio_photo`: a studio photo passes for another one.
    """
    rng = np.random.default_rng(0)
    originals = [photo.read() for photo in photos]
    fakes = [
        smear(
            image, photo.marks[0].box, tool=str(rng.choice(TRAINING_SMEARS)), strength=float(rng.uniform(0, 1)), rng=rng
        )
        for image, photo in zip(originals, photos, strict=True)
    ]
    again = [listed_again(fake, rng=rng) for fake in fakes]
    shots = [photo.read() for photo in studio]
    of_fakes, of_shots = (_KnownPhotos(images, bundle=bundle) for images in (fakes, shots))
    asked = {
        "listed_again": [(of_fakes, one, [n]) for n, one in enumerate(again)],
        "other_photo": [(of_fakes, one, _others(n, len(fakes))) for n, one in enumerate(originals)],
        "studio_photo": [(of_shots, one, _others(n, len(shots))) for n, one in enumerate(shots)],
    }
    rows: dict[str, dict[str, Estimate]] = {"hallmark": {}, "similarity": {}}
    for name, pictures in asked.items():
        shown = [
            known.shown_in(picture, among=among)
            for known, picture, among in progress(pictures, len(pictures), name.replace("_", " "))
        ]
        rows["hallmark"][name] = mean_interval([one.verified for one in shown])
        rows["similarity"][name] = mean_interval([one.alike for one in shown])
    facts = {"photos": len(photos), "studio_photos": len(studio)}
    return Table("Photos of known fakes, listed again (FlickrLogos-27, catalogue)", rows, facts)


class _Shown(NamedTuple):
    """Whether a picture is `alike` one of some photos, and `verified` to show it."""

    alike: bool
    verified: bool


class _KnownPhotos:
    """Photos by which fakes are known, with the vectors of their parts, (photos, `PARTS`, d)."""

    def __init__(self, photos: Sequence[RgbImage], *, bundle: ModelBundle) -> None:
        self._photos, self._bundle = photos, bundle
        self._parts = np.array([bundle.embedder.embed(parts_of_photo(photo)) for photo in photos])

    def shown_in(self, picture: RgbImage, *, among: Sequence[int]) -> _Shown:
        """Whether `picture`, or a panel of it, is one of the photos of the numbers `among`."""
        seen = [picture, *(box.crop(picture) for box in panels(picture))]
        parts = self._parts[list(among)]
        cosines = likeness_to_photos(self._bundle.embedder.embed(seen), wholes=parts[:, 0], halves=parts[:, 1:])
        likely = np.argwhere(cosines >= LEAST_PHOTO_SIMILARITY)
        order = np.argsort(-cosines[tuple(likely.T)], kind="stable")[:MOST_COMPARED]
        verified = any(
            is_photo_of_fake(seen[place], prepare_reference(self._photos[among[other]]), bundle=self._bundle)
            for place, other in likely[order]
        )
        return _Shown(len(likely) > 0, verified)


def _others(number: int, count: int) -> list[int]:
    """The numbers below `count`, but for one."""
    return [other for other in range(count) if other != number]


def listed_again(mark: RgbImage, *, rng: np.random.Generator) -> RgbImage:
    """A mark or photo as another upload gives it: up to 6 % cut off a side, half to full size, JPEG 40 to 85."""
    height, width = mark.shape[:2]
    top, left, bottom, right = (rng.uniform(0, 0.06, 4) * [height, width, height, width]).astype(int)
    cut = mark[top : height - bottom, left : width - right]
    scale = rng.uniform(0.5, 1.0)
    size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
    small = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    written = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 86))])[1]
    return np.asarray(cv2.imdecode(written, cv2.IMREAD_COLOR_RGB), np.uint8)


def _told(
    method: str, marks: NDArray[np.float32], *, fakes: NDArray[np.float32], genuine: NDArray[np.float32]
) -> NDArray[np.bool_]:
    if method == "hallmark":
        return known_fakes_shown(marks, fakes=fakes, genuine=genuine)
    return np.asarray(marks @ fakes.T >= LEAST_SIMILARITY, np.bool_)
