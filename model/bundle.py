"""The model bundle: every file that a scan computes with, loaded whole or not at all.

A bundle is a folder:

    embedder.onnx  detector.onnx  aligner.onnx  verifier.onnx   the networks
    calibration.json  verifier_calibration.json  thresholds (see `Calibration`) and the verifier's head
    manifest.json  SHA-256 of each file above
    *.card.md  data, licences, recipe, metrics, limits

Its name is the folder's name; every scan result carries it, so that a decision can be replayed.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

from model import CHAMPION
from model.detector import Detector
from model.embedder import Embedder
from model.verifier import Verifier

RELEASED = Path(__file__).parent / "weights"
FILES = (
    "embedder.onnx",
    "detector.onnx",
    "aligner.onnx",
    "verifier.onnx",
    "calibration.json",
    "verifier_calibration.json",
)


BRANDS = (60, 1650)
"""The least and the largest number of brands among which thresholds are chosen."""

SUREST = 0.99
"""No verdict of the verifier counts as surer than this: what it was fitted to is drawn, and may be wrong."""


class BundleRejected(Exception):
    """A bundle is missing, incomplete or altered; the message says which file and what to do."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Numbers chosen on development data only, kept with the networks they belong to.

    `candidate_similarity`: cosine from which a brand becomes a candidate for a region. `finding_probability`:
    probability of "the brand's mark, whatever was done to it" from which a candidate is a finding. `copy_probability`:
    the same for a reused product photo.

    The verifier is fitted to drawn pairs; among the candidates of live scans far more are unrelated, and how similar
    they are, and by how much more than any other brand, says more; and among more brands a stranger finds a better
    match. The `related_…` weights make its probability one of live candidates, see `related`.
    """

    candidate_similarity: float
    finding_probability: float
    copy_probability: float
    related_intercept: float = 0.0
    related_logit: float = 1.0
    related_similarity: float = 0.0
    related_margin: float = 0.0
    related_brands: float = 0.0

    def related(self, probability: float, *, similarity: float, margin: float, brands: int) -> float:
        """The probability, 0..1, that a live candidate shows the brand's mark, whatever was done to it.

        `probability` is what the verifier says of it, `margin` the similarity above the best other brand's, `brands`
        how many brands the index holds: a logistic recalibration (Platt 1999) with three more inputs. The verifier is
        believed up to `SUREST` either way, and the number of brands counts within `BRANDS`, where it was measured.
        """
        clipped = min(max(probability, 1.0 - SUREST), SUREST)
        total = self.related_intercept + self.related_logit * _logit(clipped) + self.related_similarity * similarity
        counted = min(max(brands, BRANDS[0]), BRANDS[1])
        total += self.related_margin * margin + self.related_brands * math.log(counted / BRANDS[1])
        return 1.0 / (1.0 + math.exp(-min(max(total, -60.0), 60.0)))

    def may_be_found(self, *, similarity: float, margin: float, brands: int) -> bool:
        """Whether a candidate could become a finding if the verifier were as sure as it can be: else, why ask it."""
        if similarity < self.candidate_similarity:
            return False
        return self.related(1.0, similarity=similarity, margin=margin, brands=brands) >= self.finding_probability


def _logit(probability: float) -> float:
    return math.log(probability / (1.0 - probability))


@dataclass(frozen=True, slots=True)
class ModelBundle:
    """The networks that serve, with their calibration."""

    name: str
    embedder: Embedder
    detector: Detector
    verifier: Verifier
    calibration: Calibration


def bundle_folder(name: str = CHAMPION) -> Path:
    """The folder of the released bundle `name`, or of the bundle whose path it is."""
    released = RELEASED / name
    return released if released.is_dir() or "/" not in name else Path(name)


def write_manifest(folder: Path) -> None:
    """Write the SHA-256 of each of the bundle's files into `manifest.json`."""
    digests = {name: _sha256(folder / name) for name in FILES}
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "sha256": digests}, indent=2) + "\n")


def verify_manifest(folder: Path) -> None:
    """Compare each file with the manifest.

    Raises:
        BundleRejected: a file is missing or is not the one that was released.
    """
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise BundleRejected(f"no model bundle in {folder}: manifest.json is missing; give the folder of a bundle")
    expected = json.loads(manifest.read_text())["sha256"]
    for name in FILES:
        path = folder / name
        if not path.is_file():
            raise BundleRejected(f"model bundle {folder.name}: {name} is missing; install Hallmark again")
        if _sha256(path) != expected.get(name):
            raise BundleRejected(f"model bundle {folder.name}: {name} was altered; install Hallmark again")


def load_bundle(folder: Path, *, threads: int = 1) -> ModelBundle:
    """Load a bundle for serving; `threads` is the number of threads each network may use for one picture.

    Raises:
        BundleRejected: see `verify_manifest`.
    """
    verify_manifest(folder)
    calibration = json.loads((folder / "calibration.json").read_text())
    return ModelBundle(
        name=folder.name,
        embedder=Embedder(folder / "embedder.onnx", threads=threads),
        detector=Detector(folder / "detector.onnx", threads=threads),
        verifier=Verifier(folder / "verifier.onnx", calibration=folder / "verifier_calibration.json", threads=threads),
        calibration=Calibration(**calibration),
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
