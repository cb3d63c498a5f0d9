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

LEAST_PHOTO_SIMILARITY = 0.75
"""Cosine of a picture, alone or in a collage, and of the fake's photo or half of it, from which it may be that photo;
whether it is, is then verified.

Of second-hand sellers' garments for tuning 0.035 reach it beside 300 other such photos; 0.09 reach 0.7 and 0.54 0.6,
where pages of a telephone and photos of a screen lie, and other photos of the same goods.
"""

LEAST_WHOLE_SIMILARITY = 0.4
"""Cosine of a picture and the whole of a fake's photo from which it is compared with its halves. They are more than the
whole is, and 0.99 of the halves of photos for tuning are as much like the whole."""

MOST_COMPARED = 3
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


def likeness_to_photos(
    pictures: NDArray[np.float32], *, wholes: NDArray[np.float32], halves: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n, m) cosines of `pictures` (n, d) and what is most like them of each of m photos: the whole (m, d), or a half
    (m, `PARTS` - 1, d) where the whole is somewhat like them."""
    found = np.asarray(pictures @ wholes.T, np.float32)
    for cosines, picture in zip(found, pictures, strict=True):
        likely = np.flatnonzero(cosines >= LEAST_WHOLE_SIMILARITY)
        cosines[likely] = np.maximum(cosines[likely], (halves[likely] @ picture).max(axis=1, initial=-1.0))
    return found


def may_be_photos(
    pictures: NDArray[np.float32], *, fake: NDArray[np.float32], genuine: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Which of the `pictures` (n, d) may be the fake's photo, by its `PARTS` vectors (`fake`), (n,) bool.

    None may where the photo is much like the brand's `genuine` references (k, d), as a copy of theirs is: sellers of
    genuine goods show that too.
    """
    to_fake = likeness_to_photos(pictures, wholes=fake[:1], halves=fake[None, 1:])[:, 0]
    stands_out = np.maximum(to_fake, SURELY_SIMILAR) > _nearest(fake[:1], genuine) + STANDS_OUT
    return np.asarray((to_fake >= LEAST_PHOTO_SIMILARITY) & (to_fake > _nearest(pictures, genuine)) & stands_out)


def is_photo_of_fake(picture: RgbImage, fake: PreparedReference, *, bundle: ModelBundle) -> bool:
    """Whether `picture` (height, width, 3) uint8 RGB is the photo `fake`, or shows it as a copy may.

    Takes some 15 ms, and 30 more for a fake, and for a picture, that it sees first.
    """
    match = photo_match(picture, fake, weights=bundle.photo_copy)
    return match.probability >= bundle.calibration.copy_probability
