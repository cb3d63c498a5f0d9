"""Who says what was done to a mark: the verifier, and the plain ways that it must beat.

Every judge gives a region two scores, for a smear and for an imitation, each larger for more suspicion; their units are
their own. A judge compares with every reference of the brand, and agreeing with any counts; the verifier judges beside
the one that the region is most like once it is laid on it, as the scan does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from skimage.metrics import structural_similarity

from model.alignment import prepare_reference, working_size
from model.bundle import ModelBundle
from model.calibration import Likeness
from model.embedder import Embedder
from model.reference_views import reference_views
from model.regions import RgbImage
from model.verifier import Compared, Laid
from training.evaluation.sift import fitted, homography, keypoints
from training.evaluation.verdict_cases import Case

OCR_CASES = 150
"""Cases of one set that are read at most, drawn at random: reading one takes about half a second."""

MOST_REFERENCES = 6
"""Of a brand, those most similar that are laid on a region: as many as a scan lays where it suspects nothing else."""


class Suspicion(NamedTuple):
    """Scores for a smear and for an imitation."""

    smear: float
    imitation: float


class Judge(Protocol):
    """Judges cases of a set whose references it was made with."""

    name: str
    most_cases: int | None

    def suspicion(self, case: Case) -> Suspicion:
        """What it thinks of one case."""
        ...


class SimilarReferences:
    """The references most similar to a region, by embeddings of the views that the service indexes."""

    def __init__(self, references: dict[str, list[RgbImage]], embedder: Embedder) -> None:
        pictures = [(brand, picture) for brand, known in references.items() for picture in known]
        views = [
            (place, view) for place, (_, one) in enumerate(pictures) for _, view in reference_views(one, kind="logo")
        ]
        self._embedder = embedder
        self._owner = np.array([pictures[place][0] for place, _ in views])
        self._place = np.array([place for place, _ in views])
        self._vectors = embedder.embed([view for _, view in views])

    def find(self, case: Case, *, most: int) -> list[tuple[int, float]]:
        """Numbers of at most so many pictures, counted through the brands in order, with their cosines, best first.

        They are the brand's own; for an unrelated region they are one other brand's, as a search would answer.
        """
        cosines = (self._embedder.embed([case.inner]) @ self._vectors.T)[0]
        asked = self._owner == case.brand
        if case.kind == "unrelated":
            asked = self._owner == self._owner[np.where(asked, -np.inf, cosines).argmax()]
        return self._best(np.where(asked, cosines, -np.inf), most=most)

    def find_any(self, case: Case, *, most: int) -> list[tuple[int, float]]:
        """The same, whosever they are."""
        return self._best((self._embedder.embed([case.inner]) @ self._vectors.T)[0], most=most)

    def _best(self, cosines: NDArray[np.float32], *, most: int) -> list[tuple[int, float]]:
        best: dict[int, float] = {}
        for view in np.argsort(-cosines):
            if np.isfinite(cosines[view]):
                best.setdefault(int(self._place[view]), float(cosines[view]))
        return list(best.items())[:most]


class ReleasedVerifier:
    """The released verifier beside the reference that the scan would choose.

    `as_in_scans` says whether its kinds are weighed as a scan weighs them, which also knows where the photo was
    tampered with, or are the verifier's own.
    """

    def __init__(self, references: dict[str, list[RgbImage]], bundle: ModelBundle, *, as_in_scans: bool = True) -> None:
        self._bundle, self._as_in_scans = bundle, as_in_scans
        self._similar = SimilarReferences(references, bundle.embedder)
        self._prepared = [prepare_reference(picture) for known in references.values() for picture in known]

    def probabilities(self, case: Case) -> tuple[float, float, float, float]:
        """Of `training.evaluation.verdicts.KINDS`, which sum to 1."""
        compared, verifier = self.compared(case), self._bundle.verifier
        shares = verifier.scores(compared).shares
        if self._as_in_scans:
            likeness = Likeness(shares, tampered=case.tampered, verified=1.0 - compared.unrelated)
            shares = self._bundle.calibration.kinds.shares(likeness)
        shares = verifier.after_reading(shares, verifier.read(compared, shares=shares))
        genuine, smear, imitation = ((1.0 - compared.unrelated) * share for share in shares)
        return genuine, smear, imitation, compared.unrelated

    def compared(self, case: Case) -> Compared:
        """The case beside the reference that explains it best."""
        laid, similarity = self.best(case, self._similar.find(case, most=MOST_REFERENCES))
        return self._bundle.verifier.compare(laid, similarity=similarity)

    def best(self, case: Case, found: Sequence[tuple[int, float]]) -> tuple[Laid, float]:
        """Of the references found, with their similarity, the one that the region is most like once laid on it."""
        region = working_size(case.region)
        laid = [(self._bundle.verifier.lay(region, self._prepared[place]), alike) for place, alike in found]
        realigned = self._bundle.second_look.similarities([one for one, _ in laid])
        return laid[int(np.argmax(realigned))]

    def nearest(self, case: Case, *, most: int) -> list[tuple[int, float]]:
        """The references most similar to the region, whosever they are, as a search answers; for `best`."""
        return self._similar.find_any(case, most=most)


class SimilarityJudge:
    """Similarity of embeddings: what is less like the reference is suspected."""

    name = "embedding_similarity"
    most_cases: int | None = None

    def __init__(self, references: dict[str, list[RgbImage]], embedder: Embedder) -> None:
        self._similar = SimilarReferences(references, embedder)

    def suspicion(self, case: Case) -> Suspicion:
        """The same score for both kinds."""
        ((_, similarity),) = self._similar.find(case, most=1)
        return Suspicion(-similarity, -similarity)


class SiftJudge:
    """SIFT inliers and SSIM (Wang et al. 2004) of the aligned pair: what can be aligned and looks alike is genuine.

    Genuineness is SSIM, at least 0, times 1 − exp(−inliers / 10); the 10 was not fitted to anything.
    """

    name = "sift_ssim"
    most_cases: int | None = None

    def __init__(self, references: dict[str, list[RgbImage]]) -> None:
        self._pictures = {brand: [fitted(picture) for picture in known] for brand, known in references.items()}
        self._keypoints = {brand: [keypoints(picture) for picture in known] for brand, known in self._pictures.items()}

    def suspicion(self, case: Case) -> Suspicion:
        """The same score for both kinds."""
        region = fitted(case.region)
        seen = keypoints(region)
        genuine = 0.0
        for picture, known in zip(self._pictures[case.brand], self._keypoints[case.brand], strict=True):
            matrix, inliers = homography(seen, known)
            if matrix is not None:
                likeness = aligned_ssim(region, picture, matrix)
                genuine = max(genuine, likeness * (1 - float(np.exp(-inliers / 10))))
        return Suspicion(-genuine, -genuine)


def aligned_ssim(region: RgbImage, picture: RgbImage, matrix: NDArray[np.float64]) -> float:
    """SSIM, at least 0, of the grey `picture` and of `region` laid on it by `matrix`."""
    height, width = picture.shape[:2]
    if min(height, width) < 7:  # SSIM's window
        return 0.0
    laid = cv2.warpPerspective(region, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    greys = [cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (laid, picture)]
    return max(0.0, float(structural_similarity(*greys)))  # type: ignore[no-untyped-call]


class OcrJudge:
    """Reads the region (PP-OCR by RapidOCR, its models inside the package) and compares with the brand's name.

    A name that cannot be read is suspected of a smear, a near miss of it of an imitation. A mark without letters gives
    it nothing to go by.
    """

    name = "ocr_edit_distance"
    most_cases: int | None = OCR_CASES

    def __init__(self) -> None:
        from rapidocr import RapidOCR  # noqa: PLC0415 - loads three networks; only this judge wants them

        self._read = RapidOCR(params={"Global.log_level": "error", "Det.limit_side_len": 320})

    def suspicion(self, case: Case) -> Suspicion:
        """See `name_suspicion`."""
        enlarged = fitted(case.region, side=320)
        found: Any = self._read(np.ascontiguousarray(enlarged[..., ::-1]), use_cls=False)
        return name_suspicion(found.txts or (), case.brand)


def name_suspicion(lines: Sequence[str], brand: str) -> Suspicion:
    """Of the lines read and the brand's name, by the most similar line, word or sequence of all (1: the name).

    A smear's score is what is missing of the name; an imitation's the likeness of a near miss, 0 for the name itself.
    """
    name = _letters(brand)
    read = {_letters(text) for line in lines for text in (line, *line.split())} | {_letters("".join(lines))}
    likeness = max((Levenshtein.normalized_similarity(text, name) for text in read if text), default=0.0)
    return Suspicion(1.0 - likeness, likeness if likeness < 1 else 0.0)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
