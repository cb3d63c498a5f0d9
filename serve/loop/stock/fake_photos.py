"""The photos of known fakes as vectors, by which a listing that shows one of them is suspected, whatever else is found.

A process keeps those of the model that it serves with, and reads what came since whenever it asks. They are no more
than a suspicion: whether a fake still counts, and whether the photo is its, is for `serve.loop.stock.known_fakes`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, ColumnExpressionArgument, and_, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from model.bundle import ModelBundle
from model.known_fakes import PARTS, likeness_to_photos
from serve.database.engine import Database
from serve.database.loop_tables import FakePhoto
from serve.database.model_tables import ModelRecord
from serve.loop.stock.stock_vectors import STORED, regions_of


@dataclass(frozen=True, slots=True)
class _Known:
    """The photos of one state of the table: `of` (brand, object key) belongs to the rows of `wholes` (m, d) and of
    `halves` (m, `PARTS` - 1, d).
    """

    state: tuple[str, int, int]
    of: list[tuple[str, str]]
    wholes: NDArray[np.float32]
    halves: NDArray[np.float32]


class FakePhotos:
    """What is kept of the photos, in memory as in the database; safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._known: _Known | None = None

    def alike(
        self, pictures: NDArray[np.float32], *, model: str, least: float, most: int
    ) -> list[tuple[int, str, str]]:  # fmt: skip
        """The `most` pairs of a picture and a fake's photo that are most alike, from the cosine `least` on.

        `pictures` (n, d) are of `model`. Of each pair the number of the picture, and brand and key of the photo, the
        most alike first.
        """
        known = self._current(model, dimension=pictures.shape[1])
        if not known.of:
            return []
        cosines = likeness_to_photos(pictures, wholes=known.wholes, halves=known.halves)
        found = np.argwhere(cosines >= least)
        order = np.argsort(-cosines[tuple(found.T)], kind="stable")
        return [(int(number), *known.of[row]) for number, row in found[order[:most]]]

    def _current(self, model: str, *, dimension: int) -> _Known:
        with self._database.read() as session:
            newest, count = session.execute(
                select(func.coalesce(func.max(FakePhoto.number), 0), func.count()).where(FakePhoto.model == model)
            ).one()
            with self._lock:
                if self._known is not None and self._known.state == (model, newest, count):
                    return self._known
            query = select(FakePhoto.brand_id, FakePhoto.object_key, FakePhoto.vector).where(FakePhoto.model == model)
            rows = session.execute(query.order_by(FakePhoto.number)).all()
        vectors = np.zeros((len(rows), PARTS, dimension), np.float32)
        for parts, row in zip(vectors, rows, strict=True):
            stored = regions_of(row.vector, dimension=dimension)
            parts[:] = stored if len(stored) == PARTS else stored[0]  # earlier ones are of the whole alone
        known = _Known(
            (model, newest, count),
            [(row.brand_id, row.object_key) for row in rows],
            np.ascontiguousarray(vectors[:, 0]),
            np.ascontiguousarray(vectors[:, 1:]),
        )
        with self._lock:
            self._known = known
        return known


def keep_photo(
    session: Session, *, brand_id: str, object_key: str, vectors: NDArray[np.float32], model: str
) -> None:  # fmt: skip
    """Keep the `vectors` (n, d) of the photo of a fake of the brand's; what is kept stays, unless it is fewer.

    These are a row with a number of its own then, so that processes read them.
    """
    stored = np.ascontiguousarray(vectors, dtype=STORED).tobytes()
    same = (FakePhoto.model == model, FakePhoto.brand_id == brand_id, FakePhoto.object_key == object_key)
    session.execute(delete(FakePhoto).where(*same, func.octet_length(FakePhoto.vector) < len(stored)))
    row = insert(FakePhoto).values(model=model, brand_id=brand_id, object_key=object_key, vector=stored)
    session.execute(row.on_conflict_do_nothing(constraint="fake_photos_once"))


def kept_photos(session: Session, *, bundle: ModelBundle) -> set[tuple[str, str]]:
    """Brand and key of each picture that has all vectors of `bundle`."""
    rows = session.execute(select(FakePhoto.brand_id, FakePhoto.object_key).where(_is_complete(bundle)))
    return {(row.brand_id, row.object_key) for row in rows}


def lacks_photo(object_key: ColumnExpressionArgument[str | None], *, bundle: ModelBundle) -> ColumnElement[bool]:
    """Whether the picture lacks vectors of `bundle`."""
    return ~exists().where(_is_complete(bundle), FakePhoto.object_key == object_key)


def _is_complete(bundle: ModelBundle) -> ColumnElement[bool]:
    """Of kept photos: whether they are of `bundle`, and by halves too: earlier ones are of the whole alone."""
    size = PARTS * bundle.embedder.dimension * np.dtype(STORED).itemsize
    return and_(FakePhoto.model == bundle.name, func.octet_length(FakePhoto.vector) >= size)


def forget_photo(session: Session, object_key: str) -> None:
    """Drop the vectors of a picture that counts no more."""
    session.execute(delete(FakePhoto).where(FakePhoto.object_key == object_key))


def forget_models(session: Session, *, but: str) -> None:
    """Drop the vectors of models that are not kept, `but` one."""
    kept = select(ModelRecord.name).where(ModelRecord.kept)
    session.execute(delete(FakePhoto).where(FakePhoto.model != but, FakePhoto.model.not_in(kept)))
