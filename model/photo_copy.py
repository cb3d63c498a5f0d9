"""Is this picture the brand's own product photo, reused? Crop, flip, new colours and recompression leave its geometry.

Another photo of the same product has other folds, another view and other light, so its edges cannot be laid on the
reference's by moving, turning, scaling and mirroring alone. That is what is tested: a similarity transform from ORB
matches (or from the frames, trimmed or not, for goods too plain for keypoints), and then the correlation of edges. What
passes has the reference's outline, as another garment on the same model has too: `model.photo_agreement` then asks
whether all of it agrees, block by block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import (
    PICTURE_SIDE,
    Edges,
    Features,
    Matrix,
    PreparedReference,
    content_bounds,
    edges,
    fitted,
    orb_features,
    resized,
)
from model.correlation import correlated
from model.photo_agreement import AgreementWeights, Numbers, agreement
from model.regions import Box, RgbImage

LEAST_OVERLAP = 0.12
"""Share of the reference that must be in the picture to say anything."""

EVEN_CORRELATION = 0.82
"""Correlation of edges at which a copy and another photo are equally likely.

Chosen on 70 studio photos: edited copies reach 0.79 to 0.99 (median 0.97), photos of other things at most 0.21; what
comes near are photos of a like product on the same dummy or template (2 of 100 of the most similar above 0.80).
"""

CORRELATION_SCALE = 0.015
"""Change of the correlation that multiplies the odds by e."""

EVEN_REST = 0.88
"""The same for the edges outside of a photo's logo places.

Chosen on garments and groceries: packages of one brand that differ in the print alone reach 0.85, wiped copies of
which nothing else was changed 0.89 to 1.
"""

_EVEN = 0.5
_SIDE = 128
_LEAST_REST = 0.1  # share of the square that must lie outside the logo places and be covered
_AROUND_PLACES = 0.15  # of a place's sides: a smear may reach a little over it
_FEWEST_INLIERS = 10
_DIFFERENT_COLOUR = 0.25
_BEYOND_DOUBT = 0.8
_WORTH_REFINING = 0.4


@dataclass(frozen=True, slots=True)
class PhotoMatch:
    """What a picture is beside a product reference.

    `probability`, 0..1, that it is the same photo, is that of the edges or of the agreement of blocks, whichever is
    less; `correlation` of edges -1..1 after alignment, of all or of what lies
    outside the logo places, whichever is more; `inliers` of the ORB
    matches; `overlap`, 0..1, is the share of the reference that the picture shows; `mirrored` whether it is flipped.
    `aligned` and `difference` (h, w) float32 0..1 have the shape of the reference's picture, and `matrix` leads from
    the picture's pixels as it came, mirroring included, to those of the reference's picture; None below probability
    0.5. `reasons` says it in words.
    """

    probability: float
    correlation: float
    inliers: int
    overlap: float
    mirrored: bool
    aligned: RgbImage | None = field(repr=False)
    difference: NDArray[np.float32] | None = field(repr=False)
    reasons: list[str]
    matrix: Matrix | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Laid:
    """One way to lay the picture on the reference: `matrix` from its pixels (mirrored or not) to the reference's.

    `correlation` is that of the edges of all that both show, `rest` that outside of the logo places, -1 without any.
    """

    matrix: Matrix
    mirrored: bool
    inliers: int
    correlation: float
    overlap: float
    rest: float = -1.0

    @property
    def above_even(self) -> float:
        """By how much the edges agree better than where copy and other photo are equally likely."""
        return max(self.correlation - EVEN_CORRELATION, self.rest - EVEN_REST)


@dataclass(frozen=True, slots=True)
class _Known:
    """The reference in a square of `_SIDE` pixels: its edges, and `rest`, (h, w) bool, what lies outside its logos."""

    edges: Edges
    rest: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Shown:
    """The picture laid on the reference's: `laid` (h, w, 3), which repeats its rim where `covered` (h, w) is False."""

    laid: RgbImage
    covered: NDArray[np.bool_]


def photo_match(
    image: RgbImage, reference: PreparedReference, *, weights: AgreementWeights, places: Sequence[Box] = ()
) -> PhotoMatch:
    """Compare `image` (RGB uint8, any size) with the prepared product photo `reference`.

    `places`, in pixels of the reference's picture, are its logo places: a copy may have been wiped there, so it is also
    one whose rest agrees, more closely than a whole photo need.
    """
    small = resized(image, fitted(image.shape, PICTURE_SIDE))
    known = _Known(edges(_square_grey(reference.picture)), _rest(reference, places))
    judged: list[tuple[float, _Laid]] = []
    for laid in _looks(small, known, reference):
        judged.append((_probability(laid, small, known, reference, weights), laid))
        if judged[-1][0] >= _EVEN:
            break
    probability, best = max(judged, key=lambda one: one[0])
    match = (probability, max(best.correlation, best.rest), best.inliers, best.overlap, best.mirrored)
    if probability < _EVEN:
        return PhotoMatch(*match, None, None, [])
    aligned, difference, recoloured = _difference(_shown(small, best, reference), reference)
    matrix = best.matrix @ _to_seen(image, small, mirrored=best.mirrored)
    return PhotoMatch(*match, aligned, difference, _reasons(best, recoloured=recoloured), matrix)


def measured_agreement(image: RgbImage, reference: PreparedReference, *, places: Sequence[Box] = ()) -> Numbers | None:
    """What `model.photo_agreement` measures of a picture whose edges agree, which its weights are fitted to.

    It is measured as the edges agree best, mirrored or not. None where they say already that it is no copy, or nothing
    can be measured.
    """
    small = resized(image, fitted(image.shape, PICTURE_SIDE))
    known = _Known(edges(_square_grey(reference.picture)), _rest(reference, places))
    best = max(_looks(small, known, reference), key=_edge_worth)
    return _agreement(_shown(small, best, reference), known, reference) if _edge_probability(best) >= _EVEN else None


def _looks(small: RgbImage, known: _Known, reference: PreparedReference) -> Iterator[_Laid]:
    """The ways to lay the picture, at working size, on the reference: the one under which edges agree best.

    Where they agree beyond doubt as it is, the mirrored look, which costs as much again, comes second, for whom the
    first does not convince: goods that look alike from left and right have the same edges both ways.
    """
    plain = _look(small, known, reference, mirrored=False)
    if max(plain.correlation, plain.rest) > _BEYOND_DOUBT:
        yield _refined(small, plain, known, reference)
        yield _refined(small, _look(small, known, reference, mirrored=True), known, reference)
    else:
        mirrored = _look(small, known, reference, mirrored=True)
        yield _refined(small, max(plain, mirrored, key=_edge_worth), known, reference)


def _look(small: RgbImage, known: _Known, reference: PreparedReference, *, mirrored: bool) -> _Laid:
    """The best of one side: by the keypoints, by the content and by the frame."""
    seen = np.ascontiguousarray(small[:, ::-1]) if mirrored else small
    grey = np.asarray(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), np.uint8)
    ways: list[_Laid] = []
    matrix, inliers = _by_features(orb_features(grey), reference.features)
    if matrix is not None:
        ways.append(_measured(grey, matrix, known, reference, mirrored=mirrored, inliers=inliers))
    for frame in (_by_content(seen, reference), _by_frame(seen, reference)):
        ways.append(_measured(grey, frame, known, reference, mirrored=mirrored, inliers=0))
    return max(ways, key=_edge_worth)


def _edge_worth(laid: _Laid) -> float:
    """By how much its edges agree better than where both are equally likely; little where it shows too little."""
    return laid.above_even if laid.overlap >= LEAST_OVERLAP else -2.0


def _probability(
    laid: _Laid, small: RgbImage, known: _Known, reference: PreparedReference, weights: AgreementWeights
) -> float:
    """The probability, 0..1, of a copy: that of the edges, or of the agreement of blocks where that is less."""
    by_edges = _edge_probability(laid)
    if by_edges < _EVEN:
        return by_edges
    numbers = _agreement(_shown(small, laid, reference), known, reference)
    return 0.0 if numbers is None else min(by_edges, weights.probability(numbers))


def _edge_probability(laid: _Laid) -> float:
    """The probability, 0..1, of a copy by its edges alone."""
    odds = _edge_worth(laid) / CORRELATION_SCALE
    return float(1 / (1 + np.exp(-np.clip(odds, -20, 20))))


def _agreement(shown: _Shown, known: _Known, reference: PreparedReference) -> Numbers | None:
    """The agreement of what both show, outside of the logo places where enough is left."""
    covered = cv2.erode(shown.covered.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    height, width = reference.picture.shape[:2]
    rest = cv2.resize(known.rest.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    outside = covered & rest
    return agreement(reference.picture, shown.laid, outside if outside.mean() >= _LEAST_REST else covered)


def _to_seen(image: RgbImage, small: RgbImage, *, mirrored: bool) -> Matrix:
    """From pixels of `image` to those of `small`, its reduced form, mirrored where the match is; centres on centres."""
    across, down = small.shape[1] / image.shape[1], small.shape[0] / image.shape[0]
    reduced = np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]], np.float64)
    flip = np.array([[-1, 0, small.shape[1] - 1], [0, 1, 0], [0, 0, 1]], np.float64)
    return flip @ reduced if mirrored else reduced


def _square_grey(picture: RgbImage) -> NDArray[np.uint8]:
    return resized(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8), (_SIDE, _SIDE))


def _by_features(found: Features, known: Features) -> tuple[Matrix | None, int]:
    """The similarity transform that most ORB matches follow, and how many do."""
    if min(len(found.places), len(known.places)) < _FEWEST_INLIERS:
        return None, 0
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(found.descriptors, known.descriptors)
    if len(matches) < _FEWEST_INLIERS:
        return None, 0
    source = found.places[[match.queryIdx for match in matches]]
    target = known.places[[match.trainIdx for match in matches]]
    cv2.setRNGSeed(1)
    affine, kept = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=4.0, maxIters=1000)
    inliers = int(kept.sum()) if affine is not None else 0
    if inliers < _FEWEST_INLIERS:
        return None, 0
    return np.vstack([affine, [0, 0, 1]]).astype(np.float64), inliers


def _by_frame(picture: RgbImage, reference: PreparedReference) -> Matrix:
    """All of the picture fills all of the uploaded one: what a caption or a bar does to its content is no matter."""
    left, top, right, bottom = reference.whole
    scale_x, scale_y = (right - left) / picture.shape[1], (bottom - top) / picture.shape[0]
    return np.array([[scale_x, 0, left], [0, scale_y, top], [0, 0, 1]], np.float64)


def _by_content(picture: RgbImage, reference: PreparedReference) -> Matrix:
    """The content of the picture fills the reference's frame."""
    top, bottom, left, right = content_bounds(picture)
    height, width = reference.picture.shape[:2]
    scale_x, scale_y = width / (right - left), height / (bottom - top)
    return np.array([[scale_x, 0, -left * scale_x], [0, scale_y, -top * scale_y], [0, 0, 1]], np.float64)


def _measured(
    grey: NDArray[np.uint8],
    matrix: Matrix,
    known: _Known,
    reference: PreparedReference,
    *,
    mirrored: bool,
    inliers: int,
) -> _Laid:
    """Correlation of edges where the picture covers the reference, and how much it covers."""
    height, width = reference.picture.shape[:2]
    to_square = np.diag([_SIDE / width, _SIDE / height, 1.0]) @ matrix
    size = (_SIDE, _SIDE)
    laid = cv2.warpPerspective(grey, to_square, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    covered = cv2.warpPerspective(np.full(grey.shape, 255, np.uint8), to_square, size) > 250
    inside = cv2.erode(covered.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    overlap = float(inside.mean())
    if overlap < LEAST_OVERLAP:
        return _Laid(matrix, mirrored, inliers, -1.0, overlap)
    seen = edges(np.asarray(laid, np.uint8))
    correlation, rest, outside = correlated(seen[inside], known.edges[inside]), -1.0, inside & known.rest
    if not known.rest.all() and outside.mean() >= _LEAST_REST:
        rest = correlated(seen[outside], known.edges[outside])
    return _Laid(matrix, mirrored, inliers, correlation, overlap, rest)


def _rest(reference: PreparedReference, places: Sequence[Box]) -> NDArray[np.bool_]:
    """(_SIDE, _SIDE): what lies outside the logo places and a little around them."""
    height, width = reference.picture.shape[:2]
    rest = np.ones((_SIDE, _SIDE), np.bool_)
    for place in places:
        x, y, wide, tall = place.grown(_AROUND_PLACES)
        columns = slice(max(int(x * _SIDE / width) - 2, 0), max(int(np.ceil((x + wide) * _SIDE / width)) + 2, 0))
        rows = slice(max(int(y * _SIDE / height) - 2, 0), max(int(np.ceil((y + tall) * _SIDE / height)) + 2, 0))
        rest[rows, columns] = False
    return rest


def _refined(small: RgbImage, best: _Laid, known: _Known, reference: PreparedReference) -> _Laid:
    """`best` after ECC (Evangelidis and Psarakis 2008) on edge strength, affine; itself where that does not help.

    A copy gains the last pixel of agreement from it, another photo has none to gain and is left as it is.
    """
    if best.overlap < LEAST_OVERLAP or max(best.correlation, best.rest) <= _WORTH_REFINING:
        return best
    height, width = reference.picture.shape[:2]
    seen = np.ascontiguousarray(small[:, ::-1]) if best.mirrored else small
    grey = np.asarray(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), np.uint8)
    to_square = np.diag([_SIDE / width, _SIDE / height, 1.0])
    size = (_SIDE, _SIDE)
    laid = cv2.warpPerspective(grey, to_square @ best.matrix, size, borderMode=cv2.BORDER_REPLICATE)
    covered = cv2.warpPerspective(np.full(grey.shape, 255, np.uint8), to_square @ best.matrix, size)
    strength = edges(np.asarray(laid, np.uint8)).sum(axis=-1)
    used = (covered > 250) & (known.rest if best.rest > best.correlation else True)
    step = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 12, 1e-4)
    try:
        _, step = cv2.findTransformECC(  # type: ignore[assignment]
            known.edges.sum(axis=-1), strength, step, cv2.MOTION_AFFINE, stop, used.astype(np.uint8) * 255, 3
        )
    except cv2.error:  # ECC says that it did not converge, which for different photos is the answer
        return best
    # ECC adds up in threads, in another order each time; what is rounded off is a thousandth of a pixel.
    back = np.vstack([np.round(step, 5), [0, 0, 1]]).astype(np.float64)
    if abs(float(np.linalg.det(back)) - 1) > 0.3:
        return best
    matrix = np.linalg.inv(to_square) @ np.linalg.inv(back) @ to_square @ best.matrix
    found = _measured(grey, matrix, known, reference, mirrored=best.mirrored, inliers=best.inliers)
    return found if found.above_even > best.above_even else best


def _shown(small: RgbImage, best: _Laid, reference: PreparedReference) -> _Shown:
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


def _reasons(best: _Laid, *, recoloured: bool) -> list[str]:
    agree = max(best.correlation, best.rest)
    reasons = [f"the brand's own photo: {round(100 * best.overlap)} % of it is here, edges agree to {agree:.2f}"]
    if best.mirrored:
        reasons.append("mirrored")
    if best.overlap < 0.8:
        reasons.append("cropped")
    if recoloured:
        reasons.append("recoloured")
    return reasons
