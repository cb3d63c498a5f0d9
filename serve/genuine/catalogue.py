"""The references as a scan needs them: whose they are, and their pictures made ready for comparison.

Preparing a picture costs more than a scan may wait for, so the ones used lately stay in memory. The replica of the
index says what was changed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

import structlog
from sqlalchemy import select

from model.logo_places import Detect
from serve.database.engine import Database
from serve.database.tables import REMOVED, Brand, Reference, ReferenceKind
from serve.pictures.decoding import Decode
from serve.pictures.objects import ObjectMissingError, Objects
from serve.scanning.candidates import StoredReference
from serve.scanning.copied_photo import stored_places
from serve.scanning.ready_reference import Prepare, ready_reference

log = structlog.get_logger(__name__)


class Catalogue:
    """Prepared references by id; safe to use from several threads. It keeps the `most` that were used last."""

    def __init__(
        self, database: Database, objects: Objects, *, decode: Decode, prepare: Prepare, detect: Detect, most: int
    ) -> None:
        self._database = database
        self._objects = objects
        self._decode = decode
        self._prepare = prepare
        self._detect = detect
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, StoredReference] = OrderedDict()
        self._forgotten = 0

    def get(self, reference_id: str) -> StoredReference | None:
        """The reference, or None when it was removed."""
        with self._lock:
            found = self._kept.get(reference_id)
            if found is not None:
                self._kept.move_to_end(reference_id)
                return found
            forgotten = self._forgotten
        loaded = self._load(reference_id)
        if loaded is not None:
            self._keep(loaded, unless_after=forgotten)
        return loaded

    def forget(self, reference_id: str) -> None:
        """Drop a reference that was changed or removed."""
        with self._lock:
            self._forgotten += 1
            self._kept.pop(reference_id, None)

    def forget_brand(self, brand_id: str) -> None:
        """Drop all references of a brand whose name was changed."""
        with self._lock:
            self._forgotten += 1
            for reference_id in [key for key, value in self._kept.items() if value.brand_id == brand_id]:
                del self._kept[reference_id]

    def forget_all(self) -> None:
        """Drop everything."""
        with self._lock:
            self._forgotten += 1
            self._kept.clear()

    def _keep(self, loaded: StoredReference, *, unless_after: int) -> None:
        """Remember `loaded`, unless something was forgotten while it was read: it may be out of date."""
        with self._lock:
            if self._forgotten == unless_after:
                self._kept[loaded.reference_id] = loaded
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)

    def _load(self, reference_id: str) -> StoredReference | None:
        query = (
            select(Reference.brand_id, Brand.name, Reference.kind, Reference.object_key, Reference.logo_places)
            .join(Brand, Brand.id == Reference.brand_id)
            .where(Reference.id == reference_id, Reference.status != REMOVED)
        )
        with self._database.once() as session:
            row = session.execute(query).one_or_none()
        if row is None:
            return None
        try:
            picture = self._decode(self._objects.get(row.object_key))
        except ObjectMissingError:
            self._objects.require_own()  # else none of them is there
            log.error("a reference's picture is gone", reference_id=reference_id, object_key=row.object_key)
            return None
        kind: ReferenceKind = row.kind
        places = stored_places(
            self._database, reference_id, row.logo_places, picture=picture, kind=kind, detect=self._detect
        )
        return ready_reference(
            reference_id, brand_id=row.brand_id, brand=row.name, kind=kind, picture=picture, places=places,
            prepare=self._prepare,
        )  # fmt: skip
