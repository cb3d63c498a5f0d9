from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from index.interface import Hit
from model.alignment import prepare_reference
from model.regions import Box, Region
from serve.scanning.candidates import MAX_CANDIDATES, StoredReference, Suspect, suspects_of, with_references

LEAST = 0.5


class OneBrand:
    """An index in which a brand has a logo beside the product that was hit; counts how often it is asked for it."""

    def __init__(self, logo: Hit) -> None:
        self._logo = logo
        self.asked = 0

    def search_brand(self, queries: NDArray[np.float32], *, brand_id: str, references: int = 1) -> list[list[Hit]]:
        self.asked += 1
        return [[self._logo] for _ in queries]


def suspects(
    similarity: float, *, claimed: Sequence[str] = (), rival: float | None = None
) -> tuple[list[Suspect], int]:
    """What is suspected where a product is hit with `similarity`, and how often its brand was searched.

    `rival` is how alike what stands in for other brands is.
    """
    index = OneBrand(Hit(1, "ref_logo", "brd_fuma", "trimmed", similarity - 0.1))
    found = suspects_of(
        [Region(Box(0, 0, 9, 9), 0.5)],
        np.zeros((1, 256), np.float32),
        [[Hit(2, "ref_product", "brd_fuma", "product", similarity)]],
        rivals=None if rival is None else np.array([rival], np.float32),
        state=index,  # type: ignore[arg-type]
        spelled={},
        claimed=claimed,
        least_similarity=LEAST,
    )
    return found, index.asked


def test_where_a_product_is_alike_its_brands_logo_is_suspected_too() -> None:
    found, _ = suspects(0.6)
    assert [one.hit.reference_id for one in found] == ["ref_product", "ref_logo"]


@pytest.mark.parametrize(("rival", "margin"), [(None, 0.5), (0.45, 0.05), (0.7, -0.2)])
def test_what_stands_in_for_other_brands_is_a_rival_of_logos(rival: float | None, margin: float) -> None:
    (product, logo), _ = suspects(0.6, rival=rival)
    assert logo.margin == pytest.approx(margin)
    assert product.margin == pytest.approx(0.6)


@pytest.mark.parametrize("similarity", [LEAST - 0.01, 0.0])
def test_where_a_product_is_not_alike_no_logo_of_its_brand_is_searched_for(similarity: float) -> None:
    found, asked = suspects(similarity)
    assert [one.of_product for one in found] == [True]
    assert asked == 0


def test_the_logo_of_a_brand_that_the_listing_names_is_suspected_however_little_alike() -> None:
    found, _ = suspects(0.2, claimed=["brd_fuma"])
    assert [one.hit.reference_id for one in found] == ["ref_product", "ref_logo"]


class Catalogue:
    """A brand with a logo that was hit, another, and more product photos, all nearer, than there may be pairs."""

    def __init__(self) -> None:
        products = [Hit(number, f"ref_product_{number}", "brd_fuma", "product", 0.8) for number in range(9)]
        logos = [Hit(20 + n, f"ref_logo_{n}", "brd_fuma", "trimmed", 0.7 - n / 10) for n in (0, 1)]
        self.hits = [*products, *logos]

    def search_brand(self, queries: NDArray[np.float32], *, brand_id: str, references: int = 1) -> list[list[Hit]]:
        return [self.hits[:references] for _ in queries]

    def get(self, reference_id: str) -> StoredReference:
        kind = "product" if "product" in reference_id else "logo"
        drawn = prepare_reference(np.full((40, 40, 3), 90, np.uint8))
        return StoredReference(reference_id, "brd_fuma", "fuma", kind, drawn)


def test_the_other_logos_of_a_brand_are_compared_too_however_many_products_are_nearer() -> None:
    catalogue = Catalogue()
    suspect = Suspect(0, Region(Box(0, 0, 9, 9), 0.5), catalogue.hits[-2], 0.5, None, claimed=False)
    (candidate,) = with_references([suspect], np.zeros((1, 256), np.float32), state=catalogue, references=catalogue)  # type: ignore[arg-type]
    assert len(catalogue.hits) > MAX_CANDIDATES
    assert [shown.reference_id for shown, _ in candidate.references] == ["ref_logo_0", "ref_logo_1"]
