"""The stock as vectors: what each stored picture shows, region by region, so that a new reference can be looked for.

A scan leaves them with its listing; under a model that came to serve later they are made from the stored pictures.
Only the newest pictures of listings that are offered are the stock, and no cover of a blind test is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from model.bundle import ModelBundle
from model.panels import panels
from serve.database.engine import Database
from serve.database.loop_tables import ListingImage, ListingRecord, StockVectors
from serve.database.model_tables import ModelRecord
from serve.jobs import LongTask, defer
from serve.loop.good_faith.covers import covers
from serve.pictures.objects import ObjectMissingError, Objects, decode_stored
from serve.scanning.proposals import proposed

DESCRIBE: Final = LongTask("describe the stock")
"""The task that makes the vectors of the model that serves, where they are missing."""

STORED: Final = "<f2"
"""Half precision: 512 bytes a region, and cosines that are off by a thousandth at most."""

BATCH: Final = 200

DESCRIBED_AT_ONCE: Final = 20
"""Pictures that are described before their vectors are written."""

log = structlog.get_logger(__name__)


def keep(session: Session, vectors: Mapping[str, NDArray[np.float32]], *, model: str) -> None:
    """Keep the `vectors` (n, d) of each of a listing's pictures, by the picture's id, in the place of earlier ones."""
    for image_id, of_regions in vectors.items():
        stored = np.ascontiguousarray(of_regions, dtype=STORED).tobytes()
        row = insert(StockVectors).values(image_id=image_id, model=model, vectors=stored)
        same = [StockVectors.image_id, StockVectors.model]
        session.execute(row.on_conflict_do_update(index_elements=same, set_={"vectors": stored}))


def forget_earlier(session: Session, listing: ListingRecord) -> None:
    """Drop the vectors of pictures that the listing has no more."""
    earlier = select(ListingImage.id).where(
        ListingImage.listing_id == listing.id, ListingImage.revision < listing.revision
    )
    session.execute(delete(StockVectors).where(StockVectors.image_id.in_(earlier)))


def forget_vectors(session: Session, listing: ListingRecord) -> None:
    """Drop the vectors of all pictures of a listing that is not of the stock any more."""
    all_of_it = select(ListingImage.id).where(ListingImage.listing_id == listing.id)
    session.execute(delete(StockVectors).where(StockVectors.image_id.in_(all_of_it)))


def describe_later(session: Session, *, after: timedelta = timedelta(0)) -> None:
    """Have the vectors made that the model that serves lacks; what is deferred meanwhile finds them made."""
    defer(session, DESCRIBE, at=datetime.now(UTC) + after, one_at_a_time=DESCRIBE)


def lacks_vectors(session: Session, *, model: str) -> bool:
    """Whether a picture of the stock has no vectors of `model`."""
    return session.execute(_missing(model).limit(1)).first() is not None


def describe_missing(
    database: Database, objects: Objects, *, bundle: ModelBundle, look: Callable[[], None] = lambda: None
) -> int:
    """Make the vectors of `bundle` that are missing, and drop those of models that are not kept; returns how many.

    Before each picture it calls `look`, which may break it off; what is made stays, but for some of the last pictures'.
    Two that do it at once do no harm.
    """
    made, last = 0, ""
    while True:
        with database.read() as session:
            missing = session.execute(
                _missing(bundle.name).where(ListingImage.id > last).limit(DESCRIBED_AT_ONCE)
            ).all()
        if not missing:
            break
        found = {}
        for image_id, object_key in missing:
            look()
            try:
                image = decode_stored(objects.get(object_key))
            except ObjectMissingError:
                log.error("a picture of the stock is gone; nothing is found in it", image=image_id)
                continue
            regions = proposed(image, bundle, panels=panels(image))
            found[image_id] = bundle.embedder.embed([region.box.crop(image) for region in regions])
        with database.write() as session:
            keep(session, found, model=bundle.name)
        made, last = made + len(found), missing[-1].id
    with database.write() as session:
        kept = select(ModelRecord.name).where(ModelRecord.kept)
        session.execute(delete(StockVectors).where(StockVectors.model != bundle.name, StockVectors.model.not_in(kept)))
    return made


def alike(
    session: Session, references: NDArray[np.float32], *, model: str, least: float, before: int, most: int
) -> dict[str, float]:
    """The allowed listings last scanned before index version `before` that show something like the `references`
    (k, d): by id, the largest cosine, from `least` on; the `most` newest pictures are looked at.
    """
    query = _by_listing(model).where(*unseen(before)).order_by(ListingRecord.id.desc()).limit(most)
    found: dict[str, float] = {}
    for listing_id, stored in session.execute(query):
        similarity = _likeness(stored, references)
        if similarity >= least:
            found[listing_id] = max(similarity, found.get(listing_id, -1.0))
    return found


def likeness(session: Session, shown: NDArray[np.float32], *, model: str, listings: Sequence[str]) -> dict[str, float]:
    """Of the `listings` (ids) that have vectors of `model`: the largest cosine of what one has and `shown` (k, d)."""
    found: dict[str, float] = {}
    for listing_id, stored in session.execute(_by_listing(model).where(ListingRecord.id.in_(listings))):
        found[listing_id] = max(_likeness(stored, shown), found.get(listing_id, -1.0))
    return found


def _by_listing(model: str) -> Select[str, bytes]:
    """The id of each listing with the vectors of each of its newest pictures under `model`."""
    return (
        select(ListingRecord.id, StockVectors.vectors)
        .join(ListingImage, newest_of_listing())
        .join(StockVectors, StockVectors.image_id == ListingImage.id)
        .where(StockVectors.model == model)
        .execution_options(yield_per=BATCH)
    )


def _likeness(stored: bytes, others: NDArray[np.float32]) -> float:
    """The largest cosine of a picture's regions, as they are stored, and of `others` (k, d)."""
    return float((regions_of(stored, dimension=others.shape[1]) @ others.T).max(initial=-1.0))


def _missing(model: str) -> Select[str, str]:
    """The newest pictures of listings that have no vectors of `model`: id and object key, in the order of ids."""
    described = exists().where(StockVectors.image_id == ListingImage.id, StockVectors.model == model)
    return (
        select(ListingImage.id, ListingImage.object_key)
        .join(ListingRecord, newest_of_listing())
        .where(~described, in_stock())
        .order_by(ListingImage.id)
    )


def regions_of(stored: bytes, *, dimension: int) -> NDArray[np.float32]:
    """The vectors (n, dimension) of a picture's regions, the first of the whole picture, from what is stored."""
    return np.frombuffer(stored, STORED).reshape(-1, dimension).astype(np.float32)


def newest_of_listing() -> ColumnElement[bool]:
    """Of joined listings and pictures: whether the picture is one of the listing's newest."""
    return (ListingRecord.id == ListingImage.listing_id) & (ListingRecord.revision == ListingImage.revision)


def unseen(before: int) -> tuple[ColumnElement[bool], ...]:
    """Of listings: allowed, scanned last before index version `before`, and of the stock."""
    return (
        ListingRecord.decision == "allow",
        func.coalesce(ListingRecord.index_version, 0) < before,
        in_stock(),
    )


def in_stock() -> ColumnElement[bool]:
    """Of listings: whether one is offered, and does not only cover a blind test."""
    return ListingRecord.withdrawn.is_(None) & ListingRecord.id.not_in(covers())
