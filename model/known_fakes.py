"""Whether a picture shows what is known to be fake: the fake's mark, or the very photo of it, listed again.

A photo of a mark is more like another photo of it than like its clean drawing, be it genuine or not. So a fake is told
by similarity only where it stands out: a mark must be nearly the fake's, more like it than like anything genuine, and
by so much more than the fake itself is that the likeness cannot be the genuine mark's. A fake that copies the mark
exactly is told by nothing but its photo, which is recognised as a copied product photo is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.alignment import prepare_reference
from model.bundle import ModelBundle
from model.photo_copy import photo_match
from model.regions import RgbImage

LEAST_SIMILARITY = 0.85
"""Cosine from which a mark may be the fake's."""

LEAST_PHOTO_SIMILARITY = 0.8
"""Cosine from which a whole picture may be the fake's photo; whether it is, is then verified."""

STANDS_OUT = 0.2
"""By how much the mark must be more like the fake than the fake is like the genuine mark."""


def known_fakes_shown(
    marks: NDArray[np.float32], *, fakes: NDArray[np.float32], genuine: NDArray[np.float32],
    least: float = LEAST_SIMILARITY,
) -> NDArray[np.bool_]:  # fmt: skip
    """Which of the `marks` (n, d) show which of the `fakes` (m, d), beside the brand's `genuine` references (k, d).

    All vectors are of one model and of length 1; any of n, m and k may be 0. `least` is the cosine that they need.
    Returns (n, m) bool.
    """
    to_fakes = marks @ fakes.T
    own = _nearest(marks, genuine)[:, None]
    of_fakes = _nearest(fakes, genuine)[None]
    return np.asarray((to_fakes >= least) & (to_fakes > own) & (to_fakes > of_fakes + STANDS_OUT), np.bool_)


def _nearest(vectors: NDArray[np.float32], genuine: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) the cosine of each vector and the most similar genuine one, -1 where there is none."""
    return np.asarray((vectors @ genuine.T).max(axis=1, initial=-1.0), np.float32)


def is_photo_of_fake(picture: RgbImage, fake: RgbImage, *, bundle: ModelBundle) -> bool:
    """Whether `picture` is the photo `fake`, cut, scaled or compressed otherwise; both (height, width, 3) uint8 RGB.

    Takes some 40 ms.
    """
    match = photo_match(picture, prepare_reference(fake), weights=bundle.photo_copy)
    return match.probability >= bundle.calibration.copy_probability
