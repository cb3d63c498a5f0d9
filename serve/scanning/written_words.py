"""Words of brands that stand in a picture: where they are read, and which regions they speak for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.bundle import ModelBundle
from model.calibration import READABLE_PLACES
from model.reading import Line, stacks
from model.regions import Box, Region, RgbImage
from serve.text.brand_words import BrandWords, Spelled

LIKE_WORDS = -1.0
"""What `Readable` says of a region from which it is read by itself. Of 144 tuning photos seven more say their brand's
name so, of which 52 do by the lines that are found; half of the photos pay for one more line.
"""

MOST_OVERLOOKED = 3
"""Regions that are read so in a picture, at most."""

LEAST_SHAPE = 1.1
"""Width of such a region over its height, at least."""

SHARED = 0.4
"""Of the smaller of two boxes: where they share more they hold the same line."""


@dataclass(frozen=True, slots=True)
class Written:
    """A line in a picture, and the brands' words that it spells."""

    line: Line
    spelled: list[Spelled]

    @property
    def region(self) -> Region:
        """The place of the line, which no detector need have proposed."""
        return Region(self.line.box, 1.0, "line")


def lines_in(
    image: RgbImage, regions: Sequence[Region], vectors: NDArray[np.float32], *, bundle: ModelBundle
) -> list[Line]:
    """The lines of a picture, whose first region is all of it, read where one of the next regions with the `vectors`
    (n, 256) looks like words; those that were overlooked there; and after them those that stand below each other, as
    one.
    """
    looks = bundle.calibration.readable.values(vectors)
    worth_reading = (looks[1 : 1 + READABLE_PLACES] >= bundle.calibration.readable.least).any()
    lines = bundle.reader.lines(image) if worth_reading else []
    lines += overlooked(image, regions, looks, lines=lines, bundle=bundle)
    return [*lines, *stacks(lines)]


def overlooked(
    image: RgbImage,
    regions: Sequence[Region],
    looks: NDArray[np.float32],
    *,
    lines: Sequence[Line],
    bundle: ModelBundle,
) -> list[Line]:
    """The lines that the regions likest to words hold where none of `lines` was found: what finds lines has learnt
    them in print, what proposes regions as marks are drawn.
    """
    taken = [line.box for line in lines]
    likely: list[Box] = []
    for number in np.argsort(-looks, kind="stable"):
        box = regions[number].box
        if looks[number] < LIKE_WORDS or len(likely) == MOST_OVERLOOKED:
            break
        if box.width >= LEAST_SHAPE * box.height and not any(_overlap(box, one) for one in (*taken, *likely)):
            likely.append(box)
    read = [bundle.reader.line_in(image, box) for box in likely]
    return [line for line in read if line is not None]


def _overlap(box: Box, other: Box) -> bool:
    return box.intersection(other) >= SHARED * min(box.area, other.area)


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
