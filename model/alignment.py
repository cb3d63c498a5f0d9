"""A region laid on a genuine reference: which place of the region shows which place of the reference.

It starts with the region's own frame, the detector's box. The aligner's network says where each cell of the reference
lies in it and how sure that is; a homography is fitted to that, the region laid anew, and so again. Smooth or half
hidden marks, where keypoints fail, align as well. Equal input gives equal output.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dposv

from model.ground import bounds, stands_out
from model.regions import RgbImage

Matrix = NDArray[np.float64]
"""A homography, (3, 3): source pixels (x, y, 1) to target pixels, up to scale."""

Edges = NDArray[np.float32]
"""Edge strength by direction, (h, w, 4) float32, at least 0: horizontal, vertical and the two diagonals, unsigned."""

PICTURE_SIDE = 256
"""Longer side of a prepared reference, pixels."""

REGION_SIDE = 176
"""Longer side at which a region is compared, pixels."""

FRAME_SIDE = 128
"""Side of the square frame in which a region and a reference are laid on each other, pixels."""

CROP_MARGIN = 0.12
"""What the caller adds to each side of a detector's box, as a share of the box; the frame shows the same margin."""

FLOW_CELLS = FRAME_SIDE // 8
"""Cells along the side of the aligner's flow."""

FEWEST_LOOKS, MOST_LOOKS = 2, 6
"""How often the aligner looks: from the detector's box, and from where the last look laid it."""

STILL = 0.03
"""Of the frame: a look that moves no corner by more found the region in its place."""

LEAST_SURE = 2.5
"""How sure a look must be of its cells, in the mean of 1 / cells² of error, to be followed by a third one or a later.

Of crops of the tuning brands 95 % are surer at the second look beside their own reference, 34 % beside another brand's.
"""

MOST_FEATURES = 200
"""ORB keypoints of a picture."""

_RIM_TOLERANCE = 24
_FIT_STEPS = 3
_NEXT = [1, 2, 3, 0]  # of four corners, the next
_STEADINESS = np.array([1, 1, 1, 1, 1, 1, 12, 12]) * 0.5
_STAYING = np.diag(_STEADINESS)
_IN_PLACE = _STEADINESS * np.array([1.0, 0, 0, 0, 1, 0, 0, 0])
"""What draws towards the homography that moves nothing, whose last number is 1."""


@dataclass(frozen=True, slots=True)
class Features:
    """ORB keypoints: places (n, 2) float32 in pixels of the picture, descriptors (n, 32) uint8."""

    places: NDArray[np.float32]
    descriptors: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class PreparedReference:
    """A genuine picture made ready for comparison; made once for each reference, and equal to itself alone.

    `picture` is trimmed to its content, its longer side 256 px; `frame` shows it in the square frame with the margin
    around it. `whole` (left, top, right, bottom) is the frame of the uploaded picture, in pixels of `picture`, which it
    surrounds.
    """

    picture: RgbImage
    frame: RgbImage = field(repr=False)
    whole: tuple[float, float, float, float]

    @cached_property
    def features(self) -> Features:
        """Those of the picture and of its negative; found when they are first asked for, which most never are."""
        grey = np.asarray(cv2.cvtColor(self.picture, cv2.COLOR_RGB2GRAY), np.uint8)
        plain, negative = orb_features(grey), orb_features(np.asarray(255 - grey, np.uint8))
        return Features(
            np.concatenate([plain.places, negative.places]), np.concatenate([plain.descriptors, negative.descriptors])
        )


@dataclass(frozen=True, slots=True)
class Flow:
    """Where the cells of a reference lie in a region: `moved` (2, FLOW_CELLS, FLOW_CELLS), x and y, by how many cells.

    `doubt` (FLOW_CELLS, FLOW_CELLS) is the logarithm of the expected error in cells.
    """

    moved: NDArray[np.float32]
    doubt: NDArray[np.float32]

    @property
    def sureness(self) -> float:
        """The mean over the cells of one over the squared expected error, 1 / cells²."""
        return float(np.exp(-2.0 * self.doubt.astype(np.float64)).mean())


Look = Callable[[RgbImage], Flow]
"""The aligner's network with a reference: a region's frame to its flow."""


def _places() -> NDArray[np.float64]:
    along = (np.arange(FLOW_CELLS) + 0.5) * 2 / FLOW_CELLS - 1
    across, down = np.stack(np.meshgrid(along, along)).reshape(2, -1)
    return np.stack([across, down, np.ones_like(across)])


_PLACES = _places()
"""The middles of the flow's cells, (3, cells): x and y, -1..1 across the frame, and 1."""

_PRODUCTS = np.ascontiguousarray([_PLACES[i] * _PLACES[j] for i in range(3) for j in range(3)]).T
"""Of each cell the products of two of these, (cells, 9)."""


def _tables() -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.intp], NDArray[np.float64]]:
    """Which of the sums over all cells, and with which sign, stand where in the normal equations of a homography.

    The sums are of `_PRODUCTS`, each as it is, times x and y where a cell goes, and times the sum of their squares:
    (4 · 9,). Of the equations' matrix (8, 8) and then of their right side (8,) come the places and the signs.
    """
    plain, by_x, by_y, by_both = np.arange(36).reshape(4, 3, 3)
    place, sign = np.zeros((8, 9), np.intp), np.zeros((8, 9))
    for rows, columns, sums, its in (
        (slice(0, 3), slice(0, 3), plain, 1.0),
        (slice(3, 6), slice(3, 6), plain, 1.0),
        (slice(0, 3), slice(6, 8), by_x[:, :2], -1.0),
        (slice(3, 6), slice(6, 8), by_y[:, :2], -1.0),
        (slice(6, 8), slice(6, 8), by_both[:2, :2], 1.0),
        (slice(0, 3), slice(8, 9), by_x[:, 2:], 1.0),
        (slice(3, 6), slice(8, 9), by_y[:, 2:], 1.0),
        (slice(6, 8), slice(8, 9), by_both[:2, 2:], -1.0),
    ):
        place[rows, columns], sign[rows, columns] = sums, its
    return place[:, :8].copy(), sign[:, :8].copy(), place[:, 8].copy(), sign[:, 8].copy()


_LEFT, _LEFT_SIGN, _RIGHT, _RIGHT_SIGN = _tables()


def prepare_reference(picture: RgbImage) -> PreparedReference:
    """Trim `picture` (RGB uint8) to its content, bring it to working size, and lay it in the frame."""
    top, bottom, left, right = content_bounds(picture)
    trimmed = np.ascontiguousarray(picture[top:bottom, left:right])
    small = at_size(trimmed, fitted(trimmed.shape, PICTURE_SIDE))
    across, down = small.shape[1] / (right - left), small.shape[0] / (bottom - top)
    whole = (-left * across, -top * down, (picture.shape[1] - left) * across, (picture.shape[0] - top) * down)
    return PreparedReference(small, framed(small, height=FRAME_SIDE, width=FRAME_SIDE), whole)


def framed(picture: RgbImage, *, height: int, width: int) -> RgbImage:
    """`picture` fitted into a frame (height, width, 3) with the margin around it, in the colour of its rim."""
    tall, wide = (round(side / (1 + 2 * CROP_MARGIN)) for side in (height, width))
    reduced = at_size(picture, (wide, tall))
    frame = np.empty((height, width, 3), np.uint8)
    frame[:] = np.median(np.concatenate([reduced[0], reduced[-1], reduced[:, 0], reduced[:, -1]]), axis=0)
    top, left = (height - tall) // 2, (width - wide) // 2
    frame[top : top + tall, left : left + wide] = reduced
    return frame


def content_bounds(picture: RgbImage) -> tuple[int, int, int, int]:
    """First row, row after the last, first column, column after the last of what stands on a plain ground.

    The whole picture where the rim is not plain or nothing stands on it.
    """
    rim = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]).astype(np.int16)
    ground = np.median(rim, axis=0)
    whole = (0, picture.shape[0], 0, picture.shape[1])
    if np.quantile(np.abs(rim - ground).max(axis=-1), 0.9) > _RIM_TOLERANCE:
        return whole
    return bounds(stands_out(picture, ground, tolerance=_RIM_TOLERANCE)) or whole


def working_size(region: RgbImage) -> RgbImage:
    """`region` with its longer side at most `REGION_SIDE`, averaged; a view of it where it is small enough."""
    width, height = working_dimensions(region)
    return region if (height, width) == region.shape[:2] else at_size(region, (width, height))


def working_dimensions(region: RgbImage) -> tuple[int, int]:
    """Width and height of `region` at its working size."""
    height, width = region.shape[:2]
    return (width, height) if max(height, width) <= REGION_SIDE else fitted(region.shape, REGION_SIDE)


def box_matrix(region: RgbImage) -> Matrix:
    """The whole region, which carries the margin already, fills the frame."""
    return _scaling(FRAME_SIDE / region.shape[1], FRAME_SIDE / region.shape[0])


def reference_corners() -> NDArray[np.float32]:
    """Corners of the reference's rectangle in the frame, (4, 2): top left, top right, bottom right, bottom left."""
    edge = FRAME_SIDE * CROP_MARGIN / (1 + 2 * CROP_MARGIN)
    low, high = edge, FRAME_SIDE - edge
    return np.array([[low, low], [high, low], [high, high], [low, high]], np.float32)


_REFERENCE_CORNERS = reference_corners()
_CORNERS = np.append(_REFERENCE_CORNERS.T.astype(np.float64) * 2 / FRAME_SIDE - 1, np.ones((1, 4)), axis=0)
"""The reference's corners as `_PLACES`, (3, 4)."""


def laid_in_frame(region: RgbImage, matrix: Matrix) -> RgbImage:
    """The region as the frame shows it under `matrix`, (FRAME_SIDE, FRAME_SIDE, 3) uint8."""
    return np.asarray(
        cv2.warpPerspective(region, matrix, (FRAME_SIDE, FRAME_SIDE), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def box_frame(region: RgbImage) -> RgbImage:
    """The frame as the detector's box fills it: what is looked at first."""
    return laid_in_frame(region, box_matrix(region))


def corners_in_region(matrix: Matrix) -> NDArray[np.float64]:
    """Where the reference's corners lie in pixels of the region that `matrix` takes to the frame, (4, 2)."""
    corners = reference_corners().astype(np.float64)[None]
    return np.asarray(cv2.perspectiveTransform(corners, np.linalg.inv(matrix))[0], np.float64)


def moved(matrix: Matrix, corners: NDArray[np.float32]) -> Matrix | None:
    """`matrix` changed so that the places `corners` (4, 2) of the frame come to lie on the reference's corners.

    None where the four corners are no view of a rectangle.
    """
    sides = corners[_NEXT] - corners
    following = sides[_NEXT]
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    if float(turns.min()) < (0.1 * FRAME_SIDE) ** 2:
        return None
    change = cv2.getPerspectiveTransform(corners.astype(np.float32), _REFERENCE_CORNERS)
    return np.asarray(change @ matrix, np.float64)


def align(region: RgbImage, *, first: Flow, look: Look) -> Matrix:
    """The matrix from pixels of `region`, at working size, to the frame of the reference that `look` knows.

    `region` is a detector's box with `CROP_MARGIN` added on each side, and `first` what a look at `box_frame` says. It
    is looked at until it lies still, but a region that shows something else never does: from the second on, an unsure
    look is the last. A look that would fold the region is not followed.
    """
    matrix = box_matrix(region)
    for looks in range(1, MOST_LOOKS + 1):
        flow = first if looks == 1 else look(laid_in_frame(region, matrix))
        corners = corners_of(flow)
        laid = moved(matrix, corners)
        if laid is None:
            break
        matrix = laid
        lies_still = float(np.abs(corners - _REFERENCE_CORNERS).max()) < STILL * FRAME_SIDE
        if looks >= FEWEST_LOOKS and (lies_still or flow.sureness < LEAST_SURE):
            break
    return matrix


def corners_of(flow: Flow) -> NDArray[np.float32]:
    """Where the reference's corners lie in the frame, (4, 2) pixels, by the homography that best follows `flow`.

    Least squares on the linear form (Hartley and Zisserman 2004, 4.1) with weights by doubt, repeated with less weight
    for what lies off (Cauchy), and drawn towards staying in place, perspective more than the rest: a region that shows
    nothing of the reference stays as it is.
    """
    target = _PLACES[:2] + flow.moved.reshape(2, -1) * (2.0 / FLOW_CELLS)
    factors = np.concatenate([_PLACES[2:], target, _squares(target)])
    sure = np.exp(-2.0 * flow.doubt.ravel().astype(np.float64))
    scale = sure * ((FLOW_CELLS / 2) ** 2 / 4)
    homography, weight = np.eye(3), sure
    for _ in range(_FIT_STEPS):
        sums = ((factors * weight) @ _PRODUCTS).ravel()
        # The equations are positive definite, and only what is above the diagonal is read of them.
        _, solution, _ = dposv(sums[_LEFT] * _LEFT_SIGN + _STAYING, sums[_RIGHT] * _RIGHT_SIGN + _IN_PLACE)
        homography.flat[:8] = solution
        seen = homography @ _PLACES
        weight = sure / (1 + _squares(seen[:2] - target * seen[2])[0] * scale)
    corners = homography @ _CORNERS
    return np.asarray(((corners[:2] / corners[2]).T + 1) * FRAME_SIDE / 2, np.float32)


def _squares(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, n) → (1, n): x² + y²."""
    across, down = places
    return np.asarray((across * across + down * down)[None], np.float64)


def edges(grey: NDArray[np.uint8]) -> Edges:
    """Edges of a grey image (h, w) by unsigned direction, (h, w, 4), damped where contrast is high."""
    smooth = cv2.GaussianBlur(grey, (3, 3), 0)
    gx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    gy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strength = cv2.magnitude(gx, gy)
    # Square roots keep one bright edge from deciding alone; 24 is noise of a compressed photo.
    weight = np.sqrt(np.maximum(strength - 24.0, 0.0)) / (strength * strength + 1e-3)
    even, odd = (gx * gx - gy * gy) * weight, 2 * gx * gy * weight
    stacked = np.stack([even, -even, odd, -odd], axis=-1)
    return np.asarray(cv2.blur(np.maximum(stacked, 0), (3, 3)), np.float32)


def at_size(image: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """`image` at `size` (width, height), averaged when it shrinks and interpolated when it grows."""
    shrinks = size[0] * size[1] < image.shape[0] * image.shape[1]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


def fitted(shape: tuple[int, ...], longer: int) -> tuple[int, int]:
    """Width and height of an image of `shape` (h, w, …) when its longer side is `longer`, each at least 8."""
    scale = longer / max(shape[:2])
    return max(round(shape[1] * scale), 8), max(round(shape[0] * scale), 8)


def picture_to_frame(reference: PreparedReference) -> Matrix:
    """The matrix from pixels of the reference's picture to the frame."""
    height, width = reference.picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners, reference_corners()), np.float64)


def orb_features(grey: NDArray[np.uint8]) -> Features:
    """ORB features of a grey picture, the strongest `MOST_FEATURES`; none where it is too small."""
    none = Features(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8))
    if min(grey.shape) < 16:
        return none
    detector = cv2.ORB.create(
        nfeatures=MOST_FEATURES, scaleFactor=1.25, nlevels=5, edgeThreshold=8, patchSize=24, fastThreshold=10
    )
    keypoints, descriptors = detector.detectAndCompute(grey, None)
    if len(keypoints) == 0:
        return none
    return Features(np.array([point.pt for point in keypoints], np.float32), np.asarray(descriptors, np.uint8))


def _scaling(x: float, y: float) -> Matrix:
    return np.diag([x, y, 1.0])
