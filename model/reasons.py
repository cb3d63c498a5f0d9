"""A verdict's reasons in words, from the evidence and the places that were changed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import PreparedReference
from model.comparison import CELLS, Cells, PairMeasurements
from model.regions import RgbImage

_HUES = (
    (8, "red"),
    (22, "orange"),
    (34, "yellow"),
    (85, "green"),
    (100, "turquoise"),
    (130, "blue"),
    (150, "violet"),
    (170, "pink"),
    (181, "red"),
)
"""Upper ends of hue in OpenCV's 0..180, and their names."""


_TILED = 0.4
"""From which `tiling` on a smear is called a mosaic: of marks for tuning 0.71 of the mosaics are, 0.03 of the blurs."""

_CHANGED = 0.35
"""Share of a cell from which it counts as changed."""


def reasons_for(
    kind: str, evidence: PairMeasurements, *, changed: Cells, region: RgbImage, reference: PreparedReference
) -> list[str]:
    """Why `kind`, strongest first; empty for `genuine`.

    `changed` says what share of each cell was changed; `region` is the pair's frame.
    """
    if kind == "smear":
        return [_smear(evidence, changed)]
    if kind == "imitation":
        return _imitation(evidence, changed, region, reference.frame)
    return []


def _smear(evidence: PairMeasurements, changed: Cells) -> str:
    share = round(100 * float(changed.mean()))
    if evidence.tiling > _TILED:
        what = "mosaic"
    elif evidence.sharpness < evidence.rim_sharpness - 0.35:
        what = "blur"
    elif evidence.flat > 0.25 or evidence.missing > 0.35:
        what = "covered or wiped out"
    else:
        what = "overlaid"
    place = "" if share > 60 else f", at the {_where(changed)}"
    return f"{what} over {max(share, 1)} % of the mark{place}"


def _imitation(evidence: PairMeasurements, changed: Cells, region: RgbImage, reference: RgbImage) -> list[str]:
    reasons = []
    if evidence.mirror_gain > 0.08:
        reasons.append("mirrored")
    if evidence.hue_gap > 0.22:
        seen, known = _main_colour(region), _main_colour(reference)
        if seen != known:
            reasons.append(f"colours differ: {seen} for {known}")
    for word, cells in (("part missing", evidence.missing_cells), ("something added", evidence.extra_cells)):
        there = cells * (changed > _CHANGED)
        if float(there.mean()) > 0.03:
            reasons.append(f"{word} at the {_where(there)}")
    if abs(evidence.stretch) > 0.35:
        reasons.append("wider than the genuine mark" if evidence.stretch > 0 else "taller than the genuine mark")
    if not reasons:
        reasons.append(f"shape differs at the {_where(changed)}")
    return reasons


def _where(cells: Cells) -> str:
    """The place of most of the weight: `upper left`, `right`, `middle` and so on."""
    weight = np.maximum(cells, 0) ** 2
    total = float(weight.sum())
    if total <= 0:
        return "middle"
    axis = (np.arange(CELLS) + 0.5) / CELLS
    y, x = float((weight.sum(axis=1) * axis).sum()) / total, float((weight.sum(axis=0) * axis).sum()) / total
    vertical = "upper" if y < 0.4 else "lower" if y > 0.6 else ""
    horizontal = "left" if x < 0.4 else "right" if x > 0.6 else ""
    if vertical and horizontal:
        return f"{vertical} {horizontal}"
    return {"upper": "top", "lower": "bottom", "": horizontal or "middle"}[vertical]


def _main_colour(picture: RgbImage) -> str:
    """The name of the commonest vivid colour, `grey` where there is none."""
    small = cv2.resize(picture, (32, 32), interpolation=cv2.INTER_AREA)
    hsv: NDArray[np.uint8] = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2HSV), np.uint8)
    vivid = hsv[(hsv[..., 1] > 80) & (hsv[..., 2] > 50)]
    if len(vivid) < 30:
        return "grey"
    names = [next(name for end, name in _HUES if hue < end) for hue in vivid[:, 0].tolist()]
    return max(sorted(set(names)), key=names.count)
