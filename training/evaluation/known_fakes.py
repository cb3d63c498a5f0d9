"""Is a fake that is known found when it is listed again, and what genuine goods are held up by it?"""

from __future__ import annotations

from collections.abc import Sequence

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
    found: dict[str, dict[str, Estimate]] = {}
    known_by = {id(one): bundle.embedder.embed(parts_of_photo(one)) for one in (*fakes, *shots)}
    seen = {
        "listed_again": [(one, [fake]) for one, fake in zip(again, fakes, strict=True)],
        "other_photo": [(one, fakes[:n] + fakes[n + 1 :]) for n, one in enumerate(originals)],
        "studio_photo": [(one, shots[:n] + shots[n + 1 :]) for n, one in enumerate(shots)],
    }
    for name, asked in seen.items():
        alike, verified = [], []
        for picture, known in progress(asked, len(asked), name.replace("_", " ")):
            shown = [picture, *(box.crop(picture) for box in panels(picture))]
            parts = np.stack([known_by[id(one)] for one in known])
            cosines = likeness_to_photos(bundle.embedder.embed(shown), wholes=parts[:, 0], halves=parts[:, 1:])
            likely = np.argwhere(cosines >= LEAST_PHOTO_SIMILARITY)
            order = np.argsort(-cosines[tuple(likely.T)], kind="stable")[:MOST_COMPARED]
            alike.append(len(likely) > 0)
            verified.append(
                any(
                    is_photo_of_fake(shown[place], prepare_reference(known[other]), bundle=bundle)
                    for place, other in likely[order]
                )
            )
        found.setdefault("hallmark", {})[name] = mean_interval(verified)
        found.setdefault("similarity", {})[name] = mean_interval(alike)
    facts = {"photos": len(photos), "studio_photos": len(studio)}
    return Table("Photos of known fakes, listed again (FlickrLogos-27, catalogue)", found, facts)


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
