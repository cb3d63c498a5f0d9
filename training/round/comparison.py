"""Candidate and champion on the same pictures: `evaluation.json` in the candidate's folder, which promotion reads.

Scores and the candidate's less the champion's, each with the 95 % interval of a bootstrap that draws units anew, each
whole: brands, and for labels the pictures, however many regions each has.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.alignment import prepare_reference
from model.bundle import ModelBundle, load_bundle
from model.whole_files import write_whole
from training.evaluation.intervals import Estimate, shares_interval
from training.evaluation.provenance import commit
from training.evaluation.report import Progress
from training.evaluation.verdicts import roc_auc
from training.round.frozen import FrozenSets, Scores, VerdictSet
from training.round.labels import Label, LabelSet, divided, read_labels
from training.round.scans import ScanSet
from training.round.teaching import NOT_A_MARK

FILE = "evaluation.json"


@dataclass(frozen=True, slots=True)
class Pictures:
    """What both models are measured on: frozen sets, an export of labels and whole scans; None for none."""

    frozen: FrozenSets
    labels: Path | None
    scans: ScanSet | None


def compare(candidate: Path, champion: Path, *, pictures: Pictures, progress: Progress) -> dict[str, Any]:
    """Measure both, write the report beside the candidate's files, and return it.

    Raises `BundleRejected`, `LabelsMissing`, and with `scans` also `ServiceFailed`.
    """
    folders = (candidate, champion)
    bundles = (load_bundle(candidate), load_bundle(champion))
    recognition = pictures.frozen.recognition
    named = [recognition.scores(one) for one in progress(bundles, 2, "recognition")]
    frozen = {"recognition": _measured(recognition.fingerprint, named, units=recognition.units)}
    for name, judged in pictures.frozen.verdicts.items():
        frozen[name] = _verdicts(judged, bundles, progress=progress, name=name)
    if (scans := pictures.scans) is not None:
        answered = [scans.scores(one, progress=progress) for one in folders]
        frozen["scans"] = _measured(scans.fingerprint, answered, units=scans.units)
    report = {
        "format": 2,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "candidate": _named(candidate),
        "champion": _named(champion),
        "frozen": frozen,
        "labels": _on_labels(pictures.labels, bundles, progress=progress),
    }
    write_whole(candidate / FILE, json.dumps(report, indent=2) + "\n")
    return report


def weighted_mean(scores: Scores, *, weights: Scores, unit: NDArray[np.generic] | list[str]) -> Estimate:
    """The mean of `scores` (n,) by `weights` (n,); what is of one `unit` (n,) is drawn together."""
    _, place = np.unique(np.asarray(unit), return_inverse=True)
    weights = weights / weights.mean()
    parts = np.bincount(place, weights=scores * weights)
    return shares_interval(np.asarray(parts, np.float64), np.asarray(np.bincount(place, weights=weights), np.float64))


def _named(folder: Path) -> dict[str, str]:
    manifest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    return {"name": folder.resolve().name, "manifest": manifest}


def _measured(
    fingerprint: str, scores: list[Scores], *, units: list[str], weights: Scores | None = None
) -> dict[str, Any]:
    """One set of the report."""
    candidate, champion = scores
    weights = np.ones(len(candidate)) if weights is None else weights
    figures = {"candidate": candidate, "champion": champion, "difference": candidate - champion}
    means = {name: weighted_mean(one, weights=weights, unit=units) for name, one in figures.items()}
    return {
        "fingerprint": fingerprint,
        "units": len(set(units)),
        **{name: {"value": mean.value, "low": mean.low, "high": mean.high} for name, mean in means.items()},
    }


def _verdicts(
    judged: VerdictSet, bundles: tuple[ModelBundle, ModelBundle], *, progress: Progress, name: str,
    weights: Scores | None = None,
) -> dict[str, Any]:  # fmt: skip
    tampered = [judged.tampered(bundle) for bundle in progress(bundles, 2, name)]
    scores = [judged.scores(one) for one in tampered]
    measured = _measured(judged.fingerprint, scores, units=judged.units, weights=weights)
    areas = [_area(one, judged.truth) for one in tampered]
    return {**measured, "roc_auc": dict(zip(("candidate", "champion"), areas, strict=True))}


def _area(tampered: Scores, truth: Scores) -> float | None:
    """ROC AUC against the likelier truth; None where there is but one."""
    area = roc_auc(tampered[truth > 0.5], tampered[truth <= 0.5])
    return None if np.isnan(area) else area


def _on_labels(
    folder: Path | None, bundles: tuple[ModelBundle, ModelBundle], *, progress: Progress
) -> dict[str, dict[str, Any]]:
    """The sets of labels that no round is taught by; one without a label about a mark is left out."""
    if folder is None:
        return {}
    labels = read_labels(folder)
    found = {}
    for name, group in divided(labels.labels).examining.items():
        about_marks = [label for label in group if label.kind != NOT_A_MARK and label.weight > 0]
        if about_marks:
            found[name] = _verdicts(
                _label_set(labels, about_marks), bundles, progress=progress, name=name,
                weights=np.array([label.weight for label in about_marks]),
            )  # fmt: skip
    return found


def _label_set(labels: LabelSet, group: list[Label]) -> VerdictSet:
    names = sorted({label.reference for label in group})
    pictures = {label.reference: labels.reference(label) for label in group}
    return VerdictSet(
        [labels.region(label) for label in group],
        [labels.region(label, margin=0.0) for label in group],
        [pictures[name] for name in names],
        [prepare_reference(pictures[name]) for name in names],
        np.array([names.index(label.reference) for label in group], np.intp),
        np.array([label.target for label in group], np.float64),
        [label.picture for label in group],
    )
