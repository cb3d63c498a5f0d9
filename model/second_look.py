"""A second look at a region: how alike is it to the reference once it is laid on it?

The search compares a detector's box, which holds too much or too little of the mark, often turned. Laid out as the
reference's picture, region and reference are cropped alike: what then is dissimilar is not the mark.
"""

from __future__ import annotations

from collections.abc import Sequence

from model.embedder import Embedder
from model.kept import Kept
from model.verifier import Laid


class SecondLook:
    """Embeds aligned regions; safe to call from several threads. The references' own vectors are kept with them."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known = Kept(lambda reference: embedder.embed([reference.picture])[0])

    def similarities(self, laid: Sequence[Laid]) -> list[float]:
        """Of each the cosine, -1..1, of the aligned region and the reference's picture."""
        seen = self._embedder.embed([one.aligned(longer=self._embedder.size) for one in laid])
        known = [self._known.of(one.reference) for one in laid]
        # Sums depend on where in memory they run, by 1e-7: rounded, equal pixels give equal answers in any thread.
        return [round(float(one @ other), 4) for one, other in zip(seen, known, strict=True)]
