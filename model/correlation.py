"""How alike two arrays vary, whatever their level and scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FLAT = 1e-6


def correlated(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Pearson's, -1..1, of two arrays (…, c) of one shape, channels centred apart; 0 where one is flat."""
    places = tuple(range(one.ndim - 1))
    a, b = one - one.mean(axis=places), other - other.mean(axis=places)
    norm = float(np.sqrt(float((a * a).sum()) * float((b * b).sum())))
    return float((a * b).sum()) / norm if norm > _FLAT else 0.0
