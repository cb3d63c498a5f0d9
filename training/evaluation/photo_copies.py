"""Is a reused product photo told from another photo of a like product?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from model.alignment import prepare_reference
from model.bundle import ModelBundle
from model.own_logos import product_places
from model.photo_copy import photo_match
from model.place_patches import prepared_places
from training.evaluation.datasets import Photo
from training.evaluation.intervals import mean_interval
from training.evaluation.products import EDITS
from training.evaluation.report import Progress, Table
from training.evaluation.sift import fitted, homography, keypoints
from training.evaluation.verdict_judges import aligned_ssim
from training.evaluation.verdicts import separation


def photo_copies(photos: Sequence[Photo], *, bundle: ModelBundle, progress: Progress) -> dict[str, Table]:
    """Edited copies of catalogue photos beside their original, against each photo beside the other most like it.

    One table for each method, and `copies_served`: what the scan takes for a copy at its threshold, logo places and
    all. OCR has nothing to read on most of these photos and is left out.
    """
    originals = [photo.read() for photo in photos]
    vectors = bundle.embedder.embed(originals)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    scores: dict[str, list[float]] = defaultdict(list)
    served: list[bool] = []
    edits: list[str] = []
    photo_of: list[int] = []
    for place, original in enumerate(progress(originals, len(originals), "copies")):
        prepared, small = prepare_reference(original), fitted(original)
        marked = product_places(original, detect=bundle.detector.detect)
        places = [one.place.box for one in prepared_places(original, marked, reference=prepared)]
        known = keypoints(small)
        other = originals[int(cosines[place].argmax())]
        rng = np.random.default_rng(place)
        for edit, picture in [("", other), *((name, make(original, rng)) for name, make in EDITS.items())]:
            match = photo_match(picture, prepared, places=places, weights=bundle.photo_copy)
            scores["hallmark"].append(match.probability)
            served.append(min(match.probability, match.whole) >= bundle.calibration.copy_probability)
            scores["embedding_similarity"].append(float((bundle.embedder.embed([picture]) @ vectors[place])[0]))
            seen = fitted(picture)
            matrix, inliers = homography(keypoints(seen), known)
            alike = 0.0 if matrix is None else aligned_ssim(seen, small, matrix)
            scores["sift_ssim"].append(alike * (1 - float(np.exp(-inliers / 10))))
            edits.append(edit)
            photo_of.append(place)
    made, group = np.array(edits), np.array(photo_of)
    tables = {
        f"copies_{method}": Table(
            f"Copied photos (catalogue), {method.replace('_', ' ')}",
            {
                edit: separation(np.array(found)[chosen], made[chosen] != "", group[chosen])
                for edit, chosen in [
                    ("all", np.full(len(made), True)),
                    *((name, np.isin(made, ["", name])) for name in EDITS),
                ]
            },
        )
        for method, found in scores.items()
    }
    rows = {edit or "most similar other photo": mean_interval(np.array(served)[made == edit]) for edit in ("", *EDITS)}
    recognised = {row: {"recognised": share} for row, share in rows.items()}
    return tables | {"copies_served": Table("Copied photos (catalogue): as the scan takes them for copies", recognised)}
