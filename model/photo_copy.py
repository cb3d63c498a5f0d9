"""Is this picture the brand's own product photo, reused? Crop, flip, new colours and recompression leave its geometry.

Another photo of the same product has other folds, another view and other light, so its edges cannot be laid on the
reference's by moving, turning, scaling and mirroring alone. That is what `model.photo_looks` tries, and how well edges
correlate then. Another garment on the same model has that outline too: `model.photo_agreement` asks whether all of it
agrees, block by block. A logistic regression of what that measures makes one probability, which no better agreement
lowers; `hallmark train copies` fits it, and the bundle holds it (`photo_copy.json`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from model.alignment import PICTURE_SIDE, Matrix, PreparedReference, at_size, fitted
from model.photo_agreement import NAMES, Mask, Numbers, agreement
from model.photo_looks import LEAST_EDGES, LEAST_REST, Known, LaidPhoto, every_look, looks
from model.regions import Box, RgbImage

PRODUCT_DOUBT = 9.0
"""By how much the odds of a copy are divided where the product alone was compared, without its ground.

The product alone agrees more often with another shot in another colour. Of 712 photos that are not copies, made like
those the weights were fitted on, six passed as copies by the product alone without this factor, none with it. Where
the logo places cover all but plain ground, they are compared too, with the same factor: before, two of 300 studio
photos were not recognised when they came back (now 0.998 are); without the factor, another colour of one was accepted.
"""

SURELY = 0.8
"""Probability required of a copy that agrees only outside its logo places. It costs 2 of 210 wiped copies (`catalogue`
photos kept out of the reported figures) and removes two of 258 clean photos: other prints taken for wiped copies."""

_EVEN = 0.5
_DIFFERENT_COLOUR = 0.25


@dataclass(frozen=True, slots=True)
class CopyWeights:
    """The logistic regression: `weights` (9,) of `model.photo_agreement.NAMES`, and an intercept."""

    intercept: float
    weights: tuple[float, ...]

    def probability(self, numbers: Numbers) -> float:
        """The probability, 0..1, that pictures which measured `numbers` (9,) are one photograph."""
        total = self.intercept + float(np.dot(self.weights, numbers))
        return float(expit(total))

    def as_json(self) -> dict[str, Any]:
        """What `load_copy_weights` reads: the intercept, and each weight by its name."""
        return {"intercept": self.intercept, "weights": dict(zip(NAMES, self.weights, strict=True))}


def load_copy_weights(file: Path) -> CopyWeights:
    """The weights that `hallmark train copies` wrote into `file`.

    Raises `ValueError` where the measurements have other names.
    """
    written = json.loads(file.read_text())
    if set(written.get("weights", ())) != set(NAMES):
        raise ValueError(f"{file.name} was made for another version of Hallmark")
    return CopyWeights(written["intercept"], tuple(written["weights"][name] for name in NAMES))


@dataclass(frozen=True, slots=True)
class PhotoMatch:
    """What a picture is beside a product reference.

    `probability`, 0..1, that it is the same photo, is 0 where edges do not agree; `whole` is the same where what lies
    in its logo places counts too, which is low for a copy that was wiped there and for another shot that differs there,
    and 0 below probability 0.5. `correlation` of edges -1..1 after alignment, of all or of what lies outside the logo
    places, whichever is more; `inliers` of the matched keypoints; `overlap`, 0..1, is the share of the reference that
    the picture shows; `mirrored` whether it is flipped. `aligned` and `difference` (h, w) float32 0..1 have the shape
    of the reference's picture, and `matrix` leads from the picture's pixels as it came, mirroring included, to those of
    the reference's picture; None below probability 0.5. `reasons` says it in words. `inside` (h, w), of the reference's
    picture, is the part that was compared where that is not all, for a frame may cover the rest, or another ground
    stand there; else None.
    """

    probability: float
    correlation: float
    inliers: int
    overlap: float
    mirrored: bool
    aligned: RgbImage | None = field(repr=False)
    difference: NDArray[np.float32] | None = field(repr=False)
    reasons: list[str]
    whole: float = 0.0
    matrix: Matrix | None = field(default=None, repr=False)
    inside: Mask | None = field(default=None, repr=False)

    def may_be_wiped(self, least: float) -> bool:
        """Whether it is a copy, from the probability `least` on, in which a logo place may have been wiped.

        What agrees outside of its logo places alone has to do so surely (`SURELY`): another print on the same goods,
        photographed alike, agrees there too, and where it differs it looks wiped.
        """
        return self.probability >= (least if self.whole >= least else max(least, SURELY))


@dataclass(frozen=True, slots=True)
class _Shown:
    """The picture laid on the reference's: `laid` (h, w, 3), which repeats its rim where `covered` (h, w) is False."""

    laid: RgbImage
    covered: NDArray[np.bool_]


def photo_match(
    image: RgbImage, reference: PreparedReference, *, weights: CopyWeights, places: Sequence[Box] = (),
    small: RgbImage | None = None,
) -> PhotoMatch:  # fmt: skip
    """Compare `image` (RGB uint8, any size) with the prepared product photo `reference`.

    `places`, in pixels of the reference's picture, are its logo places: a copy may have been wiped there, so it is also
    one whose rest agrees, more closely than a whole photo need. `small` is `photo_size(image)`, for whoever has it.
    """
    small = photo_size(image) if small is None else small
    probability, best, known = _likeliest(small, reference, places, weights)
    match = (probability, max(best.correlation, best.rest), best.inliers, best.overlap, best.mirrored)
    if probability < _EVEN:
        return PhotoMatch(*match, None, None, [])
    whole = _probability(best, small, known.with_its_places(), reference, weights) if places else probability
    if whole < _EVEN:
        whole = max(whole, _likeliest(small, reference, (), weights)[0])
    aligned, difference, recoloured = _difference(_shown(small, best, reference), reference)
    matrix = best.matrix @ _to_seen(image, small, mirrored=best.mirrored)
    inside = None if known.part is None else _at_size_of(known.part, reference.picture)
    return PhotoMatch(*match, aligned, difference, _reasons(best, recoloured=recoloured), whole, matrix, inside)


def _likeliest(
    small: RgbImage, reference: PreparedReference, places: Sequence[Box], weights: CopyWeights
) -> tuple[float, LaidPhoto, Known]:
    """The way to lay the picture that makes it a copy most probably, or the first that convinces."""
    judged: list[tuple[float, LaidPhoto, Known]] = []
    for known, laid in every_look(small, reference, places):
        judged.append((_probability(laid, small, known, reference, weights), laid, known))
        if judged[-1][0] >= _EVEN:
            break
    return max(judged, key=lambda one: one[0])


def photo_size(image: RgbImage) -> RgbImage:
    """`image` at the size at which it is compared: its longer side that of a prepared reference."""
    return at_size(image, fitted(image.shape, PICTURE_SIDE))


def measured_agreement(image: RgbImage, reference: PreparedReference, *, places: Sequence[Box] = ()) -> Numbers | None:
    """What `model.photo_agreement` measures (9,), which the weights are fitted to.

    It is measured as the edges agree best, mirrored or not. None where they say already that it is no copy, or nothing
    can be measured.
    """
    small = photo_size(image)
    known, best = max(looks(small, reference, places), key=lambda look: look[1].agreeing)
    return _numbers(best, small, known, reference)


def _probability(
    laid: LaidPhoto, small: RgbImage, known: Known, reference: PreparedReference, weights: CopyWeights
) -> float:
    """The probability, 0..1, of a copy; 0 where nothing can be measured.

    Logo places all over the goods may leave plain ground alone, which says nothing: then they are measured too.
    """
    numbers, is_doubtful = _numbers(laid, small, known, reference), known.of_product
    if numbers is None:
        numbers, is_doubtful = _numbers(laid, small, known.with_its_places(), reference), True
    if numbers is None:
        return 0.0
    probability = weights.probability(numbers)
    return probability / (probability + PRODUCT_DOUBT * (1.0 - probability)) if is_doubtful else probability


def _numbers(laid: LaidPhoto, small: RgbImage, known: Known, reference: PreparedReference) -> Numbers | None:
    """What `model.photo_agreement` measures (9,), where edges agree and there is enough to measure."""
    if laid.agreeing < LEAST_EDGES:
        return None
    shown = _shown(small, laid, reference)
    return agreement(reference.picture, shown.laid, _compared(shown, known, reference))


def _compared(shown: _Shown, known: Known, reference: PreparedReference) -> Mask:
    """What both show, outside of the logo places where enough is left."""
    covered = cv2.erode(shown.covered.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    outside = covered & _at_size_of(known.rest, reference.picture)
    return np.asarray(outside if outside.mean() >= LEAST_REST else covered, np.bool_)


def _at_size_of(square: Mask, picture: RgbImage) -> Mask:
    """A mask of the square, (_SIDE, _SIDE), as one of the reference's picture (h, w)."""
    height, width = picture.shape[:2]
    return cv2.resize(square.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0


def _to_seen(image: RgbImage, small: RgbImage, *, mirrored: bool) -> Matrix:
    """From pixels of `image` to those of `small`, its reduced form, mirrored where the match is; centres on centres."""
    across, down = small.shape[1] / image.shape[1], small.shape[0] / image.shape[0]
    reduced = np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]], np.float64)
    flip = np.array([[-1, 0, small.shape[1] - 1], [0, 1, 0], [0, 0, 1]], np.float64)
    return flip @ reduced if mirrored else reduced


def _shown(small: RgbImage, best: LaidPhoto, reference: PreparedReference) -> _Shown:
    height, width = reference.picture.shape[:2]
    seen = np.ascontiguousarray(small[:, ::-1]) if best.mirrored else small
    laid = cv2.warpPerspective(seen, best.matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    covered = cv2.warpPerspective(np.full(seen.shape[:2], 255, np.uint8), best.matrix, (width, height)) > 250
    return _Shown(np.asarray(laid, np.uint8), covered)


def _difference(shown: _Shown, reference: PreparedReference) -> tuple[RgbImage, NDArray[np.float32], bool]:
    """The picture laid on the reference, white around, where they differ 0..1, and whether colours were changed."""
    laid, covered = np.where(shown.covered[..., None], shown.laid, np.uint8(255)), shown.covered
    gap = np.abs(laid.astype(np.float32) - reference.picture).max(axis=-1) / 255
    gap = cv2.GaussianBlur(gap, (0, 0), 2.0) * covered
    recoloured = bool(covered.any()) and float(np.median(gap[covered])) > _DIFFERENT_COLOUR
    return laid, np.asarray(np.clip(gap * 1.5, 0, 1), np.float32), recoloured


def _reasons(best: LaidPhoto, *, recoloured: bool) -> list[str]:
    agree = max(best.correlation, best.rest)
    reasons = [f"the brand's own photo: {round(100 * best.overlap)} % of it is here, edges agree to {agree:.2f}"]
    if best.mirrored:
        reasons.append("mirrored")
    if best.overlap < 0.8:
        reasons.append("cropped")
    if recoloured:
        reasons.append("recoloured")
    return reasons
