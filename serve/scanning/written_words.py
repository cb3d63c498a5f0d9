"""Words of brands that stand in a picture: where they are read, and which regions they speak for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.bundle import ModelBundle
from model.reading import Line, stacks
from model.regions import Region, RgbImage
from serve.text.brand_words import BrandWords, Spelled


@dataclass(frozen=True, slots=True)
class Written:
    """A line in a picture, and the brands' words that it spells."""

    line: Line
    spelled: list[Spelled]

    @property
    def region(self) -> Region:
        """The place of the line, which no detector need have proposed."""
        return Region(self.line.box, 1.0, "line")


def lines_in(image: RgbImage, vectors: NDArray[np.float32], *, bundle: ModelBundle) -> list[Line]:
    """The lines of a picture, read where one of the regions with the `vectors` (n, 256) looks like words; after them
    those that stand below each other, as one.
    """
    readable = bundle.calibration.readable
    lines = bundle.reader.lines(image) if (readable.values(vectors) >= readable.least).any() else []
    return [*lines, *stacks(lines)]


def written_in(lines: Sequence[Line], *, words: BrandWords) -> list[Written]:
    """Those of the lines that spell a brand's word; of lines that stand below each other, whose words are a name from
    the first to the last, none that spell it alone.
    """
    alone = {line: words.spelled(line.text) for line in lines if not line.stacked}

    def together(line: Line) -> list[Spelled]:
        known = {word.brand_id for part in line.stacked for word in alone[part]}
        return [word for word in words.spelled(line.text.replace(" ", "")) if word.brand_id not in known]

    found = [Written(line, together(line) if line.stacked else alone[line]) for line in lines]
    return [one for one in found if one.spelled]


def words_by_place(written: Sequence[Written], regions: Sequence[Region]) -> dict[int, list[Spelled]]:
    """By number of the region, the words that stand in it, no brand twice.

    A word in a picture does not speak for the whole of it.
    """
    found: dict[int, list[Spelled]] = {}
    for number, region in enumerate(regions):
        if region.is_a_picture:
            continue
        brands: dict[str, Spelled] = {}
        for word in (word for one in written if one.line.lies_in(region.box) for word in one.spelled):
            known = brands.get(word.brand_id)
            if known is None or (known.kind, word.kind) == ("near", "exact"):
                brands[word.brand_id] = word
        if brands:
            found[number] = list(brands.values())
    return found
