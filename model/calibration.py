"""Numbers chosen on development data only, kept with the networks they belong to (`calibration.json`).

The verifier learnt from synthetic pairs; here its output is recalibrated for live candidates, in two questions. Is it
the brand's mark at all? Far more live candidates are unrelated than synthetic pairs were, and similarity, rivals, the
number of brands, words in the picture and the listing's claim add evidence. And was it altered? Most marks on sale are
genuine, and a version that no reference shows looks altered. Both are logistic regressions on what the scan measures.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from model.whole_files import write_whole

READABLE_PLACES = 5
"""Of the places that are likeliest marks, so many are asked whether the photo is worth reading."""

BRANDS = (60, 1650)
"""Fewer brands count as the first number, more as the second; thresholds are chosen among 60 and among 500."""

SUREST = 0.99
"""No verdict of the verifier counts as surer than this: what it was fitted to is drawn, and may be wrong."""

NOT_COMPARED = 0.5
"""The verifier's probability before it was asked: it speaks neither for nor against."""

SMALLEST_SHARE = 1e-3
"""Of a photo: a tampered place that is smaller counts as one of this size."""

LONGEST_WORD = 8
"""Letters of a word from which a longer one says no more."""

LEAST_TAMPERED = 0.003
"""No region counts as less surely tampered with than this, or as more surely than the rest to 1."""

FURTHEST_ODDS = 6.0
"""Log odds of the verifier's kinds count within ± this."""

FURTHEST_DETECTED = 4.0
"""Log odds of the detector's confidence count within ± this."""

Word = Literal["none", "near", "exact"]
"""Whether one of the brand's words was read in the region, as it is or one letter off."""


class MarkEvidence(NamedTuple):
    """What speaks for a region showing a brand's mark.

    `verified`: the verifier's probability, 0..1, that region and reference belong together; `similarity`: their cosine,
    and `realigned` once the region is laid on the reference; `margin`: how much more similar the brand is than the best
    other one; `brands`: how many the index holds; `agreeing`: how many keypoints of the region match the reference's
    and lie on them (`model.agreeing_keypoints`); `word` and its `letters`, where one of the brand's words was read
    there; `detected`: the detector's confidence, 0..1, that the region is a mark of any brand, and `whole`: that the
    region is the whole photo, of which the detector says nothing, as of a line of words.
    """

    verified: float
    similarity: float
    margin: float
    brands: int
    realigned: float = 0.0
    agreeing: int = 0
    word: Word = "none"
    letters: int = 0
    detected: float | None = None
    whole: bool = False

    def numbers(self) -> tuple[float, ...]:
        """What the regression takes, by `Recognition.NAMES`.

        The verifier is believed up to `SUREST` either way, and the number of brands counts within `BRANDS`, where it
        was measured. Of keypoints the logarithm counts: the first few say most. Where the detector says nothing, it
        counts as undecided.
        """
        counted = min(max(self.brands, BRANDS[0]), BRANDS[1])
        return (
            _verified_odds(self.verified),
            self.similarity,
            self.margin,
            math.log(counted / BRANDS[1]),
            self.realigned,
            math.log1p(self.agreeing),
            float(self.word == "near"),
            float(self.word == "exact"),
            min(self.letters, LONGEST_WORD) if self.word == "exact" else 0.0,
            0.0 if self.detected is None else _detected_odds(self.detected),
            float(self.whole),
        )


@dataclass(frozen=True, slots=True)
class Recognition:
    """Whose mark is it? A logistic regression on `MarkEvidence` (Platt 1999, with more inputs), and a threshold.

    `weights` belong to `NAMES`; `finding_probability` is the probability from which a candidate passes: from which it
    is a finding, or, before anything was compared, worth comparing.
    """

    NAMES = (
        "verified",
        "similarity",
        "margin",
        "brands",
        "realigned",
        "agreeing",
        "near_word",
        "exact_word",
        "letters",
        "detected",
        "whole",
    )

    intercept: float
    weights: tuple[float, ...]
    finding_probability: float

    def probability(self, evidence: MarkEvidence) -> float:
        """The probability, 0..1, that a live candidate shows the brand's mark, whatever was done to it."""
        pairs = zip(self.weights, evidence.numbers(), strict=True)
        return float(expit(self.intercept + sum(weight * number for weight, number in pairs)))

    def passes(self, evidence: MarkEvidence) -> bool:
        """Whether the evidence reaches the threshold."""
        return self.probability(evidence) >= self.finding_probability

    def may_pass(self, evidence: MarkEvidence, *, agreeing: int, verified: Sequence[float]) -> bool:
        """Whether some outcome of the steps not run yet could make the evidence pass: from none to `agreeing`
        keypoints agreeing, and the verifier's probability anywhere in the range of `verified`.
        """
        extremes = product((0, agreeing), (min(verified), max(verified)))
        return any(self.passes(evidence._replace(agreeing=number, verified=said)) for number, said in extremes)


FIRST_GUESS = Recognition(-10.0, (1.0, 6.0, 15.0, -0.3, 3.0, 1.0, 1.5, 3.0, 0.2, 0.5, 0.0), 0.0)
"""Before anything is fitted: the weights of an earlier bundle, and that a word counts."""

CLAIM_GUESS = 6.0
"""Log odds by which a claim counts before anything is fitted: enough that no rival hides the brand that is named."""


class Shares(NamedTuple):
    """Of the probability that a mark is the brand's: how much of it is each kind; they sum to 1."""

    genuine: float
    smear: float
    imitation: float


class Likeness(NamedTuple):
    """What tells the kinds of one finding apart: the verifier's `shares`, and whether the brand's word was read there.

    `tampered` is the mean probability, 0..1, that the region was tampered with, whatever is in it; `verified` the
    verifier's, 0..1, that region and reference belong together at all: what hardly does differs, and is no imitation.
    """

    shares: Shares
    word: Word = "none"
    tampered: float = 0.0
    verified: float = NOT_COMPARED

    def numbers(self) -> tuple[float, ...]:
        """What the regression takes, by `Kinds.NAMES`."""
        genuine, smear, imitation = (max(share, 1e-6) for share in self.shares)
        return (
            _clipped(math.log(smear / (genuine + imitation))),
            _clipped(math.log(imitation / genuine)),
            float(self.word == "exact"),
            _tampered_odds(self.tampered),
            _verified_odds(self.verified),
        )


@dataclass(frozen=True, slots=True)
class Kinds:
    """What was done to it? Two logistic regressions on `Likeness`: is it a smear, and if not, an imitation?

    `smear` and `imitation` are the intercept and the weights, by `NAMES`, of the log odds of a smear against all else,
    and of an imitation against a genuine mark.
    """

    NAMES = ("smear_odds", "imitation_odds", "exact_word", "tampered", "verified")

    smear: tuple[float, ...]
    imitation: tuple[float, ...]

    def shares(self, likeness: Likeness) -> Shares:
        """How much of the mark's probability is each kind."""
        numbers = (1.0, *likeness.numbers())
        smear, imitation = (
            float(expit(sum(w * n for w, n in zip(weights, numbers, strict=True))))
            for weights in (self.smear, self.imitation)
        )
        return Shares((1.0 - smear) * (1.0 - imitation), smear, (1.0 - smear) * imitation)

    @classmethod
    def open(cls) -> Self:
        """The verifier's own shares."""
        rest = (0.0,) * (len(cls.NAMES) - 2)
        return cls((0.0, 1.0, 0.0, *rest), (0.0, 0.0, 1.0, *rest))


class TamperedPlace(NamedTuple):
    """What speaks for a tampered place having held the mark of a brand that the listing names.

    `probability`, 0..1, that it was tampered with and `share`, 0..1, of its picture that it takes (`model.tampering`);
    `similarity` of the place to the brand's most similar reference. It lies in one of `pictures` side by side.
    """

    probability: float
    share: float
    similarity: float
    pictures: int = 1

    def numbers(self) -> tuple[float, ...]:
        """What the regression takes, by `Covered.NAMES`."""
        size = math.log(max(self.share, SMALLEST_SHARE))
        return (_verified_odds(self.probability), size, size * size, self.similarity)


@dataclass(frozen=True, slots=True)
class Covered:
    """Was the mark of the brand that a listing names made unreadable there? Logistic regression on `TamperedPlace`.

    `weights` belong to `NAMES`; from `finding_probability` on it is a finding.
    """

    NAMES = ("tampered", "size", "size_squared", "similarity")

    intercept: float
    weights: tuple[float, ...]
    finding_probability: float

    def probability(self, place: TamperedPlace) -> float:
        """The probability, 0..1, that a mark of the brand was made unreadable there.

        Of several pictures in one, any may be what the listing is about: the odds are divided by their number.
        """
        pairs = zip(self.weights, place.numbers(), strict=True)
        return float(
            expit(self.intercept + sum(weight * number for weight, number in pairs) - math.log(place.pictures))
        )

    @classmethod
    def never(cls) -> Self:
        """No tampered place is a finding."""
        return cls(0.0, (0.0,) * len(cls.NAMES), 1.1)


@dataclass(frozen=True, slots=True)
class Readable:
    """Which regions hold a line of words, as their vectors tell: reading costs more than all else that a region costs.

    A linear probe (Alain and Bengio 2016): (256,) weights, and the least value at which a region is read.
    """

    weights: NDArray[np.float32] = field(repr=False)
    least: float

    def values(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, 256) vectors of length 1 → (n,): larger for a line that can be read."""
        return np.asarray(vectors @ self.weights, np.float32)

    @classmethod
    def none(cls, *, dimension: int = 256) -> Self:
        """No region is read."""
        return cls(np.zeros(dimension, np.float32), math.inf)


@dataclass(frozen=True, slots=True)
class Calibration:
    """See the module.

    `candidate_similarity`: cosine from which a brand that only the search thought of is looked at. `copy_probability`:
    probability from which a photo is the brand's own. `unclaimed` holds for brands that the listing does not name,
    `claimed` for those that it does: a seller who names a brand mostly shows it. `worth_unclaimed` and `worth_claimed`
    say the same from what is known before region and reference are compared, which costs more than all else: a
    candidate that hardly ever becomes a finding is not compared. `covered` holds where nothing of the mark of a brand
    that the listing names is left. `genuine_weight` is what a genuine mark counts beside a changed one where it is said
    how strongly a finding speaks against its listing; None where its own kind alone does. Among fewer than
    `fewest_brands` the marks of `model.cohort` stand in for others; None where nothing does.
    """

    candidate_similarity: float
    copy_probability: float
    unclaimed: Recognition
    claimed: Recognition
    worth_unclaimed: Recognition
    worth_claimed: Recognition
    kinds: Kinds
    readable: Readable
    covered: Covered
    genuine_weight: float | None = None
    fewest_brands: int | None = None

    def against(self, shares: Shares) -> float | None:
        """How strongly a mark of which this much is each kind speaks against its listing, 0..1, if that is said so.

        What was done to it, a smear or an imitation, is no matter.
        """
        if self.genuine_weight is None:
            return None
        changed = shares.smear + shares.imitation
        return changed / max(changed + self.genuine_weight * shares.genuine, 1e-9)

    def recognition(self, *, claimed: bool) -> Recognition:
        """What holds for a brand that the listing names, or does not."""
        return self.claimed if claimed else self.unclaimed

    def worth_comparing(self, *, claimed: bool) -> Recognition:
        """The same before anything was compared."""
        return self.worth_claimed if claimed else self.worth_unclaimed

    @classmethod
    def open(cls, readable: Readable | None = None) -> Self:
        """Every candidate becomes a finding, with the kinds as the verifier sees them: what thresholds are chosen on.

        Where candidates overlap, the one that `FIRST_GUESS` holds for surer is kept. Copies of product photos keep the
        threshold that `model.photo_copy` is made for.
        """
        claimed = replace(FIRST_GUESS, intercept=FIRST_GUESS.intercept + CLAIM_GUESS)
        return cls(
            -1.0,
            0.5,
            FIRST_GUESS,
            claimed,
            FIRST_GUESS,
            claimed,
            Kinds.open(),
            readable or Readable.none(),
            Covered.never(),
        )


_RECOGNITIONS = ("unclaimed", "claimed", "worth_unclaimed", "worth_claimed")


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write it as JSON, rounded to what counts."""
    content: dict[str, Any] = {
        "candidate_similarity": round(calibration.candidate_similarity, 4),
        "copy_probability": calibration.copy_probability,
        **{
            name: {
                "intercept": round(one.intercept, 4),
                "weights": dict(zip(Recognition.NAMES, _rounded(one.weights), strict=True)),
                "finding_probability": one.finding_probability,
            }
            for name, one in ((name, getattr(calibration, name)) for name in _RECOGNITIONS)
        },
        "kinds": {name: dict(zip(("intercept", *Kinds.NAMES), _rounded(weights), strict=True))
                  for name, weights in asdict(calibration.kinds).items()},
        "readable": {
            "weights": [round(float(weight), 5) for weight in calibration.readable.weights],
            "least": None if math.isinf(calibration.readable.least) else round(calibration.readable.least, 5),
        },
    }  # fmt: skip
    content["covered"] = {
        "intercept": round(calibration.covered.intercept, 4),
        "weights": dict(zip(Covered.NAMES, _rounded(calibration.covered.weights), strict=True)),
        "finding_probability": calibration.covered.finding_probability,
    }
    if calibration.genuine_weight is not None:
        content["genuine_weight"] = calibration.genuine_weight
    if calibration.fewest_brands is not None:
        content["fewest_brands"] = calibration.fewest_brands
    write_whole(path, json.dumps(content, indent=1) + "\n")


def read_calibration(path: Path) -> Calibration:
    """What `write_calibration` wrote. Raises `ValueError` naming what is missing or not known."""
    content = json.loads(path.read_text(encoding="utf-8"))
    try:
        recognitions = {
            name: Recognition(
                content[name]["intercept"],
                _in_order(content[name]["weights"], Recognition.NAMES),
                content[name]["finding_probability"],
            )
            for name in _RECOGNITIONS
        }
        kinds = [_in_order(content["kinds"][name], ("intercept", *Kinds.NAMES)) for name in ("smear", "imitation")]
        readable, covered = content["readable"], content["covered"]
        return Calibration(
            candidate_similarity=content["candidate_similarity"],
            copy_probability=content["copy_probability"],
            **recognitions,
            kinds=Kinds(*kinds),
            readable=Readable(
                np.array(readable["weights"], np.float32), math.inf if readable["least"] is None else readable["least"]
            ),
            covered=Covered(
                covered["intercept"], _in_order(covered["weights"], Covered.NAMES), covered["finding_probability"]
            ),
            genuine_weight=content.get("genuine_weight"),
            fewest_brands=content.get("fewest_brands"),
        )
    except KeyError as error:
        raise ValueError(f"{path.name} lacks {error}: it was made for another version of Hallmark") from error


def _in_order(numbers: dict[str, float], names: Sequence[str]) -> tuple[float, ...]:
    if set(numbers) != set(names):
        raise KeyError(sorted(set(names) ^ set(numbers))[0])
    return tuple(numbers[name] for name in names)


def _rounded(numbers: Sequence[float]) -> list[float]:
    return [round(number, 4) for number in numbers]


def _verified_odds(probability: float) -> float:
    """The verifier is believed up to `SUREST` either way."""
    return float(logit(min(max(probability, 1.0 - SUREST), SUREST)))


def _tampered_odds(probability: float) -> float:
    """Log odds above the least that counts: at least 0."""
    at_least = max(probability, LEAST_TAMPERED)
    return float(logit(min(at_least, 1.0 - LEAST_TAMPERED)) - logit(LEAST_TAMPERED))


def _detected_odds(confidence: float) -> float:
    edge = expit(FURTHEST_DETECTED)
    return float(logit(min(max(confidence, 1.0 - edge), edge)))


def _clipped(odds: float) -> float:
    return min(max(odds, -FURTHEST_ODDS), FURTHEST_ODDS)
