"""A stored reference made ready for comparison: its picture, and the places in it that were found at the upload."""

from __future__ import annotations

from collections.abc import Callable

from model.alignment import PreparedReference
from model.regions import Box, RgbImage
from serve.database.tables import ReferenceKind
from serve.scanning.candidates import StoredReference
from serve.scanning.copied_photo import StoredPlaces, ready_places

Prepare = Callable[[RgbImage], PreparedReference]


def marks_within(places: StoredPlaces | None, *, kind: ReferenceKind) -> list[Box]:
    """The marks within a logo reference, of its stored places; none of a product's photo, or where none were sought."""
    return [Box(*place) for place in places or ()] if kind == "logo" else []


def ready_reference(
    reference_id: str, *, brand_id: str, brand: str, kind: ReferenceKind, picture: RgbImage, places: StoredPlaces,
    prepare: Prepare,
) -> StoredReference:  # fmt: skip
    """The reference with the upright `picture`, and its stored `places`, as the scan compares it."""
    prepared = prepare(picture)
    if kind == "product":
        ready = ready_places(places, picture=picture, prepared=prepared)
        return StoredReference(reference_id, brand_id, brand, kind, prepared, places=ready)
    marks = tuple(prepare(mark.crop(picture)) for mark in marks_within(places, kind=kind))
    return StoredReference(reference_id, brand_id, brand, kind, prepared, marks=marks)
