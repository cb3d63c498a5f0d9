"""A smear of which nothing of the mark is left: a tampered place in a photo, and what else speaks for the brand.

The listing names it or shows its mark in another picture, its seller infringed marks of it before, or the photo is
that of a known fake of its, or shows a product of its.

Neither says anything alone. Where the brand's mark was found elsewhere in the photo, the seller shows it, and a covered
place may be a face or a price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial

from index.interface import Hit, IndexView
from model.bundle import ModelBundle
from model.calibration import TamperedPlace
from model.reference_views import shows_product
from model.regions import Region, RgbImage
from model.tampering import Patch
from serve.scanning.candidates import MOST_REFERENCES, References, Suspect
from serve.scanning.results import FindingScores
from serve.scanning.verification import Verified


class Speaks(StrEnum):
    """What speaks for a brand beside what is looked at, as it is put before the brand's name."""

    LISTING = "the listing names"
    OTHER_PICTURE = "another picture of the listing shows a mark of"
    SELLER = "the seller was found to infringe marks of"
    KNOWN_FAKE = "the photo is that of a known fake of"
    PRODUCT = "the photo shows a product of"
    MARK = "it stands beside a mark of"


def covered_marks(
    image: RgbImage,
    brands: Mapping[str, Speaks],
    *,
    places: Sequence[Patch],
    pictures: int,
    state: IndexView,
    references: References,
    bundle: ModelBundle,
) -> list[Verified]:
    """For each of `brands` (ids), none of which was found, the place where its mark was made unreadable.

    `places` of `image`, which shows so many `pictures` side by side, were tampered with.
    """
    if not places or not brands:
        return []
    vectors = bundle.embedder.embed([patch.box.crop(image) for patch in places])
    found = []
    for brand_id, speaks in brands.items():
        covered = partial(_covered, speaks=speaks, pictures=pictures, bundle=bundle, references=references)
        rows = state.search_brand(vectors, brand_id=brand_id, references=MOST_REFERENCES)
        marks = [
            covered(number, patch, row) for number, (patch, row) in enumerate(zip(places, rows, strict=True)) if row
        ]
        passing = [mark for mark in marks if mark is not None]
        found += [max(passing, key=lambda mark: mark.scores.smear)] if passing else []
    return found


def _covered(
    number: int, patch: Patch, hits: Sequence[Hit], *, speaks: Speaks, pictures: int, bundle: ModelBundle,
    references: References,
) -> Verified | None:  # fmt: skip
    """`hits` are the brand's references, the likest first; what should stand there is shown by its likest logo."""
    hit, logo = hits[0], next((one for one in hits if not shows_product(one.view)), hits[0])
    covered, reference = bundle.calibration.covered, references.get(logo.reference_id)
    probability = covered.probability(TamperedPlace(patch.probability, patch.share, hit.similarity, pictures))
    if reference is None or probability < covered.finding_probability:
        return None
    smear = round(probability, 4)
    return Verified(
        suspect=Suspect(
            number,
            Region(patch.box, patch.probability, "tampered"),
            hit,
            0.0,
            None,
            claimed=speaks is not Speaks.PRODUCT,
        ),
        place=patch.box,
        reference=reference,
        similarity=hit.similarity,
        realigned=None,
        agreeing=None,
        tampered=patch.probability,
        verified=probability,
        kind="smear",
        scores=FindingScores(genuine=0.0, smear=smear, imitation=0.0, unrelated=round(1.0 - smear, 4)),
        reasons=[
            f"a place that takes {max(round(100 * patch.share), 1)} % of the photo was made unreadable, "
            f"and {speaks} {reference.brand}"
        ],
        aligned=None,
        difference=None,
    )
