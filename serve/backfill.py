"""Vectors for the model that serves: when it changed, every reference is embedded anew from its stored picture."""

from __future__ import annotations

import time

import structlog
from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert

from model.bundle import ModelBundle
from model.decode import decode
from serve.database.engine import Database
from serve.database.tables import REMOVED, Reference, ReferenceVector
from serve.objects import ObjectMissingError, Objects
from serve.references import embed_views

BATCH = 64
PROGRESS_SECONDS = 5.0
LOCK = "hallmark-backfill"

log = structlog.get_logger(__name__)


def embed_missing(database: Database, objects: Objects, *, bundle: ModelBundle) -> int:
    """Embed the references that have no vectors of `bundle`; returns how many. One process works, others wait for it.

    The vectors of other models stay, so that an earlier model can serve again at once.
    """
    with database.lock(LOCK):
        return _embed_missing(database, objects, bundle=bundle)


def _embed_missing(database: Database, objects: Objects, *, bundle: ModelBundle) -> int:
    missing = _missing(bundle.name)
    with database.read() as session:
        total = session.scalar(select(func.count()).select_from(missing.subquery())) or 0
    if total:
        log.info("embedding references for a new model", model=bundle.name, references=total)
    done, after, told = 0, "", time.monotonic()
    while True:
        with database.read() as session:
            batch = session.scalars(missing.where(Reference.id > after).order_by(Reference.id).limit(BATCH)).all()
        if not batch:
            return done
        for reference in batch:
            done += _embed(database, objects, reference, bundle=bundle)
        after = batch[-1].id
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            log.info("embedding references", model=bundle.name, done=done, references=total)


def _missing(model: str) -> Select[Reference]:
    have = select(ReferenceVector.reference_id).where(ReferenceVector.model == model)
    return select(Reference).where(Reference.id.not_in(have), Reference.status != REMOVED)


def _embed(database: Database, objects: Objects, reference: Reference, *, bundle: ModelBundle) -> bool:
    try:
        picture = decode(objects.get(reference.object_key))
    except ObjectMissingError:
        log.error("a reference's picture is gone; upload it again", reference_id=reference.id)
        return False
    views, vectors = embed_views(bundle, picture, kind=reference.kind)  # type: ignore[arg-type] # checked by the table
    rows = [
        {"reference_id": reference.id, "model": bundle.name, "view": view, "vector": vector.astype("<f4").tobytes()}
        for view, vector in zip(views, vectors, strict=True)
    ]
    with database.write() as session:
        if session.get(Reference, reference.id, with_for_update={"read": True}) is not None:
            session.execute(insert(ReferenceVector).on_conflict_do_nothing(), rows)
    return True
