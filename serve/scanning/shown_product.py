"""Brands that a photo shows a product of, though it is none of their photos: what is sold there claims the brand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from index.interface import IndexView
from model.reference_views import shows_product
from model.regions import RgbImage
from model.shown_product import KnownProduct, ShopPhoto, shown
from serve.scanning.candidates import MOST_REFERENCES, Candidate, References

PRODUCTS_PER_BRAND = 3
"""Product references of a brand that a photo is compared with, those most like it."""


def brands_shown(
    image: RgbImage, suspected: Sequence[str], vector: NDArray[np.float32], *, state: IndexView, references: References
) -> Iterator[str]:
    """Those of the brands `suspected` that `image`, whose vector (1, 256) is `vector`, shows a product of."""
    photo = ShopPhoto(image)
    for brand_id in suspected:
        (hits,) = state.search_brand(vector, brand_id=brand_id, references=MOST_REFERENCES)
        of_products = [hit for hit in hits if shows_product(hit.view)][:PRODUCTS_PER_BRAND]
        known = (references.get(hit.reference_id) for hit in of_products)
        products = (KnownProduct(one.prepared) for one in known if one is not None)
        if any(shown(photo, product).is_its for product in products):
            yield brand_id


def suspected_products(candidates: Sequence[Candidate], *, but: set[str]) -> list[str]:
    """The brands, each once and none of `but`, whose product reference is among what the whole photo may show."""
    brands = [
        one.suspect.hit.brand_id
        for one in candidates
        if one.suspect.place == 0 and one.references[0][0].kind == "product"
    ]
    return [brand for brand in dict.fromkeys(brands) if brand not in but]
