"""Brands that uploaded today's drawings alone: do the marks that Hallmark suggests from listings mend what is missing?

And (`--in-use`) do they say more than drawings of all versions in use?

Half of the photos, and garments, are listed, each under a title that names a brand; then the brands register. What is
suggested to them is answered as an honest brand would: places that show its mark are its own, all else is not. The
other half of the photos, and other garments, are scanned before and after, and among references of all versions in use.
Then the halves change places.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.command_line import parser_of
from benchmarks.pictures import garment_photos
from benchmarks.stock import PATIENCE_SECONDS, await_search
from client.api import Hallmark, Json
from client.service import running_service
from model.encoding import jpeg
from model.regions import Box
from serve.database.embedded import EmbeddedPostgres
from training.evaluation.datasets import ALTERED_PHOTOS, Photo, real_photos
from training.evaluation.references import drawings_of, other_brands, register_brands
from training.evaluation.report import quietly
from training.evaluation.versions import drawings_in_use
from training.synthesis.logos import fetch_packages, load_logos

ROUNDS = 2
"""How often what is suggested is answered: with new references others may be seen."""

WHOLE_MARK, MARK_OF_PLACE = 0.7, 0.3
"""A place shows a mark that it holds so much of, and that so much of the place is."""

PLANNED = "SELECT count(*) FROM mark_searches WHERE due IS NOT NULL AND due < now() + interval '2 minutes'"
RUNNING = "SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE status = 'doing' AND queue_name = 'long'"

WAYS = ("what was uploaded", "and what was suggested", "drawings of all versions in use")
KEYS = ("uploaded", "suggested", "in_use")


@dataclass(frozen=True)
class Size:
    """How much is sent."""

    photos: int
    garments: int
    others: int


FULL = Size(photos=1_000, garments=200, others=500)
QUICK = Size(photos=24, garments=6, others=10)


@dataclass(frozen=True)
class Market:
    """A service, and what stands behind it."""

    api: Hallmark
    database: psycopg.Connection


def main() -> None:
    """List, register, answer, scan and print."""
    parser = parser_of(__doc__, quick="under two minutes, with little of everything")
    parser.add_argument("--tuning", action="store_true", help="photos that choices may be made by")
    parser.add_argument("--in-use", action="store_true", help="drawings of all versions in use were uploaded")
    asked = parser.parse_args()
    size = QUICK if asked.quick else FULL
    logos = load_logos(fetch_packages())
    found = real_photos(tuning=asked.tuning)
    brands = sorted({mark.brand for photo in found for mark in photo.marks})
    today = {brand: drawings for brand, drawings in drawings_of(brands, logos).items() if drawings}
    in_use = {brand: drawings_in_use(brands, logos)[brand] for brand in today}
    uploaded = in_use if asked.in_use else today
    photos = [one for one in found if {mark.brand for mark in one.marks} & set(today)]
    photos = photos[:: max(1, len(photos) // size.photos)]
    garments = garment_photos(tuning=asked.tuning)[: size.garments]
    others = other_brands(logos, count=size.others)
    order = np.random.default_rng(0).permutation(len(photos))
    answers: dict[str, list[Answered]] = defaultdict(list)
    clicks = {"suggested": 0, "answered_genuine": 0, "brands": 0}
    for half in (0, 1):
        listed = [photos[number] for number in order[half::2]]
        scanned = [photos[number] for number in order[1 - half :: 2]]
        plain, elsewhere = garments[half::2], garments[1 - half :: 2]
        with market() as one:
            register_brands(one.api, others, progress=quietly)
            list_photos(one.api, listed, plain, names=sorted(today))
            before = brand_ids(one.database)
            register_brands(one.api, uploaded, progress=quietly)
            own = {name: brand_id for name, brand_id in brand_ids(one.database).items() if name not in before}
            await_search(one.database, list(own))
            answers[WAYS[0]] += list(scans(one.api, scanned, elsewhere, names=sorted(today)))
            marks = {photo.path.name: photo for photo in listed}
            for _ in range(ROUNDS):
                await_marks(one.database)
                for name, brand_id in own.items():
                    count = answer(one.api, brand_id, name, listed=marks)
                    clicks["suggested"] += count[0]
                    clicks["answered_genuine"] += count[1]
                await_search(one.database, list(own))
            clicks["brands"] = len(own)
            answers[WAYS[1]] += list(scans(one.api, scanned, elsewhere, names=sorted(today)))
        if asked.in_use:
            continue
        with market() as one:
            register_brands(one.api, {**others, **in_use}, progress=quietly)
            answers[WAYS[2]] += list(scans(one.api, scanned, elsewhere, names=sorted(today)))
    show(answers, clicks)


@contextmanager
def market() -> Iterator[Market]:
    """A marketplace of its own."""
    with tempfile.TemporaryDirectory(prefix="hallmark-suggested-") as folder, running_service(Path(folder)) as service:
        key = service.create_key("admin")
        with (
            Hallmark(service.url, key=key) as api,
            EmbeddedPostgres(Path(folder) / "postgres") as postgres,
            psycopg.connect(postgres.url, autocommit=True) as database,
        ):
            yield Market(api, database)


def brand_ids(database: psycopg.Connection) -> dict[str, str]:
    """Of each brand's name its id."""
    return dict(database.execute("SELECT name, id FROM brands").fetchall())


def list_photos(api: Hallmark, photos: Sequence[Photo], garments: Sequence[Photo], *, names: Sequence[str]) -> None:
    """List each photo under its name, and a title that names its brand; of garments any brand."""
    for number, photo in enumerate([*photos, *garments]):
        listing = {"id": photo.path.name, "seller": f"S-{number % 40}", "title": named(photo, number, names=names)}
        api.send_listing(listing, jpeg(photo.read()))


def named(photo: Photo, number: int, *, names: Sequence[str]) -> str:
    """The brand that a listing of the photo names: one that it shows, or any."""
    shown = sorted({mark.brand for mark in photo.marks} & set(names))
    return (shown or names)[number % len(shown or names)]


def await_marks(database: psycopg.Connection) -> None:
    """Wait until no search is planned soon or runs. Raises `TimeoutError`."""
    until = time.monotonic() + PATIENCE_SECONDS
    while any(database.execute(query).fetchone() != (0,) for query in (PLANNED, RUNNING)):
        if time.monotonic() > until:
            raise TimeoutError("the listings were not searched for marks")
        time.sleep(0.5)


def answer(api: Hallmark, brand_id: str, brand: str, *, listed: Mapping[str, Photo]) -> tuple[int, int]:
    """Answer what is suggested to the brand; how many suggestions there were, and how many show its mark."""
    suggested = api.suggestions(brand_id)
    genuine = 0
    for one in suggested:
        shows = [seen["number"] for seen in one["pictures"] if shows_mark(seen, brand, listed=listed)]
        api.answer_suggestion(brand_id, one["id"], "genuine" if shows else "neither", pictures=shows or None)
        genuine += bool(shows)
    return len(suggested), genuine


def shows_mark(seen: Json, brand: str, *, listed: Mapping[str, Photo]) -> bool:
    """Whether a person would say that the place shows the brand's mark, as the brand draws it."""
    photo = listed.get(seen["listing_id"])
    if photo is None or photo.path.name in ALTERED_PHOTOS:
        return False
    place = Box(*seen["box"])
    return any(
        place.intersection(mark.box) >= max(WHOLE_MARK * mark.box.area, MARK_OF_PLACE * place.area)
        for mark in photo.marks
        if mark.brand == brand
    )


@dataclass(frozen=True)
class Answered:
    """What a scan said: which brand comes first, whether there is a finding at all, and which brands are there."""

    there: frozenset[str]
    top: str | None
    is_named: bool
    is_held: bool

    @property
    def is_right(self) -> bool:
        """Whether the brand that comes first is there."""
        return self.top in self.there


def scans(
    api: Hallmark, photos: Sequence[Photo], garments: Sequence[Photo], *, names: Sequence[str]
) -> Iterator[Answered]:
    """Each photo scanned by itself, and in a listing that names its brand, or any."""
    for number, photo in enumerate([*photos, *garments]):
        for listing in (None, {"title": named(photo, number, names=names)}):
            found = api.scan(jpeg(photo.read()), listing=listing)
            best = min(found["findings"], key=lambda one: one["scores"]["unrelated"], default=None)
            yield Answered(
                frozenset(mark.brand for mark in photo.marks), None if best is None else best["brand"],
                listing is not None, found["decision"] != "allow",
            )  # fmt: skip


def show(answers: Mapping[str, Sequence[Answered]], clicks: Mapping[str, int]) -> None:
    """A table, and a last line of JSON."""
    ways = [way for way in WAYS if answers.get(way)]
    table = Table("photos, among references of", *ways, title="Right brand first; garments with a finding")
    figures: dict[str, float] = dict(clicks)
    for title, is_named in (("nothing named", False), ("the listing names the brand", True)):
        of_way = {way: [one for one in answers[way] if one.is_named == is_named] for way in ways}
        rows = {
            f"{title}: right": [mean(one.is_right for one in of_way[way] if one.there) for way in ways],
            f"{title}: another brand": [
                mean(one.top is not None and not one.is_right for one in of_way[way] if one.there) for way in ways
            ],
            f"{title}: held up": [mean(one.is_held for one in of_way[way] if one.there) for way in ways],
            f"{title}: garments": [mean(one.top is not None for one in of_way[way] if not one.there) for way in ways],
        }
        for name, shares in rows.items():
            table.add_row(name, *(f"{share:.3f}" for share in shares))
            key = name.replace(": ", "_").replace(" ", "_")
            figures |= {f"{key}_{way}": round(share, 4) for way, share in zip(KEYS, shares, strict=False)}
    Console(width=120).print(table)
    print(json.dumps({**figures, "photos": sum(bool(one.there) for one in answers[WAYS[0]]) // 2}))


def mean(shares: Iterator[bool]) -> float:
    """Their mean, 0 of none."""
    found = list(shares)
    return float(np.mean(found)) if found else 0.0


if __name__ == "__main__":
    main()
