"""The worst verdicts as a sheet: what was shown, the reference, where they were said to differ, and what was said.

A figure says how often the verdict errs; only the pictures say why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from model.alignment import PreparedReference
from model.bundle import ModelBundle
from model.calibration import Shares
from model.preprocessing import letterbox
from model.regions import RgbImage
from model.verifier import Explanation, Kind, likeliest
from training.evaluation.report import Progress
from training.evaluation.verdict_cases import Case, CaseSet
from training.evaluation.verdict_judges import ReleasedVerifier

_TILE = 132
_CAPTION = 18


@dataclass(frozen=True, slots=True)
class _Judged:
    case: Case
    reference: PreparedReference
    shares: Shares
    explanation: Explanation

    @property
    def given(self) -> float:
        """Probability given to what the case is, should the mark be the brand's at all."""
        return float(getattr(self.shares, self.case.kind))

    @property
    def said(self) -> Kind:
        """The kind that it was taken for."""
        return likeliest(self.shares)


def draw_errors(path: Path, cases: CaseSet, *, bundle: ModelBundle, each: int, columns: int, progress: Progress) -> int:
    """Write a PNG or JPEG of the `each` cases of every kind whose truth was thought least probable; returns how many.

    Only cases that are called another kind are errors. A sheet without any is an error of the caller: ValueError.
    """
    verifier = ReleasedVerifier(cases.references, bundle)
    related = [case for case in cases.cases if case.kind != "unrelated"]
    judged = []
    for case in progress(related, len(related), "verdicts"):
        compared = verifier.compared(case)
        shares = bundle.verifier.scores(compared).shares
        said = likeliest(shares)
        if said != case.kind:
            judged.append(
                _Judged(case, compared.examined.reference, shares, bundle.verifier.explain(compared, kind=said))
            )
    if not judged:
        raise ValueError("no verdict was wrong: there is nothing to draw")
    judged.sort(key=lambda one: one.given)
    worst = [one for kind in ("genuine", "smear", "imitation") for one in _of(kind, judged)[:each]]
    tiles = [_tile(one) for one in worst]
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (-len(tiles) % columns)
    sheet = np.vstack([np.hstack(tiles[row : row + columns]) for row in range(0, len(tiles), columns)])
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)):
        raise OSError(f"cannot write {path}")
    return len(worst)


def _of(kind: str, judged: Sequence[_Judged]) -> list[_Judged]:
    return [one for one in judged if one.case.kind == kind]


def _tile(one: _Judged) -> RgbImage:
    """Region, reference and the aligned region with the difference in red, over a line of words."""
    pictures = [
        letterbox(picture, size=_TILE - 4)
        for picture in (one.case.region, one.reference.picture, _marked(one.explanation))
    ]
    body = np.hstack(
        [cv2.copyMakeBorder(picture, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(255,) * 3) for picture in pictures]
    )
    caption = np.full((_CAPTION, body.shape[1], 3), 255, np.uint8)
    edit = f" ({one.case.edit})" if one.case.edit else ""
    words = f"{one.case.kind}{edit} called {one.said}, own {one.given:.2f}"
    cv2.putText(caption, words, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([body, caption])


def _marked(explanation: Explanation) -> RgbImage:
    """The aligned region with what is thought to be changed in red."""
    weight = explanation.difference[..., None] * 0.7
    return np.asarray(np.rint(explanation.aligned * (1 - weight) + np.array([255, 0, 0]) * weight), np.uint8)
