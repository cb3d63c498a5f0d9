"""The slow truth: every vector compared with every query, by numpy alone.

Every faster index is compared with this one. It is usable by itself up to a few thousand vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.interface import DIMENSION, Entry, Hit, IndexView, StaleVersionError, VectorIndex
from index.ranking import best_first, best_of_brands
from index.vectors import check_count, check_queries, cosine, entry_matrix


class ExactView(IndexView):
    """The content of an `ExactIndex` at one version."""

    def __init__(self, entries: Mapping[int, Entry], *, version: int, dimension: int) -> None:
        self._entries = list(entries.values())
        self._matrix = entry_matrix(self._entries, dimension=dimension)
        self._version = version

    @property
    def version(self) -> int:
        """The version at which the view was taken."""
        return self._version

    def __len__(self) -> int:
        return len(self._entries)

    @cached_property
    def brands(self) -> int:
        """As `IndexView.brands`."""
        return len({entry.brand_id for entry in self._entries})

    def search(self, queries: NDArray[np.float32], *, k: int) -> list[list[Hit]]:
        """As `IndexView.search`; sorts all vectors."""
        check_count(k, name="k")
        return [best_first(hits)[:k] for hits in self._scored(queries)]

    def search_brands(self, queries: NDArray[np.float32], *, brands: int, per_brand: int = 1) -> list[list[Hit]]:
        """As `IndexView.search_brands`; sorts all vectors."""
        check_count(brands, name="brands")
        check_count(per_brand, name="per_brand")
        return [best_of_brands(hits, brands=brands, per_brand=per_brand) for hits in self._scored(queries)]

    def search_brand(self, queries: NDArray[np.float32], *, brand_id: str, references: int = 1) -> list[list[Hit]]:
        """As `IndexView.search_brand`; compares all vectors."""
        check_count(references, name="references")
        return [
            best_of_brands((hit for hit in hits if hit.brand_id == brand_id), brands=1, per_brand=references)
            for hits in self._scored(queries)
        ]

    def _scored(self, queries: NDArray[np.float32]) -> Iterable[list[Hit]]:
        for query in check_queries(queries, dimension=self._matrix.shape[1]):
            similarities = cosine(self._matrix, query).tolist()
            yield [
                Hit(entry.vector_id, entry.reference_id, entry.brand_id, entry.view, similarity)
                for entry, similarity in zip(self._entries, similarities, strict=True)
            ]


class ExactIndex(VectorIndex):
    """A dictionary of entries that is replaced whole by each change."""

    def __init__(self, *, dimension: int = DIMENSION) -> None:
        self._dimension = dimension
        self._view = ExactView({}, version=0, dimension=dimension)
        self._entries: dict[int, Entry] = {}

    def add(self, entries: Iterable[Entry], *, version: int) -> None:
        """As `VectorIndex.add`."""
        new = list(entries)
        self._check_version(version)
        entry_matrix(new, dimension=self._dimension)
        self._replace({**self._entries, **{entry.vector_id: entry for entry in new}}, version=version)

    def remove(self, reference_id: str, *, version: int) -> int:
        """As `VectorIndex.remove`."""
        self._check_version(version)
        kept = {number: entry for number, entry in self._entries.items() if entry.reference_id != reference_id}
        removed = len(self._entries) - len(kept)
        self._replace(kept, version=version)
        return removed

    def rebuild(self, entries: Iterable[Entry], *, version: int) -> None:
        """As `VectorIndex.rebuild`."""
        new = list(entries)
        entry_matrix(new, dimension=self._dimension)
        self._replace({entry.vector_id: entry for entry in new}, version=version)

    def view(self) -> ExactView:
        """As `VectorIndex.view`."""
        return self._view

    def close(self) -> None:
        """Nothing runs in the background."""

    def _check_version(self, version: int) -> None:
        if version < self.version:
            raise StaleVersionError(f"change {version} is older than the index, which is at {self.version}")

    def _replace(self, entries: dict[int, Entry], *, version: int) -> None:
        self._view = ExactView(entries, version=version, dimension=self._dimension)
        self._entries = entries
