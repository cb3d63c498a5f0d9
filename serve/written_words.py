"""Words of brands that stand in a picture: where they are read, and which regions they speak for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from model.bundle import ModelBundle
from model.reading import Line
from model.regions import Box, Region, RgbImage
from serve.brand_words import BrandWords, Spelled

NEARLY = 1.4
"""How much less surely than one that is read a region may look like words and still be looked at beside it."""

ROOM = 0.25
"""Of the longer side of a place that looks like words: how far around it lines are looked for."""


@dataclass(frozen=True, slots=True)
class Written:
    """A line in a picture, and the brands' words that it spells."""

    line: Line
    spelled: list[Spelled]

    @property
    def region(self) -> Region:
        """The place of the line, which no detector need have proposed."""
        return Region(self.line.box, 1.0)


def written_in(
    image: RgbImage, regions: Sequence[Region], vectors: NDArray[np.float32], *, bundle: ModelBundle, words: BrandWords
) -> list[Written]:
    """The lines that spell a brand's word, where one of the `regions` looks like words by its vector in (n, 256).

    They are looked for around it and all that nearly looks so: of a word's boxes, one is surer than the others.
    """
    readable = bundle.calibration.readable
    values = readable.values(vectors)
    if not (values >= readable.least).any():
        return []
    nearly = [region.box for region, value in zip(regions, values, strict=True) if value >= readable.least - NEARLY]
    found = bundle.reader.lines(image, place=_with_room(reduce(Box.hull, nearly)))
    written = [Written(line, words.spelled(line.text)) for line in found]
    return [one for one in written if one.spelled]


def words_by_place(written: Sequence[Written], regions: Sequence[Region]) -> dict[int, list[Spelled]]:
    """By number of the region, the words that stand in it, no brand twice."""
    found: dict[int, list[Spelled]] = {}
    for number, region in enumerate(regions):
        brands: dict[str, Spelled] = {}
        for word in (word for one in written if one.line.lies_in(region.box) for word in one.spelled):
            known = brands.get(word.brand_id)
            if known is None or (known.kind, word.kind) == ("near", "exact"):
                brands[word.brand_id] = word
        if brands:
            found[number] = list(brands.values())
    return found


def _with_room(place: Box) -> Box:
    room = ROOM * max(place.width, place.height)
    return Box(place.x - room, place.y - room, place.width + 2 * room, place.height + 2 * room)
