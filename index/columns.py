"""Entries by column: one array for each field, so that a million of them cost little more than their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.interface import Entry, Hit


@dataclass(frozen=True)
class Labels:
    """A column of text: `names` without repetition, and for each row the place of its name (int32, shape (n,))."""

    codes: NDArray[np.int32]
    names: tuple[str, ...]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Labels:
        """The column that holds `texts`."""
        places: dict[str, int] = {}
        codes = np.fromiter((places.setdefault(text, len(places)) for text in texts), dtype=np.int32, count=len(texts))
        return cls(codes, tuple(places))

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each name in `names`."""
        return {name: place for place, name in enumerate(self.names)}

    def rows_of(self, name: str) -> NDArray[np.intp]:
        """The rows that hold `name`, rising; none when it is unknown."""
        place = self.places.get(name)
        return np.empty(0, dtype=np.intp) if place is None else np.flatnonzero(self.codes == place)

    def taken(self, rows: NDArray[np.intp]) -> Labels:
        """The column with only `rows`; names that no row holds any more are gone."""
        used, codes = np.unique(self.codes[rows], return_inverse=True)
        return Labels(codes.astype(np.int32), tuple(self.names[place] for place in used))

    def extended(self, texts: Sequence[str]) -> Labels:
        """The column followed by `texts`."""
        places = dict(self.places)
        codes = [places.setdefault(text, len(places)) for text in texts]
        return Labels(np.concatenate([self.codes, np.array(codes, dtype=np.int32)]), tuple(places))


@dataclass(frozen=True)
class Columns:
    """Fields of n entries without their vectors. `vector_ids` has shape (n,), dtype int64, no id twice."""

    vector_ids: NDArray[np.int64]
    references: Labels
    brands: Labels
    views: Labels

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Columns:
        """The columns of `entries`, in their order."""
        return cls(
            np.array([entry.vector_id for entry in entries], dtype=np.int64),
            Labels.of([entry.reference_id for entry in entries]),
            Labels.of([entry.brand_id for entry in entries]),
            Labels.of([entry.view for entry in entries]),
        )

    def __len__(self) -> int:
        return len(self.vector_ids)

    def hit(self, row: int, *, similarity: float) -> Hit:
        """Row `row` as a hit."""
        return Hit(
            int(self.vector_ids[row]),
            self.references.names[self.references.codes[row]],
            self.brands.names[self.brands.codes[row]],
            self.views.names[self.views.codes[row]],
            similarity,
        )

    def taken(self, rows: NDArray[np.intp]) -> Columns:
        """The columns with only `rows`."""
        return Columns(
            self.vector_ids[rows], self.references.taken(rows), self.brands.taken(rows), self.views.taken(rows)
        )

    def extended(self, entries: Sequence[Entry]) -> Columns:
        """The columns followed by `entries`."""
        return Columns(
            np.concatenate([self.vector_ids, np.array([entry.vector_id for entry in entries], dtype=np.int64)]),
            self.references.extended([entry.reference_id for entry in entries]),
            self.brands.extended([entry.brand_id for entry in entries]),
            self.views.extended([entry.view for entry in entries]),
        )
