"""A model bundle that needs no weights: colours stand for marks. What surrounds the scan can be tested with it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import PreparedReference
from model.bundle import Calibration, ModelBundle
from model.regions import Region, RgbImage
from model.verifier import Scores, Verdict

SIDE = 9
"""9 × 9 pixels of 3 channels are 243 numbers, of the 256 that a vector has."""


class ColourEmbedder:
    """The picture at 9 × 9 pixels is its vector."""

    def embed(self, crops: list[RgbImage]) -> NDArray[np.float32]:
        vectors = np.zeros((len(crops), 256), np.float32)
        for row, crop in zip(vectors, crops, strict=True):
            small = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            row[: small.size] = small.reshape(-1).astype(np.float32) - 127.5
            row[-1] = 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class NoDetector:
    """Proposes nothing, so that the whole image is the only region."""

    def detect(self, image: RgbImage) -> list[Region]:
        return []


class SimilarityVerifier:
    """What is similar is genuine."""

    def verify(
        self, crop: RgbImage, reference: PreparedReference, *, similarity: float, is_finding: Callable[[float], bool]
    ) -> Verdict:
        genuine = max(similarity, 0.0)
        scores = Scores(genuine=genuine, smear=0.0, imitation=0.0, unrelated=1.0 - genuine)
        return Verdict(scores=scores, aligned=None, difference=None, reasons=[])


def plain_bundle(name: str = "plain") -> ModelBundle:
    return ModelBundle(
        name=name,
        embedder=ColourEmbedder(),  # type: ignore[arg-type]
        detector=NoDetector(),  # type: ignore[arg-type]
        verifier=SimilarityVerifier(),  # type: ignore[arg-type]
        calibration=Calibration(candidate_similarity=0.9, finding_probability=0.5, copy_probability=0.5),
    )
