"""A second look at a region: how alike is it to the reference once it is laid on it?

The search compares a detector's box, which holds too much or too little of the mark, often turned. Laid out as the
reference's picture, region and reference are cropped alike: what then is dissimilar is not the mark.
"""

from __future__ import annotations

import threading
import weakref

import numpy as np
from numpy.typing import NDArray

from model.alignment import PreparedReference
from model.embedder import Embedder
from model.verifier import Compared


class SecondLook:
    """Embeds aligned regions; safe to call from several threads. The references' own vectors are kept with them."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._known: weakref.WeakKeyDictionary[PreparedReference, NDArray[np.float32]] = weakref.WeakKeyDictionary()

    def similarity(self, compared: Compared) -> float:
        """Cosine, -1..1, of the aligned region and the reference's picture."""
        aligned = compared.aligned()
        with self._lock:
            known = self._known.get(compared.reference)
        if known is None:
            seen, known = self._embedder.embed([aligned, compared.reference.picture])
            with self._lock:
                self._known[compared.reference] = known
        else:
            (seen,) = self._embedder.embed([aligned])
        # Sums depend on where in memory they run, by 1e-7: rounded, equal pixels give equal answers in any thread.
        return round(float(seen @ known), 4)
