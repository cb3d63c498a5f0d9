from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from index.interface import Hit
from model.regions import Box, Region
from serve.scanning.candidates import Suspect, suspects_of

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
) -> tuple[list[Suspect], int]:  # fmt: skip
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
