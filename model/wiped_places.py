"""Was a logo's place wiped in a copy of the brand's own photo? Nothing of the mark need be left to see it.

A copied photo lies on its reference already (`model.photo_copy`). The place of the logo is compared in the photo's own
resolution, and so are a few other places of the same photo: recompression, new colours, scaling and a blur of all of
it change both alike, a wiped place alone. The measurements are

    detail   share of the reference's fine detail that a linear map of the copy's colours gives back, 0..1
    edges    correlation of edges by direction (`model.alignment.edges`), -1..1
    energy   logarithm of the copy's fine detail over the reference's
    added    logarithm of the copy's fine detail that the reference does not explain, over the reference's

of the place, and of the place less the photo's other places; a logistic regression makes one probability of them.
`hallmark train places` fits it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import Matrix, PreparedReference, content_bounds, edges, resized
from model.regions import Box, RgbImage

PATCH_SIDE = 64
"""Longer side of a compared place, pixels, at most: it is never enlarged."""

CONTROLS = 4
"""Other places of the photo that are compared beside each logo place."""

LEAST_COVERED = 0.6
"""Share of a place that the copy must show: a logo that was cropped away was not wiped. What it shows is compared."""

WEIGHTS_FILE = Path(__file__).parent / "weights" / "wiped_places.json"

_SEARCHED = 2.5  # pixels of the reference's picture by which the laid copy may be off
_SMALLEST_PATCH = 10
_NOISE = 6.0  # variance of fine detail, grey levels squared, that compression makes and takes
_BLURS = (0.0, 0.6, 1.0, 1.6, 2.4, 3.4, 4.8)  # sigma, pixels of the compared resolution
_AGREES = 0.6  # share of a control's variance in the copy that the reference explains
_LEAST_DETAIL = math.log(2.5 * _NOISE)
_CONTROL_STEP = 0.5  # of a place's sides: how far apart places are tried as controls

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Patch:
    """A place of the reference: `box` in pixels of its prepared picture, `pixels` at the compared resolution."""

    box: Box
    pixels: RgbImage = field(repr=False)


@dataclass(frozen=True, slots=True)
class PreparedPlace:
    """A logo place made ready: the `place`, and the `controls`, other places of its size that show detail."""

    place: Patch
    controls: tuple[Patch, ...]


@dataclass(frozen=True, slots=True)
class Wiped:
    """What was found at a logo place of a copy.

    `probability`, 0..1, that it was wiped; `detail_left`, 0..1, is the share of its fine detail that the copy still
    has; `aligned` and `genuine` (h, w, 3) uint8 show the place in the copy and in the reference, `difference` (h, w)
    float32 0..1 where they differ; `reasons` says it in words.
    """

    probability: float
    detail_left: float
    aligned: RgbImage = field(repr=False)
    genuine: RgbImage = field(repr=False)
    difference: NDArray[np.float32] = field(repr=False)
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class _Laid:
    """The copy's pixels under a patch and the reference's, (h, w, 3) uint8 both, at the resolution that they share."""

    seen: RgbImage
    known: RgbImage


def prepared_places(picture: RgbImage, boxes: Sequence[Box], *, reference: PreparedReference) -> list[PreparedPlace]:
    """The logo places `boxes`, in pixels of the uploaded `picture`, made ready; `reference` is that picture prepared."""
    top, bottom, left, right = content_bounds(picture)
    scale = reference.picture.shape[1] / (right - left), reference.picture.shape[0] / (bottom - top)

    def patch(box: Box) -> Patch:
        reduced = min(1.0, PATCH_SIDE / max(box.width, box.height))
        pixels = box.crop(picture)
        size = (max(round(pixels.shape[1] * reduced), 4), max(round(pixels.shape[0] * reduced), 4))
        whole = Box(math.floor(box.x), math.floor(box.y), pixels.shape[1], pixels.shape[0])
        inside = Box(
            (whole.x - left) * scale[0], (whole.y - top) * scale[1], whole.width * scale[0], whole.height * scale[1]
        )
        return Patch(inside, np.ascontiguousarray(resized(pixels, size)))

    height, width = picture.shape[:2]
    content = Box(left, top, right - left, bottom - top)
    whole = [box.clipped(width=width, height=height) for box in boxes]
    return [
        PreparedPlace(
            patch(box), tuple(patch(other) for other in _controls(picture, box, content=content, places=whole))
        )
        for box in whole
    ]


def _controls(picture: RgbImage, box: Box, *, content: Box, places: Sequence[Box]) -> list[Box]:
    """The places of `box`'s size that show most detail, apart from each other and from the logo places."""
    width, height = min(box.width, content.width), min(box.height, content.height)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    fine = np.abs(grey.astype(np.float32) - cv2.GaussianBlur(grey, (0, 0), max(1.0, 0.1 * min(width, height))))
    total = cv2.integral(fine)
    across = np.arange(content.x, content.x + content.width - width + 1, max(1.0, _CONTROL_STEP * width))
    down = np.arange(content.y, content.y + content.height - height + 1, max(1.0, _CONTROL_STEP * height))
    tried = [Box(float(x), float(y), width, height) for y in down for x in across]
    detail = [_sum(total, one) for one in tried]
    kept: list[Box] = []
    for place in np.argsort(-np.array(detail), kind="stable"):
        one = tried[place]
        if len(kept) == CONTROLS:
            break
        if all(one.intersection(other.grown(0.15)) == 0 for other in places) and all(
            one.intersection(other) == 0 for other in kept
        ):
            kept.append(one)
    return kept


def _sum(integral: NDArray[np.float64], box: Box) -> float:
    x, y, far_x, far_y = int(box.x), int(box.y), int(box.x + box.width), int(box.y + box.height)
    return float(integral[far_y, far_x] - integral[y, far_x] - integral[far_y, x] + integral[y, x])


def measured(image: RgbImage, matrix: Matrix, place: PreparedPlace) -> Numbers | None:
    """The measurements (n,) of the place in the copy `image`, which `matrix` lays on the reference's picture.

    None where the copy does not show the place, shows it too small, or is so blurred that nothing would be left of it.
    """
    compared = _compared(image, matrix, place)
    return None if compared is None else compared[1]


def wiped(image: RgbImage, matrix: Matrix, place: PreparedPlace) -> Wiped | None:
    """Whether the place was wiped in the copy `image` (RGB uint8), which `matrix` lays on the reference's picture.

    `matrix` is that of `PhotoMatch`. None where `measured` gives none.
    """
    compared = _compared(image, matrix, place)
    if compared is None:
        return None
    laid, numbers = compared
    left = float(numbers[0])
    gap = np.abs(laid.seen.astype(np.float32) - laid.known).max(axis=-1) / 255
    reason = f"the logo's place in the brand's own photo was wiped: {round(100 * left)} % of its detail is left"
    difference = np.asarray(np.clip(gap * 1.5, 0, 1), np.float32)
    return Wiped(WEIGHTS.probability(numbers), left, laid.seen, laid.known, difference, [reason])


def _compared(image: RgbImage, matrix: Matrix, place: PreparedPlace) -> tuple[_Laid, Numbers] | None:
    laid = _laid(image, matrix, place.place)
    if laid is None:
        return None
    found = [one for control in place.controls if (one := _laid(image, matrix, control)) is not None]
    blur, around = _sharpness(found)
    numbers = _numbers(laid, blur=blur)
    if numbers[4] < _LEAST_DETAIL:
        return None
    usual = np.median([_numbers(one, blur=blur)[:4] for one in around], axis=0) if around else UNSEEN_CONTROLS
    return laid, np.concatenate([numbers, numbers[:4] - usual])


def box_in_copy(box: Box, matrix: Matrix) -> Box:
    """`box`, in pixels of the reference's picture, as the smallest box around it in pixels of the copy."""
    corners = np.array(
        [
            [box.x, box.y],
            [box.x + box.width, box.y],
            [box.x + box.width, box.y + box.height],
            [box.x, box.y + box.height],
        ],
        np.float64,
    )
    seen = cv2.perspectiveTransform(corners[None], np.linalg.inv(matrix))[0]
    low, high = seen.min(axis=0), seen.max(axis=0)
    return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


def _laid(image: RgbImage, matrix: Matrix, patch: Patch) -> _Laid | None:
    """The copy under `patch`, after a search of a few pixels for where it agrees best."""
    shown = _shown(image, matrix, patch)
    if shown is None:
        return None
    box, pixels = shown.box, shown.pixels
    seen_box = box_in_copy(box, matrix)
    shape = pixels.shape[:2]
    shrunk = min(1.0, math.sqrt(seen_box.area / (shape[0] * shape[1])))
    size = (round(shape[1] * shrunk), round(shape[0] * shrunk))
    if max(size) < _SMALLEST_PATCH or min(size) < _SMALLEST_PATCH // 2:
        return None
    known = np.asarray(resized(pixels, size), np.uint8)
    scale_x, scale_y = size[0] / box.width, size[1] / box.height
    margin = min(max(math.ceil(_SEARCHED * max(scale_x, scale_y)), 2), max(size))
    to_patch = np.array(
        [[scale_x, 0, margin - box.x * scale_x], [0, scale_y, margin - box.y * scale_y], [0, 0, 1]], np.float64
    )
    window = _window(image, to_patch @ matrix, seen_box, size=(size[0] + 2 * margin, size[1] + 2 * margin))
    x, y = _best_shift(window, known)
    seen = np.ascontiguousarray(window[y : y + size[1], x : x + size[0]])
    return _Laid(seen, known)


def _shown(image: RgbImage, matrix: Matrix, patch: Patch) -> Patch | None:
    """The part of `patch` that lies under the copy, None where that is too little of it."""
    height, width = image.shape[:2]
    view = box_in_copy(Box(0, 0, width - 1, height - 1), np.asarray(np.linalg.inv(matrix), np.float64))
    box, (rows, columns) = patch.box, patch.pixels.shape[:2]
    if box.intersection(view) < LEAST_COVERED * box.area:
        return None
    to_pixels = columns / box.width, rows / box.height
    left, top = (max(0, math.ceil((view[axis] - box[axis]) * to_pixels[axis])) for axis in (0, 1))
    right, bottom = (
        min(patch.pixels.shape[1 - axis], math.floor((view[axis] + view[axis + 2] - box[axis]) * to_pixels[axis]))
        for axis in (0, 1)
    )
    part = Box(
        box.x + left / to_pixels[0],
        box.y + top / to_pixels[1],
        (right - left) / to_pixels[0],
        (bottom - top) / to_pixels[1],
    )
    return Patch(part, patch.pixels[top:bottom, left:right])


def _window(image: RgbImage, matrix: Matrix, box: Box, *, size: tuple[int, int]) -> RgbImage:
    """The pixels of `image` around `box` as `matrix` lays them, averaged first where they become much smaller."""
    height, width = image.shape[:2]
    around = box.grown(0.8).clipped(width=width, height=height)
    part = around.crop(image)
    left, top = math.floor(around.x), math.floor(around.y)
    shift = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64)
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))
    if scale < 0.75:
        reduced = (max(round(part.shape[1] * scale), 2), max(round(part.shape[0] * scale), 2))
        back_x, back_y = part.shape[1] / reduced[0], part.shape[0] / reduced[1]
        shift = shift @ np.array([[back_x, 0, (back_x - 1) / 2], [0, back_y, (back_y - 1) / 2], [0, 0, 1]])
        part = np.asarray(resized(part, reduced), np.uint8)
    laid = cv2.warpPerspective(part, matrix @ shift, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)


def _best_shift(window: RgbImage, known: RgbImage) -> tuple[int, int]:
    """Left and top of the part of `window` whose edges agree best with those of `known`."""
    searched = cv2.matchTemplate(_edges(window), _edges(known), cv2.TM_CCOEFF_NORMED)
    searched = np.where(np.isfinite(searched), searched, -1.0)
    place = int(searched.argmax())
    return place % searched.shape[1], place // searched.shape[1]


def _edges(pixels: RgbImage) -> NDArray[np.float32]:
    return edges(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8))


def _sharpness(laid: Sequence[_Laid]) -> tuple[float, list[_Laid]]:
    """The blur (sigma, pixels) of the reference that best explains the copy at these places, and those it explains.

    A place that the copy does not show as the reference does, under any blur, says nothing.
    """
    if not laid:
        return 0.0, []
    explained = np.array([[_given(one, sigma) for sigma in _BLURS] for one in laid])
    agrees = explained.max(axis=1) >= _AGREES
    if not agrees.any():
        return 0.0, []
    unexplained = np.log(1.0 - explained[agrees] + 0.01).sum(axis=0)
    return _BLURS[int(np.argmin(unexplained))], [one for one, good in zip(laid, agrees, strict=True) if good]


def _given(laid: _Laid, sigma: float) -> float:
    """Share of the copy's variance that the reference explains once it is blurred by `sigma`."""
    known = _blurred(laid.known, sigma).reshape(-1, 3)
    seen = laid.seen.reshape(-1, 3).astype(np.float64)
    return _explained(known - known.mean(axis=0), seen - seen.mean(axis=0))


def _numbers(laid: _Laid, *, blur: float) -> Numbers:
    """detail, edges, energy, added, and the logarithm of the reference's detail, (5,), once it is as blurred."""
    smooth = max(1.5, min(laid.known.shape[:2]) / 8, 1.5 * blur)
    known = _blurred(laid.known, blur)
    copy, reference = _fine(laid.seen, smooth), _fine(known, smooth)
    reference_variance = float(reference.var(axis=0).sum())
    copy_variance = float(copy.var(axis=0).sum())
    given_back = _explained(copy, reference)
    unexplained = copy_variance * (1.0 - _explained(reference, copy))
    correlation = _correlation(_edges(laid.seen), _edges(known.round().astype(np.uint8)))
    return np.array(
        [
            given_back,
            correlation,
            math.log((copy_variance + _NOISE) / (reference_variance + _NOISE)),
            math.log((unexplained + _NOISE) / (reference_variance + _NOISE)),
            math.log(reference_variance + _NOISE),
        ]
    )


def _blurred(pixels: RgbImage, sigma: float) -> Numbers:
    if sigma == 0:
        return pixels.astype(np.float64)
    return np.asarray(cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), sigma), np.float64)


def _fine(pixels: RgbImage | Numbers, smooth: float) -> Numbers:
    """Detail finer than `smooth` (sigma, pixels), (pixels, 3), without the finest grain."""
    soft = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), 0.6)
    fine = soft - cv2.GaussianBlur(soft, (0, 0), smooth)
    return np.asarray(fine.reshape(-1, 3), np.float64)


def _explained(source: Numbers, target: Numbers) -> float:
    """Share of the variance of `target` (n, 3) that a linear map of `source` (n, 3) with some noise gives, 0..1."""
    total = float((target * target).sum())
    if total < 1e-6:
        return 0.0
    gram = source.T @ source + np.eye(3) * (_NOISE / 3 * len(source))
    cross = source.T @ target
    return float(np.clip((cross * np.linalg.solve(gram, cross)).sum() / total, 0.0, 1.0))


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    a, b = one - one.mean(axis=(0, 1)), other - other.mean(axis=(0, 1))
    norm = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / norm if norm > 1e-6 else 0.0


UNSEEN_CONTROLS = np.array([0.8, 0.9, 0.0, -1.5])
"""What other places usually measure; for a copy that shows none of them."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The regression: `weights` (9,) of what `measured` gives, and its `intercept`.

    `finding_probability` is the probability from which a place counts as wiped.
    """

    intercept: float
    weights: tuple[float, ...]
    finding_probability: float

    def probability(self, numbers: Numbers) -> float:
        """The probability, 0..1, that a place which measured `numbers` was wiped."""
        total = self.intercept + float(np.dot(self.weights, numbers))
        return 1.0 / (1.0 + math.exp(-min(max(total, -30.0), 30.0)))


def load_weights(file: Path = WEIGHTS_FILE) -> Weights:
    """The weights that `hallmark train places` wrote into `file`."""
    written = json.loads(file.read_text())
    return Weights(written["intercept"], tuple(written["weights"]), written["finding_probability"])


WEIGHTS = load_weights()
