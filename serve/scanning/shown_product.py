"""Brands that a photo shows a product of, though it is none of their photos: what is sold there claims the brand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.interface import IndexView
from model.reference_views import shows_product
from model.regions import RgbImage
from model.shown_product import FEWEST_AROUND, STUDIO_COLOURS, KnownProduct, ShopPhoto, Shown, shown
from model.tampering import TamperedPatch
from serve.scanning.candidates import MOST_REFERENCES, Candidate, References

PRODUCTS_PER_BRAND = 3
"""Product references of a brand that a photo is compared with, those most like it."""


def places_of_products(
    image: RgbImage,
    places: Sequence[TamperedPatch],
    *,
    suspected: Sequence[str],
    vector: NDArray[np.float32],
    state: IndexView,
    references: References,
) -> dict[str, list[TamperedPatch]]:
    """The tampered `places` that lie on a product, by brand; `suspected` brands that `image` shows no product of are
    left out.

    `vector` (1, 256) is the image's. In a studio the same person in the same trousers is shown in many shirts, so the
    product must be recognised around the place, and by its colours; elsewhere what agrees is the product.
    """
    photo, found = ShopPhoto(image), {}
    for brand_id in suspected:
        (hits,) = state.search_brand(vector, brand_id=brand_id, references=MOST_REFERENCES)
        of_products = [hit for hit in hits if shows_product(hit.view)][:PRODUCTS_PER_BRAND]
        known = (references.get(hit.reference_id) for hit in of_products)
        seen = (shown(photo, KnownProduct(one.prepared)) for one in known if one is not None)
        its = (one for one in seen if one.is_its)
        if photo.in_a_studio:
            on_it = _around([one for one in its if one.colours >= STUDIO_COLOURS], places, image.shape)
        else:  # one product is enough, and the others need not be compared
            on_it = list(places) if next(its, None) is not None else []
        if on_it:
            found[brand_id] = on_it
    return found


def _around(products: Sequence[Shown], places: Sequence[TamperedPatch], shape: tuple[int, ...]) -> list[TamperedPatch]:
    """Those of the `places` of a photo of `shape` around which one of the `products` is recognised."""
    return [patch for patch in places if any(one.around(patch.box, shape) >= FEWEST_AROUND for one in products)]


def suspected_products(candidates: Sequence[Candidate], *, but: set[str]) -> list[str]:
    """The brands, each once and none of `but`, whose product reference is among what the whole photo may show."""
    brands = [
        one.suspect.hit.brand_id
        for one in candidates
        if one.suspect.place == 0 and one.references[0][0].kind == "product"
    ]
    return [brand for brand in dict.fromkeys(brands) if brand not in but]
