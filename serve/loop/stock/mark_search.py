"""The search for marks that listings of a brand keep showing and no reference does (`recurring_marks.py`).

It looks at the brand's unrecognised listings, once more of them came and whenever the stock was searched for a new
reference. What it finds it suggests to the brand; what it suggested before and finds no more, most often as it is
recognised by now, it takes back, and what the brand said is no mark of its own it does not suggest again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, exists, select, update
from sqlalchemy.orm import Session

from model.bundle import ModelBundle
from model.encoding import png
from model.panels import panels
from model.reference_views import is_blank
from model.regions import Box, RgbImage
from serve.database.engine import Database
from serve.database.loop_tables import ListingImage, ListingRecord, MarkSearch, StockVectors, Suggestion, Unrecognised
from serve.database.tables import Brand
from serve.genuine.references import LEAST_SIDE
from serve.identifiers import new_id
from serve.jobs import Ending, Task
from serve.loop.push.deliveries import push
from serve.loop.stock.recurring_marks import ALIKE, RecurringMark, SeenPicture, recurring_marks
from serve.loop.stock.stock_vectors import describe_missing, in_stock, newest_of_listing, regions_of
from serve.loop.stock.suggestions import MOST_PICTURES, answering, cut_out_key, view_suggestion
from serve.loop.stock.unrecognised import SEARCH_MARKS, search_later
from serve.pictures.new_files import NewFiles
from serve.pictures.objects import ObjectMissingError, Objects, decode_stored
from serve.scanning.proposals import proposed

MOST_LOOKED_AT: Final = 500
"""Pictures of unrecognised listings that are looked at, the newest first."""

MOST_OTHERS: Final = 1_000
"""Pictures of other listings that they are compared with, the newest first."""

MOST_CUT_OUT: Final = 8
"""Of a mark, the most typical places that are cut out; the largest of them are shown."""

AROUND: Final = 0.06
"""Of a mark's sides that are cut out with it."""

SAME_PLACE_IOU: Final = 0.3

PART: Final = 0.8, 3.0
"""A place is a part of one that holds so much of it and is so many times as large."""

LEAST_CUT_OUTS: Final = 3

IN_TURN: Final = timedelta(minutes=1)
"""So long a search waits while another one of its brand runs."""

Vectors = NDArray[np.float32]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A picture of the stock: its row, its listing's id, where other brands' marks were found, and what it shows."""

    image_id: str
    object_key: str
    position: int
    listing_id: str
    taken: list[Box]
    seen: SeenPicture


@dataclass(frozen=True, slots=True)
class _CutOut:
    """A place of a picture that shows a mark."""

    of: _Stored
    box: Box
    image: RgbImage

    def seen(self) -> dict[str, Any]:
        """As it is stored with a suggestion."""
        return {
            "listing_id": self.of.listing_id, "image_id": self.of.image_id, "position": self.of.position,
            "box": [round(float(side), 1) for side in self.box],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Told:
    """What comes of a search: `new` marks with their cut-outs, what was suggested and was found `again`, by the
    suggestion's id, and the ids of what is `gone`.
    """

    new: list[tuple[RecurringMark, list[_CutOut]]]
    again: dict[str, RecurringMark]
    gone: set[str]


class MarkSearcher:
    """The task. `bundle` gives the model that serves."""

    def __init__(self, database: Database, objects: Objects, *, bundle: Callable[[], ModelBundle]) -> None:
        self._database = database
        self._objects = objects
        self._bundle = bundle
        self._ending = Ending()

    @property
    def tasks(self) -> dict[str, Task]:
        """What a `JobRunner` runs, by name."""
        return {SEARCH_MARKS: self.search}

    def close(self) -> None:
        """Break off the search after the picture that it is at; another process begins anew."""
        self._ending.begin()

    async def search(self, brand_id: str) -> None:
        """Search the brand's unrecognised listings."""
        await asyncio.to_thread(self._search_in_turn, brand_id)

    def _search_in_turn(self, brand_id: str) -> None:
        """One search of a brand at a time: two would suggest the same mark twice. Another tries again in a while."""
        with self._database.try_lock(f"marks of {brand_id}") as ours:
            if ours:
                self._search(brand_id)
                return
        with self._database.write() as session:
            search_later(session, brand_id, after=IN_TURN)

    def _search(self, brand_id: str) -> None:
        bundle = self._bundle()
        with self._database.write() as session:  # first: what comes from now on has another search follow
            session.execute(update(MarkSearch).where(MarkSearch.brand_id == brand_id).values(due=None))
        describe_missing(self._database, self._objects, bundle=bundle, look=self._ending.look)
        with self._database.read() as session:
            pictures, others = (
                list(_pictures(session, query, brand_id=brand_id, bundle=bundle))
                for query in (_unrecognised(brand_id), _others(brand_id))
            )
            suggested = session.scalars(
                select(Suggestion).where(Suggestion.brand_id == brand_id, Suggestion.state != "genuine")
            ).all()
        looks = {one.id: self._look_of(one, bundle=bundle) for one in suggested}
        refused = np.concatenate(
            [
                np.zeros((0, bundle.embedder.dimension), np.float32),
                *(looks[one.id] for one in suggested if one.state != "open"),
            ]
        )
        marks = recurring_marks(
            [one.seen for one in pictures], [one.seen.vectors for one in others], known=refused
        )  # fmt: skip
        waiting = {one.id: looks[one.id] for one in suggested if one.state == "open"}
        told = self._told(marks, pictures, waiting=waiting, refused=refused, bundle=bundle)
        self._suggest(brand_id, told)
        log.info(
            "marks searched for", brand=brand_id, pictures=len(pictures), new=len(told.new), again=len(told.again),
            gone=len(told.gone),
        )  # fmt: skip

    def _told(
        self, marks: Sequence[RecurringMark], pictures: Sequence[_Stored], *, waiting: Mapping[str, Vectors],
        refused: Vectors, bundle: ModelBundle,
    ) -> _Told:  # fmt: skip
        """What of the marks the brand is told, and what of the suggestions that are `waiting` still holds."""
        told = _Told([], {}, set(waiting))
        earlier = list(refused)
        for mark in marks:
            same = _same(mark, {suggestion_id: waiting[suggestion_id] for suggestion_id in told.gone})
            if same is not None:
                told.again[same] = mark
                told.gone.remove(same)
            else:
                cut_outs = self._cut_out(mark, pictures, earlier=earlier, bundle=bundle)
                if len(cut_outs) < LEAST_CUT_OUTS:
                    continue
                told.new.append((mark, cut_outs[:MOST_PICTURES]))
            earlier.append(mark.shown[0][1])
        return told

    def _look_of(self, suggestion: Suggestion, *, bundle: ModelBundle) -> Vectors:
        """The vectors (k, d) of the suggestion's cut-outs, as the model that serves sees them; none of what is gone."""
        shown = []
        for number in range(len(suggestion.pictures)):
            try:
                shown.append(decode_stored(self._objects.get(cut_out_key(suggestion.id, number))))
            except ObjectMissingError:
                log.error("a suggestion's cut-out is gone", suggestion=suggestion.id, number=number)
        return bundle.embedder.embed(shown)

    def _cut_out(
        self, mark: RecurringMark, pictures: Sequence[_Stored], *, earlier: Sequence[Vectors],
        bundle: ModelBundle,
    ) -> list[_CutOut]:  # fmt: skip
        """The most typical places that show the mark, the largest first.

        No place is cut out where another brand's mark was found, and no part of one of the `earlier` marks.
        """
        found = []
        for number, vector in mark.shown[:MOST_CUT_OUT]:
            self._ending.look()
            stored = pictures[number]
            try:
                image = decode_stored(self._objects.get(stored.object_key))
            except ObjectMissingError:
                log.error("a picture of the stock is gone; no mark is cut out of it", image=stored.image_id)
                continue
            box = _place(image, vector, earlier=earlier, bundle=bundle)
            if box is None or any(box.iou(taken) >= SAME_PLACE_IOU for taken in stored.taken):
                continue
            cut_out = box.grown(AROUND).crop(image)
            if min(cut_out.shape[:2]) >= LEAST_SIDE and not is_blank(cut_out):
                found.append(_CutOut(stored, box, cut_out))
        return sorted(found, key=lambda one: -one.box.area)

    def _suggest(self, brand_id: str, told: _Told) -> None:
        """Keep what is new, count anew what holds, and take back what is gone, unless it was answered meanwhile."""
        with NewFiles(self._objects) as kept, self._database.write() as session:
            brand = session.get(Brand, brand_id)
            if brand is None:
                return
            for suggestion_id, mark in sorted(told.again.items()):
                row = session.get(Suggestion, suggestion_id, with_for_update=True)
                if row is not None and row.state == "open":
                    row.photos, row.sellers = mark.photos, mark.sellers
            for mark, cut_outs in told.new:
                suggestion = Suggestion(
                    id=new_id("suggestion"), brand_id=brand_id, photos=mark.photos, sellers=mark.sellers,
                    pictures=[one.seen() for one in cut_outs], state="open", became=[],
                )  # fmt: skip
                session.add(suggestion)
                for number, one in enumerate(cut_outs):
                    kept.put(cut_out_key(suggestion.id, number), png(one.image))
                session.flush()
                session.refresh(suggestion)
                push(session, brand.holder_id, "suggestion.made", view_suggestion(suggestion))
        for suggestion_id in sorted(told.gone):
            self._take_back(suggestion_id)

    def _take_back(self, suggestion_id: str) -> None:
        """Forget the suggestion, unless it was answered or is being answered: a later search looks again."""
        with self._database.try_lock(answering(suggestion_id)) as is_free:
            if not is_free:
                return
            with self._database.write() as session:
                row = session.get(Suggestion, suggestion_id, with_for_update=True)
                if row is None or row.state != "open":
                    return
                session.delete(row)
            self._objects.delete_folder(f"suggestions/{suggestion_id}")


def _same(mark: RecurringMark, looks: Mapping[str, Vectors]) -> str | None:
    """The id of the suggestion whose cut-outs (k, d) look most like the mark, if any do."""
    _, typical = mark.shown[0]
    alike = {suggestion_id: float((look @ typical).max()) for suggestion_id, look in looks.items() if len(look)}
    best = max(alike, key=lambda one: alike[one], default=None)
    return best if best is not None and alike[best] >= ALIKE else None


def _place(image: RgbImage, vector: Vectors, *, earlier: Sequence[Vectors], bundle: ModelBundle) -> Box | None:
    """Where in the picture what `vector` (d,) was made of lies: of what is proposed now, the place most alike.

    None where that is a part of a place that looks like one of the `earlier` marks.
    """
    regions = [one for one in proposed(image, bundle, panels=panels(image), sought=True) if not one.is_a_picture]
    if not regions:
        return None
    vectors = bundle.embedder.embed([region.box.crop(image) for region in regions])
    best = int((vectors @ vector).argmax())
    found = regions[best].box
    if vectors[best] @ vector < ALIKE:
        return None
    wholes = [
        region.box
        for region, seen in zip(regions, vectors, strict=True)
        if any(seen @ mark >= ALIKE for mark in earlier)
    ]
    inside, larger = PART
    if any(found.intersection(whole) >= inside * found.area and whole.area >= larger * found.area for whole in wholes):
        return None
    height, width = image.shape[:2]
    return found.clipped(width=width, height=height)


def _pictures(session: Session, query: Select[Any], *, brand_id: str, bundle: ModelBundle) -> Iterator[_Stored]:
    """The pictures of the query's listings, with the vectors of the model."""
    for row in session.execute(query.where(StockVectors.model == bundle.name)):
        taken = [
            Box(*one["box"]) for one in row.findings if one["image"] == row.position and one["brand_id"] != brand_id
        ]
        seen = SeenPicture(row.seller, regions_of(row.vectors, dimension=bundle.embedder.dimension))
        yield _Stored(row.id, row.object_key, row.position, row.marketplace_id, taken, seen)


def _unrecognised(brand_id: str) -> Select[Any]:
    """The newest pictures of the brand's unrecognised listings that are not blocked."""
    return _newest().where(_lacks(brand_id), ListingRecord.decision != "block").limit(MOST_LOOKED_AT)


def _others(brand_id: str) -> Select[Any]:
    """The newest pictures of listings that neither lack the brand's mark nor show it."""
    shown = ListingRecord.findings.contains([{"brand_id": brand_id}])
    return _newest().where(~_lacks(brand_id), ~shown).limit(MOST_OTHERS)


def _lacks(brand_id: str) -> ColumnElement[bool]:
    """Of listings: whether one names the brand, which was not recognised well in it."""
    return exists().where(Unrecognised.listing_id == ListingRecord.id, Unrecognised.brand_id == brand_id)


def _newest() -> Select[Any]:
    """All pictures of the stock, the newest first."""
    return (
        select(
            ListingImage.id, ListingImage.object_key, ListingImage.position, ListingRecord.marketplace_id,
            ListingRecord.seller, ListingRecord.findings, StockVectors.vectors,
        )
        .join(ListingRecord, newest_of_listing())
        .join(StockVectors, StockVectors.image_id == ListingImage.id)
        .where(in_stock())
        .order_by(ListingImage.id.desc())
    )  # fmt: skip
