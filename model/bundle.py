"""The model bundle: every file that a scan computes with, loaded whole or not at all.

A bundle is a folder:

    embedder.onnx  detector.onnx  appearance.onnx  tampering.onnx   the networks
    aligner_features.onnx  aligner.onnx  verifier_features.onnx  verifier.onnx  close_look_features.onnx
    close_look.onnx   those in two halves
    calibration.json  thresholds and how evidence is weighed
    verifier_calibration.json  the verifier's head
    photo_copy.json  wiped_places.json  how copied photos, and wiped places of them, are told
    manifest.json  SHA-256 of each file above
    *.card.md  data, licences, recipe, metrics, limits

Its name is the folder's name; every scan result carries it, so that a decision can be replayed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.calibration import Calibration, read_calibration
from model.cohort import Cohort
from model.detector import Detector
from model.embedder import Embedder
from model.own_logos import OwnLogos
from model.photo_copy import CopyWeights, load_copy_weights
from model.reading import Reader
from model.second_look import SecondLook
from model.tampering import Tampering
from model.verifier import Verifier
from model.whole_files import write_whole
from model.wiped_places import Weights, load_weights

FILES = (
    "embedder.onnx",
    "detector.onnx",
    "aligner_features.onnx",
    "aligner.onnx",
    "verifier_features.onnx",
    "verifier.onnx",
    "appearance.onnx",
    "close_look_features.onnx",
    "close_look.onnx",
    "tampering.onnx",
    "calibration.json",
    "verifier_calibration.json",
    "photo_copy.json",
    "wiped_places.json",
)


class BundleRejected(Exception):
    """A bundle is missing, incomplete or altered; the message says which file and what to do."""


@dataclass(frozen=True, slots=True)
class ModelBundle:
    """The networks that serve, with their calibration."""

    name: str
    embedder: Embedder
    detector: Detector
    verifier: Verifier
    reader: Reader
    second_look: SecondLook
    tampering: Tampering
    calibration: Calibration
    photo_copy: CopyWeights
    wiped_places: Weights
    cohort: Cohort | None = None

    def load_cohort(self, *, brands: int) -> None:
        """Have what stands in for brands at hand, if it is needed beside so many registered `brands`."""
        if self.cohort is not None and brands < (self.calibration.fewest_brands or 0):
            self.cohort.load()

    def rivals(
        self, vectors: NDArray[np.float32], *, brands: int, known: Callable[[str], bool]
    ) -> NDArray[np.float32] | None:
        """How much each of `vectors` (n, 256) is like marks that stand in for the brands that are missing, (n,).

        None where enough `brands` are registered, or nothing stands in. Marks whose name is `known` do not.
        """
        fewest = self.calibration.fewest_brands
        if self.cohort is None or fewest is None or brands >= fewest:
            return None
        return self.cohort.likeness(vectors, marks=fewest - brands, known=known)

    def own_logos(self, vectors: NDArray[np.float32]) -> OwnLogos | None:
        """A brand's logos of `vectors` (n, d) as these networks look for them; None where there are none."""
        return OwnLogos(vectors, self.detector, self.embedder, self.wiped_places.likeness) if len(vectors) else None


def write_manifest(folder: Path) -> None:
    """Write the SHA-256 of each of the bundle's files into `manifest.json`."""
    digests = {name: _sha256(folder / name) for name in FILES}
    write_whole(folder / "manifest.json", json.dumps({"format": 1, "sha256": digests}, indent=2) + "\n")


def verify_manifest(folder: Path) -> None:
    """Compare each file with the manifest.

    Raises:
        BundleRejected: a file is missing or is not the one that was released.
    """
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise BundleRejected(f"no model bundle in {folder}: manifest.json is missing; give the folder of a bundle")
    expected = manifest_digests(folder)
    for name in FILES:
        path = folder / name
        if not path.is_file():
            raise BundleRejected(f"model bundle {folder.name}: {name} is missing; install Hallmark again")
        if _sha256(path) != expected.get(name):
            raise BundleRejected(f"model bundle {folder.name}: {name} was altered; install Hallmark again")


def manifest_digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file, by its name, as the bundle's manifest says. Raises `BundleRejected`."""
    try:
        digests = json.loads((folder / "manifest.json").read_text())["sha256"]
        if not isinstance(digests, dict):
            raise TypeError("sha256: expected an object")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleRejected(
            f"model bundle {folder.name}: manifest.json cannot be read; install Hallmark again"
        ) from error
    return digests


def load_bundle(folder: Path, *, threads: int = 1) -> ModelBundle:
    """Load a bundle for serving; `threads` is the number of threads each network may use for one picture.

    Raises:
        BundleRejected: see `verify_manifest`; or its calibration is of another version of Hallmark.
    """
    verify_manifest(folder)
    try:
        calibration = read_calibration(folder / "calibration.json")
        photo_copy = load_copy_weights(folder / "photo_copy.json")
    except (KeyError, TypeError, ValueError) as error:
        raise BundleRejected(f"model bundle {folder.name}: {error}; choose its thresholds anew") from error
    try:
        return _assembled(folder, calibration=calibration, photo_copy=photo_copy, threads=threads)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleRejected(f"model bundle {folder.name}: {error}; its files are of another version") from error


def _assembled(folder: Path, *, calibration: Calibration, photo_copy: CopyWeights, threads: int) -> ModelBundle:
    """The bundle's networks. Raises `KeyError` or `ValueError` for files of another form than this version reads."""
    embedder, reader = Embedder(folder / "embedder.onnx", threads=threads), Reader(threads=threads)
    return ModelBundle(
        name=folder.name,
        embedder=embedder,
        detector=Detector(folder / "detector.onnx", threads=threads),
        verifier=Verifier(
            folder / "verifier.onnx", calibration=folder / "verifier_calibration.json", reader=reader, threads=threads
        ),
        reader=reader,
        second_look=SecondLook(embedder),
        tampering=Tampering(folder / "tampering.onnx", threads=threads),
        calibration=calibration,
        photo_copy=photo_copy,
        wiped_places=load_weights(folder / "wiped_places.json"),
        cohort=None if calibration.fewest_brands is None else Cohort(embedder),
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
