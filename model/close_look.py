"""A close look at a mark that is the brand's: genuine, smeared or imitated?

Region and reference are shown to one network (`model.networks.close_look`), laid on each other as the aligner found,
larger than the verifier sees them and in the proportions of the mark, so that each letter of a long word can be seen.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from model.alignment import FRAME_SIDE, Matrix, PreparedReference, framed
from model.kept import Latest
from model.regions import RgbImage
from model.siamese import Siamese

FILE = "close_look.onnx"

SQUARE, WIDE, TALL = (160, 160), (112, 224), (224, 112)
"""The frames: height and width in pixels."""

MOSTLY_SQUARE = 1.55
"""Longer over shorter side of a reference up to which it is shown in a square."""

FURTHEST_ODDS = 8.0
"""Log odds count within ± this."""

_IMITATION = 1  # of the maps
_LEAST_LIKELY = 0.1  # what no place reaches differs nowhere to speak of


class CloseLook:
    """The network in the file `path` (ONNX) and the one beside it; safe to call from several threads."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._network = Siamese(path, outputs=["logits", "maps"], threads=threads, shown=_shown)
        self._described = Latest(self._network.describe)

    def imitation_log_odds(self, region: RgbImage, matrix: Matrix, reference: PreparedReference) -> float:
        """Log odds of an imitation against a genuine mark, within ± `FURTHEST_ODDS`.

        `matrix` takes `region`, at working size, to the frame of `reference` (`model.alignment`).
        """
        (genuine, _, imitation), _ = self._compared(region, matrix, reference)
        # Sums depend on where in memory they run, by 1e-7: rounded, equal pixels give equal verdicts in any thread.
        return round(float(np.clip(imitation - genuine, -FURTHEST_ODDS, FURTHEST_ODDS)), 3)

    def imitated(self, region: RgbImage, matrix: Matrix, reference: PreparedReference) -> NDArray[np.float32]:
        """Where what is taken for an imitation differs, (rows, columns) 0..1 of the frame, beside its likeliest place.

        The network seldom gives one place more than even odds, since it knows that something differs better than where.
        """
        _, maps = self._compared(region, matrix, reference)
        likely = expit(maps[_IMITATION].astype(np.float64))
        return np.asarray((likely / max(float(likely.max()), _LEAST_LIKELY)).round(3), np.float32)

    def _compared(self, region: RgbImage, matrix: Matrix, reference: PreparedReference) -> list[NDArray[np.float32]]:
        """The network's outputs; a pair whose odds were asked is often asked for its map."""
        return self._network.compare(self._described.of(_laid(region, matrix, reference.picture)), reference)


def close_pair(region: RgbImage, matrix: Matrix, picture: RgbImage) -> NDArray[np.uint8]:
    """The pair as the network sees it, (2, h, w, 3): `region` laid as `matrix` says, and the reference's `picture`."""
    return np.stack([_laid(region, matrix, picture), _framed(picture)])


def _laid(region: RgbImage, matrix: Matrix, picture: RgbImage) -> RgbImage:
    height, width = frame_size(picture)
    to_frame = np.diag([width / FRAME_SIDE, height / FRAME_SIDE, 1.0]) @ matrix
    return np.asarray(cv2.warpPerspective(region, to_frame, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _shown(reference: PreparedReference) -> RgbImage:
    return _framed(reference.picture)


def _framed(picture: RgbImage) -> RgbImage:
    height, width = frame_size(picture)
    return framed(picture, height=height, width=width)


def frame_size(picture: RgbImage) -> tuple[int, int]:
    """Height and width of the frame in which a reference's `picture` is shown."""
    height, width = picture.shape[:2]
    if max(height, width) <= MOSTLY_SQUARE * min(height, width):
        return SQUARE
    return WIDE if width > height else TALL
