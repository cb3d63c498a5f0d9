"""Does a picture that lies on a product photo agree with it block by block, as the same photograph does?

Pose, outline and ground repeat from shot to shot of one camera and one model; folds, prints and colours do not. So
every part with structure has to agree, whatever was done to the colours of the whole. The measurements are

    fine_10 … fine_75      agreement of gradients (see below) in blocks with structure: the 10 %, 25 %, 50 % and 75 %
    coarse_10 … coarse_75  quantiles over the blocks, after a blur of 2 pixels and of 4, as -log(1.02 - agreement)
    colour                 logarithm of what one map of all colours leaves unexplained, from either to the other

Gradients agree, -1..1, by their direction without sign, so light may stand for dark; 0 for unrelated ones. Of lightness
and of the brightest channel, which a turn of the hue leaves alone, the one that agrees better counts. What
they say of a copy, `model.photo_copy` weighs.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import RgbImage

Plane = NDArray[np.float32]
"""One number for each pixel or block, (h, w) float32."""

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

SCALES = ("fine", "coarse")
QUANTILES = (10, 25, 50, 75)
"""Per cent of the blocks."""

NAMES = (*(f"{scale}_{quantile}" for scale in SCALES for quantile in QUANTILES), "colour")
"""What is measured, in order."""

_BLOCK = 16  # side of a block, pixels of the reference's picture
_BLUR = 2.0  # pixels of each scale, the coarse one being of half size
_STRUCTURE = 0.5  # grey levels a pixel, root mean square: what compression makes of a plain ground is less
_LOUDER = 1.5  # how much more the copy must show of it where the reference shows nothing: it may be compressed harder
_FEWEST_BLOCKS = 4
_SHOWN = 0.5  # share of a block that must be known
_COLOUR_STEP = 4  # pixels of the picture that make one colour
_FEWEST_COLOURS = 50
_COLOUR_QUANTILE = 0.9
_OUTLYING = 0.06  # of 1: a colour that the map misses by more counts less than half in its fit


class _Agreement(NamedTuple):
    """Of each block (rows, columns): how well gradients agree, -1..1, and the mean squares of both sides' gradients."""

    agreement: Plane
    known: Plane
    seen: Plane


def agreement(known: RgbImage, seen: RgbImage, inside: Mask) -> Numbers | None:
    """The measurements (9,) of `NAMES`, rounded to four decimals.

    `known` and `seen` (h, w, 3) uint8 lie on each other; `inside` (h, w) bool is what may be compared. None where that
    has too little structure, or too few pixels, to say anything.
    """
    numbers: list[float] = []
    pair, weight = (known, seen), inside.astype(np.float32)
    grid = (max(known.shape[1] // _BLOCK, 1), max(known.shape[0] // _BLOCK, 1))
    for _ in SCALES:
        agreeing = _agreeing(*pair, weight, grid)
        if len(agreeing) < _FEWEST_BLOCKS:
            return None
        numbers += (-np.log(1.02 - np.quantile(agreeing, np.array(QUANTILES) / 100))).tolist()
        pair, weight = (_reduced(pair[0], 2), _reduced(pair[1], 2)), _reduced(weight, 2)
    unexplained = _unexplained_colour(known, seen, inside)
    if unexplained is None:
        return None
    # Sums in threads differ in the last digits from call to call; a scan that is made again must not.
    return np.round(np.array([*numbers, math.log(unexplained + 0.01)]), 4)


def _agreeing(known: RgbImage, seen: RgbImage, weight: Plane, grid: tuple[int, int]) -> NDArray[np.float32]:
    """The agreement (n,) of the blocks of `grid` (columns, rows) in which either side has structure."""
    lightness, brightest = (
        _blockwise(one, other, weight, grid) for one, other in zip(_greys(known), _greys(seen), strict=True)
    )
    share = _block_means(weight, grid)
    strength = np.maximum(lightness.known, lightness.seen / _LOUDER**2) / np.maximum(share, _SHOWN)
    chosen = (share > _SHOWN) & (strength > _STRUCTURE**2)
    return np.asarray(np.maximum(lightness.agreement, brightest.agreement)[chosen], np.float32)


def _greys(picture: RgbImage) -> tuple[Plane, Plane]:
    """Lightness, and the brightest channel of each pixel, blurred."""
    lightness = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
    red, green, blue = cv2.split(picture)
    brightest = np.asarray(cv2.max(cv2.max(red, green), blue), np.float32)
    return _blurred(lightness), _blurred(brightest)


def _blurred(plane: Plane) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), _BLUR), np.float32)


def _blockwise(known: Plane, seen: Plane, weight: Plane, grid: tuple[int, int]) -> _Agreement:
    one, other = _oriented(known), _oriented(seen)
    known_square = _block_means((one[0] ** 2 + one[1] ** 2) * weight, grid)
    seen_square = _block_means((other[0] ** 2 + other[1] ** 2) * weight, grid)
    common = _block_means((one[0] * other[0] + one[1] * other[1]) * weight, grid)
    return _Agreement(common / np.sqrt(known_square * seen_square + 1e-6), known_square, seen_square)


def _oriented(grey: Plane) -> tuple[Plane, Plane]:
    """Gradients by twice their angle, with their own length: those of opposite sign are equal."""
    gx = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=1 / 8)
    gy = cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=1 / 8)
    length = cv2.magnitude(gx, gy) + 1e-3
    return np.asarray((gx * gx - gy * gy) / length, np.float32), np.asarray(2 * gx * gy / length, np.float32)


def _block_means(plane: Plane, grid: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, grid, interpolation=cv2.INTER_AREA), np.float32)


def _reduced(plane: NDArray[Any], step: int) -> NDArray[Any]:
    """`plane` (h, w, …) with each side divided by `step`, averaged; of no side less than a pixel."""
    size = (max(plane.shape[1] // step, 1), max(plane.shape[0] // step, 1))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))


def _unexplained_colour(known: RgbImage, seen: RgbImage, inside: Mask) -> float | None:
    """How far, 0..1, a tenth of the colours is from what one map of all makes of the other side's; the worse way round.

    None where there are too few pixels.
    """
    chosen = _reduced(inside.astype(np.float32), _COLOUR_STEP) > 0.9
    if int(chosen.sum()) < _FEWEST_COLOURS:
        return None
    one, other = (np.asarray(_reduced(side, _COLOUR_STEP)[chosen] / 255, np.float32) for side in (known, seen))
    return max(
        float(np.quantile(_misses(source, target), _COLOUR_QUANTILE)) for source, target in ((one, other), (other, one))
    )


def _misses(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float32]:
    """By how much (n,) the best quadratic map of the colours `source` (n, 3) misses `target` (n, 3), in any channel.

    Least squares, repeated with less weight for what it missed, such as a caption or a wiped place.
    """
    red, green, blue = source.T
    terms = np.stack(
        [np.ones_like(red), red, green, blue, red * red, green * green, blue * blue,
         red * green, red * blue, green * blue], axis=1
    )  # fmt: skip
    misses = np.zeros(len(source), np.float32)
    for _ in range(2):
        weighted = terms * (1 / (1 + (misses / _OUTLYING) ** 2))[:, None]
        map_of_colours = np.linalg.solve(terms.T @ weighted + 1e-3 * np.eye(10), weighted.T @ target)
        misses = np.abs(terms @ map_of_colours - target).max(axis=1)
    return misses
