"""Finds the places of a photo that may hold a mark, of any brand: the detector as it serves, on onnxruntime.

A photo is scaled into a large and into a small square, for what is small and for what is seen best as a whole. For each
square the network says for each cell of its grids how sure it is of a mark and where that mark's sides are; what
overlaps is one mark, parts side by side on one line are one mark, and a weaker box that fills much of a stronger one is
a part of it. What both looks see is one region (weighted boxes fusion, Solovyev et al. 2021,
https://arxiv.org/abs/1910.13302).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from model.preprocessing import FILL, resized
from model.regions import Box, Region, RgbImage
from model.runtime import session

STRIDES = (8, 16, 32, 64)
"""Pixels between neighbouring cells of the network's grids; the same as in `model.networks.detector`."""

THRESHOLD_KEY, SIDES_KEY = "score_threshold", "sides"
"""Names of the metadata entries of the ONNX file: the score from which a box is a region, and the squares' sides."""

SIDES = (320, 160)
"""Pixels of the sides of the squares that a photo is looked at in, where the file says nothing else."""

MOST_REGIONS = 20
"""Of one photo: a shelf or a sheet of marks has as many."""

SAME_BOX_IOU = 0.75
"""Overlap from which two looks' boxes need not both be looked at."""

_MOST_CANDIDATES = 200
_MOST_A_LOOK = 20
_LEAST_LIKELY = 0.05  # score of a place that is looked at where there is room for it
_LOOK_SHARE = 0.5  # of the threshold, from which a look's box counts: the other look may be surer
_SAME_MARK_IOU, _SAME_PLACE_IOU = 0.45, 0.5  # within a look, and of two looks
_PART_INSIDE = 0.85
_SMALLEST_PART = 0.3  # of the whole's area; what is smaller is a mark on a product
# Chosen on drawn scenes and garments; looser rules for words joined neighbouring marks more often than letters.
_LINE_GAP, _LINE_OVERLAP, _LINE_HEIGHTS, _LINE_IOU, _LIKE_SCORES = 0.2, 0.7, 1.5, 0.05, 0.6


Outputs = Callable[[RgbImage], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""From a (side, side, 3) square to the network's logits (cells,) and distances (cells, 4)."""


class Detector:
    """The released detector.

    `path` is the ONNX file, `threads` the number of threads one photo may use, `score_threshold` (0..1) the score from
    which a box is a region (default: the one chosen for the file, which it carries, as it does the `sides` of the
    squares), `most_regions` how many regions a photo gets at most. One detector may be called from several threads.
    Raises `ValueError` when the file holds another kind of network.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int = 1,
        score_threshold: float | None = None,
        most_regions: int = MOST_REGIONS,
    ) -> None:
        self._session = session(path, threads=threads)
        taken = self._session.get_inputs()[0]
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.sides = tuple(int(side) for side in metadata[SIDES_KEY].split()) if SIDES_KEY in metadata else SIDES
        sized = [size for size in taken.shape[1:3] if isinstance(size, int)]
        if len(taken.shape) != 4 or taken.type != "tensor(uint8)" or any((size,) != self.sides for size in sized):
            raise ValueError(
                f"{path} is no detector: expected uint8 (1, side, side, 3) for sides {self.sides}, "
                f"got {taken.type} {taken.shape}"
            )
        self._input = taken.name
        self.score_threshold = float(metadata.get(THRESHOLD_KEY, 0.3)) if score_threshold is None else score_threshold
        self._most_regions = most_regions

    def detect(self, image: RgbImage, *, score_threshold: float | None = None) -> list[Region]:
        """The regions of `image`, strongest first, boxes clipped to the image; the same image, the same regions.

        `score_threshold` (0..1) stands for the detector's own, for whoever has more to go by.
        """
        least = self.score_threshold if score_threshold is None else score_threshold
        return fused(self._looks(image, _LOOK_SHARE * least), score_threshold=least, most=self._most_regions)

    def likeliest(self, image: RgbImage, *, most: int) -> list[Region]:
        """The `most` places that are likeliest marks for one of the looks, likeliest first, whatever their scores.

        For whoever looks at each of them anyhow: a look alone often boxes a mark that both together box worse.
        """
        looks = self._looks(image, _LEAST_LIKELY)
        return distinct([region for regions in looks for region in regions], iou=SAME_BOX_IOU)[:most]

    def _looks(self, image: RgbImage, threshold: float) -> list[list[Region]]:
        return [look(image, self.outputs, side=side, score_threshold=threshold) for side in self.sides]

    def outputs(self, square: RgbImage) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The network's logits (cells,) and distances (cells, 4) for one (side, side, 3) square."""
        logits, distances = self._session.run(None, {self._input: square[None]})
        return logits[0], distances[0]


def look(image: RgbImage, outputs: Outputs, *, side: int, score_threshold: float) -> list[Region]:
    """What one look at the photo in a square of `side` px sees: regions in pixels of the photo, strongest first."""
    square, scale = letterboxed(image, side=side)
    logits, distances = outputs(square)
    height, width = image.shape[:2]
    regions = regions_of(
        logits, distances, centres=cell_centres(side), score_threshold=score_threshold, most=_MOST_A_LOOK
    )
    placed = [_placed(region, scale, width=width, height=height) for region in regions]
    return [region for region in placed if region.box.area > 0]


def fused(looks: Sequence[Sequence[Region]], *, score_threshold: float, most: int) -> list[Region]:
    """What several looks at one photo say together: regions of at least `score_threshold`, strongest first.

    Boxes of different looks in one place become their mean by score; a region's score is the mean over all looks, 0
    where a look does not see it.
    """
    places: list[dict[int, Region]] = []
    numbered = [(number, region) for number, regions in enumerate(looks) for region in regions]
    for number, region in sorted(numbered, key=lambda one: -one[1].score):
        for place in places:
            strongest_there = next(iter(place.values()))
            if number not in place and region.box.iou(strongest_there.box) >= _SAME_PLACE_IOU:
                place[number] = region
                break
        else:
            places.append({number: region})
    together = [_mean(list(place.values()), looks=len(looks)) for place in places]
    return merged([region for region in together if region.score >= score_threshold])[:most]


def distinct(regions: Sequence[Region], *, iou: float) -> list[Region]:
    """Without those that overlap a stronger one by `iou` or more, strongest first."""
    ordered = sorted(regions, key=lambda one: -one.score)
    return [ordered[place] for place in non_maximum_suppression(_corners(ordered), iou=iou)]


def _corners(regions: Sequence[Region]) -> NDArray[np.float64]:
    """(n, 4) left, top, right and bottom."""
    boxes = np.array([region.box for region in regions], np.float64).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def _mean(regions: Sequence[Region], *, looks: int) -> Region:
    weights = np.array([region.score for region in regions])
    left, top, right, bottom = (weights @ _corners(regions) / weights.sum()).tolist()
    return Region(Box(left, top, right - left, bottom - top), float(weights.sum()) / looks)


def _placed(region: Region, scale: tuple[float, float], *, width: int, height: int) -> Region:
    """The region of the square in pixels of the photo."""
    x, y, wide, tall = region.box
    box = Box(x / scale[0], y / scale[1], wide / scale[0], tall / scale[1]).clipped(width=width, height=height)
    return Region(box, region.score)


def letterboxed(image: RgbImage, *, side: int) -> tuple[RgbImage, tuple[float, float]]:
    """The photo scaled into the top left of a grey `side` × `side` square, and its scales (across, down).

    The scales are equal but for photos so long and thin that the short side would vanish.
    """
    height, width = image.shape[:2]
    fit = side / max(height, width)
    wide, tall = max(1, round(width * fit)), max(1, round(height * fit))
    square = np.full((side, side, 3), FILL, np.uint8)
    square[:tall, :wide] = resized(image, width=wide, height=tall)
    return square, (wide / width, tall / height)


@cache
def cell_centres(side: int) -> NDArray[np.float32]:
    """Centres (cells, 2) float32 as (x, y) in pixels of the square, in the order of the network's outputs."""
    grids = []
    for stride in STRIDES:
        count = -(-side // stride)
        y, x = np.mgrid[0:count, 0:count]
        grids.append((np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * stride)
    return np.concatenate(grids).astype(np.float32)


def regions_of(
    logits: NDArray[np.float32],
    distances: NDArray[np.float32],
    *,
    centres: NDArray[np.float32],
    score_threshold: float,
    most: int,
) -> list[Region]:
    """Regions in pixels of the square, strongest first, at most `most`.

    `logits` (cells,) and `distances` (cells, 4) to the left, top, right and bottom are the network's outputs for one
    photo, `centres` (cells, 2) from `cell_centres`.
    """
    scores = expit(logits.astype(np.float64))
    likely = np.flatnonzero(scores >= score_threshold)
    likely = likely[np.argsort(-scores[likely], kind="stable")][:_MOST_CANDIDATES]
    corners = np.concatenate(
        [centres[likely] - distances[likely, :2], centres[likely] + distances[likely, 2:]], axis=1
    ).astype(np.float64)
    kept = likely[keep := non_maximum_suppression(corners, iou=_SAME_MARK_IOU)]
    regions = [
        Region(Box(*map(float, (x0, y0, x1 - x0, y1 - y0))), float(scores[cell]))
        for (x0, y0, x1, y1), cell in zip(corners[keep], kept, strict=True)
    ]
    return merged(regions)[:most]


def non_maximum_suppression(corners: NDArray[np.float64], *, iou: float) -> list[int]:
    """Places of the boxes that stay when each removes the later ones that overlap it by more than `iou`.

    `corners` (n, 4) are left, top, right, bottom, strongest first.
    """
    sizes = np.maximum(corners[:, 2:] - corners[:, :2], 0)
    boxes = np.concatenate([corners[:, :2], sizes], axis=1).tolist()
    falling = np.arange(len(boxes), 0, -1).tolist()
    return [int(place) for place in cv2.dnn.NMSBoxes(boxes, falling, score_threshold=0.0, nms_threshold=iou)]


def merged(regions: Sequence[Region]) -> list[Region]:
    """Parts put together as a person would draw the mark, strongest first.

    Neighbours on one line (letters or words of one size with little between them, about equally sure) become one box,
    unless a region has that place already; a weaker box that lies inside a stronger one, and is not small beside it, is
    dropped.
    """
    together: list[Region] = []
    for region in sorted(regions, key=lambda one: -one.score):
        for place, other in enumerate(together):
            if _is_one_word(region, other, regions):
                together[place] = Region(_hull(region.box, other.box), other.score)
                break
        else:
            together.append(region)
    is_part = _parts(_corners(together))
    kept: list[int] = []
    for place in range(len(together)):
        if not is_part[place, kept].any():
            kept.append(place)
    return [together[place] for place in kept]


def _parts(corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n, n) whether each box lies inside each other one and takes up enough of it to be a part of the same mark."""
    low = np.maximum(corners[:, None, :2], corners[None, :, :2])
    high = np.minimum(corners[:, None, 2:], corners[None, :, 2:])
    inside = np.prod(np.maximum(high - low, 0), axis=2)
    areas = np.prod(np.maximum(corners[:, 2:] - corners[:, :2], 0), axis=1)
    parts = (inside >= _PART_INSIDE * areas[:, None]) & (areas[:, None] >= _SMALLEST_PART * areas[None])
    return np.asarray(parts, np.bool_)


def _is_one_word(weaker: Region, stronger: Region, regions: Sequence[Region]) -> bool:
    """Whether two regions are parts of one word that none of the `regions` holds whole."""
    if weaker.score < _LIKE_SCORES * stronger.score or not _on_one_line(weaker.box, stronger.box):
        return False
    whole = _hull(weaker.box, stronger.box)
    others = [region for region in regions if region not in (weaker, stronger)]
    return all(whole.iou(region.box) < _SAME_MARK_IOU for region in others)


def _on_one_line(left: Box, right: Box) -> bool:
    """Whether two boxes stand side by side, of about one height, and hardly overlap."""
    tall, low = max(left.height, right.height), min(left.height, right.height)
    shared = min(left.y + left.height, right.y + right.height) - max(left.y, right.y)
    if low <= 0 or tall > _LINE_HEIGHTS * low or shared <= _LINE_OVERLAP * low:
        return False
    gap = max(left.x, right.x) - min(left.x + left.width, right.x + right.width)
    return gap < _LINE_GAP * low and left.iou(right) <= _LINE_IOU


def _hull(left: Box, right: Box) -> Box:
    """The smallest box around both."""
    x, y = min(left.x, right.x), min(left.y, right.y)
    far_x, far_y = max(left.x + left.width, right.x + right.width), max(left.y + left.height, right.y + right.height)
    return Box(x, y, far_x - x, far_y - y)
