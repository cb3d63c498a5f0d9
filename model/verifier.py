"""The verdict on one region beside one genuine reference: align, compare, judge.

One network lays the region on the reference; another sees the aligned pair, judges, and says where it differs; a
third describes how the region looks beside the reference. A head joins what they say with the embedding's similarity,
and a temperature makes probabilities of the result. A fourth looks closely at what is the brand's mark: is it imitated?
Where they suspect an imitation, the words of the mark are read.
Nothing is random: equal pixels give equal verdicts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from model.alignment import (
    FRAME_SIDE,
    PICTURE_SIDE,
    Flow,
    Matrix,
    PreparedReference,
    align,
    box_frame,
    fitted,
    laid_in_frame,
    picture_to_frame,
    prepare_reference,
    working_size,
)
from model.appearance import FILE as APPEARANCE
from model.appearance import Appearance
from model.calibration import Shares
from model.close_look import FILE as CLOSE_LOOK
from model.close_look import CloseLook
from model.comparison import cells_of, compare
from model.kept import Latest
from model.reading import Line, Outcome, Reader, Reading
from model.reasons import reasons_for
from model.regions import RgbImage
from model.siamese import Description, Siamese

Kind = Literal["genuine", "smear", "imitation"]

SUSPECTED = 0.05
"""Share of an imitation in what is not unrelated from which the words of the mark are read."""

UNLIKE = 0.2
"""Probability that region and reference are unrelated from which another word says no more than that."""

ALIGNER = "aligner.onnx"
"""The file, in the folder of the verifier's, of the network that aligns."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Calibrated probabilities that sum to 1."""

    genuine: float
    smear: float
    imitation: float
    unrelated: float

    @property
    def shares(self) -> Shares:
        """How what is not unrelated divides into the kinds."""
        related = max(self.genuine + self.smear + self.imitation, 1e-12)
        return Shares(self.genuine / related, self.smear / related, self.imitation / related)


def likeliest(shares: Shares) -> Kind:
    """The most probable kind."""
    kinds: tuple[Kind, ...] = get_args(Kind)
    return kinds[int(np.argmax(shares))]


@dataclass(frozen=True, slots=True)
class Laid:
    """A region, at working size, laid on a reference: `matrix` takes it to the frame."""

    region: RgbImage = field(repr=False)
    matrix: Matrix
    reference: PreparedReference = field(repr=False)

    def aligned(self, *, longer: int = PICTURE_SIDE) -> RgbImage:
        """The region as the reference's picture is laid out, of the same shape where `longer`, its side, is too."""
        return laid_out(self.region, self.matrix, self.reference, longer=longer)


@dataclass(frozen=True, slots=True)
class Examined(Laid):
    """A pair measured but not judged yet: what the head is fitted on.

    `frame` shows the region as it was laid. `judged` (5,) float32: the similarity and the network's four logits. `maps`
    (2, h, w) float32 0..1 say what of each cell of the frame a smear and an imitation changed.
    """

    frame: RgbImage = field(repr=False)
    judged: NDArray[np.float32]
    maps: NDArray[np.float32]

    def changed(self, kind: Kind) -> NDArray[np.float32]:
        """The map (h, w) of the frame that belongs to `kind`; to `genuine`, whatever was changed."""
        match kind:
            case "smear":
                return np.asarray(self.maps[0], np.float32)
            case "imitation":
                return np.asarray(self.maps[1], np.float32)
            case "genuine":
                return np.asarray(self.maps.max(axis=0), np.float32)


@dataclass(frozen=True, slots=True)
class Compared:
    """A pair that was compared: how probably the two are `unrelated`, 0..1, and what says so.

    What was done to a region that is not, `Verifier.scores` says.
    """

    unrelated: float
    examined: Examined = field(repr=False)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a region is of its kind.

    `aligned` is the region as the reference's picture is laid out, the same shape; `difference` (h, w) float32 0..1
    says where they differ, of an imitation beside the place where it differs most; `reasons` says it in words.
    """

    aligned: RgbImage = field(repr=False)
    difference: NDArray[np.float32] = field(repr=False)
    reasons: list[str]


class VerdictHead:
    """What the numbers of a pair say, in two steps.

    A multinomial logistic regression of the similarity and the network's logits, with a temperature, gives all four
    probabilities. How much of what is related is a smear is then said by a logistic regression of those odds and the
    appearance: what a drawn mark looks like says little of whose a real one is, but much of what was done to it.
    """

    def __init__(self, numbers: dict[str, Any]) -> None:
        if "smear" not in numbers:
            raise ValueError("the head has no second step, of smears: it is of an earlier release; fit it anew")
        self._judged, self._smear = _Linear(numbers), _Linear(numbers["smear"])
        self._temperature = float(numbers["temperature"])

    @property
    def inputs(self) -> int:
        """How many numbers it takes."""
        return self._judged.inputs + self._smear.inputs - 1

    def probabilities(self, numbers: NDArray[np.float32]) -> NDArray[np.float64]:
        """(…, inputs) → (…, 4), each row summing to 1: genuine, smear, imitation, unrelated."""
        judged, appearance = np.split(numbers, [self._judged.inputs], axis=-1)
        genuine, smear, imitation, unrelated = np.moveaxis(self._first_step(judged), -1, 0)
        odds = smear_log_odds(genuine, smear, imitation)[..., None]
        share = expit(self._smear.values(np.concatenate([odds, appearance], axis=-1))[..., 0])
        untouched = np.maximum(genuine + imitation, _LEAST)
        kept = (1 - unrelated) * (1 - share) / untouched
        found = [genuine * kept, (1 - unrelated) * share, imitation * kept, unrelated]
        return np.asarray(np.stack(found, axis=-1), np.float64)

    def unrelated(self, judged: NDArray[np.float32]) -> NDArray[np.float64]:
        """The last of the probabilities (…,), which the first step alone says, from its numbers (…, 5)."""
        return np.asarray(self._first_step(judged)[..., -1], np.float64)

    def _first_step(self, judged: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(softmax(self._judged.values(judged) / self._temperature, axis=-1), np.float64)


_LEAST = 1e-9
_FURTHEST_ODDS = 8.0


def smear_log_odds(
    genuine: NDArray[np.float64], smear: NDArray[np.float64], imitation: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log odds of a smear among what is related, -8..8."""
    odds = np.log(np.maximum(smear, _LEAST)) - np.log(np.maximum(genuine + imitation, _LEAST))
    return np.asarray(np.clip(odds, -_FURTHEST_ODDS, _FURTHEST_ODDS), np.float64)


class _Linear:
    """A linear map of standardised numbers: `mean`, `scale`, `weights` (inputs, outputs) and `bias`."""

    def __init__(self, numbers: dict[str, Any]) -> None:
        self._mean, self._scale = (np.array(numbers[name], np.float64) for name in ("mean", "scale"))
        self._weights, self._bias = (np.array(numbers[name], np.float64) for name in ("weights", "bias"))

    @property
    def inputs(self) -> int:
        return len(self._mean)

    def values(self, numbers: NDArray[np.float64] | NDArray[np.float32]) -> NDArray[np.float64]:
        """(…, inputs) → (…, outputs)."""
        standard = np.clip((numbers - self._mean) / self._scale, -5, 5)
        return np.asarray(standard @ self._weights + self._bias, np.float64)


def verdict_log_odds(genuine: float, imitation: float) -> float:
    """Log odds of an imitation against a genuine mark, within ±6."""
    odds = math.log(max(imitation, _LEAST)) - math.log(max(genuine, _LEAST))
    return min(max(odds, -_FURTHEST_VERDICT), _FURTHEST_VERDICT)


_FURTHEST_VERDICT = 6.0


class LookWeights:
    """What the close look's odds of an imitation are worth beside the head's: `bias`, `verdict` and `look`."""

    def __init__(self, numbers: dict[str, float]) -> None:
        self._bias, self._verdict, self._look = (float(numbers[name]) for name in ("bias", "verdict", "look"))

    def applied(self, scores: Scores, look: float) -> Scores:
        """The `scores` after a close look at the log odds `look`: what is genuine and what imitated divides anew."""
        odds = self._bias + self._verdict * verdict_log_odds(scores.genuine, scores.imitation) + self._look * look
        untouched, imitated = scores.genuine + scores.imitation, float(expit(odds))
        return replace(scores, genuine=untouched * (1.0 - imitated), imitation=untouched * imitated)


class ReadingLogOdds:
    """What a reading does to the odds of an imitation against a genuine mark: logarithms by outcome.

    It says nothing of a smear. Until hallmark-31 all near misses were one outcome.
    """

    def __init__(self, numbers: dict[str, float]) -> None:
        self._numbers = {"surely_near_miss": numbers["near_miss"], **numbers}

    def applied(self, shares: Shares, outcome: Outcome) -> Shares:
        """The shares of the kinds after a reading."""
        untouched, raised = shares.genuine, shares.imitation * math.exp(self._numbers[outcome])
        divided = (shares.genuine + shares.imitation) / max(untouched + raised, 1e-12)
        return Shares(untouched * divided, shares.smear, raised * divided)


class Aligner:
    """The aligner's network as ONNX; safe to call from several threads."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._network = Siamese(path, outputs=["flow", "doubt"], threads=threads)
        # The first look is at the box, which is the same beside every reference.
        self._box = Latest(lambda region: self._network.describe(box_frame(region)))

    def align(self, region: RgbImage, reference: PreparedReference) -> Matrix:
        """Lay `region`, at working size, on `reference`: the matrix to its frame."""

        def flow(seen: Description) -> Flow:
            return Flow(*self._network.compare(seen, reference))

        first = flow(self._box.of(region))
        return align(region, first=first, look=lambda frame: flow(self._network.describe(frame)))


class VerifierRuntime:
    """The networks as ONNX, `path` and beside it `ALIGNER` and `APPEARANCE`; safe to call from several threads."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._judge = Siamese(path, outputs=["logits", "maps"], threads=threads)
        self._aligner = Aligner(path.with_name(ALIGNER), threads=threads)
        self._appearance = Appearance(path.with_name(APPEARANCE), threads=threads)

    def lay(self, region: RgbImage, reference: PreparedReference) -> Laid:
        """Align `region` (any size from 1×1, with the scan's margin) with `reference`."""
        small = working_size(region)
        return Laid(small, self._aligner.align(small, reference), reference)

    def measure(self, laid: Laid, *, similarity: float) -> Examined:
        """Compare the pair place by place."""
        frame = laid_in_frame(laid.region, laid.matrix)
        logits, maps = self._judge.compare(self._judge.describe(frame), laid.reference)
        # Sums depend on where in memory they run, by 1e-7: rounded, equal pixels give equal verdicts in any thread.
        judged = np.array([similarity, *logits], np.float32).round(4)
        return Examined(laid.region, laid.matrix, laid.reference, frame, judged, expit(maps))

    def examine(self, region: RgbImage, reference: PreparedReference, *, similarity: float) -> Examined:
        """Lay `region` on `reference` and measure the pair."""
        return self.measure(self.lay(region, reference), similarity=similarity)

    def numbers(self, examined: Examined) -> NDArray[np.float32]:
        """All that the head takes of a pair, (k,): `judged`, and how the region looks beside the reference."""
        return np.concatenate([examined.judged, self._appearance.beside(examined.frame, examined.reference)])


class Verifier:
    """Judges regions against prepared references.

    `path` is the network, `calibration` the JSON file with the head and its temperature that was fitted to it,
    `reader` reads words. Raises ValueError when the two files do not belong together.
    """

    def __init__(self, path: Path, *, calibration: Path, reader: Reader, threads: int = 1) -> None:
        self._runtime = VerifierRuntime(path, threads=threads)
        fitted = json.loads(calibration.read_text(encoding="utf-8"))
        if "close_look" not in fitted:
            raise ValueError(f"{calibration.name} does not weigh the close look: it is of an earlier release")
        self._head, self._reading_log_odds = VerdictHead(fitted["head"]), ReadingLogOdds(fitted["reading"])
        self._look_weights = LookWeights(fitted["close_look"])
        self._close_look = CloseLook(path.with_name(CLOSE_LOOK), threads=threads)
        self._reader = reader
        probe = np.zeros((8, 8, 3), np.uint8)
        nothing = prepare_reference(probe)
        numbers = self._runtime.numbers(self._runtime.examine(probe, nothing, similarity=0.0))
        if len(numbers) != self._head.inputs:
            raise ValueError(
                f"{calibration.name} is for {self._head.inputs} numbers and {path.name} with this code gives "
                f"{len(numbers)}: they are not from one round"
            )

    def lay(self, region: RgbImage, reference: PreparedReference) -> Laid:
        """Lay `region`, a detector's box with the scan's margin, on `reference`."""
        return self._runtime.lay(region, reference)

    def compare(self, laid: Laid, *, similarity: float) -> Compared:
        """Measure a region beside the reference that it is `laid` on.

        `similarity` is the cosine of their embeddings, -1..1.
        """
        examined = self._runtime.measure(laid, similarity=similarity)
        return Compared(float(self._head.unrelated(examined.judged)), examined)

    def scores(self, compared: Compared) -> Scores:
        """All four probabilities. It takes longer than `compare`: most pairs are unrelated and need none."""
        examined = compared.examined
        numbers = self._runtime.numbers(examined)
        genuine, smear, imitation, unrelated = (float(value) for value in self._head.probabilities(numbers))
        look = self._close_look.imitation_log_odds(examined.region, examined.matrix, examined.reference)
        return self._look_weights.applied(Scores(genuine, smear, imitation, unrelated), look)

    def read(self, compared: Compared, *, shares: Shares, lines: Sequence[Line] = ()) -> Reading | None:
        """The words in the region, where `shares` suspect an imitation of a reference that has words.

        `lines` are those of the photo that were read where the mark lies.
        None too where another word stands in what is hardly alike otherwise: it is another mark, not this one imitated.
        """
        if shares.imitation <= SUSPECTED:
            return None
        examined = compared.examined
        reading = self._reader.read(examined.aligned(), examined.reference, region=examined.region, lines=lines)
        is_another = reading is not None and reading.outcome == "another_word" and compared.unrelated > UNLIKE
        return None if is_another else reading

    def after_reading(self, shares: Shares, reading: Reading | None) -> Shares:
        """`shares`, and what the reading says of an imitation."""
        return shares if reading is None else self._reading_log_odds.applied(shares, reading.outcome)

    def explain(self, compared: Compared, *, kind: Kind, reading: Reading | None = None) -> Explanation:
        """Why the region is of that `kind`, in a picture and in words."""
        examined, reference = compared.examined, compared.examined.reference
        changed = examined.changed(kind)
        if kind == "imitation":
            changed = self._close_look.imitated(examined.region, examined.matrix, reference)
        reasons = _reasons(kind, examined, reference, changed=changed)
        if (
            kind == "imitation"
            and reading is not None
            and (reading.misses_letters or reading.outcome == "another_word")
        ):
            reasons.insert(0, reading.difference())
        return Explanation(examined.aligned(), _on_picture(changed, reference), reasons)

    def verify(self, region: RgbImage, reference: PreparedReference, *, similarity: float) -> Scores:
        """Judge `region` against `reference` by this pair alone, words included where they count."""
        compared = self.compare(self.lay(region, reference), similarity=similarity)
        shares = self.scores(compared).shares
        shares = self.after_reading(shares, self.read(compared, shares=shares))
        genuine, smear, imitation = ((1.0 - compared.unrelated) * share for share in shares)
        return Scores(genuine, smear, imitation, compared.unrelated)


def _reasons(
    kind: Kind, examined: Examined, reference: PreparedReference, *, changed: NDArray[np.float32]
) -> list[str]:
    if kind == "genuine":
        return []
    evidence = compare(examined.frame, reference, matrix=examined.matrix)
    return reasons_for(kind, evidence, changed=cells_of(changed), region=examined.frame, reference=reference)


def _on_picture(changed: NDArray[np.float32], reference: PreparedReference) -> NDArray[np.float32]:
    """A map (rows, columns) of the frame as the reference's picture is laid out, 0..1."""
    height, width = reference.picture.shape[:2]
    rows, columns = changed.shape
    to_cells = np.diag([columns / FRAME_SIDE, rows / FRAME_SIDE, 1.0]) @ picture_to_frame(reference)
    middles = np.array([[1.0, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # of pixels and of cells
    onto = np.linalg.inv(middles) @ np.linalg.inv(to_cells) @ middles
    laid = cv2.warpPerspective(changed, onto, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.clip(laid, 0, 1).astype(np.float32)


def laid_out(
    region: RgbImage, matrix: Matrix, reference: PreparedReference, *, longer: int = PICTURE_SIDE
) -> RgbImage:  # fmt: skip
    """The region as the reference's picture is laid out, its longer side `longer` pixels."""
    height, width = reference.picture.shape[:2]
    wide, tall = fitted(reference.picture.shape, longer)
    to_picture = np.diag([wide / width, tall / height, 1.0]) @ np.linalg.inv(picture_to_frame(reference)) @ matrix
    laid = cv2.warpPerspective(region, to_picture, (wide, tall), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)
