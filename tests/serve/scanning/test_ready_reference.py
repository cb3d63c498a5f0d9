from __future__ import annotations

import numpy as np
from mosaics import mosaic

from model.alignment import prepare_reference
from model.reference_views import reference_views
from model.regions import Box
from serve.scanning.ready_reference import marks_within, ready_reference

PLACES = [[10.0, 20.0, 96.0, 96.0], [150.0, 20.0, 96.0, 96.0]]


def page() -> np.ndarray:
    picture = np.full((140, 300, 3), 255, np.uint8)
    for seed, place in enumerate(PLACES):
        Box(*place).crop(picture)[:] = mosaic(seed)
    return picture


def test_a_view_of_a_mark_is_compared_with_that_mark() -> None:
    found = ready_reference(
        "ref_1", brand_id="brd_1", brand="Fuma", kind="logo", picture=page(), places=PLACES, prepare=prepare_reference
    )
    for name, _ in reference_views(page(), kind="logo", marks=marks_within(PLACES, kind="logo")):
        shown = found.seen_in(name).prepared
        if not name.startswith("mark_"):
            assert shown is found.prepared
        else:
            assert shown is found.marks[int(name[5])]
            assert np.array_equal(shown.picture, prepare_reference(mosaic(int(name[5]))).picture)


def test_the_places_of_a_product_are_no_marks() -> None:
    surely, hardly = ([*box, score] for box, score in zip(PLACES, (0.9, 0.2), strict=True))
    found = ready_reference(
        "ref_1", brand_id="brd_1", brand="Fuma", kind="product", picture=page(), places=[surely, hardly],
        prepare=prepare_reference,
    )  # fmt: skip
    assert found.marks == ()
    assert [place.detected for place in found.places] == [0.9, 0.2]


def test_a_logo_from_before_marks_were_sought_has_none() -> None:
    assert marks_within(None, kind="logo") == []
