"""Was a logo's place wiped in a copy of the brand's own photo? Nothing of the mark need be left to see it.

A copied photo lies on its reference already (`model.photo_copy`). The place of the logo is compared in the photo's own
resolution, and so are a few other places of the same photo: recompression, new colours, scaling and a blur of all of
it change both alike, a wiped place alone. The measurements are

    detail   share of the reference's fine detail that a linear map of the copy's colours gives back, 0..1
    edges    correlation of edges by direction (`model.alignment.edges`), -1..1
    energy   logarithm of the copy's fine detail over the reference's
    added    logarithm of the copy's fine detail that the reference does not explain, over the reference's
    worst    structure of the worst tenth of the place, 0..1, and `bad`, of its worst three tenths
    emptied  logarithm of the copy's variance over the reference's in the tenth of the place that lost most

of the place, and of the place less the photo's other places, and

    beyond   logarithm of the detail that the reference does not explain beside the place, where it is most, over that
             of the photo's other places: a caption or a watermark goes on where a mark ends

A logistic regression on them, on their products and on how sure the place holds a mark makes one probability: who
wipes something wipes a mark. `worst`, `bad` and `emptied` are taken window by window, as in SSIM (Wang et al. 2004, its
contrast and structure): what wipes a part of a logo leaves the means of the whole nearly as they were.
`hallmark train places` fits it; the bundle holds it.
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
from scipy.special import expit

from model.alignment import Matrix
from model.correlation import correlated
from model.own_logos import Likeness, log_odds
from model.place_patches import LaidPlace, PreparedPlace, edges_of, laid_place
from model.regions import RgbImage
from model.tones import lost_by_exposure

MEASUREMENTS = 16

_NOISE = 6.0  # variance of fine detail, grey levels squared, that compression makes and takes
_BLURS = (0.0, 0.6, 1.0, 1.6, 2.4, 3.4, 4.8)  # sigma, pixels of the compared resolution
_AGREES = 0.6  # share of a control's variance in the copy that the reference explains
_LEAST_DETAIL = math.log(2.5 * _NOISE)
_WINDOWS = 6  # windows of the compared resolution side by side
_SMALLEST_WINDOW = 5  # pixels
_ADDED = 3  # where `added` stands among the measurements
_COLOURS, _EXTREMES, _PLANES = slice(0, 3), slice(3, 5), 5  # of what `_planes` gives

Numbers = NDArray[np.float64]
Planes = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Wiped:
    """What was found at a logo place of a copy.

    `probability`, 0..1, that a mark was wiped there; `detail_left`, 0..1, is the share of its fine detail that the copy
    still has; `aligned` and `genuine` (h, w, 3) uint8 show the place in the copy and in the reference, `difference`
    (h, w) float32 0..1 where they differ; `reasons` says it in words.
    """

    probability: float
    detail_left: float
    aligned: RgbImage = field(repr=False)
    genuine: RgbImage = field(repr=False)
    difference: NDArray[np.float32] = field(repr=False)
    reasons: list[str]


def measured(image: RgbImage, matrix: Matrix, place: PreparedPlace) -> Numbers | None:
    """The measurements (n,) of the place in the copy `image`, which `matrix` lays on the reference's picture.

    None where the copy does not show the place, shows it too small, or is so blurred or so bright that nothing would
    be left of it.
    """
    compared = _compared(image, matrix, place)
    return None if compared is None else compared[1]


def wiped(image: RgbImage, matrix: Matrix, place: PreparedPlace, *, weights: Weights) -> Wiped | None:
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
    probability = weights.probability(numbers, detected=place.detected)
    return Wiped(probability, left, laid.seen, laid.known, difference, [reason])


def _compared(image: RgbImage, matrix: Matrix, place: PreparedPlace) -> tuple[LaidPlace, Numbers] | None:
    laid = laid_place(image, matrix, place.place)
    if laid is None:
        return None
    found = [one for control in place.controls if (one := laid_place(image, matrix, control)) is not None]
    blur, around = _sharpness(found)
    numbers, detail = _numbers(laid, blur=blur)
    if detail < _LEAST_DETAIL or lost_by_exposure(image, matrix, place.place.box, picture=place.picture):
        return None
    others = [_numbers(one, blur=blur) for one in around]
    usual = np.median([one for one, _ in others], axis=0) if others else UNSEEN_CONTROLS
    usually_added = float(np.median([one[_ADDED] + had for one, had in others])) if others else math.log(2 * _NOISE)
    beside = [one for patch in place.beside if (one := laid_place(image, matrix, patch)) is not None]
    beyond = max((_added(one, blur=blur) for one in beside), default=usually_added) - usually_added
    # Sums in threads differ in the last digits from call to call; a scan that is made again must not.
    return laid, np.round([*numbers, detail, *(numbers - usual), beyond], 4)


def _added(laid: LaidPlace, *, blur: float) -> float:
    """The logarithm of the copy's fine detail that the reference, as blurred, does not explain."""
    copy, reference = _details(laid.seen, _blurred(laid.known, blur), blur=blur)
    return math.log(_unexplained(copy, reference) + _NOISE)


def _details(seen: RgbImage, known: Planes, *, blur: float) -> tuple[Numbers, Numbers]:
    """The fine detail of the copy and of the reference, which is `known` as blurred already, (pixels, 5)."""
    smooth = max(1.5, min(known.shape[:2]) / 8, 1.5 * blur)
    return _fine(seen, smooth), _fine(known, smooth)


def _unexplained(copy: Numbers, reference: Numbers) -> float:
    """Variance of the copy's colours that the reference does not explain."""
    return float(copy[:, _COLOURS].var(axis=0).sum()) * (1.0 - _explained(reference, copy))


def _sharpness(laid: Sequence[LaidPlace]) -> tuple[float, list[LaidPlace]]:
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


def _given(laid: LaidPlace, sigma: float) -> float:
    """Share of the copy's variance that the reference explains once it is blurred by `sigma`."""
    known, seen = (_planes(pixels).reshape(-1, _PLANES) for pixels in (_blurred(laid.known, sigma), laid.seen))
    return _explained(known - known.mean(axis=0), seen - seen.mean(axis=0))


def _numbers(laid: LaidPlace, *, blur: float) -> tuple[Numbers, float]:
    """The measurements (7,) in the module's order, and the logarithm of the detail of the reference, as blurred."""
    known = _blurred(laid.known, blur)
    copy, reference = _details(laid.seen, known, blur=blur)
    reference_variance = float(reference[:, _COLOURS].var(axis=0).sum())
    copy_variance = float(copy[:, _COLOURS].var(axis=0).sum())
    given_back = _explained(copy, reference)
    drawn = np.asarray(known.round(), np.uint8)
    numbers = [
        given_back,
        correlated(edges_of(laid.seen), edges_of(drawn)),
        math.log((copy_variance + _NOISE) / (reference_variance + _NOISE)),
        math.log((_unexplained(copy, reference) + _NOISE) / (reference_variance + _NOISE)),
        *_by_window(laid.seen, drawn),
    ]
    return np.array(numbers), math.log(reference_variance + _NOISE)


def _by_window(seen: RgbImage, known: RgbImage) -> tuple[float, float, float]:
    """worst, bad and emptied, each place counting by how much the reference shows there.

    Of grey, of the largest and of the smallest channel the one that agrees best counts: new hues leave two of them.
    """
    one, other = (
        np.dstack([cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), _planes(pixels)[..., _EXTREMES]])
        for pixels in (seen, known)
    )
    side = max(_SMALLEST_WINDOW, round(max(one.shape) / _WINDOWS)) | 1

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, (side, side)), np.float32)

    seen_variance, known_variance = (np.maximum(mean(plane * plane) - mean(plane) ** 2, 0) for plane in (one, other))
    shared = np.abs(mean(one * other) - mean(one) * mean(other))
    noise = 2 * _NOISE
    structure = ((2 * shared + noise) / (seen_variance + known_variance + noise)).max(axis=-1)
    left = np.log((seen_variance + noise) / (known_variance + noise)).max(axis=-1)
    shown = np.sqrt(known_variance.max(axis=-1)) + 1.0
    return (
        _weighted_quantile(structure, 0.1, weights=shown),
        _weighted_quantile(structure, 0.3, weights=shown),
        _weighted_quantile(left, 0.1, weights=shown),
    )


def _weighted_quantile(values: NDArray[np.float32], share: float, *, weights: NDArray[np.float32]) -> float:
    """The value below which `share` of the weight lies."""
    order = np.argsort(values, axis=None, kind="stable")
    summed = np.cumsum(weights.ravel()[order], dtype=np.float64)
    return float(values.ravel()[order[np.searchsorted(summed, share * summed[-1])]])


def _blurred(pixels: RgbImage, sigma: float) -> Planes:
    soft = pixels.astype(np.float32)
    return soft if sigma == 0 else np.asarray(cv2.GaussianBlur(soft, (0, 0), sigma), np.float32)


def _planes(pixels: RgbImage | Planes) -> Planes:
    """(h, w, 5): the colours, and the largest and the smallest of them, which a change of hue leaves as they are."""
    red, green, blue = cv2.split(pixels.astype(np.float32))
    largest, smallest = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    return np.asarray(cv2.merge([red, green, blue, largest, smallest]), np.float32)


def _fine(pixels: RgbImage | Planes, smooth: float) -> Numbers:
    """Detail of the planes finer than `smooth` (sigma, pixels), (pixels, 5), without the finest grain."""
    soft = cv2.GaussianBlur(_planes(pixels), (0, 0), 0.6)
    fine = soft - cv2.GaussianBlur(soft, (0, 0), smooth)
    return np.asarray(fine.reshape(-1, _PLANES), np.float64)


def _explained(source: Numbers, target: Numbers) -> float:
    """Share of the variance of `target` (n, 5) that a linear map of `source` (n, 5) with some noise gives, 0..1.

    Of the colours or of the extremes, whichever is more.
    """
    return max(_mapped(source[:, part], target[:, part]) for part in (_COLOURS, _EXTREMES))


def _mapped(source: Numbers, target: Numbers) -> float:
    """The same for planes that are mapped on planes of the same sort, (n, k) both."""
    total = float((target * target).sum())
    if total < 1e-6:
        return 0.0
    gram = source.T @ source + np.eye(source.shape[1]) * (_NOISE / 3 * len(source))
    cross = source.T @ target
    return float(np.clip((cross * np.linalg.solve(gram, cross)).sum() / total, 0.0, 1.0))


UNSEEN_CONTROLS = np.array([0.8, 0.9, 0.0, -1.5, 0.6, 0.75, -0.3])
"""What other places usually measure; for a copy that shows none of them."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The regression: `weights` (152,) of `terms` of what `measured` gives, held between `low` and `high` (16,) each.

    `detected` is the weight of the log odds that the place holds a mark, the detector's or, where the brand's logos are
    known, those that `likeness` makes of them; `finding_probability` is the probability from which a place counts as
    wiped.
    """

    intercept: float
    weights: tuple[float, ...]
    detected: float
    low: tuple[float, ...]
    high: tuple[float, ...]
    finding_probability: float
    likeness: Likeness

    def probability(self, numbers: Numbers, *, detected: float) -> float:
        """The probability, 0..1, that a mark was wiped at a place which measured `numbers`.

        `detected` is how sure the place was, 0..1, in the reference.
        """
        held = np.clip(numbers, self.low, self.high)
        total = self.intercept + float(np.dot(self.weights, terms(held))) + self.detected * float(log_odds(detected))
        return float(expit(total))


def terms(numbers: Numbers) -> Numbers:
    """`numbers` (…, n) and the products of each two of them, (…, n + n (n + 1) / 2).

    What little is left says more where the reference has much to lose, and what was added more where something is gone.
    """
    first, second = np.triu_indices(numbers.shape[-1])
    return np.concatenate([numbers, numbers[..., first] * numbers[..., second]], axis=-1)


def load_weights(file: Path) -> Weights:
    """The weights that `hallmark train places` wrote into `file`.

    Raises `ValueError` where an earlier version wrote it, which measured or weighed something else.
    """
    written = json.loads(file.read_text())
    weights, low, high = (tuple(written[name]) for name in ("weights", "low", "high"))
    if len(low) != MEASUREMENTS or not {"detected", "likeness"} <= set(written):
        raise ValueError(f"{file} is of an earlier version of Hallmark: run `hallmark train places`")
    likeness = Likeness(**written["likeness"])
    return Weights(
        written["intercept"], weights, written["detected"], low, high, written["finding_probability"], likeness
    )
