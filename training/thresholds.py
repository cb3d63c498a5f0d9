"""The bundle's thresholds: from how much evidence on is a mark a brand's?

Chosen on development data that no figure is reported on: marks of `dev` brands, genuine, smeared and imitated, placed
on garments; marks of `dev` brands that nobody registered; garments without marks; and shop photos of groceries full of
other brands' marks. A service of its own answers with every threshold open; the thresholds are then the most permissive
ones that keep false findings under the wanted share of photos. The same photos tell how to read the verifier's
probabilities live.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from client.api import Hallmark
from client.service import running_service
from model.bundle import BRANDS, SUREST, Calibration, write_manifest
from model.encoding import jpeg
from model.regions import RgbImage
from training.edits.imitations import HELD_OUT_IMITATIONS, IMITATIONS, imitate
from training.edits.redrawn import ImpossibleEditError
from training.edits.smears import HELD_OUT_SMEARS, SMEARS, smear
from training.evaluation.datasets import Photo, is_for_tuning, plain_photos
from training.evaluation.references import DRAWINGS_PER_BRAND, register_brands
from training.evaluation.report import Progress
from training.synthesis.inks import dressed
from training.synthesis.logos import Logo, RgbaImage, default_folder, load_logos, rasterise, split_of
from training.synthesis.rendering import place_mark

OPEN = Calibration(candidate_similarity=-1.0, finding_probability=0.0, copy_probability=0.5)
"""Every pair becomes a finding. Copies of product photos keep the threshold that `model.photo_copy` is made for."""


@dataclass(frozen=True, slots=True)
class ThresholdSettings:
    """How much is looked at, and the share of photos without a registered mark that may get a finding.

    The photos are scanned once for each of the `crowds`: so many registered development brands, and so many others.
    """

    seed: int = 0
    crowds: tuple[tuple[int, int], ...] = ((BRANDS[0], 0), (150, 350), (150, BRANDS[1] - 150))
    placed_marks: int = 500
    photos_without: int = 600
    most_false: float = 0.02


class Suspect(NamedTuple):
    """A brand that a scan thought of: probability that it is the brand's mark, similarity, and margin over others."""

    brand: str
    probability: float
    similarity: float
    margin: float


@dataclass(frozen=True, slots=True)
class Answered:
    """A scanned development photo: the registered brand in it, and what the scan thought of its candidates.

    `brands` is how many the index held.
    """

    expected: str | None
    candidates: list[Suspect]
    brands: int

    def recalibrated(self, weights: Calibration) -> Answered:
        """The photo with the probabilities of live candidates."""
        live = [
            one._replace(
                probability=weights.related(
                    one.probability, similarity=one.similarity, margin=one.margin, brands=self.brands
                )
            )
            for one in self.candidates
        ]
        return replace(self, candidates=live)

    @property
    def strongest(self) -> float:
        """The probability of the surest candidate, 0 without any."""
        return max((one.probability for one in self.candidates), default=0.0)

    def recognised(self, threshold: float) -> bool:
        """Whether the surest candidate is the right brand and passes `threshold`."""
        best = max(self.candidates, key=lambda one: (one.probability, one.similarity), default=None)
        return best is not None and best.brand == self.expected and best.probability >= threshold


def tune_thresholds(bundle: Path, *, settings: ThresholdSettings, progress: Progress) -> dict[str, Any]:
    """Choose the thresholds of the bundle in the folder `bundle`, write them into it, and return them with figures.

    Raises `DataMissing` without the clothing and grocery photos, `ServiceFailed` when the service does not start.
    """
    answered = [
        one for crowd in settings.crowds for one in _answers(bundle, settings=settings, crowd=crowd, progress=progress)
    ]
    calibration = choose(answered, most_false=settings.most_false)
    (bundle / "calibration.json").write_text(json.dumps(asdict(calibration), indent=2) + "\n")
    write_manifest(bundle)
    live = [one.recalibrated(calibration) for one in answered]
    threshold = calibration.finding_probability
    return {
        **asdict(calibration),
        "false_share": {brands: false_share(crowd, threshold) for brands, crowd in by_brands(live).items()},
        "recognised_share": {brands: recognised_share(crowd, threshold) for brands, crowd in by_brands(live).items()},
    }


def choose(answered: Sequence[Answered], *, most_false: float) -> Calibration:
    """Recalibrate the probabilities to live candidates, then take the least threshold with few enough false findings.

    At most `most_false` of the photos without a registered mark get a finding, in each crowd of brands. The least
    similarity of a candidate is a little below the least similar mark that passes.
    """
    weights = _live_weights(answered)
    live = [one.recalibrated(weights) for one in answered]
    threshold = max(
        _least_probability([one.strongest for one in crowd if one.expected is None], most_false)
        for crowd in by_brands(live).values()
    )
    passed = [
        suspect.similarity
        for one in live
        for suspect in one.candidates
        if suspect.brand == one.expected and suspect.probability >= threshold
    ]
    return replace(
        weights,
        candidate_similarity=round(min(passed, default=0.0) - 0.02, 2),
        finding_probability=threshold,
    )


def _live_weights(answered: Sequence[Answered]) -> Calibration:
    """Logistic regression of "is the expected brand" on what `Calibration.related` takes."""
    rows, right = [], []
    for one in answered:
        for suspect in one.candidates:
            clipped = min(max(suspect.probability, 1.0 - SUREST), SUREST)
            crowding = np.log(one.brands / BRANDS[1])
            rows.append((np.log(clipped / (1.0 - clipped)), suspect.similarity, suspect.margin, crowding))
            right.append(suspect.brand == one.expected)
    fitted = LogisticRegression(C=1e3).fit(np.array(rows), np.array(right))
    return replace(
        OPEN,
        related_intercept=round(float(fitted.intercept_[0]), 4),
        related_logit=round(float(fitted.coef_[0, 0]), 4),
        related_similarity=round(float(fitted.coef_[0, 1]), 4),
        related_margin=round(float(fitted.coef_[0, 2]), 4),
        related_brands=round(float(fitted.coef_[0, 3]), 4),
    )


def by_brands(answered: Sequence[Answered]) -> dict[int, list[Answered]]:
    """The photos by the number of brands among which they were scanned."""
    crowds: dict[int, list[Answered]] = defaultdict(list)
    for one in answered:
        crowds[one.brands].append(one)
    return crowds


def recognised_share(answered: Sequence[Answered], threshold: float) -> float:
    """The share of photos with a registered mark whose surest candidate is the right brand and passes `threshold`."""
    return float(np.mean([one.recognised(threshold) for one in answered if one.expected is not None]))


def false_share(answered: Sequence[Answered], threshold: float) -> float:
    """The share of photos without a registered mark that get a finding at `threshold`."""
    return float(np.mean([one.strongest >= threshold for one in answered if one.expected is None]))


def _least_probability(strongest: Sequence[float], most_false: float) -> float:
    """The least threshold that at most `most_false` of the values reach; in steps of 0.0001."""
    ordered = np.sort(strongest)
    highest_refused = float(ordered[len(ordered) - int(np.floor(most_false * len(ordered))) - 1])
    return float(max((np.floor(highest_refused * 1e4 + 1e-6) + 1) / 1e4, 0.0))


def _answers(
    bundle: Path, *, settings: ThresholdSettings, crowd: tuple[int, int], progress: Progress
) -> list[Answered]:
    rng = np.random.default_rng(settings.seed)
    registered, strangers, distractors = development_brands(crowd, rng)
    photos = list(development_photos(registered, strangers, settings=settings, rng=rng))
    with tempfile.TemporaryDirectory(prefix="hallmark-thresholds-") as folder:
        opened = Path(folder) / bundle.name
        shutil.copytree(bundle, opened)
        (opened / "calibration.json").write_text(json.dumps(asdict(OPEN)))
        write_manifest(opened)
        with (
            running_service(Path(folder) / "home", settings={"HALLMARK_MODEL": str(opened)}) as service,
            Hallmark(service.url, key=service.create_key("admin")) as api,
        ):
            register_brands(api, {**registered, **distractors}, progress=progress)
            return [
                Answered(expected, _candidates(api.scan(data)), brands=sum(crowd))
                for expected, data in progress(photos, len(photos), "development photos")
            ]


def _candidates(answer: dict[str, Any]) -> list[Suspect]:
    return [
        Suspect(one["brand"], 1.0 - one["scores"]["unrelated"], one["similarity"], one["margin"])
        for one in answer["findings"]
    ]


def development_brands(
    crowd: tuple[int, int], rng: np.random.Generator
) -> tuple[dict[str, list[Logo]], dict[str, list[Logo]], dict[str, list[Logo]]]:
    """Development brands to register, as many that nobody registers, and brands of the training split as others."""
    by_brand: dict[str, list[Logo]] = defaultdict(list)
    for logo in load_logos(default_folder()):
        by_brand[logo.brand].append(logo)
    dev = [brand for brand in sorted(by_brand) if split_of(brand) == "dev"]
    train = [brand for brand in sorted(by_brand) if split_of(brand) == "train"]
    order = [dev[number] for number in rng.permutation(len(dev))]
    count, distractors = crowd
    own, unknown = order[:count], order[count : 2 * count]
    others = [train[number] for number in rng.permutation(len(train))[:distractors]]
    return (
        {brand: by_brand[brand][:DRAWINGS_PER_BRAND] for brand in own},
        {brand: by_brand[brand][:DRAWINGS_PER_BRAND] for brand in unknown},
        {brand: by_brand[brand][:1] for brand in others},
    )


def development_photos(
    registered: dict[str, list[Logo]],
    strangers: dict[str, list[Logo]],
    *,
    settings: ThresholdSettings,
    rng: np.random.Generator,
) -> Iterator[tuple[str | None, bytes]]:
    """The development photos as (registered brand or None, JPEG)."""
    garments = [photo for photo in plain_photos("clothing") if is_for_tuning(photo.path)]
    groceries = [photo for photo in plain_photos("grocery") if is_for_tuning(photo.path)]
    for number in range(settings.placed_marks):
        known = number % 4 != 0
        pool = registered if known else strangers
        brand = sorted(pool)[int(rng.integers(len(pool)))]
        logo = pool[brand][int(rng.integers(len(pool[brand])))]
        yield (brand if known else None), jpeg(_placed(logo, garments[int(rng.integers(len(garments)))], rng))
    for photos in (garments, groceries):
        for number in rng.permutation(len(photos))[: settings.photos_without // 2]:
            yield None, photos[number].path.read_bytes()


def _placed(logo: Logo, garment: Photo, rng: np.random.Generator) -> RgbImage:
    """The mark on a garment: two in five genuine, two in five smeared, one in five an imitation of it."""
    done = rng.choice(("nothing", "smear", "imitation"), p=(0.4, 0.4, 0.2))
    mark = rasterise(logo, width=512, background=None)
    if done == "imitation":
        mark = imitated(logo, rng=rng)
    photo = garment.read()
    image, box, _ = place_mark(dressed(mark, rng=rng), photo, rng=rng, width_fraction=float(rng.uniform(0.1, 0.6)))
    if done == "smear":
        tool = str(rng.choice(sorted(set(SMEARS) - set(HELD_OUT_SMEARS))))
        image = smear(image, box, tool=tool, strength=float(rng.uniform(0.1, 0.7)), rng=rng)
    return image


def imitated(logo: Logo, *, rng: np.random.Generator) -> RgbaImage:
    """The logo after an edit that may be fitted to, or as it is when none of those tried is possible for it."""
    kinds = sorted(set(IMITATIONS) - {*HELD_OUT_IMITATIONS, "combined"})
    for kind in rng.permutation(kinds)[:6]:
        try:
            return imitate(logo, kind=str(kind), rng=rng, width=512)
        except ImpossibleEditError:
            continue
    return rasterise(logo, width=512, background=None)
