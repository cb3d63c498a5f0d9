"""Vectors for a model: references that it has none of are embedded from their stored pictures."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from sqlalchemy import Select, func, select

from model.bundle import ModelBundle
from serve import failpoints
from serve.database.engine import Database
from serve.database.tables import REMOVED, Reference, ReferenceKind, ReferenceVector
from serve.genuine.references import embed_views, keep_vectors
from serve.pictures.objects import ObjectMissingError, Objects, decode_stored

BATCH = 64
PROGRESS_SECONDS = 5.0
LOCK = "hallmark-backfill"

Progress = Callable[[int, int], None]
"""Told how many references are done, of how many."""

log = structlog.get_logger(__name__)


def no_progress(done: int, total: int) -> None:
    """For whom nobody watches."""


def embed_missing(
    database: Database, objects: Objects, *, bundle: ModelBundle, only: str | None = None,
    progress: Progress = no_progress,
) -> set[str]:  # fmt: skip
    """Embed the references, or the `only` one, that have no vectors of `bundle`; what another process did is kept.

    One process works for a model, others wait for it. Returns the ids of those whose picture is gone. The vectors of
    other models stay, so that an earlier model can serve again at once.
    """
    with database.lock(f"{LOCK} {bundle.name}"):
        return _embed_missing(database, objects, bundle=bundle, only=only, progress=progress)


def missing_references(model: str, *, only: str | None = None) -> Select[str]:
    """The ids of the references, or of the `only` one, that have no vectors of `model`."""
    have = select(ReferenceVector.reference_id).where(ReferenceVector.model == model)
    missing = select(Reference.id).where(Reference.id.not_in(have), Reference.status != REMOVED)
    return missing if only is None else missing.where(Reference.id == only)


def _embed_missing(
    database: Database, objects: Objects, *, bundle: ModelBundle, only: str | None, progress: Progress
) -> set[str]:
    missing = missing_references(bundle.name, only=only)
    with database.read() as session:
        total = session.scalar(select(func.count()).select_from(missing.subquery())) or 0
    if total:
        log.info("embedding references for a model", model=bundle.name, references=total)
    done, after, told = 0, "", time.monotonic()
    without_picture: set[str] = set()
    while True:
        with database.read() as session:
            ids = missing.where(Reference.id > after).order_by(Reference.id).limit(BATCH)
            batch = session.scalars(select(Reference).where(Reference.id.in_(ids)).order_by(Reference.id)).all()
        if not batch:
            return without_picture
        for reference in batch:
            if not _embed(database, objects, reference, bundle=bundle):
                without_picture.add(reference.id)
            done += 1
            progress(done, max(total, done))
        after = batch[-1].id
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            log.info("embedding references", model=bundle.name, done=done, references=total)


def _embed(database: Database, objects: Objects, reference: Reference, *, bundle: ModelBundle) -> bool:
    try:
        picture = decode_stored(objects.get(reference.object_key))
    except ObjectMissingError:
        log.error("a reference's picture is gone; upload it again", reference_id=reference.id)
        return False
    kind: ReferenceKind = reference.kind  # type: ignore[assignment] # checked by the table
    views, vectors = embed_views(bundle, picture, kind=kind, places=reference.logo_places)
    with database.write() as session:
        if session.get(Reference, reference.id, with_for_update={"read": True}) is not None:
            keep_vectors(session, reference.id, model=bundle.name, views=views, vectors=vectors)
    failpoints.reached(failpoints.REFERENCE_EMBEDDED)
    return True
