"""The bundle's thresholds: from how much evidence on is a mark a brand's, and what was done to it?

A service of its own scans the development photos (`development.py`) with every threshold open. The answers tell how to
read the verifier's probabilities live, for brands that the listing names and for others; the thresholds are the most
permissive ones that keep false findings under the wanted share of photos; and the marks that were recognised, of which
it is known what was done to them, tell the kinds apart.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from model.bundle import load_bundle, write_manifest
from model.calibration import BRANDS, Calibration, read_calibration, write_calibration
from training.calibration.covered import fit_covered, named_photos
from training.calibration.development import readable_photos
from training.calibration.figures import figures
from training.calibration.kinds import fit_kinds, less_accusing
from training.calibration.readable import fit_readable
from training.calibration.recognition import fit_recognition, fit_worth_comparing, with_threshold
from training.calibration.scans import Answered, ThresholdSettings, development_set, scanned
from training.evaluation.report import Progress
from training.synthesis.logos import Logo

MOST_COVERED = 0.02
"""Of the photos of listings that name a brand whose mark is not smeared, those that may be said to hide it."""

GENUINE_WEIGHT = 1.25
"""What a genuine mark counts beside a changed one (`model.calibration.Calibration.genuine_weight`).

Of tuning photos whose listing names the brand 226 of 396 smeared ones are held up so from 0.5 on, and two of 132
genuine ones; by the probability of the finding's own kind 216 and three. Of those that nothing names 18 and one instead
of 13 and two. Of 400 garments none and one either way.
"""


def tune_thresholds(
    bundle: Path, *, logos: Sequence[Logo], settings: ThresholdSettings, kept: Path, progress: Progress
) -> dict[str, Any]:
    """Choose the thresholds of the bundle in the folder `bundle`, write them into it, and return them with figures.

    The folder `kept` keeps what scans answered, so that what was broken off goes on. What divides the kinds stays as it
    is in the bundle where `settings` keep it.

    Raises `FileNotFoundError` where it is to be kept and the bundle has none, `DataMissing` without the clothing,
    grocery and real photos, `ServiceFailed` when the service does not start.
    """
    rng = np.random.default_rng(settings.seed)
    kept_kinds = read_calibration(bundle / "calibration.json").kinds if settings.keeps_kinds else None
    with tempfile.TemporaryDirectory(prefix="hallmark-thresholds-") as folder:
        opened = Path(folder) / bundle.name
        shutil.copytree(bundle, opened)
        _complete(opened, Calibration.open())
        marked, plain = readable_photos(logos, settings.read_photos, rng=rng, progress=progress)
        readable, read_share = fit_readable(load_bundle(opened), marked, plain, progress=progress)
        _complete(opened, Calibration.open(readable))
        crowds = [development_set(logos, settings, crowd) for crowd in settings.crowds]
        answered = [one for crowd in crowds for one in scanned(opened, *crowd, kept=kept, progress=progress)]
        brands, photos = crowds[0]
        named = list(named_photos(load_bundle(opened), photos, brands, progress=progress))
        covered, covered_figures = fit_covered(named, most_false=MOST_COVERED)
        chosen = replace(choose(answered, most_false=settings.most_false), readable=readable, covered=covered)
        if kept_kinds is None:
            _complete(opened, chosen)
            genuine = [photo for photo in photos if photo.kind == "genuine" and photo.brand is not None]
            served = scanned(opened, brands, genuine, kept=kept, progress=progress)
            kinds = less_accusing(chosen.kinds, served)
        else:
            kinds = kept_kinds
    _complete(bundle, replace(chosen, kinds=kinds, genuine_weight=GENUINE_WEIGHT, fewest_brands=BRANDS[0]))
    return {
        "read_share": round(read_share, 3),
        "covered": covered_figures,
        **figures(answered, read_calibration(bundle / "calibration.json")),
    }


def choose(answered: Sequence[Answered], *, most_false: float) -> Calibration:
    """Fit both recognitions, take the least thresholds with few enough false findings, and fit the kinds.

    At most `most_false` of the photos without a registered mark get a finding of a brand that the listing does not
    name, among most brands, and as many of one that it names, in each crowd. The least similarity of a candidate is a
    little below the least similar mark that passes. Which regions are read stays open.
    """
    unclaimed, claimed = (
        with_threshold(fit_recognition(answered, claimed=claimed), answered, claimed=claimed, most_false=most_false)
        for claimed in (False, True)
    )
    calibration = replace(Calibration.open(), unclaimed=unclaimed, claimed=claimed)
    calibration = replace(
        calibration,
        worth_unclaimed=fit_worth_comparing(answered, calibration, claimed=False),
        worth_claimed=fit_worth_comparing(answered, calibration, claimed=True),
    )
    right = [
        (one, suspect) for one in answered for suspect, _ in one.judged(calibration) if suspect.brand == one.photo.brand
    ]
    by_search = [one.evidence.similarity for _, one in right if not one.claimed and one.evidence.word == "none"]
    kinds = fit_kinds([(one.photo.kind, suspect) for one, suspect in right if one.photo.kind is not None])
    return replace(calibration, candidate_similarity=round(min(by_search, default=0.0) - 0.02, 2), kinds=kinds)


def _complete(bundle: Path, calibration: Calibration) -> None:
    write_calibration(bundle / "calibration.json", calibration)
    write_manifest(bundle)
