"""An imitation given away by its spelling alone: the photo shows a near miss of the name of a brand in question.

Reset in another typeface, the name resembles none of the brand's marks, so nothing else finds it. The brand is in
question because the listing names it, or because its genuine symbol is there: sellers put a false name beside a true
symbol. A line that lies in a mark already found is skipped: it was read when that mark was verified.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from index.interface import Hit, IndexView
from model.bundle import ModelBundle
from model.calibration import Shares
from model.reading import Line, Reading
from model.reference_views import shows_product
from model.regions import Region, RgbImage
from serve.scanning.candidates import MAX_CANDIDATES, MOST_REFERENCES, References, StoredReference, Suspect
from serve.scanning.sought import Speaks
from serve.scanning.verification import Verified, rounded_scores
from serve.text.brand_words import BrandWords, may_be_missed
from serve.text.letters import folded
from serve.text.naming import is_everyday

SHORTEST = 4
"""Letters of a name that is missed only beyond doubt, and by no everyday word. In 150 photos of garments no line misses
so any of 395 names of four letters, and in 144 of marks none their own.
"""

EITHER_WAY = Shares(0.5, 0.0, 0.5)
"""Before it is read, a name is as soon the brand's as an imitation of it."""


def misspelt_names(
    image: RgbImage,
    lines: Sequence[Line],
    brands: Mapping[str, Speaks],
    *,
    beside: Sequence[Verified],
    words: BrandWords,
    state: IndexView,
    references: References,
    bundle: ModelBundle,
) -> list[Verified]:
    """For each of `brands` (ids) the line that misses its name by a letter or a few.

    What stands in a mark of `beside` whose reference has words was compared with them. A line that is some brand's word
    is no near miss of another's. Nothing is misspelt where the name stands as it should, or as it is read in one of the
    brand's own logos: recognition takes drawn letters for others.
    """
    if not brands or not lines:
        return []
    unowned = [line for line in lines if not words.stand_in(line.text)]
    found = []
    for brand_id, speaks in brands.items():
        names = [word for word in words.of(brand_id) if may_be_missed(word) or len(word) >= SHORTEST]
        if _any_as_known(names, lines):
            continue
        missed = [(reading, line) for line in unowned for reading in _readings(names, line)]
        near = [one for one in missed if _misses(*one) and not _was_compared(one[1], beside, bundle)]
        if not near:
            continue
        reading, line = max(near, key=lambda one: (one[0].confidence, one[1].box.area))
        vector = bundle.embedder.embed([line.box.crop(image)])
        logos = _logos(vector, brand_id=brand_id, state=state, references=references)
        if logos and not _any_as_known([bundle.reader.known(logo.prepared) for _, logo in logos], lines):
            found.append(_misspelt(reading, line, logos[0], speaks=speaks, bundle=bundle))
    return found


def _misses(reading: Reading, line: Line) -> bool:
    """Whether the line misses a name, of the shortest of which many a word is a letter off."""
    if may_be_missed(folded(reading.known)):
        return reading.misses_letters
    return reading.outcome == "surely_near_miss" and not any(is_everyday(folded(word)) for word in line.text.split())


def _was_compared(line: Line, marks: Sequence[Verified], bundle: ModelBundle) -> bool:
    """Whether the line lies in a mark whose reference has words: they were laid on each other."""
    return any(line.lies_in(one.place) and bundle.reader.known(one.reference.prepared) for one in marks)


def _readings(names: Iterable[str], line: Line) -> list[Reading]:
    """The line beside each of `names`, small and with a capital, which some typefaces draw as another small letter."""
    return [Reading.of(written, line) for name in names if name for written in (name, name.capitalize())]


def _any_as_known(names: Sequence[str], lines: Sequence[Line]) -> bool:
    return any(reading.outcome == "as_known" for line in lines for reading in _readings(names, line))


def _logos(
    vector: NDArray[np.float32], *, brand_id: str, state: IndexView, references: References
) -> list[tuple[Hit, StoredReference]]:
    """The brand's logos that are most like the region with the `vector` (1, 256), at most `MAX_CANDIDATES`."""
    (hits,) = state.search_brand(vector, brand_id=brand_id, references=MOST_REFERENCES)
    known = ((hit, references.get(hit.reference_id)) for hit in hits if not shows_product(hit.view))
    return [(hit, reference) for hit, reference in known if reference is not None][:MAX_CANDIDATES]


def _misspelt(
    reading: Reading, line: Line, logo: tuple[Hit, StoredReference], *, speaks: Speaks, bundle: ModelBundle
) -> Verified:
    hit, reference = logo
    imitation = bundle.verifier.after_reading(EITHER_WAY, reading).imitation
    return Verified(
        suspect=Suspect(
            0, Region(line.box, line.confidence, "line"), hit, 0.0, None, claimed=speaks is not Speaks.MARK
        ),
        place=line.box,
        reference=reference,
        similarity=hit.similarity,
        verified=imitation,
        kind="imitation",
        scores=rounded_scores(0.0, 0.0, imitation),
        reasons=[f"{reading.difference()}, and {speaks} {reference.brand}"],
    )
