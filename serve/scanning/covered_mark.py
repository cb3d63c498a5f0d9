"""A smear of which nothing of the mark is left: a tampered place in a photo, and what else speaks for the brand.

What points to the brand: the listing names it, or shows its mark in another picture; its seller infringed its marks
before; or the photo is one of its known fakes, or shows one of its products.

A tampered place alone proves nothing, and neither does a named brand. Where the brand's mark is visible elsewhere in
the photo the seller is not hiding it: what is covered may be a face or a price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from index.interface import Hit, IndexView
from model.bundle import ModelBundle
from model.calibration import TamperedPlace
from model.reference_views import shows_product
from model.regions import Region, RgbImage
from model.tampering import TamperedPatch
from serve.scanning.candidates import MOST_REFERENCES, References, Suspect
from serve.scanning.results import FindingScores
from serve.scanning.sought import Speaks
from serve.scanning.verification import Verified

SHOWN = 0.5
"""A tampered place of which a visibly genuine mark covers at least this share was not made unreadable."""

SMALLEST = 64
"""Pixels of the longer side of a picture from which marks can be made unreadable in it: in smaller ones none can be
read.
"""

PROBABLY = 0.5
"""Probability from which a mark is genuine rather than anything else."""


def unreadable(places: Sequence[TamperedPatch], *, beside: Sequence[Verified]) -> list[TamperedPatch]:
    """The tampered `places` that are not mostly covered by a mark of any brand among `beside` that is plain to see.

    A genuine mark that covers less than half of a place may stand next to what was made unreadable.
    """
    seen = [one.place for one in beside if _is_plain_to_see(one)]
    return [patch for patch in places if all(mark.intersection(patch.box) < SHOWN * patch.box.area for mark in seen)]


def _is_plain_to_see(one: Verified) -> bool:
    """Whether a mark is probably genuine, and keypoints or a word of it say so, too.

    A merely possible mark does not count: an unreadable place resembles some mark or other (0.40 to 0.45 on three
    tuning photos). Nor does one without a detail that agrees: a bar is as much like a frame as that frame is. Of a
    product's photo keypoints are not counted (None): it agreed as a whole.
    """
    has_detail = one.agreeing != 0 or one.suspect.spelled is not None
    return one.kind == "genuine" and one.scores.genuine > PROBABLY and has_detail


def covered_marks(
    image: RgbImage,
    brands: Mapping[str, Speaks],
    *,
    places: Sequence[TamperedPatch],
    pictures: int,
    state: IndexView,
    references: References,
    bundle: ModelBundle,
) -> list[Verified]:
    """For each of `brands` (ids), none of which was found, the place where its mark was made unreadable.

    `places` of `image`, which shows so many `pictures` side by side, were tampered with.
    """
    if not places or not brands or max(image.shape[:2]) < SMALLEST:
        return []
    vectors = bundle.embedder.embed([patch.box.crop(image) for patch in places])
    found = []
    for brand_id, speaks in brands.items():
        covered = partial(_covered, image, speaks=speaks, pictures=pictures, bundle=bundle, references=references)
        rows = state.search_brand(vectors, brand_id=brand_id, references=MOST_REFERENCES)
        marks = [
            covered(number, patch, row) for number, (patch, row) in enumerate(zip(places, rows, strict=True)) if row
        ]
        passing = [mark for mark in marks if mark is not None]
        found += [max(passing, key=lambda mark: mark.scores.smear)] if passing else []
    return found


def _covered(
    image: RgbImage, number: int, patch: TamperedPatch, hits: Sequence[Hit], *, speaks: Speaks, pictures: int,
    bundle: ModelBundle, references: References,
) -> Verified | None:  # fmt: skip
    """`hits` are the brand's references, the likest first; what should stand there is shown by its likest logo."""
    hit, logo = hits[0], next((one for one in hits if not shows_product(one.view)), hits[0])
    covered, reference = bundle.calibration.covered, references.get(logo.reference_id)
    probability = covered.probability(TamperedPlace(patch.probability, patch.share, hit.similarity, pictures))
    if reference is None or probability < covered.finding_probability:
        return None
    smear = round(probability, 4)
    height, width = image.shape[:2]
    place = patch.box.clipped(width=width, height=height)
    taken = max(round(100 * place.area / (width * height)), 1)
    return Verified(
        suspect=Suspect(
            number,
            Region(place, patch.probability, "tampered"),
            hit,
            0.0,
            None,
            claimed=speaks is not Speaks.PRODUCT,
        ),
        place=place,
        reference=reference,
        similarity=logo.similarity,
        tampered=patch.probability,
        verified=probability,
        kind="smear",
        scores=FindingScores(genuine=0.0, smear=smear, imitation=0.0, unrelated=round(1.0 - smear, 4)),
        reasons=[f"a place that takes {taken} % of the photo was made unreadable, and {speaks} {reference.brand}"],
    )
