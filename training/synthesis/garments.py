"""Real marks on real garments of second-hand sellers (`clothing`, CC0), boxed by hand once (`garment_marks.csv`).

Every mark of a photo is in the table, tightly boxed, a lock-up as one; what may be a mark is in it as `ignored`:
figures without letters, labels that cannot be read. Marks of brands that figures are reported on are ignored too.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model.regions import Box
from training.synthesis.known_marks import MARKS
from training.synthesis.logos import is_held_out
from training.synthesis.packages import IGNORED


@dataclass(frozen=True, slots=True)
class BoxedGarment:
    """A photo with the boxes of its marks, in its pixels; in the `ignored` ones nothing is asked for.

    `is_held_out` when it shows the mark of a brand that figures are reported on.
    """

    path: Path
    marks: tuple[Box, ...]
    ignored: tuple[Box, ...]
    is_held_out: bool


def boxed_garments(data: Path) -> list[BoxedGarment]:
    """The boxed photos of the folder `clothing` under `data`; those that are not there are left out."""
    rows: dict[str, list[tuple[str, Box]]] = defaultdict(list)
    with MARKS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            x1, y1, x2, y2 = (int(row[name]) for name in ("x1", "y1", "x2", "y2"))
            rows[row["file"]].append((row["mark"], Box(x1, y1, x2 - x1, y2 - y1)))
    found = [_garment(data / "clothing" / "images" / name, boxes) for name, boxes in sorted(rows.items())]
    return [garment for garment in found if garment.path.exists()]


def _garment(path: Path, boxes: Sequence[tuple[str, Box]]) -> BoxedGarment:
    held_out = {name for name, _ in boxes if is_held_out(name.replace(" ", ""))}
    teaches = [name != IGNORED and name not in held_out for name, _ in boxes]
    marks, ignored = (
        tuple(box for (_, box), asked in zip(boxes, teaches, strict=True) if asked == wanted)
        for wanted in (True, False)
    )
    return BoxedGarment(path, marks, ignored, bool(held_out))
