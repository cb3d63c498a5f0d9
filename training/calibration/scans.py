"""What scans with every threshold open say of the development photos, among crowds of brands.

Each answer is kept as it comes, so that scans that were broken off go on, and what is weighed otherwise needs no scan.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from client.temporary import temporary_service
from model.calibration import BRANDS, NOT_COMPARED, Calibration, Likeness, MarkEvidence, Shares, Word
from model.encoding import png
from training.calibration.development import (
    DevelopmentBrands,
    DevelopmentPhoto,
    development_brands,
    development_photos,
)
from training.checkpoints import digest_of_arrays
from training.evaluation.provenance import ROOT, fingerprint
from training.evaluation.references import register_brands
from training.evaluation.report import Progress
from training.synthesis.logos import Logo

SCANS_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class ThresholdSettings:
    """How much is looked at, and the share of photos without a registered mark that may get a finding.

    The photos are scanned once for each of the `crowds`: so many registered development brands, and so many others.
    Of photos with marks and of others, `read_photos` each are read whole to tell which regions can be read.
    """

    seed: int = 0
    crowds: tuple[tuple[int, int], ...] = ((BRANDS[0], 0), (150, 350))
    placed_marks: int = 500
    packages: int = 260
    real: int = 300
    photos_without: int = 600
    read_photos: int = 500
    most_false: float = 0.02
    keeps_kinds: bool = False
    """Leave what divides the kinds as the bundle has it: where neither verifier nor tampered places changed, what they
    say means what it meant, and a fit anew moves by the two or three genuine marks that decide it."""


class Suspect(NamedTuple):
    """A brand that a scan thought of: what spoke for it, how the verifier divides it into kinds, and the claim."""

    brand: str
    evidence: MarkEvidence
    shares: Shares
    claimed: bool
    tampered: float = 0.0

    def likeness(self) -> Likeness:
        """What tells its kind."""
        return Likeness(self.shares, self.evidence.word, self.tampered, self.evidence.verified)


@dataclass(frozen=True, slots=True)
class Answered:
    """A scanned development photo, and what the scan thought of its candidates."""

    photo: DevelopmentPhoto
    suspects: list[Suspect]
    brands: int

    def judged(self, calibration: Calibration) -> list[tuple[Suspect, float]]:
        """The suspects that a scan would make findings of, with their probabilities, the surest first."""
        found = []
        for one in self.suspects:
            recognition = calibration.recognition(claimed=one.claimed)
            probability = recognition.probability(one.evidence)
            is_compared = calibration.worth_comparing(claimed=one.claimed).passes(before_comparison(one.evidence))
            if is_compared and probability >= recognition.finding_probability:
                found.append((one, probability))
        return sorted(found, key=lambda pair: -pair[1])


def before_comparison(evidence: MarkEvidence) -> MarkEvidence:
    """The evidence before region and reference were compared."""
    return evidence._replace(verified=NOT_COMPARED, realigned=0.0, agreeing=0)


def scanned(
    bundle: Path,
    brands: DevelopmentBrands,
    photos: Sequence[DevelopmentPhoto],
    *,
    kept: Path,
    progress: Progress,
) -> list[Answered]:
    """What the bundle says of `photos` where `brands` are registered.

    The folder `kept` holds the answers, in a file for each bundle, photos and brands.
    """
    file = kept / f"scans-{_fingerprint(bundle, brands, photos)}.jsonl"
    answers = _kept_answers(file)
    if len(answers) < len(photos):
        with file.open("a", encoding="utf-8") as appended:
            for answer in _asked(bundle, brands, photos[len(answers) :], progress=progress):
                appended.write(json.dumps(answer) + "\n")
                appended.flush()
                answers.append(answer)
    return [
        Answered(photo, suspects_of(answer, brands=len(brands)), brands=len(brands))
        for photo, answer in zip(photos, answers, strict=True)
    ]


def _kept_answers(file: Path) -> list[dict[str, Any]]:
    """The whole lines of the file; what was broken off at its end is cut away."""
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.read_bytes() if file.exists() else b""
    whole = written[: written.rfind(b"\n") + 1]
    if whole != written:
        file.write_bytes(whole)
    return [json.loads(line) for line in whole.splitlines()]


def _fingerprint(bundle: Path, brands: DevelopmentBrands, photos: Sequence[DevelopmentPhoto]) -> str:
    """Of all that the answers depend on, the code that answers included."""
    code = [file for part in ("model", "index", "serve") for file in sorted((ROOT / part).rglob("*.py"))]
    digest = hashlib.sha256(fingerprint([bundle / "manifest.json", *code]).encode())
    for drawings in (brands.registered, brands.others, brands.pictured):
        digest.update(repr(sorted(drawings.items())).encode())
    for brand, pictures in sorted(brands.packaged.items()):
        digest.update(f"{brand} {digest_of_arrays(pictures)}".encode())
    for photo in photos:
        digest.update(hashlib.sha256(photo.data).digest() + json.dumps(photo.claims).encode())
    return digest.hexdigest()[:12]


def _asked(
    bundle: Path, brands: DevelopmentBrands, photos: Sequence[DevelopmentPhoto], *, progress: Progress
) -> Iterator[dict[str, Any]]:
    """What a service of its own answers, photo by photo."""
    with temporary_service(model=str(bundle)) as api, ThreadPoolExecutor(SCANS_AT_ONCE) as threads:
        register_brands(api, {**brands.registered, **brands.others, **brands.pictured}, progress=progress)
        for brand, pictures in brands.packaged.items():
            brand_id = api.create_brand(brand)["id"]
            for picture in pictures:
                api.add_reference(brand_id, png(picture), kind="logo")
        answers = threads.map(lambda one: api.scan(one.data, listing=_listing(one)), photos)
        yield from progress(answers, len(photos), "development photos")


def development_set(
    logos: Sequence[Logo], settings: ThresholdSettings, crowd: tuple[int, int]
) -> tuple[DevelopmentBrands, list[DevelopmentPhoto]]:
    """The brands that are registered in a crowd, and the photos that are scanned."""
    rng = np.random.default_rng(settings.seed)
    brands = development_brands(logos, crowd, rng)
    photos = development_photos(
        brands,
        placed=settings.placed_marks,
        packages=settings.packages,
        real=settings.real,
        without=settings.photos_without,
        rng=rng,
    )
    return brands, list(photos)


def _listing(photo: DevelopmentPhoto) -> dict[str, str] | None:
    return None if photo.claims is None else {"brand_claimed": photo.claims}


def suspects_of(answer: dict[str, Any], *, brands: int) -> list[Suspect]:
    """What a scan among `brands` thought of, but for what it compared with no reference."""
    found = []
    for one in answer["findings"]:
        if one["realigned"] is None:
            continue
        read, scores = one["read"], one["scores"]
        related = max(1.0 - scores["unrelated"], 1e-6)
        shares = Shares(*(scores[kind] / related for kind in Shares._fields))
        evidence = MarkEvidence(
            one["verified"],
            one["similarity"],
            one["margin"],
            brands,
            one["realigned"],
            one["agreeing"],
            detected=one["detected"],
            whole=one["whole"],
        )
        if read is not None:
            word: Word = "exact" if read["seen"] == read["word"] else "near"
            evidence = evidence._replace(word=word, letters=len(read["word"]))
        found.append(Suspect(one["brand"], evidence, shares, one["claimed"], one["tampered"] or 0.0))
    return found
