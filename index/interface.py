"""What an index of genuine imagery must do, whatever engine stands behind it.

The flow, from a brand's upload to a hit:

1. A brand team uploads a reference. The service embeds it in several *views* (the picture as it came, turned,
   from aside, inverted, ...), and in one database transaction stores the reference, its vectors and the next
   `index_version`. The database is the truth; an index is a copy that can be thrown away.
2. Before it replies, the service calls `add(entries, version=...)`. Every search that starts after `add` returned
   sees the reference. Other processes hear of the change from the database and call the same, in version order.
3. Disabling or deleting a reference is `remove(reference_id, version=...)`, at once too; enabling it again is `add`.
4. A scan takes one `view()`, asks it for all regions of the picture in one call, and writes `view().version` into
   its result: whoever replays the scan for an appeal knows which references it saw.
5. When the process starts, it loads a snapshot and applies the changes since, or calls `rebuild` with all of the
   database when there is no snapshot that can be trusted.

Why a scan asks `search_brands` and not `search`: one brand may own hundreds of nearly equal vectors, and the k nearest
vectors would then all be that brand's, although the second brand is what an imitation is told from.

Similarity is the cosine, in -1..1. Whatever shortcut an engine takes to find candidates, the similarity in a `Hit`
is computed from the full vectors, so that it means the same in every engine. Hits come best first; equal ones come by
`vector_id`; so the same vectors and the same query give the same answer on every machine.

A new engine is a subclass of `VectorIndex`; `tests/index/index_contract.py` holds the tests that it inherits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DIMENSION = 256
"""Length of the vectors that `model.embedder` makes."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One vector of one reference.

    `vector_id` is unique over all references (the database row). `view` says which rendering of the reference was
    embedded. `vector` has shape (256,), dtype float32 and length 1 (within 1e-3).
    """

    vector_id: int
    reference_id: str
    brand_id: str
    view: str
    vector: NDArray[np.float32]


class Hit(NamedTuple):
    """A vector of the index near a query; `similarity` is their exact cosine, -1..1."""

    vector_id: int
    reference_id: str
    brand_id: str
    view: str
    similarity: float


class StaleVersionError(ValueError):
    """A change is older than what the index already holds; the message names both versions."""


class IndexView(ABC):
    """What can be asked of an index: the index itself, or a view of it that stands still."""

    @property
    @abstractmethod
    def version(self) -> int:
        """The `index_version` of the last change applied; 0 for an index that never held anything."""

    @abstractmethod
    def __len__(self) -> int:
        """How many vectors can be found."""

    @property
    @abstractmethod
    def brands(self) -> int:
        """How many brands own the vectors that can be found."""

    @abstractmethod
    def search(self, queries: NDArray[np.float32], *, k: int) -> list[list[Hit]]:
        """The `k` nearest vectors of each query, best first (fewer where the index holds fewer).

        `queries` has shape (n, 256), dtype float32, rows of length 1; the regions of one picture belong in one call.
        Raises `ValueError` on another shape, on vectors that are not finite or not of length 1, and when `k` < 1.
        """

    @abstractmethod
    def search_brands(self, queries: NDArray[np.float32], *, brands: int, per_brand: int = 1) -> list[list[Hit]]:
        """The `brands` nearest distinct brands of each query, with the `per_brand` nearest references of each.

        A reference counts once, by its best view. A brand ranks by its best hit. The hits of a query come best first,
        brands mixed; the first hit of each brand is that brand's best. Errors as in `search`.
        """

    @abstractmethod
    def search_brand(self, queries: NDArray[np.float32], *, brand_id: str, references: int = 1) -> list[list[Hit]]:
        """The `references` nearest references of one brand for each query, each by its best view, best first.

        How a scan asks about a brand that something else than the picture's vectors spoke of. A brand that owns
        nothing gives empty lists. Errors as in `search`.
        """


class VectorIndex(IndexView):
    """An index that changes while it is searched; asked itself, it answers as its view of that moment.

    Changes carry the `index_version` that the database gave them and must be applied in that order: an older one
    raises `StaleVersionError`. One version may take several calls (replacing a reference is a `remove` and an `add`).
    Applying a change twice does no harm. Any thread may search at any time; changes may come from any thread.
    """

    @property
    def version(self) -> int:
        """As `IndexView.version`."""
        return self.view().version

    def __len__(self) -> int:
        return len(self.view())

    @property
    def brands(self) -> int:
        """As `IndexView.brands`."""
        return self.view().brands

    def search(self, queries: NDArray[np.float32], *, k: int) -> list[list[Hit]]:
        """As `IndexView.search`."""
        return self.view().search(queries, k=k)

    def search_brands(self, queries: NDArray[np.float32], *, brands: int, per_brand: int = 1) -> list[list[Hit]]:
        """As `IndexView.search_brands`."""
        return self.view().search_brands(queries, brands=brands, per_brand=per_brand)

    def search_brand(self, queries: NDArray[np.float32], *, brand_id: str, references: int = 1) -> list[list[Hit]]:
        """As `IndexView.search_brand`."""
        return self.view().search_brand(queries, brand_id=brand_id, references=references)

    @abstractmethod
    def add(self, entries: Iterable[Entry], *, version: int) -> None:
        """Make `entries` findable for every search that starts after this returns.

        All of them appear at once. An entry whose `vector_id` is there already replaces the old one. Raises
        `ValueError`, and changes nothing, on a vector of wrong shape or length or an id twice in one call.
        """

    @abstractmethod
    def remove(self, reference_id: str, *, version: int) -> int:
        """Hide all vectors of a reference from every search that starts after this returns; returns how many.

        An unknown reference is no error (0): the log of changes may name one that was disabled before.
        """

    @abstractmethod
    def rebuild(self, entries: Iterable[Entry], *, version: int) -> None:
        """Replace all content by `entries`, at once, as the database holds it at `version` (any version, older too).

        Searches answer from the old content until the new one is complete. Errors as in `add`.
        """

    @abstractmethod
    def view(self) -> IndexView:
        """The index as it is now: later changes do not reach the view, so several questions get one consistent answer.

        Views are cheap; take one for each scan and drop it.
        """

    @abstractmethod
    def close(self) -> None:
        """End background work. The index must not be changed afterwards."""
