"""Whether a mark is one that is known to be fake, told by similarity alone.

A photo of a mark is more like another photo of it than like its clean drawing, be it genuine or not. So a fake is told
only where it stands out: a mark must be nearly the fake's, more like it than like anything genuine, and by so much more
than the fake itself is that the likeness cannot be the genuine mark's. A fake that copies the mark exactly is told by
nothing here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_SIMILARITY = 0.85
"""Cosine from which a mark may be the fake's."""

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
