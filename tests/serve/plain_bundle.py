"""A model bundle that needs no weights: colours stand for marks. What surrounds the scan can be tested with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import Matrix, PreparedReference, box_matrix, reference_corners
from model.bundle import ModelBundle
from model.calibration import Calibration, Recognition, Shares
from model.photo_copy import load_copy_weights
from model.reading import Line
from model.regions import Box, Region, RgbImage
from model.released import bundle_folder
from model.tampering import TamperedPatch, TamperingMap
from model.verifier import Compared, Examined, Explanation, Kind, Laid, Scores
from model.wiped_places import load_weights

SIDE = 9
"""9 × 9 pixels of 3 channels are 243 numbers, of the 256 that a vector has."""


MARK = 96
"""Pixels of a mark's side (`mosaics.mosaic`)."""


class ColourEmbedder:
    """The picture at 9 × 9 pixels is its vector."""

    dimension = 256

    def embed(self, crops: list[RgbImage]) -> NDArray[np.float32]:
        vectors = np.zeros((len(crops), 256), np.float32)
        for row, crop in zip(vectors, crops, strict=True):
            small = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            row[: small.size] = small.reshape(-1).astype(np.float32) - 127.5
            row[-1] = 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class NoDetector:
    """Proposes nothing, so that the whole image is the only region."""

    score_threshold = 0.5

    def detect(self, image: RgbImage, *, score_threshold: float | None = None) -> list[Region]:
        return []

    def likeliest(self, image: RgbImage, *, most: int) -> list[Region]:
        return []


class FixedReader:
    """Reads the same lines in every picture and no others, and the word `known` in every reference."""

    def __init__(self, *lines: Line, known: str = "") -> None:
        self._lines, self._known = list(lines), known
        self.calls = 0

    def load(self) -> None:
        """There is nothing to load."""

    def lines(self, photo: RgbImage) -> list[Line]:
        self.calls += 1
        return self._lines

    def line_in(self, photo: RgbImage, box: Box) -> Line | None:
        return None

    def known(self, reference: PreparedReference) -> str:
        return self._known


class SimilarityVerifier:
    """What is similar is genuine."""

    def lay(self, region: RgbImage, reference: PreparedReference) -> Laid:
        return Laid(region, _to_frame(region), reference)

    def compare(self, laid: Laid, *, similarity: float) -> Compared:
        return compared(1.0 - max(similarity, 0.0), laid, similarity)

    def scores(self, pair: Compared) -> Scores:
        return Scores(1.0 - pair.unrelated, 0.0, 0.0, pair.unrelated)

    def read(self, pair: Compared, *, shares: Shares, lines: Sequence[Line] = ()) -> None:
        """No words."""

    def after_reading(self, shares: Shares, reading: None) -> Shares:
        return shares

    def explain(self, pair: Compared, *, kind: Kind, reading: None) -> Explanation:
        height, width = pair.examined.reference.picture.shape[:2]
        reasons = [] if kind == "genuine" else ["mosaic over 60 % of the mark"]
        return Explanation(np.zeros((height, width, 3), np.uint8), np.ones((height, width), np.float32), reasons)


class FixedTampering:
    """Sees the same tampered places in every photo: where `probabilities` (rows, columns) says."""

    def __init__(self, probabilities: NDArray[np.float32] | None = None) -> None:
        self._probabilities = np.zeros((8, 8), np.float32) if probabilities is None else probabilities
        self.calls = 0

    def map(self, image: RgbImage) -> TamperingMap:
        self.calls += 1
        rows, columns = self._probabilities.shape
        return TamperingMap(self._probabilities, (columns / image.shape[1], rows / image.shape[0]))

    def places(self, image: RgbImage, *, panels: Sequence[Box] = ()) -> list[TamperedPatch]:
        """Those of the map."""
        return self.map(image).patches()

    def within(self, image: RgbImage, box: Box, *, panels: Sequence[Box] = ()) -> float:
        """The same map's mean in `box`."""
        return self.map(image).within(box)


class FixedSecondLook:
    """A second look that says nothing."""

    def similarities(self, laid: Sequence[Laid]) -> list[float]:
        return [0.0] * len(laid)


def compared(unrelated: float, laid: Laid, similarity: float = 0.0) -> Compared:
    judged = np.array([similarity, 0, 0, 0, 0], np.float32)
    maps = np.zeros((2, 4, 4), np.float32)
    return Compared(unrelated, Examined(laid.region, laid.matrix, laid.reference, laid.region, judged, maps))


def _to_frame(region: RgbImage) -> Matrix:
    """As an aligner would lay it: a mark that fills the picture has no margin around it there."""
    height, width = region.shape[:2]
    if (height, width) != (MARK, MARK):
        return box_matrix(region)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners, reference_corners()), np.float64)


def plain_bundle(name: str = "plain") -> ModelBundle:
    every_similar_one = Recognition(0.0, (1.0, *(0.0,) * 10), 0.5)
    return ModelBundle(
        name=name,
        embedder=ColourEmbedder(),  # type: ignore[arg-type]
        detector=NoDetector(),  # type: ignore[arg-type]
        verifier=SimilarityVerifier(),  # type: ignore[arg-type]
        reader=FixedReader(),  # type: ignore[arg-type]
        second_look=FixedSecondLook(),  # type: ignore[arg-type]
        tampering=FixedTampering(),  # type: ignore[arg-type]
        photo_copy=load_copy_weights(bundle_folder() / "photo_copy.json"),
        wiped_places=load_weights(bundle_folder() / "wiped_places.json"),
        calibration=replace(
            Calibration.open(), candidate_similarity=0.9, unclaimed=every_similar_one, claimed=every_similar_one
        ),
    )


def doubting_bundle(name: str) -> ModelBundle:
    """Finds what is genuine alone."""
    bundle = plain_bundle(name)
    sure = replace(bundle.calibration.claimed, finding_probability=0.7)
    return replace(bundle, calibration=replace(bundle.calibration, claimed=sure))
