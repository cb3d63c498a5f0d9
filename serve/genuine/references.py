"""References: genuine pictures, searchable when `add` returns and gone when `remove` returns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from model.bundle import ModelBundle
from model.decode import Reading
from model.encoding import png
from model.own_logos import OwnLogos
from model.reference_views import is_blank, reference_views
from model.regions import RgbImage
from serve import audit
from serve.database.engine import Database
from serve.database.loop_tables import ListingRecord
from serve.database.tables import REMOVED, Brand, Reference, ReferenceKind, ReferenceStatus, ReferenceVector
from serve.genuine.changes import record_change
from serve.genuine.replica import IndexReplica
from serve.identifiers import new_id
from serve.jobs import LongTask, defer
from serve.models.registry import others_are_kept, serving_model
from serve.pictures.decoding import DecoderPool
from serve.pictures.new_files import NewFiles
from serve.pictures.objects import ObjectMissingError, Objects
from serve.protocol.paging import Page, cursor_after, last_id
from serve.protocol.problems import not_found, unprocessable
from serve.scanning.copied_photo import StoredPlaces, found_places
from serve.scanning.ready_reference import marks_within
from serve.text.wording import Name, Note

SEARCH_STOCK: Final = LongTask("search the stock for a reference")
GATHERING: Final = timedelta(seconds=10)
"""How long the search of the stock waits, so that it covers further uploads of the same brand in one pass."""

EMBED_FOR_KEPT: Final = LongTask("embed reference for kept models")
"""The task that a new reference is given to while a model beside the serving one is kept."""

BATCH = 500

LEAST_SIDE = 16
"""Pixels that a reference needs on its shorter side before anything in it can be told apart."""


class NewReference(BaseModel):
    """What comes with a picture."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[ReferenceKind, Field(description="A logo, or a product photo")]
    sku: Annotated[Name | None, Field(description="The product that it shows")] = None
    note: Note | None = None


class ReferenceChange(BaseModel):
    """What to change; fields left out stay, null clears `sku` and `note`."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[ReferenceStatus, Field(description="A disabled reference is kept but not searched")] = "active"
    sku: Name | None = None
    note: Note | None = None


class ReferenceView(BaseModel):
    """A reference as it is sent."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    brand_id: str
    kind: ReferenceKind
    sku: str | None
    note: str | None
    status: ReferenceStatus
    width: Annotated[int, Field(description="Pixels")]
    height: Annotated[int, Field(description="Pixels")]
    created: datetime


ADDED: Final = "reference added"
"""The step of the audit log that makes one."""


class ReferenceLibrary:
    """The genuine imagery of all brands: pictures, rows, vectors and the index, changed together."""

    def __init__(self, database: Database, objects: Objects, *, decoder: DecoderPool, replica: IndexReplica) -> None:
        self._database = database
        self._objects = objects
        self._decoder = decoder
        self._replica = replica

    def add(self, brand_id: str, data: bytes, *, new: NewReference, actor: str) -> ReferenceView:
        """Store the picture in the file `data` and make it searchable.

        Raises `ImageRejected`, and `Problem` (404 unknown brand, 422 a picture that shows nothing).
        """
        self._require_brand(brand_id)
        sha256 = hashlib.sha256(data).digest()
        with self._database.read() as session:
            made = audit.made_before(session, ADDED)
            if made is not None and session.get_one(Reference, made).sha256 == sha256:  # an answer may make several
                self._replica.catch_up()
                return ReferenceView.model_validate(session.get_one(Reference, made))
        picture = self._decoder.decode(data, reading=Reading.DRAWING if new.kind == "logo" else Reading.STILL)
        _require_content(picture)
        reference_id = new_id("ref")
        key = f"references/{brand_id}/{reference_id}.png"
        with NewFiles(self._objects) as kept:
            kept.put(key, png(picture))
            while True:
                bundle = self._replica.serving.bundle
                own = self._own_logos(brand_id, bundle=bundle) if new.kind == "product" else None
                places = found_places(picture, kind=new.kind, detect=bundle.detector.detect, own=own)
                views, vectors = embed_views(bundle, picture, kind=new.kind, places=places)
                reference = _row(reference_id, brand_id, data, picture=picture, new=new, object_key=key, places=places)
                try:
                    version = self._insert(reference, model=bundle.name, views=views, vectors=vectors, actor=actor)
                    break
                except _AnotherModelServesError:
                    self._replica.catch_up()
        self._replica.catch_up(version=version)
        return ReferenceView.model_validate(reference)

    def list(
        self, brand_id: str, *, kind: ReferenceKind | None = None, status: ReferenceStatus | None = None, limit: int,
        cursor: str | None,
    ) -> Page[ReferenceView]:  # fmt: skip
        """A brand's references, oldest first. Raises `Problem` (404)."""
        self._require_brand(brand_id)
        query = select(Reference).where(
            Reference.brand_id == brand_id, Reference.id > last_id(cursor, "ref"), Reference.status != REMOVED
        )
        if kind is not None:
            query = query.where(Reference.kind == kind)
        if status is not None:
            query = query.where(Reference.status == status)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(Reference.id).limit(limit + 1)).all()
        return Page(
            items=[ReferenceView.model_validate(row) for row in rows[:limit]],
            next_cursor=cursor_after([row.id for row in rows], limit=limit),
        )

    def get(self, brand_id: str, reference_id: str) -> ReferenceView:
        """One reference of the brand. Raises `Problem` (404)."""
        with self._database.read() as session:
            return ReferenceView.model_validate(_find(session, brand_id, reference_id))

    def picture(self, brand_id: str, reference_id: str) -> bytes:
        """The reference's pixels as PNG. Raises `Problem` (404)."""
        with self._database.read() as session:
            key = _find(session, brand_id, reference_id).object_key
        try:
            return self._objects.get(key)
        except ObjectMissingError as error:
            raise not_found("picture of the reference", reference_id) from error

    def change(self, brand_id: str, reference_id: str, change: ReferenceChange, *, actor: str) -> ReferenceView:
        """Change a reference; disabled or active at once. Raises `Problem` (404)."""
        version = None
        with self._database.write() as session:
            reference = _find(session, brand_id, reference_id, for_update=True)
            before = reference.status
            for field in change.model_fields_set:
                setattr(reference, field, getattr(change, field))
            session.flush()
            audit.record(
                session, actor=actor, action="reference changed", subject=reference_id,
                content={"brand": brand_id, "changed": sorted(change.model_fields_set), "status": reference.status},
            )  # fmt: skip
            if reference.status != before:
                action: Literal["add", "remove"] = "add" if reference.status == "active" else "remove"
                if action == "add":
                    reference.searched = None
                    search_stock(session, reference_id)
                version = record_change(session, action, brand_id=brand_id, reference_id=reference_id)
        if version is not None:
            self._replica.catch_up(version=version)
        return ReferenceView.model_validate(reference)

    def remove(self, brand_id: str, reference_id: str, *, actor: str) -> None:
        """Take a reference away, at once; what it was is kept for replays (see `forget_removed`).

        Raises `Problem` (404).
        """
        with self._database.write() as session:
            reference = _find(session, brand_id, reference_id, for_update=True)
            reference.status, reference.removed = REMOVED, datetime.now(UTC)
            session.flush()
            audit.record(
                session, actor=actor, action="reference removed", subject=reference_id, content={"brand": brand_id}
            )
            version = record_change(session, "remove", brand_id=brand_id, reference_id=reference_id)
        self._replica.catch_up(version=version)

    def _require_brand(self, brand_id: str) -> None:
        with self._database.read() as session:
            if session.get(Brand, brand_id) is None:
                raise not_found("brand", brand_id)

    def _own_logos(self, brand_id: str, *, bundle: ModelBundle) -> OwnLogos | None:
        """The logos that the brand has uploaded; None before the first."""
        with self._database.read() as session:
            return bundle.own_logos(active_vectors(session, brand_id, bundle=bundle, kind="logo"))

    def _insert(
        self, reference: Reference, *, model: str, views: Sequence[str], vectors: NDArray[np.float32], actor: str
    ) -> int:
        with self._database.write() as session:
            if session.get(Brand, reference.brand_id, with_for_update={"read": True}) is None:
                raise not_found("brand", reference.brand_id)
            session.add(reference)
            session.flush()
            keep_vectors(session, reference.id, model=model, views=views, vectors=vectors)
            session.refresh(reference)
            if others_are_kept(session, serving=model):
                defer(session, EMBED_FOR_KEPT, reference_id=reference.id)
            search_stock(session, reference.id)
            audit.record(
                session, actor=actor, action=ADDED, subject=reference.id,
                content={"brand": reference.brand_id, "kind": reference.kind, "sha256": reference.sha256.hex()},
            )  # fmt: skip
            version = record_change(session, "add", brand_id=reference.brand_id, reference_id=reference.id)
            if serving_model(session) not in (None, model):  # from here on nobody switches
                raise _AnotherModelServesError
            return version


def search_stock(session: Session, reference_id: str, *, after: timedelta = GATHERING) -> None:
    """Have the stock searched for a reference in a while, together with others of its brand that come meanwhile.

    Where there is no stock it counts as searched: thousands of references may come before the first listing.
    """
    reference = session.get_one(Reference, reference_id)
    if not session.scalar(select(exists().select_from(ListingRecord))):
        reference.searched = datetime.now(UTC)
        return
    defer(
        session,
        SEARCH_STOCK,
        at=datetime.now(UTC) + after,
        one_at_a_time=f"search the stock for {reference.brand_id}",
        reference_id=reference_id,
    )


class _AnotherModelServesError(Exception):
    """The model was switched since the picture was embedded; what was written of it is taken back."""


def _row(
    reference_id: str, brand_id: str, data: bytes, *, picture: RgbImage, new: NewReference, object_key: str,
    places: StoredPlaces,
) -> Reference:  # fmt: skip
    height, width = picture.shape[:2]
    return Reference(
        id=reference_id,
        brand_id=brand_id,
        kind=new.kind,
        sku=new.sku,
        note=new.note,
        status="active",
        sha256=hashlib.sha256(data).digest(),
        width=width,
        height=height,
        object_key=object_key,
        logo_places=places,
    )


def embed_views(
    bundle: ModelBundle, picture: RgbImage, *, kind: ReferenceKind, places: StoredPlaces | None
) -> tuple[list[str], NDArray[np.float32]]:
    """The names of the reference's views, and their vectors, (n, 256) float32 of length 1; `places` are its stored."""
    views = reference_views(picture, kind=kind, marks=marks_within(places, kind=kind))
    return [name for name, _ in views], bundle.embedder.embed([image for _, image in views])


def keep_vectors(
    session: Session, reference_id: str, *, model: str, views: Sequence[str], vectors: NDArray[np.float32]
) -> None:
    """Keep the vectors (n, 256) that a model made of the reference's `views`; what is kept of it already stays."""
    rows = [
        {"reference_id": reference_id, "model": model, "view": view, "vector": vector.astype("<f4").tobytes()}
        for view, vector in zip(views, vectors, strict=True)
    ]
    session.execute(insert(ReferenceVector).on_conflict_do_nothing(), rows)


def active_vectors(
    session: Session, brand_id: str, *, bundle: ModelBundle, kind: ReferenceKind | None = None
) -> NDArray[np.float32]:
    """The vectors (n, d) that the model made of the brand's active references, all or of one `kind`."""
    query = (
        select(ReferenceVector.vector)
        .join(Reference, Reference.id == ReferenceVector.reference_id)
        .where(Reference.brand_id == brand_id, Reference.status == "active", ReferenceVector.model == bundle.name)
    )
    if kind is not None:
        query = query.where(Reference.kind == kind)
    stored = [np.frombuffer(vector, dtype="<f4") for vector in session.scalars(query)]
    return np.array(stored, np.float32).reshape(len(stored), bundle.embedder.dimension)


def _find(session: Session, brand_id: str, reference_id: str, *, for_update: bool = False) -> Reference:
    """The reference, if it is the brand's. Raises `Problem` (404)."""
    found = session.get(Reference, reference_id, with_for_update=for_update)
    if found is None or found.brand_id != brand_id or found.status == REMOVED:
        raise not_found("reference", reference_id)
    return found


def forget_removed(database: Database, objects: Objects, *, days: int) -> int:
    """Delete the references that were removed more than `days` ago, their vectors and pictures; returns how many."""
    before = datetime.now(UTC) - timedelta(days=days)
    forgotten = 0
    while True:
        with database.read() as session:
            expired = select(Reference.id, Reference.object_key).where(Reference.removed < before)
            gone = session.execute(expired.limit(BATCH)).all()
        for _, key in gone:  # before their rows, by which a process that was killed meanwhile finds them again
            objects.delete(key)
        with database.write() as session:
            session.execute(delete(Reference).where(Reference.id.in_([reference_id for reference_id, _ in gone])))
        forgotten += len(gone)
        if len(gone) < BATCH:
            return forgotten


def _require_content(picture: RgbImage) -> None:
    """Raises `Problem` (422) when nothing can be seen in the picture."""
    height, width = picture.shape[:2]
    if min(height, width) < LEAST_SIDE:
        raise unprocessable(
            "reference-too-small",
            f"The picture has {width}×{height} pixels; a reference needs at least {LEAST_SIDE} on its shorter side.",
        )
    if is_blank(picture):
        raise unprocessable(
            "reference-blank",
            "The picture is of one colour: nothing can be seen in it. Send it on a ground that it stands out from.",
        )
