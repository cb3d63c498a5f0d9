"""Photos of garments that show a mark of a brand that figures are reported on: nothing may learn from them."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from training.synthesis.logos import is_held_out

MARKS = Path(__file__).with_name("garment_marks.csv")


def shows_held_out(name: str) -> bool:
    """Whether the photo of that file name is known to show such a mark (`garment_marks.csv`, boxed by hand)."""
    return name in _held_out()


@cache
def _held_out() -> frozenset[str]:
    with MARKS.open(encoding="utf-8", newline="") as lines:
        return frozenset(row["file"] for row in csv.DictReader(lines) if is_held_out(row["mark"].replace(" ", "")))
