"""Whether a picture shows what is known to be fake: the fake's mark, or the very photo of it, listed again.

A photo of a mark is more like another photo of it than like its clean drawing, be it genuine or not. So a fake is told
by similarity only where it stands out: a mark must be nearly the fake's, more like it than like anything genuine, and
by so much more than the fake itself is that the likeness cannot be the genuine mark's. A fake that copies the mark
exactly is told by nothing but its photo, which is recognised as a copied product photo is: in a collage or a frame, cut
in half or under a caption too, so a suspicion asks for less likeness, and is verified.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.alignment import PreparedReference
from model.bundle import ModelBundle
from model.photo_copy import photo_match
from model.regions import RgbImage

LEAST_SIMILARITY = 0.85
"""Cosine from which a mark may be the fake's."""

LEAST_PHOTO_SIMILARITY = 0.6
"""Cosine of a picture, alone or in a collage, and of the fake's photo or half of it, from which it may be that photo;
whether it is, is then verified.

Of photos for tuning, copied in 34 ways, 0.95 reach it; of second-hand sellers' garments 0.41 do beside 300 other photos
(0.15 reach 0.65, which loses half of the pages of a telephone's screen).
"""

MOST_COMPARED = 4
"""Photos of fakes, those most like a picture that count, that are compared with it, each in 15 ms, and in 30 more where
it was not lately."""

PARTS = 5
"""Vectors by which a fake's photo is looked for: `parts_of_photo`."""

SURELY_SIMILAR = 0.8
"""Cosine of a picture and the photo of a fake that it is, at least, where nobody edited it."""

STANDS_OUT = 0.2
"""By how much the mark must be more like the fake than the fake is like the genuine mark."""


def known_fakes_shown(
    marks: NDArray[np.float32], *, fakes: NDArray[np.float32], genuine: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Which of the `marks` (n, d) show which of the `fakes` (m, d), beside the brand's `genuine` references (k, d).

    All vectors are of one model and of length 1; any of n, m and k may be 0. Returns (n, m) bool.
    """
    to_fakes = marks @ fakes.T
    own = _nearest(marks, genuine)[:, None]
    of_fakes = _nearest(fakes, genuine)[None]
    return np.asarray((to_fakes >= LEAST_SIMILARITY) & (to_fakes > own) & (to_fakes > of_fakes + STANDS_OUT), np.bool_)


def _nearest(vectors: NDArray[np.float32], genuine: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) the cosine of each vector and the most similar genuine one, -1 where there is none."""
    return np.asarray((vectors @ genuine.T).max(axis=1, initial=-1.0), np.float32)


def parts_of_photo(photo: RgbImage) -> list[RgbImage]:
    """The `photo` (height, width, 3) of a fake, and its upper, lower, left and right half: a copy may show no more."""
    height, width = photo.shape[:2]
    down, across = max(height // 2, 1), max(width // 2, 1)
    return [photo, photo[:down], photo[-down:], photo[:, :across], photo[:, -across:]]


def may_be_photos(
    pictures: NDArray[np.float32], *, fake: NDArray[np.float32], genuine: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Which of the `pictures` (n, d) may be the fake's photo, by its `PARTS` vectors (`fake`), (n,) bool.

    None may where the photo is much like the brand's `genuine` references (k, d), as a copy of theirs is: sellers of
    genuine goods show that too.
    """
    to_fake = (pictures @ fake.T).max(axis=1)
    stands_out = np.maximum(to_fake, SURELY_SIMILAR) > _nearest(fake[:1], genuine) + STANDS_OUT
    return np.asarray((to_fake >= LEAST_PHOTO_SIMILARITY) & (to_fake > _nearest(pictures, genuine)) & stands_out)


def is_photo_of_fake(picture: RgbImage, fake: PreparedReference, *, bundle: ModelBundle) -> bool:
    """Whether `picture` (height, width, 3) uint8 RGB is the photo `fake`, or shows it as a copy may.

    Takes some 15 ms, and 30 more for a fake, and for a picture, that it sees first.
    """
    match = photo_match(picture, fake, weights=bundle.photo_copy)
    return match.probability >= bundle.calibration.copy_probability
