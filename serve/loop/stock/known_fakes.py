"""What is known to be fake, looked for in a listing: by the words of fake traits, and by their pictures and those of
listings whose complaint was upheld: the marks in them, and the whole photo.

The fake traits of suspended rights holders, and those that were taken back, count for nothing, and a complaint while
its seller's answer is not decided on. Of upheld complaints only what looked like no genuine mark is known by its
picture. Looked for are the fakes of the brands whose marks a scan found in the listing; the photo of a fake is known
whatever was found in it, and the words of one in a listing that names the brand: they tell whose mark is to be looked
for.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Final, TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, func, null, select, union

from model.alignment import PreparedReference, prepare_reference
from model.bundle import ModelBundle
from model.known_fakes import (
    LEAST_PHOTO_SIMILARITY,
    MOST_COMPARED,
    PARTS,
    is_photo_of_fake,
    known_fakes_shown,
    may_be_photos,
    parts_of_photo,
)
from model.panels import panels
from model.regions import Box, RgbImage
from serve.database.engine import Database
from serve.database.loop_tables import Label, ListingImage, Trait
from serve.database.tables import Brand, RightsHolder
from serve.genuine.references import active_vectors
from serve.loop.cases import ListingFinding
from serve.loop.stock.fake_photos import FakePhotos, forget_models, keep_photo, kept_photos, lacks_photo
from serve.loop.stock.fake_words import telling_words
from serve.pictures.objects import ObjectMissingError, Objects
from serve.text.phrases import says

MOST_PICTURES: Final = 64
"""Pictures of fakes a brand, of traits and of complaints each, that a listing is compared with. A process reads each
once, in some 10 ms."""

DECIDED: Final = ("complaint", "counter_notice", "doubt")
"""Origins of the labels of decided complaints."""

MOST_ALIKE: Final = 16
"""Photos of fakes, of all brands, that may be a listing's picture: those most like it."""

PREPARED: Final = 128
"""Photos of fakes that a process keeps as they are compared, some 0.5 MB each."""

DECIDED_FAKE: Final = (
    Label.origin.in_(DECIDED),
    Label.target > 0.5,
    Label.kind.in_(("smear", "imitation")),
    Label.withdrawn.is_(None),
    Label.available.is_not(None),
)
"""Of labels: what an upheld complaint was about looked like no genuine mark, and its seller has not answered."""

KEPT: Final = 8_192
"""Pictures of fakes whose vectors a process keeps, of 1 KB a mark."""

Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")

ReadPicture = Callable[[int], RgbImage]
"""Gives a listing's picture by its number, from 0."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KnownFake:
    """A fake and how it is known: `known_by` is a fake trait or a complaint, `words` are `normalised`, empty for none;
    in the picture under `object_key` the marks, where any were found, are in the `boxes`."""

    known_by: str
    brand_id: str
    words: str
    object_key: str | None
    boxes: tuple[Box, ...]

    @property
    def by_words(self) -> KnownFake:
        """The same, without its picture."""
        return replace(self, object_key=None, boxes=())


class KnownFakes:
    """Looks for fakes that are known; safe to use from several threads.

    `bundle` gives the model that serves, `decode` reads stored pictures, which were safe at upload.
    """

    def __init__(
        self, database: Database, objects: Objects, *, decode: Callable[[bytes], RgbImage],
        bundle: Callable[[], ModelBundle],
    ) -> None:  # fmt: skip
        self._database = database
        self._objects = objects
        self._decode = decode
        self._bundle = bundle
        self._lock = threading.Lock()
        self._vectors: OrderedDict[tuple[str, str, str], NDArray[np.float32]] = OrderedDict()
        self._references: OrderedDict[str, PreparedReference] = OrderedDict()
        self._photos = FakePhotos(database)

    def of_brand(self, brand_id: str) -> list[KnownFake]:
        """The brand's fakes: all known by words, and the newest `MOST_PICTURES` known by pictures of each sort."""
        traits = self._traits(Trait.brand_id == brand_id)
        too_old = {fake.known_by for fake in [fake for fake in traits if fake.object_key][MOST_PICTURES:]}
        return [one.by_words if one.known_by in too_old else one for one in traits] + self._decided(
            Label.brand_id == brand_id
        )

    def of_trait(self, trait_id: str) -> KnownFake | None:
        """The fake that a trait tells of; None when it was taken back, or its rights holder is suspended."""
        return next(iter(self._traits(Trait.id == trait_id)), None)

    def of_complaint(self, complaint_id: str) -> list[KnownFake]:
        """What a complaint is about, a fake a picture; none where it was not upheld or the seller has answered."""
        return self._decided(Label.subject == complaint_id)

    def vectors(self, fakes: Sequence[KnownFake], *, bundle: ModelBundle) -> NDArray[np.float32]:
        """(m, d) what the pictures of `fakes` show under `bundle`: each whole and by halves, and its marks; no row
        without any.
        """
        known = list(self._of_pictures(fakes, bundle=bundle))
        return np.concatenate(known) if known else np.zeros((0, 0), np.float32)

    def photos(self, fakes: Sequence[KnownFake], *, bundle: ModelBundle) -> NDArray[np.float32]:
        """(m, d) the pictures of `fakes`, whole and by halves; no row without any."""
        known = [vectors[:PARTS] for vectors in self._of_pictures(fakes, bundle=bundle)]
        return np.concatenate(known) if known else np.zeros((0, 0), np.float32)

    def remember(self, fakes: Iterable[KnownFake], *, bundle: ModelBundle) -> None:
        """Keep the vectors of the photos of `fakes` that lack any of the model's."""
        with self._database.read() as session:
            kept = kept_photos(session, bundle=bundle)
        for fake in fakes:
            if not fake.object_key or (fake.brand_id, fake.object_key) in kept:
                continue
            vectors = self._of_picture(fake, bundle=bundle)
            if vectors is not None:
                with self._database.write() as session:
                    keep_photo(
                        session, brand_id=fake.brand_id, object_key=fake.object_key, vectors=vectors[:PARTS],
                        model=bundle.name,
                    )  # fmt: skip

    def lack_photos(self, *, bundle: ModelBundle) -> bool:
        """Whether the photo of a fake lacks vectors of `bundle`, as after a change of models, or where it was stored
        before photos were looked for by their halves.
        """
        shown = select(Trait.id).where(Trait.object_key.is_not(None), Trait.removed.is_(None))
        decided = select(Label.id).join(ListingImage, ListingImage.id == Label.image_id).where(*DECIDED_FAKE)
        with self._database.read() as session:
            return any(
                session.scalar(fakes.where(lacks_photo(of, bundle=bundle)).limit(1)) is not None
                for fakes, of in ((shown, Trait.object_key), (decided, ListingImage.object_key))
            )

    def remember_all(self, *, bundle: ModelBundle, look: Callable[[], None] = lambda: None) -> None:
        """The same of every fake, after a change of models; vectors of models that are not kept are dropped.

        Before each fake it calls `look`, which may break it off.
        """
        shown = select(Trait.brand_id).where(Trait.object_key.is_not(None), Trait.removed.is_(None))
        decided = select(Label.brand_id).where(*DECIDED_FAKE)
        with self._database.write() as session:
            forget_models(session, but=bundle.name)
            brands = session.scalars(union(shown, decided)).all()

        def every() -> Iterator[KnownFake]:
            for brand_id in brands:
                for fake in self.of_brand(brand_id):
                    look()
                    yield fake

        self.remember(every(), bundle=bundle)

    def photographed(
        self, vectors: NDArray[np.float32], pictures: Mapping[int, Box], *, model: str,
        picture: Callable[[], RgbImage],
    ) -> list[str]:  # fmt: skip
        """The ids of the brands of whose known fakes a `picture`, or one of those that it is made of, is the photo.

        `vectors` (n, d) are of `model`, and `pictures` says which of them is of which place.
        """
        bundle = self._bundle()
        if bundle.name != model:  # a switch, which comes between scans; the next one knows
            return []
        places, rows = list(pictures.values()), vectors[list(pictures)]
        alike = self._photos.alike(rows, model=model, least=LEAST_PHOTO_SIMILARITY, most=MOST_ALIKE)
        of_brand, seen = cache(self.of_brand), cache(picture)
        counting = (
            (places[number], fake)
            for number, brand_id, key in alike
            for fake in of_brand(brand_id)
            if fake.object_key == key
        )
        shown: dict[str, None] = {}
        for place, fake in islice(counting, MOST_COMPARED):
            if fake.brand_id not in shown and self._is_photo(place.crop(seen()), fake, bundle=bundle):
                shown[fake.brand_id] = None
        return list(shown)

    def told_by_words(self, brand_ids: Sequence[str], *, said: str) -> list[str]:
        """Those of `brand_ids` of whose fakes a trait's words are in what `said_in` gives."""
        if not brand_ids:
            return []
        traits = self._traits(Trait.brand_id.in_(brand_ids) & Trait.text.is_not(None))
        return list(dict.fromkeys(fake.brand_id for fake in traits if says(said, fake.words)))

    def shown(
        self, fakes: Sequence[KnownFake], *, said: str, findings: Sequence[ListingFinding], picture: ReadPicture
    ) -> KnownFake | None:
        """The first of `fakes`, all of one brand, that a listing shows or names; None when it is none of them.

        `said` is what `said_in` gives, `findings` (at least one) are the brand's in its pictures.
        """
        for fake in fakes:
            if says(said, fake.words):
                return fake
        pictured = [fake for fake in fakes if fake.object_key]
        if not pictured:
            return None
        bundle = self._bundle()
        pictures = {number: picture(number) for number in sorted({one.image for one in findings})}
        shown = [part for one in pictures.values() for part in (one, *(box.crop(one) for box in panels(one)))]
        vectors = bundle.embedder.embed([*shown, *(Box(*one.box).crop(pictures[one.image]) for one in findings)])
        photos, marks = np.split(vectors, [len(shown)])
        with self._database.read() as session:
            genuine = active_vectors(session, pictured[0].brand_id, bundle=bundle)
        for fake in pictured:
            known = self._of_picture(fake, bundle=bundle)
            if known is None:
                continue
            if known_fakes_shown(marks, fakes=known[PARTS:], genuine=genuine).any():
                return fake
            likely = may_be_photos(photos, fake=known[:PARTS], genuine=genuine)
            if any(self._is_photo(shown[number], fake, bundle=bundle) for number in np.flatnonzero(likely)):
                return fake
        return None

    def _is_photo(self, picture: RgbImage, fake: KnownFake, *, bundle: ModelBundle) -> bool:
        prepared = self._prepared(fake)
        return prepared is not None and is_photo_of_fake(picture, prepared, bundle=bundle)

    def _traits(self, which: ColumnElement[bool]) -> list[KnownFake]:
        """The fake traits that count, the newest first."""
        query = (
            select(Trait.id, Trait.brand_id, Trait.text, Trait.object_key, Label.box)
            .join(Brand, Brand.id == Trait.brand_id)
            .join(RightsHolder, RightsHolder.id == Brand.holder_id)
            .outerjoin(Label, (Label.trait_id == Trait.id) & Label.withdrawn.is_(None))
            .where(which, Trait.removed.is_(None), RightsHolder.tier != "suspended")
            .order_by(Trait.id.desc(), Label.id)
        )
        with self._database.read() as session:
            return _together(session.execute(query))

    def _decided(self, which: ColumnElement[bool]) -> list[KnownFake]:
        """What upheld complaints were about and looked like no genuine mark, the newest pictures first."""
        newest = (
            select(Label.subject, Label.image_id)
            .where(which, *DECIDED_FAKE)
            .group_by(Label.subject, Label.image_id)
            .order_by(func.max(Label.id).desc())
            .limit(MOST_PICTURES)
            .subquery()
        )
        query = (
            select(Label.subject, Label.brand_id, null(), ListingImage.object_key, Label.box)
            .join(newest, (newest.c.subject == Label.subject) & (newest.c.image_id == Label.image_id))
            .join(ListingImage, ListingImage.id == Label.image_id)
            .where(which, *DECIDED_FAKE)
            .order_by(Label.id.desc())
        )
        with self._database.read() as session:
            return _together(session.execute(query))

    def _of_pictures(self, fakes: Sequence[KnownFake], *, bundle: ModelBundle) -> Iterator[NDArray[np.float32]]:
        """What `_of_picture` gives of each that has a picture."""
        for fake in fakes:
            vectors = self._of_picture(fake, bundle=bundle) if fake.object_key else None
            if vectors is not None:
                yield vectors

    def _of_picture(self, fake: KnownFake, *, bundle: ModelBundle) -> NDArray[np.float32] | None:
        """(`PARTS` + m, d) the vectors of the fake's picture and of the marks in it; None when the picture is gone."""

        def made() -> NDArray[np.float32] | None:
            picture = self._stored(fake)
            if picture is None:
                return None
            return bundle.embedder.embed([*parts_of_photo(picture), *(box.crop(picture) for box in fake.boxes)])

        key = (fake.object_key or "", str(fake.boxes), bundle.name)
        return self._kept(self._vectors, key, most=KEPT, make=made)

    def _prepared(self, fake: KnownFake) -> PreparedReference | None:
        """The fake's photo ready to be compared; None when it is gone."""

        def made() -> PreparedReference | None:
            picture = self._stored(fake)
            return None if picture is None else prepare_reference(picture)

        return self._kept(self._references, fake.object_key or "", most=PREPARED, make=made)

    def _kept(
        self, made: OrderedDict[Key, Made], key: Key, *, most: int, make: Callable[[], Made | None]
    ) -> Made | None:
        """What was `made` for the `key`, or is made now; the `most` that were lately asked for are kept."""
        with self._lock:
            if key in made:
                made.move_to_end(key)
                return made[key]
        new = make()
        if new is not None:
            with self._lock:
                made[key] = new
                while len(made) > most:
                    made.popitem(last=False)
        return new

    def _stored(self, fake: KnownFake) -> RgbImage | None:
        try:
            return self._decode(self._objects.get(fake.object_key or ""))
        except ObjectMissingError:
            log.error("the picture of a known fake is gone; it is not looked for", known_by=fake.known_by)
            return None


def _together(rows: Iterable[tuple[str, str, str | None, str | None, list[float] | None]]) -> list[KnownFake]:
    """One fake for each picture, or trait without one, of rows: known by what, brand, words, picture, box."""
    found: dict[tuple[str, str | None], KnownFake] = {}
    for known_by, brand_id, words, object_key, box in rows:
        key = known_by, object_key
        before = found[key].boxes if key in found else ()
        boxes = before if box is None else (*before, Box(*box))
        found[key] = KnownFake(known_by, brand_id, telling_words(words), object_key, boxes)
    return list(found.values())
