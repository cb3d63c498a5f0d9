"""The first answers of a search ranked anew, by what a scan weighs of a region beside a reference.

A search compares vectors. A scan lays a region on what the search finds, compares them place by place, and asks its
calibration how probably it is one mark. So does this, of a crop and the crops of other photos that are most like it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model.agreeing_keypoints import agreeing, region_features
from model.alignment import prepare_reference, working_size
from model.bundle import ModelBundle
from model.calibration import BRANDS, MarkEvidence
from model.regions import RgbImage
from training.evaluation.matchers import Cosine
from training.evaluation.report import Progress
from training.evaluation.retrieval import Labels, Similarities, hide_own

SHORTLIST = 20
"""Answers of a search that are ranked anew: to compare a pair takes some milliseconds."""


class VerifiedCrops:
    """Compares crops of marks with each other by vectors, and ranks the first `SHORTLIST` of other photos anew.

    `regions` (n) are the crops with the scan's margin, `group` (n,) the photos that they are from. What is put on top
    of a pair's cosine is the probability, 0..1, that it shows one mark, where the listing names none and no rival is
    known. Nothing is fitted: the weights are those that serve.
    """

    name = "hallmark_verified"
    most_queries: int | None = None

    def __init__(self, regions: Sequence[RgbImage], group: Labels, *, bundle: ModelBundle, progress: Progress) -> None:
        self._regions = [(working_size(region), region_features(region)) for region in regions]
        self._group, self._bundle, self._progress = group, bundle, progress

    def similarities(self, queries: Sequence[RgbImage], gallery: Sequence[RgbImage]) -> Similarities:
        """(n, n), of the crops with each other; raises `ValueError` when `queries` or `gallery` are not all of them."""
        if not len(queries) == len(gallery) == len(self._regions):
            raise ValueError(f"expected the {len(self._regions)} crops as queries and as gallery")
        found = Cosine(self.name, self._bundle.embedder.embed).similarities(queries, gallery)
        nearest = np.argsort(-hide_own(found, self._group, self._group), axis=1, kind="stable")[:, :SHORTLIST]
        known = [prepare_reference(picture) for picture in gallery]
        bundle = self._bundle
        for query, places in enumerate(self._progress(nearest, len(nearest), "verified crops")):
            region, seen = self._regions[query]
            others = [place for place in places.tolist() if self._group[place] != self._group[query]]
            laid = [bundle.verifier.lay(region, known[place]) for place in others]
            for place, one, realigned in zip(others, laid, bundle.second_look.similarities(laid), strict=True):
                similarity = float(found[query, place])
                evidence = MarkEvidence(
                    1.0 - bundle.verifier.compare(one, similarity=similarity).unrelated,
                    similarity,
                    margin=0.0,
                    brands=BRANDS[1],
                    realigned=realigned,
                    agreeing=agreeing(seen, known[place], matrix=one.matrix),
                )
                found[query, place] += bundle.calibration.unclaimed.probability(evidence)
        return found
