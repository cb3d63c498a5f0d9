"""What `hallmark evaluate candidate` found, as promotion reads it: `evaluation.json` in the candidate's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.bundle import manifest_digests

FILE = "evaluation.json"

REQUIRED = ("recognition", "verdicts", "verdicts on edits kept out")
"""Frozen sets without which a report says too little."""

SCANS = "scans"
"""The set on which thresholds are measured, in minutes; needed where what decides on findings is another."""

DECIDING = ("calibration.json", "embedder.onnx", "detector.onnx")
"""The files of a bundle that decide on which mark there is a finding."""

MARGIN = 0.005
"""Of a score from 0 to 1: a smaller loss to the champion is none, however sure the difference is.

Rounds that begin from one bundle are so alike that the interval of their difference is a thousandth wide, and on the
same frozen sets a champion that came by luck would stop all after it. So a candidate must not be inferior by more than
a margin, as in non-inferiority trials. 0 refuses every difference that is sure.
"""


class _Part(BaseModel):
    """Fields that are not read here are the evaluation's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ComparedModel(_Part):
    """A model that was compared: its name, and the SHA-256 of its manifest in hexadecimal."""

    name: str
    manifest: str


class Measured(_Part):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} ({self.low:.4f} to {self.high:.4f})"


class MeasuredSet(_Part):
    """One set of pictures: its fingerprint, and both models' scores on it, 0 to 1.

    `difference` is the candidate's less the champion's, picture by picture; `units` are drawn anew for the intervals.
    """

    fingerprint: str
    units: Annotated[int, Field(ge=1)]
    candidate: Measured
    champion: Measured
    difference: Measured

    def loss(self) -> str | None:
        """In what way the candidate loses; None where it does not."""
        if self.candidate.value < self.champion.low:
            return f"{self.candidate.value:.4f} lies below the champion's interval, {self.champion}"
        if self.difference.high < 0.0 and self.difference.value < -MARGIN:
            return f"picture by picture {self.difference}, more than {MARGIN:g}"
        return None


class Comparison(_Part):
    """Both models on the same pictures. No model that loses on one of the `frozen` sets is promoted.

    It loses where its score lies below the interval of the champion's. As both saw the same pictures, smaller losses
    show too: also where the interval of the difference lies below nothing and the difference exceeds `MARGIN`.
    """

    candidate: ComparedModel
    champion: ComparedModel
    frozen: dict[str, MeasuredSet]


class NoComparison(Exception):
    """There is no report, or it cannot be read; the message says what to do."""


def read_comparison(folder: Path) -> Comparison:
    """The report in a candidate's folder. Raises `NoComparison`."""
    path = folder / FILE
    if not path.is_file():
        raise NoComparison(f"{path} is missing: run `hallmark evaluate candidate {folder}` first")
    try:
        return Comparison.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise NoComparison(
            f"{path} is no report of `hallmark evaluate candidate`: {error.errors()[0]['msg']}"
        ) from error


def required_sets(candidate: Path, champion: Path) -> tuple[str, ...]:
    """The frozen sets on which the bundle in the folder `candidate` must be measured beside that in `champion`."""
    one, other = (manifest_digests(folder) for folder in (candidate, champion))
    return (*REQUIRED, SCANS) if any(one[name] != other[name] for name in DECIDING) else REQUIRED


def grounds_against(
    comparison: Comparison, *, candidate: ComparedModel, champion: ComparedModel, required: Sequence[str] = REQUIRED
) -> list[str]:
    """Why the candidate must not take the champion's place; empty when nothing speaks against it."""
    grounds = []
    if comparison.candidate != candidate:
        grounds.append(f"the report is of other files than those of {candidate.name}: evaluate them")
    if comparison.champion != champion:
        grounds.append(
            f"the report compares with {comparison.champion.name}, or other files of that name, and {champion.name} "
            "serves: evaluate against it"
        )
    missing = [name for name in required if name not in comparison.frozen]
    if missing:
        grounds.append(f"it was not measured on {', '.join(missing)}: evaluate it")
    for name, measured in comparison.frozen.items():
        loss = measured.loss()
        if loss is not None:
            grounds.append(f"it loses on {name}: {loss}")
    return grounds
