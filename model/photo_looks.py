"""How a picture may lie on a product photo: the ways in which a copy would, and how well edges then agree.

By keypoints (ORB, and SIFT where edges do not agree under those) or by the frames, trimmed or not, for goods too plain
for keypoints. Later, what was framed, cut out of its plain ground or photographed at a slant: in part, and as a
homography lays it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import Edges, Features, Matrix, PreparedReference, at_size, content_bounds, edges, orb_features
from model.bars import within_bars
from model.correlation import correlated
from model.cut_out import product_inside
from model.kept import Kept, Latest
from model.photo_agreement import Mask
from model.regions import Box, RgbImage
from model.sift import Keypoints, keypoints, matched, mirrored_keypoints

LEAST_OVERLAP = 0.12
"""Share of the reference that must be in the picture to say anything."""

LEAST_EDGES = 0.6
"""Correlation of edges from which it is asked whether the blocks agree.

Of 700 copies of garments, groceries and dressed dummies, wiped or not, 0.99 reach it once they are laid right; what is
laid at random, next to none.
"""

LEAST_LEFT = 0.5
"""Share of the reference that is left to compare, at least, where logo places are left out together.

The detector finds places all over some goods. What little they all leave is alike on every pair of flip-flops of one
mould, and on every print on the chest of one model.
"""

REST_CLOSER = 0.06
"""Margin by which edges outside the logo places must correlate better than all edges to count for as much."""

LEAST_REST = 0.1
"""Share of the square that must lie outside the logo places and be covered."""

_SIDE = 128
_AROUND_PLACES = 0.15  # of a place's sides: a smear may reach a little over it
_FEWEST_INLIERS = 10
_FEWEST_SIFT, _MOST_SIFT, _LEAST_CONTRAST = 6, 1000, 0.01
_NEAR = 4.0  # pixels of the reference's picture within which a keypoint follows the transform
_BEYOND_DOUBT = 0.8
_WORTH_REFINING = 0.4


@dataclass(frozen=True, slots=True)
class LaidPhoto:
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
    def agreeing(self) -> float:
        """How well edges agree, -1..1; -1 where it shows too little of the reference to say."""
        return max(self.correlation, self.rest - REST_CLOSER) if self.overlap >= LEAST_OVERLAP else -1.0


@dataclass(frozen=True, slots=True)
class Known:
    """The reference in a square of `_SIDE` pixels: its edges, and `rest`, (h, w) bool, what lies outside its logos.

    `part`, (h, w) bool, is what of it is looked at where that is not all; `of_product` where that is the product alone,
    without the ground that it stands on.
    """

    edges: Edges
    rest: NDArray[np.bool_]
    part: Mask | None = None
    of_product: bool = False

    def with_its_places(self) -> Known:
        """The same of all that is looked at, logos and all."""
        return replace(self, rest=np.ones_like(self.rest) if self.part is None else self.part)


def looks(small: RgbImage, reference: PreparedReference, places: Sequence[Box]) -> Iterator[tuple[Known, LaidPhoto]]:
    """The ways to lay the picture on the reference, for each of the `rests`; where it was laid at random, no other."""
    for rest in rests(reference, places):
        known = Known(_known_edges.of(reference), rest)
        most = -1.0
        for laid in _looks_beside(small, known, reference):
            most = max(most, laid.correlation, laid.rest)
            yield known, laid
        if most < _WORTH_REFINING:
            return


def every_look(
    small: RgbImage, reference: PreparedReference, places: Sequence[Box]
) -> Iterator[tuple[Known, LaidPhoto]]:
    """The `looks`, and after them what they miss: whoever is convinced asks for no more."""
    tried: list[LaidPhoto] = []
    for known, laid in looks(small, reference, places):
        tried.append(laid)
        yield known, laid
    yield from _later_looks(small, max(tried, key=_agreeing), reference, places)


def _later_looks(
    small: RgbImage, best: LaidPhoto, reference: PreparedReference, places: Sequence[Box]
) -> Iterator[tuple[Known, LaidPhoto]]:
    """What a seller may have left of the photo, as it lies in the `best` of the looks before; then at a slant.

    That is all but a frame or bars, or the product alone, cut out of a plain ground and laid on another.
    """
    if max(best.correlation, best.rest) < _WORTH_REFINING:
        return
    seen = np.ascontiguousarray(small[:, ::-1]) if best.mirrored else small
    grey, whole = _grey(seen), Known(_known_edges.of(reference), rests(reference, places)[0])
    unframed, product = _unframed(seen, best.matrix, reference), _known_product.of(reference)
    parts = [] if unframed.all() else [_part(unframed, whole)]
    parts += [] if product is None else [_part(unframed & product, whole, of_product=True)]
    upright = [(whole, best)]
    for known in parts:
        laid = _measured(grey, best.matrix, known, reference, mirrored=best.mirrored, inliers=best.inliers)
        upright.append((known, _refined(small, laid, known, reference)))
        yield upright[-1]
    for known, laid in upright:
        if laid.agreeing < LEAST_EDGES:
            continue
        slanted = _refined(small, laid, known, reference, motion=cv2.MOTION_HOMOGRAPHY)
        if slanted is not laid:
            yield known, slanted


def _part(part: Mask, whole: Known, *, of_product: bool = False) -> Known:
    """`part` of the reference, outside its logo places where enough is left."""
    outside = part & whole.rest
    return Known(whole.edges, outside if outside.mean() >= LEAST_REST else part, part, of_product)


def _unframed(seen: RgbImage, matrix: Matrix, reference: PreparedReference) -> Mask:
    """Where in the square, (_SIDE, _SIDE), the picture shows what stands within its plain rim and its bars."""
    inside = np.zeros(seen.shape[:2], np.uint8)
    (top, bottom, left, right), bars = content_bounds(seen), within_bars(seen)
    inside[max(top, bars[0]) : min(bottom, bars[1]), max(left, bars[2]) : min(right, bars[3])] = 255
    height, width = reference.picture.shape[:2]
    to_square = np.diag([_SIDE / width, _SIDE / height, 1.0]) @ matrix
    laid = cv2.warpPerspective(inside, to_square, (_SIDE, _SIDE), borderValue=255)
    return cv2.erode((laid > 250).astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0


def _looks_beside(small: RgbImage, known: Known, reference: PreparedReference) -> Iterator[LaidPhoto]:
    """The ways to lay the picture, at working size, on the reference: the one under which edges agree best.

    Where they agree beyond doubt as it is, the mirrored look, which costs as much again, comes second, for whom the
    first does not convince: goods that look alike from left and right have the same edges both ways.
    """
    plain = _look(small, known, reference, mirrored=False)
    if max(plain.correlation, plain.rest) > _BEYOND_DOUBT:
        yield _refined(small, plain, known, reference)
        yield _refined(small, _look(small, known, reference, mirrored=True), known, reference)
        return
    ways = [plain, _look(small, known, reference, mirrored=True)]
    if max(way.agreeing for way in ways) < LEAST_EDGES:
        ways += _by_sift(small, known, reference)
    yield _refined(small, max(ways, key=_agreeing), known, reference)


def _agreeing(laid: LaidPhoto) -> float:
    return laid.agreeing


def _look(small: RgbImage, known: Known, reference: PreparedReference, *, mirrored: bool) -> LaidPhoto:
    """The best of one side: by the keypoints, by the content and by the frame."""
    seen = np.ascontiguousarray(small[:, ::-1]) if mirrored else small
    grey = _grey(seen)
    ways: list[LaidPhoto] = []
    matrix, inliers = _by_features(_seen_features[mirrored].of(seen), reference.features)
    if matrix is not None:
        ways.append(_measured(grey, matrix, known, reference, mirrored=mirrored, inliers=inliers))
    for frame in (_by_content(seen, reference), _by_frame(seen, reference)):
        ways.append(_measured(grey, frame, known, reference, mirrored=mirrored, inliers=0))
    return max(ways, key=_agreeing)


def _by_sift(small: RgbImage, known: Known, reference: PreparedReference) -> Iterator[LaidPhoto]:
    """Both sides of the picture by its SIFT keypoints, which find more than ORB's, for some 20 ms."""
    width, of_reference = small.shape[1], _known_keypoints.of(reference)
    found = _seen_keypoints.of(small)
    for is_mirrored, side in ((False, found), (True, mirrored_keypoints(found, width=width))):
        pairs = matched(of_reference, side)
        matrix, inliers = _similarity(side.places[pairs[:, 1]], of_reference.places[pairs[:, 0]], _FEWEST_SIFT)
        if matrix is not None:
            seen = np.ascontiguousarray(small[:, ::-1]) if is_mirrored else small
            grey = _grey(seen)
            yield _measured(grey, matrix, known, reference, mirrored=is_mirrored, inliers=inliers)


def _keypoints(picture: RgbImage) -> Keypoints:
    return keypoints(picture, most=_MOST_SIFT, least_contrast=_LEAST_CONTRAST)


def _features(picture: RgbImage) -> Features:
    return orb_features(_grey(picture))


_seen_features: dict[bool, Latest[Features]] = {mirrored: Latest(_features) for mirrored in (False, True)}
_seen_keypoints: Latest[Keypoints] = Latest(_keypoints)
_known_edges: Kept[Edges] = Kept(lambda reference: edges(_square_grey(reference.picture)))
_known_product: Kept[Mask | None] = Kept(lambda reference: _product_square(reference.picture))
_known_keypoints: Kept[Keypoints] = Kept(lambda reference: _keypoints(reference.picture))


def _square_grey(picture: RgbImage) -> NDArray[np.uint8]:
    return at_size(_grey(picture), (_SIDE, _SIDE))


def _product_square(picture: RgbImage) -> Mask | None:
    """What is well inside the product, (_SIDE, _SIDE); None where it stands on no plain ground."""
    inside = product_inside(picture)
    if inside is None:
        return None
    square = cv2.resize(inside.astype(np.uint8), (_SIDE, _SIDE), interpolation=cv2.INTER_NEAREST) > 0
    return square if square.mean() >= LEAST_REST else None


def _grey(picture: RgbImage) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def _by_features(found: Features, known: Features) -> tuple[Matrix | None, int]:
    """The similarity transform that most ORB matches follow, and how many do."""
    if min(len(found.places), len(known.places)) < _FEWEST_INLIERS:
        return None, 0
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(found.descriptors, known.descriptors)
    source = found.places[[match.queryIdx for match in matches]]
    target = known.places[[match.trainIdx for match in matches]]
    return _similarity(source, target, _FEWEST_INLIERS)


def _similarity(source: NDArray[np.float32], target: NDArray[np.float32], fewest: int) -> tuple[Matrix | None, int]:
    """The similarity transform that most of the pairs (n, 2) each follow, and how many do; none by too few."""
    if len(source) < fewest:
        return None, 0
    cv2.setRNGSeed(1)
    affine, kept = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=_NEAR, maxIters=1000)
    inliers = int(kept.sum()) if affine is not None else 0
    if inliers < fewest:
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
    known: Known,
    reference: PreparedReference,
    *,
    mirrored: bool,
    inliers: int,
) -> LaidPhoto:
    """Correlation of edges where the picture covers the reference, and how much it covers."""
    height, width = reference.picture.shape[:2]
    to_square = np.diag([_SIDE / width, _SIDE / height, 1.0]) @ matrix
    size = (_SIDE, _SIDE)
    laid = cv2.warpPerspective(grey, to_square, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    covered = cv2.warpPerspective(np.full(grey.shape, 255, np.uint8), to_square, size) > 250
    inside = cv2.erode(covered.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    overlap = float(inside.mean())
    if overlap < LEAST_OVERLAP:
        return LaidPhoto(matrix, mirrored, inliers, -1.0, overlap)
    seen = edges(np.asarray(laid, np.uint8))
    correlation, rest, outside = correlated(seen[inside], known.edges[inside]), -1.0, inside & known.rest
    if not known.rest.all() and outside.mean() >= LEAST_REST:
        rest = correlated(seen[outside], known.edges[outside])
    return LaidPhoto(matrix, mirrored, inliers, correlation, overlap, rest)


def rests(reference: PreparedReference, places: Sequence[Box]) -> list[Mask]:
    """What lies outside the logo places and a little around them, (_SIDE, _SIDE) each; mostly one.

    Where all places together leave less than `LEAST_LEFT`, some are left out of one and the others of the next: each
    goes into the first in which there is room.
    """
    left = [np.ones((_SIDE, _SIDE), np.bool_)]
    for place in places:
        outside = _outside(place, reference)
        with_room = (number for number, rest in enumerate(left) if (rest & outside).mean() >= LEAST_LEFT)
        number = next(with_room, None)
        if number is None:
            left.append(outside)
        else:
            left[number] &= outside
    return left


def _outside(place: Box, reference: PreparedReference) -> Mask:
    """(_SIDE, _SIDE): what lies outside the place and a little around it."""
    height, width = reference.picture.shape[:2]
    x, y, wide, tall = place.grown(_AROUND_PLACES)
    columns = slice(max(int(x * _SIDE / width) - 2, 0), max(int(np.ceil((x + wide) * _SIDE / width)) + 2, 0))
    rows = slice(max(int(y * _SIDE / height) - 2, 0), max(int(np.ceil((y + tall) * _SIDE / height)) + 2, 0))
    outside = np.ones((_SIDE, _SIDE), np.bool_)
    outside[rows, columns] = False
    return outside


def _refined(
    small: RgbImage, best: LaidPhoto, known: Known, reference: PreparedReference, *, motion: int = cv2.MOTION_AFFINE
) -> LaidPhoto:
    """`best` after ECC (Evangelidis and Psarakis 2008) on edge strength, affine or as `motion` says;
    itself where that does not help.

    A copy gains the last pixel of agreement from it, another photo has none to gain and is left as it is.
    """
    if best.overlap < LEAST_OVERLAP or max(best.correlation, best.rest) <= _WORTH_REFINING:
        return best
    height, width = reference.picture.shape[:2]
    seen = np.ascontiguousarray(small[:, ::-1]) if best.mirrored else small
    grey = _grey(seen)
    to_square = np.diag([_SIDE / width, _SIDE / height, 1.0])
    size = (_SIDE, _SIDE)
    laid = cv2.warpPerspective(grey, to_square @ best.matrix, size, borderMode=cv2.BORDER_REPLICATE)
    covered = cv2.warpPerspective(np.full(grey.shape, 255, np.uint8), to_square @ best.matrix, size)
    strength = edges(np.asarray(laid, np.uint8)).sum(axis=-1)
    used = (covered > 250) & (known.rest if best.rest > best.correlation else True)
    slanted = motion == cv2.MOTION_HOMOGRAPHY
    step = np.eye(3 if slanted else 2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 12, 1e-4)
    try:
        _, step = cv2.findTransformECC(  # type: ignore[assignment]
            known.edges.sum(axis=-1), strength, step, motion, stop, used.astype(np.uint8) * 255, 3
        )
    except cv2.error:  # ECC says that it did not converge, which for different photos is the answer
        return best
    # ECC adds up in threads, in another order each time; what is rounded off is a thousandth of a pixel.
    back = np.eye(3)
    back[: len(step)] = np.round(step, 5)
    if slanted:
        back[2] = np.round(step[2], 7)
    if abs(float(np.linalg.det(back)) - 1) > 0.3:
        return best
    matrix = np.linalg.inv(to_square) @ np.linalg.inv(back) @ to_square @ best.matrix
    matrix /= matrix[2, 2]
    found = _measured(grey, matrix, known, reference, mirrored=best.mirrored, inliers=best.inliers)
    return found if found.agreeing > best.agreeing else best
