"""What follows from a brand's own product photo: where its logo is, and whether a copy wiped it.

The places are found once, when the reference is uploaded, by the logos that the brand has uploaded before it, and
stored with it, so that a replay compares what the scan compared. A reference from before they were stored gets its
places when it is first loaded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog
from sqlalchemy import update

from model.alignment import PreparedReference
from model.logo_marks import logo_marks
from model.logo_places import Detect
from model.own_logos import OwnLogos, product_places
from model.photo_copy import PhotoMatch
from model.place_patches import PreparedPlace, box_in_copy, prepared_places
from model.regions import Box, Region, RgbImage
from model.wiped_places import Weights, Wiped, wiped
from serve.database.engine import Database
from serve.database.tables import Reference, ReferenceKind

StoredPlaces = list[list[float]]
"""Places as the database has them: left, top, width and height in pixels of the uploaded picture.

A product's have how sure it is, 0..1, that a mark is there as well.
"""

LEAST_INSIDE = 0.8
"""Share of a place that must lie in what was compared, where a frame or another ground may be around it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WipedPlace:
    """A logo place of a copied photo that was wiped: `box` in pixels of the scanned image, and what was compared."""

    box: Box
    wiped: Wiped


def found_places(
    picture: RgbImage, *, kind: ReferenceKind, detect: Detect, own: OwnLogos | None = None
) -> StoredPlaces:
    """The logo places of a product reference's upright `picture`, or the marks within a logo's, to be stored.

    `own` are the logos that the brand has uploaded already, which a product's places are compared with.
    """
    if kind == "product":
        found = product_places(picture, detect=detect, own=own)
        return [[*_stored(place.box), round(place.score, 4)] for place in found]
    return [_stored(mark) for mark in logo_marks(picture, detect=detect)]


def _stored(box: Box) -> list[float]:
    return [round(float(side), 1) for side in box]


def stored_places(
    database: Database, reference_id: str, places: StoredPlaces | None, *, picture: RgbImage, kind: ReferenceKind,
    detect: Detect,
) -> StoredPlaces:  # fmt: skip
    """`places`; where they are None, the reference is older than them: they are found, and stored for every process."""
    if places is not None:
        return places
    found = found_places(picture, kind=kind, detect=detect)
    with database.write() as session:
        row = Reference.id == reference_id, Reference.logo_places.is_(None)
        session.execute(update(Reference).where(*row).values(logo_places=found))
        kept = session.get(Reference, reference_id)
        if kept is not None and kept.logo_places is not None:
            found = kept.logo_places
    log.info("found the logo places of an older reference", reference_id=reference_id, places=len(found))
    return found


def ready_places(places: StoredPlaces, *, picture: RgbImage, prepared: PreparedReference) -> tuple[PreparedPlace, ...]:
    """A product's stored places made ready for comparison; `prepared` is the reference's `picture` prepared."""
    found = [Region(Box(*box), score) for *box, score in places]
    return tuple(prepared_places(picture, found, reference=prepared))


def wiped_places(
    image: RgbImage, region: Box, *, match: PhotoMatch, places: Sequence[PreparedPlace], weights: Weights
) -> list[WipedPlace]:
    """The `places` of a product reference that were wiped in the copy that `region` of `image` shows.

    `match` is that of the region's pixels with the reference. Where only a part of it was compared, what stands out of
    that is not asked about: neither a frame nor another ground is a smear.
    """
    if match.matrix is None:
        return []
    crop = region.crop(image)
    left, top = max(math.floor(region.x), 0), max(math.floor(region.y), 0)
    height, width = image.shape[:2]
    found = []
    for place in places:
        if match.inside is not None and place.place.box.crop(match.inside.astype(np.uint8)).mean() < LEAST_INSIDE:
            continue
        seen = wiped(crop, match.matrix, place, weights=weights)
        if seen is not None and seen.probability >= weights.finding_probability:
            box = box_in_copy(place.place.box, match.matrix)
            moved = Box(box.x + left, box.y + top, box.width, box.height).clipped(width=width, height=height)
            found.append(WipedPlace(moved, seen))
    return found
