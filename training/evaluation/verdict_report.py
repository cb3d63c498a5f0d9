"""Everything that is measured of verdicts, part by part, into one report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from model import CHAMPION
from model.verifier import Compared
from training.evaluation.clean_photos import clean_photos, is_reference
from training.evaluation.datasets import (
    ALTERED_PHOTOS,
    Photo,
    catalogue_brands,
    grocery_products,
    is_for_tuning,
    plain_photos,
)
from training.evaluation.differences import differences
from training.evaluation.intervals import Estimate, Numbers
from training.evaluation.known_fakes import known_fakes, known_photos
from training.evaluation.latency import timed
from training.evaluation.photo_copies import photo_copies
from training.evaluation.provenance import commit, provenance
from training.evaluation.recognition import Inputs, RecognitionSettings
from training.evaluation.references import other_brands
from training.evaluation.report import Progress, Report, Table
from training.evaluation.served_imitations import served_imitations
from training.evaluation.shop_photos import shop_photos
from training.evaluation.verdict_cases import (
    Case,
    CaseSet,
    drawn_cases,
    logo_imitations,
    smeared_photos,
    web_imitations,
    web_pictures,
)
from training.evaluation.verdict_judges import (
    Judge,
    OcrJudge,
    ReleasedVerifier,
    SiftJudge,
    SimilarityJudge,
)
from training.evaluation.verdicts import KINDS, calibration, separation
from training.evaluation.wiped_places import wiped_copies

VerdictPart = Literal[
    "smears", "known_fakes", "imitations", "drawn", "differences", "copies", "wiped", "shop_photos", "clean", "latency"
]
VERDICT_PARTS: tuple[VerdictPart, ...] = get_args(VerdictPart)
"""In the order in which they are printed."""

OTHER_BRANDS = 500
"""Other brands that are registered when clean photos or real imitations are scanned."""

CANDIDATES = 3
"""References, whosever they are, beside which a region is verified when verification is timed."""

Tables = dict[str, Table]


@dataclass(frozen=True, slots=True)
class VerdictSettings:
    """What is measured, and on how much.

    `photos`, `clean_photos` (of each set) and `catalogue_photos` limit the numbers of pictures (None: all); `drawn` is
    the number of drawn pairs.
    """

    parts: Sequence[VerdictPart] = VERDICT_PARTS
    photos: int | None = None
    clean_photos: int | None = None
    catalogue_photos: int | None = None
    drawn: int = 800
    bundle: str = CHAMPION


def evaluate_verdicts(settings: VerdictSettings, *, progress: Progress) -> Report:
    """Measure the parts that `settings` name.

    Raises:
        DataMissing: a data set that a part needs is not there.
        ServiceFailed: the service did not start.
    """
    inputs = Inputs(
        RecognitionSettings(
            photos=settings.photos,
            clean_photos=settings.clean_photos,
            catalogue_photos=settings.catalogue_photos,
            bundle=settings.bundle,
        ),
        progress,
    )
    began_at = commit()
    tables: Tables = {}
    for part in VERDICT_PARTS:
        if part in settings.parts:
            tables |= MEASURED[part](inputs, settings)
    return Report(provenance(inputs.files(), model=settings.bundle, commit=began_at), tables)


def judged(key: str, cases: CaseSet, *, inputs: Inputs) -> Tables:
    """One table for each judge, by stratum, and one that says how well the verifier's probabilities are calibrated.

    Hallmark comes twice: with the probability of the very kind, and with that of any tampering, given that the mark is
    or means to be the brand's. So the scan gives them too: whether it is, similarity and the brand's rivals decide
    beside the verifier. `verifier_alone` is what the verifier says without the photo around it.
    `hallmark_unaltered` leaves out the photos whose mark is not as its brand draws it.
    """
    inputs.used += [Photo(file) for file in cases.files]
    related = [case for case in cases.cases if case.kind != "unrelated"]
    probabilities = verified(cases, inputs=inputs)
    shares = _shares(probabilities[[case.kind != "unrelated" for case in cases.cases]])
    alone = verified(CaseSet(cases.title, related, cases.references), inputs=inputs, as_in_scans=False)
    scores = {
        "hallmark": shares[:, 1:],
        "hallmark_any_tampering": np.repeat(1.0 - shares[:, :1], 2, axis=1),
        "verifier_alone": _shares(alone)[:, 1:],
    }
    as_drawn = np.array([case.photo not in ALTERED_PHOTOS for case in related])
    judges: list[Judge] = [
        SimilarityJudge(cases.references, inputs.bundle.embedder),
        SiftJudge(cases.references),
        OcrJudge(),
    ]
    scores |= {judge.name: suspicions(judge, related, progress=inputs.progress) for judge in judges}
    tables = {
        f"{key}_{name}": Table(f"{cases.title}: {name.replace('_', ' ')}", by_stratum(related, found), cases.facts)
        for name, found in scores.items()
    }
    if not as_drawn.all():
        unaltered = [case for case, whole in zip(related, as_drawn, strict=True) if whole]
        title = f"{cases.title}: hallmark, photos whose mark nobody altered"
        tables[f"{key}_hallmark_unaltered"] = Table(title, by_stratum(unaltered, scores["hallmark"][as_drawn]))
    labels = np.array([KINDS.index(case.kind) for case in cases.cases])
    title = f"{cases.title}: calibration of the four probabilities"
    return tables | {
        f"{key}_calibration": Table(
            title, {"hallmark": calibration(probabilities, labels, [case.photo for case in cases.cases])}
        )
    }


def _shares(probabilities: Numbers) -> Numbers:
    """Of what is not unrelated, how much is genuine, smear and imitation: (n, 3) of (n, 4)."""
    related = probabilities[:, :3].sum(axis=1, keepdims=True)
    return np.asarray(probabilities[:, :3] / np.maximum(related, 1e-12))


def verified(cases: CaseSet, *, inputs: Inputs, as_in_scans: bool = True) -> Numbers:
    """Hallmark's probabilities (n, 4) of `KINDS`; without `as_in_scans` those of the verifier alone."""
    verifier = ReleasedVerifier(cases.references, inputs.bundle, as_in_scans=as_in_scans)
    return np.array(
        [verifier.probabilities(case) for case in inputs.progress(cases.cases, len(cases.cases), "verdicts")]
    )


def suspicions(judge: Judge, cases: Sequence[Case], *, progress: Progress) -> Numbers:
    """Scores (n, 2) for a smear and for an imitation, NaN for cases that the judge does not look at."""
    scores = np.full((len(cases), 2), np.nan)
    rows = np.arange(len(cases))
    if judge.most_cases is not None and judge.most_cases < len(cases):
        rows = np.sort(np.random.default_rng(0).choice(len(cases), judge.most_cases, replace=False))
    for row in progress(rows, len(rows), judge.name):
        scores[row] = judge.suspicion(cases[row])
    return scores


def by_stratum(cases: Sequence[Case], scores: Numbers) -> dict[str, dict[str, Estimate]]:
    """How well each kind is told from genuine marks: of all sizes and styles, and of each stratum.

    A genuine mark counts in the strata that it is in; in those that only an edit defines, every one does.
    """
    kind = np.array([case.kind for case in cases])
    photo = np.array([case.photo for case in cases])
    strata = [set(case.strata()) for case in cases]
    rows = {}
    for column, name in enumerate(("smear", "imitation")):
        if not (kind == name).any():
            continue
        rows[name] = _told_apart(scores[:, column], kind, name, photo, np.ones(len(cases), np.bool_))
        for stratum in sorted({one for one, its in zip(kind, strata, strict=True) if one == name for one in its}):
            inside = np.array([stratum in its for its in strata])
            if not (inside & (kind == "genuine")).any():
                inside |= kind == "genuine"
            rows[f"{name}, {stratum}"] = _told_apart(scores[:, column], kind, name, photo, inside)
    return rows


def _told_apart(
    scores: Numbers, kind: NDArray[np.str_], name: str, photo: NDArray[np.str_], inside: NDArray[np.bool_]
) -> dict[str, Estimate]:
    chosen = inside & np.isin(kind, [name, "genuine"])
    return separation(scores[chosen], kind[chosen] == name, photo[chosen])


def _smears(inputs: Inputs, settings: VerdictSettings) -> Tables:
    return judged(
        "smears", smeared_photos(inputs.marked, inputs.logos, tampering=inputs.bundle.tampering), inputs=inputs
    )


def _known_fakes(inputs: Inputs, settings: VerdictSettings) -> Tables:
    cases = smeared_photos(inputs.marked, inputs.logos, tampering=inputs.bundle.tampering)
    return {
        "known_fakes": known_fakes(cases, embed=inputs.bundle.embedder.embed),
        "known_photos": known_photos(inputs.marked, inputs.catalogue, bundle=inputs.bundle, progress=inputs.progress),
    }


def _imitations(inputs: Inputs, settings: VerdictSettings) -> Tables:
    genuine = smeared_photos(inputs.marked, inputs.logos, tampering=inputs.bundle.tampering).cases
    web = judged("web_imitations", web_imitations(inputs.bundle), inputs=inputs)
    served = served_imitations(
        web_pictures(),
        others=other_brands(inputs.logos, count=OTHER_BRANDS),
        model=settings.bundle,
        progress=inputs.progress,
    )
    web |= {"web_imitations_served": served}
    return web | judged("logo_imitations", logo_imitations(genuine, inputs.logos, inputs.bundle), inputs=inputs)


def _drawn(inputs: Inputs, settings: VerdictSettings) -> Tables:
    return judged("drawn", drawn_cases(inputs.logos, split="held_out", count=settings.drawn), inputs=inputs)


def _differences(inputs: Inputs, settings: VerdictSettings) -> Tables:
    told = differences(inputs.logos, count=settings.drawn, bundle=inputs.bundle, progress=inputs.progress)
    return {"differences": told}


def _copies(inputs: Inputs, settings: VerdictSettings) -> Tables:
    return photo_copies(inputs.catalogue, bundle=inputs.bundle, progress=inputs.progress)


def _wiped(inputs: Inputs, settings: VerdictSettings) -> Tables:
    return wiped_copies(inputs.catalogue, logos=inputs.logos, bundle=inputs.bundle, progress=inputs.progress)


def _shop_photos(inputs: Inputs, settings: VerdictSettings) -> Tables:
    products = grocery_products()
    inputs.used += [Photo(path) for product in products for path in product.photos]
    table = shop_photos(products, bundle=inputs.bundle, model=settings.bundle, progress=inputs.progress)
    return {"shop_photos": table}


def _clean(inputs: Inputs, settings: VerdictSettings) -> Tables:
    brands = catalogue_brands()
    strangers = [one for one in plain_photos("catalogue") if not brands[one.path.name].startswith(tuple(inputs.own))]
    scanned = [one for one in strangers if not is_reference(one)][: settings.clean_photos]
    groceries = plain_photos("grocery", limit=settings.clean_photos)
    inputs.used += [*strangers, *groceries]
    table = clean_photos(
        {
            "clothing": inputs.clean,
            "grocery": groceries,
            "catalogue": scanned,
            "clothing_untouched": [one for one in inputs.clean if not is_for_tuning(one.path)],
            "grocery_untouched": [one for one in groceries if not is_for_tuning(one.path)],
        },
        references={**inputs.own, **other_brands(inputs.logos, count=OTHER_BRANDS)},
        products=[one for one in strangers if is_reference(one)],
        bundle=settings.bundle,
        progress=inputs.progress,
    )
    return {"clean_photos": table}


def _latency(inputs: Inputs, settings: VerdictSettings) -> Tables:
    cases = smeared_photos(inputs.marked[:60], inputs.logos, tampering=inputs.bundle.tampering)
    judge, verifier = ReleasedVerifier(cases.references, inputs.bundle), inputs.bundle.verifier

    def best(asked: tuple[Case, Sequence[tuple[int, float]]]) -> Compared:
        laid, similarity = judge.best(*asked)
        return verifier.compare(laid, similarity=similarity)

    candidates = [(case, judge.nearest(case, most=CANDIDATES)) for case in cases.cases]
    compared = [best(asked) for asked in candidates]
    rows = {
        "best_of_three_candidates": timed(best, candidates, progress=inputs.progress),
        "what_was_done_to_it": timed(verifier.scores, compared, progress=inputs.progress),
    }
    return {"latency": Table("Latency of a verification on one thread", rows)}


MEASURED: dict[VerdictPart, Callable[[Inputs, VerdictSettings], Tables]] = {
    "smears": _smears,
    "known_fakes": _known_fakes,
    "imitations": _imitations,
    "drawn": _drawn,
    "differences": _differences,
    "copies": _copies,
    "wiped": _wiped,
    "shop_photos": _shop_photos,
    "clean": _clean,
    "latency": _latency,
}
"""How each part is measured."""
