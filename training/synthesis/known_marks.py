"""Which brands' marks garments are known to show: nothing may learn from marks of brands that figures are reported on.

Some of the garments were looked at, each mark boxed by hand (`garment_marks.csv`); of the others nothing is known.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection
from functools import cache
from pathlib import Path

from training.synthesis.logos import is_held_out

MARKS = Path(__file__).with_name("garment_marks.csv")


def shows_held_out(name: str) -> bool:
    """Whether the photo of that file name is known to show the mark of a brand that figures are reported on."""
    return any(map(is_held_out, _brands_shown().get(name, ())))


def shows_any_of(name: str, brands: Collection[str]) -> bool:
    """Whether the photo of that file name is known to show the mark of one of `brands`, which are keys of logos."""
    return not _brands_shown().get(name, frozenset()).isdisjoint(brands)


@cache
def _brands_shown() -> dict[str, frozenset[str]]:
    """By file the brands, as keys of logos ("tommyhilfiger")."""
    shown: dict[str, set[str]] = defaultdict(set)
    with MARKS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            shown[row["file"]].add(row["mark"].replace(" ", ""))
    return {name: frozenset(brands) for name, brands in shown.items()}
