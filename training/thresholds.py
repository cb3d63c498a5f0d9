"""The bundle's thresholds: from how much evidence on is a mark a brand's, and what was done to it?

A service of its own scans the development photos (`training.development`) with every threshold open. The answers tell
how to read the verifier's probabilities live, for brands that the listing names and for others; the thresholds are the
most permissive ones that keep false findings under the wanted share of photos; and the marks that were recognised, of
which it is known what was done to them, tell the kinds apart.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from client.api import Hallmark
from client.service import running_service
from model.bundle import ModelBundle, load_bundle, write_manifest
from model.calibration import (
    BRANDS,
    FIRST_GUESS,
    NOT_COMPARED,
    Calibration,
    Covered,
    Evidence,
    Kinds,
    Likeness,
    Recognition,
    Shares,
    Word,
    read_calibration,
    write_calibration,
)
from model.encoding import png
from model.verifier import likeliest
from training.covered import fit_covered, named_photos
from training.development import (
    DevelopmentBrands,
    DevelopmentPhoto,
    Kind,
    development_brands,
    development_photos,
    readable_photos,
)
from training.evaluation.datasets import TUNING_BRANDS
from training.evaluation.references import register_brands
from training.evaluation.report import Progress
from training.readable import fit_readable
from training.synthesis.logos import Logo

LIKELY_SIZES = (3.0, 30.0, 30.0, 3.0, 30.0, 3.0, 2.0, 3.0, 1.0, 1.0, 1.0)
"""Standard deviations of the normal prior on each weight of a `Recognition`, by `NAMES`."""

MOST_ACCUSED = (0.02, 0.04)
"""Of the genuine marks that are recognised, those that may be called smeared, and imitated; of real and of drawn ones.

Real marks look changed more often than drawn ones do."""

TELLING = ((("smear_odds", "tampered"), ("exact_word",)), (("imitation_odds",), ("exact_word",)))
"""What tells a smear from a genuine mark, and an imitation; numbers of one group share a weight.

Verifier and closer look are two witnesses of a smear, and count alike: fitted apart, the closer look, which knows the
garments of development, gets twice as much, and of real photos for tuning 0.75 instead of 0.82 of the smears are found
at 1 %. That a place was tampered with says nothing of an imitation: on recognised development marks, by regressions
that did not see them, imitations are told with a ROC AUC of 0.725 so, and of 0.714 by all four numbers.
"""

MOST_COVERED = 0.02
"""Of the photos of listings that name a brand whose mark is not smeared, those that may be said to hide it."""

MOST_LOST = 0.005
"""Of the right findings, those that may be lost because they did not look worth comparing.

Before they are compared, real marks look less alike than drawn ones. Of real photos of a brand kept out of the fit,
among 1,695, the right brand came first on 51 % with 0.02, on 56 % with this and on 57 % with everything compared, at
0.2, 0.4 and 5.6 pairs in a photo without marks.
"""

SURELY_WORTH = 0.5
"""Probability, before they are compared, from which a region and a brand that the listing names are, whatever is lost.

Such pairs are few. Of 144 photos for tuning whose listing names the brand 127 are named rightly so, and 124 where 0.5 %
of the right findings may be lost, for most of those are drawn marks; no garment more gets a finding.
"""

LEAST_PROBABILITY = 0.2
"""What is less probable than this is no finding, however few false ones there would be."""

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


class Suspect(NamedTuple):
    """A brand that a scan thought of: what spoke for it, how the verifier divides it into kinds, and the claim."""

    brand: str
    evidence: Evidence
    shares: Shares
    claimed: bool
    tampered: float = 0.0


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
            is_compared = calibration.worth_comparing(claimed=one.claimed).passes(_before(one.evidence))
            if is_compared and probability >= recognition.finding_probability:
                found.append((one, probability))
        return sorted(found, key=lambda pair: -pair[1])


def tune_thresholds(
    bundle: Path, *, logos: Sequence[Logo], settings: ThresholdSettings, progress: Progress
) -> dict[str, Any]:
    """Choose the thresholds of the bundle in the folder `bundle`, write them into it, and return them with figures.

    Raises `DataMissing` without the clothing, grocery and real photos, `ServiceFailed` when the service does not start.
    """
    rng = np.random.default_rng(settings.seed)
    with tempfile.TemporaryDirectory(prefix="hallmark-thresholds-") as folder:
        opened = Path(folder) / bundle.name
        shutil.copytree(bundle, opened)
        _complete(opened, Calibration.open())
        marked, plain = readable_photos(logos, settings.read_photos, rng=rng, progress=progress)
        readable, read_share = fit_readable(load_bundle(opened), marked, plain, progress=progress)
        _complete(opened, Calibration.open(readable))
        answered = [
            one
            for crowd in settings.crowds
            for one in scanned(opened, logos=logos, settings=settings, crowd=crowd, progress=progress)
        ]
        covered, covered_figures = _covered(load_bundle(opened), logos=logos, settings=settings, progress=progress)
    calibration = replace(choose(answered, most_false=settings.most_false), readable=readable, covered=covered)
    _complete(bundle, calibration)
    return {
        "read_share": round(read_share, 3),
        "covered": covered_figures,
        **figures(answered, read_calibration(bundle / "calibration.json")),
    }


def _covered(
    bundle: ModelBundle, *, logos: Sequence[Logo], settings: ThresholdSettings, progress: Progress
) -> tuple[Covered, dict[str, float]]:
    brands, photos = _development(logos, settings, settings.crowds[0])
    named = list(named_photos(bundle, photos, brands, progress=progress))
    return fit_covered(named, most_false=MOST_COVERED)


def choose(answered: Sequence[Answered], *, most_false: float) -> Calibration:
    """Fit both recognitions, take the least thresholds with few enough false findings, and fit the kinds.

    At most `most_false` of the photos without a registered mark get a finding of a brand that the listing does not
    name, in each crowd of brands, and as many of one that it names. The least similarity of a candidate is a little
    below the least similar mark that passes. Which regions are read stays open.
    """
    unclaimed, claimed = (
        _with_threshold(_recognition(answered, claimed=claimed), answered, claimed=claimed, most_false=most_false)
        for claimed in (False, True)
    )
    calibration = replace(Calibration.open(), unclaimed=unclaimed, claimed=claimed)
    calibration = replace(
        calibration,
        worth_unclaimed=_worth_comparing(answered, calibration, claimed=False),
        worth_claimed=_worth_comparing(answered, calibration, claimed=True),
    )
    right = [
        (one, suspect) for one in answered for suspect, _ in one.judged(calibration) if suspect.brand == one.photo.brand
    ]
    by_search = [one.evidence.similarity for _, one in right if not one.claimed and one.evidence.word == "none"]
    kinds = _kinds([(one.photo.kind, suspect) for one, suspect in right if one.photo.kind is not None])
    return replace(calibration, candidate_similarity=round(min(by_search, default=0.0) - 0.02, 2), kinds=kinds)


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


def scanned(
    bundle: Path, *, logos: Sequence[Logo], settings: ThresholdSettings, crowd: tuple[int, int], progress: Progress
) -> list[Answered]:
    """What the bundle says of the development photos among a crowd of brands."""
    brands, photos = _development(logos, settings, crowd)
    with (
        tempfile.TemporaryDirectory(prefix="hallmark-thresholds-") as home,
        running_service(Path(home), settings={"HALLMARK_MODEL": str(bundle)}) as service,
        Hallmark(service.url, key=service.create_key("admin")) as api,
        ThreadPoolExecutor(SCANS_AT_ONCE) as threads,
    ):
        register_brands(api, {**brands.registered, **brands.others, **brands.pictured}, progress=progress)
        for brand, pictures in brands.packaged.items():
            brand_id = api.create_brand(brand)["id"]
            for picture in pictures:
                api.add_reference(brand_id, png(picture), kind="logo")
        answers = threads.map(lambda one: api.scan(one.data, listing=_listing(one)), photos)
        return [
            Answered(photo, suspects_of(answer, brands=len(brands)), brands=len(brands))
            for photo, answer in zip(photos, progress(answers, len(photos), "development photos"), strict=True)
        ]


def _development(
    logos: Sequence[Logo], settings: ThresholdSettings, crowd: tuple[int, int]
) -> tuple[DevelopmentBrands, list[DevelopmentPhoto]]:
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
        evidence = Evidence(
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


def _recognition(answered: Sequence[Answered], *, claimed: bool, compared: bool = True) -> Recognition:
    """Logistic regression of "is the brand in the photo" on what `Recognition` takes; its weights have a prior.

    With `compared` False, on what is known before region and reference are compared.
    """
    rows = [
        ((suspect.evidence if compared else _before(suspect.evidence)).numbers(), suspect.brand == one.photo.brand)
        for one in answered
        for suspect in one.suspects
        if suspect.claimed == claimed
    ]
    right = np.array([is_right for _, is_right in rows])
    if len(set(right.tolist())) < 2:
        return FIRST_GUESS
    sizes = np.array(LIKELY_SIZES)
    fitted = LogisticRegression(max_iter=2000).fit(np.array([row for row, _ in rows]) * sizes, right)
    return Recognition(float(fitted.intercept_[0]), tuple((fitted.coef_[0] * sizes).tolist()), 0.0)


def _worth_comparing(answered: Sequence[Answered], calibration: Calibration, *, claimed: bool) -> Recognition:
    """What is known before a comparison, with the threshold that loses at most `MOST_LOST` of the right findings."""
    recognition = _recognition(answered, claimed=claimed, compared=False)
    right = sorted(
        recognition.probability(_before(suspect.evidence))
        for one in answered
        for suspect, _ in one.judged(calibration)
        if suspect.brand == one.photo.brand and suspect.claimed == claimed
    )
    least = right[int(MOST_LOST * len(right))] if right else 0.0
    least = min(least, SURELY_WORTH) if claimed else least
    return replace(recognition, finding_probability=float(np.floor(least * 1e4) / 1e4))


def _before(evidence: Evidence) -> Evidence:
    """The evidence before region and reference were compared."""
    return evidence._replace(verified=NOT_COMPARED, realigned=0.0, agreeing=0)


def _with_threshold(
    recognition: Recognition, answered: Sequence[Answered], *, claimed: bool, most_false: float
) -> Recognition:
    strongest: dict[int, list[float]] = defaultdict(list)
    for one in answered:
        if one.photo.brand is None and (one.photo.claims is not None or not claimed):
            asked = [recognition.probability(each.evidence) for each in one.suspects if each.claimed == claimed]
            strongest[one.brands].append(max(asked, default=0.0))
    least = max((_least_probability(crowd, most_false) for crowd in strongest.values()), default=0.5)
    return replace(recognition, finding_probability=max(least, LEAST_PROBABILITY))


def _least_probability(strongest: Sequence[float], most_false: float) -> float:
    """The least threshold that at most `most_false` of the values reach; in steps of 0.0001."""
    ordered = np.sort(strongest)
    highest_refused = float(ordered[len(ordered) - int(np.floor(most_false * len(ordered))) - 1])
    return float(max((np.floor(highest_refused * 1e4 + 1e-6) + 1) / 1e4, 0.0))


def _kinds(marks: Sequence[tuple[Kind, Suspect]]) -> Kinds:
    """How each accusation stands against genuine: a logistic regression each (Begg and Gray 1984), kinds as frequent.

    Then each accusation is made less likely until at most its `MOST_ACCUSED` of the genuine marks are accused so, of
    those on real photos (`TUNING_BRANDS`) and of the others.
    """
    labels = np.array([Shares._fields.index(kind) for kind, _ in marks], np.int64)
    if len(set(labels.tolist())) < len(Shares._fields):
        return Kinds.open()
    numbers = np.array([_likeness(suspect).numbers() for _, suspect in marks])
    are_real = np.array([suspect.brand in TUNING_BRANDS for _, suspect in marks])
    imitation = _accusation("imitation", numbers, labels, are_real=are_real, against=None)
    # A smear is likeliest where it is likelier than the likelier one of genuine and imitation.
    divided = imitation[0] + numbers @ np.array(imitation[1:])
    smear = _accusation("smear", numbers, labels, are_real=are_real, against=-np.log1p(np.exp(-np.abs(divided))))
    return Kinds(smear, imitation)


def _accusation(
    kind: Kind,
    numbers: NDArray[np.float64],
    labels: NDArray[np.int64],
    *,
    are_real: NDArray[np.bool_],
    against: NDArray[np.float64] | None,
) -> tuple[float, ...]:
    """Intercept and weights of one accusation; it is made where its log odds are over `against` (n,), or 0."""
    place = Shares._fields.index(kind)
    summed = np.array([[float(name in group) for group in TELLING[place - 1]] for name in Kinds.NAMES])
    asked = np.isin(labels, (0, place))
    fitted = LogisticRegression(class_weight="balanced", max_iter=2000).fit(numbers[asked] @ summed, labels[asked] > 0)
    weights = summed @ fitted.coef_[0]
    over = fitted.intercept_[0] + numbers @ weights - (0.0 if against is None else against)
    genuine = [np.sort(over[(labels == 0) & (are_real == is_real)]) for is_real in (False, True)]
    least = [one[len(one) - int(np.floor(MOST_ACCUSED[place - 1] * len(one))) - 1] for one in genuine if len(one)]
    return (float(fitted.intercept_[0] - max(*least, 0.0)), *weights.tolist())


def _likeness(suspect: Suspect) -> Likeness:
    return Likeness(suspect.shares, suspect.evidence.word, suspect.tampered)


def _recognised(crowd: Sequence[Answered], calibration: Calibration, *, named: bool) -> float:
    return _share(
        bool(found := one.judged(calibration)) and found[0][0].brand == one.photo.brand
        for one in crowd
        if one.photo.brand is not None and (one.photo.claims is not None) == named
    )


def _called(crowd: Sequence[Answered], calibration: Calibration, *, kind: str, said: str) -> float:
    return _share(
        likeliest(calibration.kinds.shares(_likeness(suspect))) == said
        for one in crowd
        if one.photo.kind == kind
        for suspect, _ in one.judged(calibration)
        if suspect.brand == one.photo.brand
    )


def _share(flags: Any) -> float:
    values: NDArray[np.float64] = np.array(list(flags), np.float64)
    return round(float(values.mean()), 4) if len(values) else float("nan")


def _complete(bundle: Path, calibration: Calibration) -> None:
    write_calibration(bundle / "calibration.json", calibration)
    write_manifest(bundle)
