"""Whole photos through the service, thresholds and all: is the right brand named, and nothing where there is none?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from client.temporary import temporary_service
from training.calibration.development import development_brands, development_photos
from training.evaluation.references import register_brands
from training.evaluation.report import Progress
from training.round.frozen import SEED, Scores
from training.synthesis.logos import Logo


@dataclass(frozen=True, slots=True)
class ScanSet:
    """Development photos as (brand or None, JPEG), and the brands that are registered."""

    registered: dict[str, list[Logo]]
    photos: list[tuple[str | None, bytes]]

    @property
    def units(self) -> list[str]:
        """(n,) which photos are drawn together for an interval: those of one brand; one without a brand is alone."""
        return [brand or f"photo {number}" for number, (brand, _) in enumerate(self.photos)]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the photos and of what is in them."""
        digest = hashlib.sha256()
        for brand, data in self.photos:
            digest.update(f"{brand} {hashlib.sha256(data).hexdigest()}\n".encode())
        return digest.hexdigest()

    def scores(self, bundle: Path, *, progress: Progress) -> Scores:
        """(n,) 1 where the strongest finding names the brand, or where nothing is found and there is nothing."""
        with temporary_service(model=str(bundle.resolve())) as api:
            register_brands(api, self.registered, progress=progress)
            answers = [
                (brand, [one["brand"] for one in api.scan(data)["findings"]])
                for brand, data in progress(self.photos, len(self.photos), f"scans by {bundle.name}")
            ]
        return np.array([found[:1] == ([] if brand is None else [brand]) for brand, found in answers], np.float64)


BRANDS = 60
"""Registered brands of the photos."""


def scan_set(logos: Sequence[Logo], *, photos: int) -> ScanSet:
    """About `photos` photos, two in three with a mark. Raises `DataMissing` without the clothing and grocery photos."""
    rng = np.random.default_rng(SEED)
    chosen = development_brands(logos, (BRANDS, 0), rng)
    found = development_photos(chosen, placed=photos * 2 // 3, packages=0, without=photos // 3, rng=rng)
    return ScanSet(chosen.registered, [(one.brand, one.data) for one in found])
