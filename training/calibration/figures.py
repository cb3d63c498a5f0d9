"""How a calibration does on the scans that it was fitted to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.calibration import Calibration
from model.verifier import likeliest
from training.calibration.scans import Answered


def figures(answered: Sequence[Answered], calibration: Calibration) -> dict[str, dict[str, float]]:
    """By crowd: photos whose surest finding is right, false findings, and marks called what they are not."""
    crowds: dict[int, list[Answered]] = defaultdict(list)
    for one in answered:
        crowds[one.brands].append(one)
    return {
        f"among {brands}": {
            "recognised, not named by the listing": _recognised(crowd, calibration, named=False),
            "recognised, named by the listing": _recognised(crowd, calibration, named=True),
            "false findings": _share(
                bool([1 for suspect, _ in one.judged(calibration) if not suspect.claimed])
                for one in crowd
                if one.photo.brand is None
            ),
            "false findings of the brand named": _share(
                any(suspect.claimed for suspect, _ in one.judged(calibration))
                for one in crowd
                if one.photo.brand is None and one.photo.claims is not None
            ),
            **{
                f"{kind} marks called {said}": _called(crowd, calibration, kind=kind, said=said)
                for kind, said in (
                    ("genuine", "genuine"),
                    ("genuine", "smear"),
                    ("genuine", "imitation"),
                    ("smear", "smear"),
                    ("imitation", "imitation"),
                )
            },
        }
        for brands, crowd in sorted(crowds.items())
    }


def _recognised(crowd: Sequence[Answered], calibration: Calibration, *, named: bool) -> float:
    return _share(
        bool(found := one.judged(calibration)) and found[0][0].brand == one.photo.brand
        for one in crowd
        if one.photo.brand is not None and (one.photo.claims is not None) == named
    )


def _called(crowd: Sequence[Answered], calibration: Calibration, *, kind: str, said: str) -> float:
    return _share(
        likeliest(calibration.kinds.shares(suspect.likeness())) == said
        for one in crowd
        if one.photo.kind == kind
        for suspect, _ in one.judged(calibration)
        if suspect.brand == one.photo.brand
    )


def _share(flags: Any) -> float:
    values: NDArray[np.float64] = np.array(list(flags), np.float64)
    return round(float(values.mean()), 4) if len(values) else float("nan")
