"""Photos that a brand shows as fakes, listed again: are they held up, by the scan alone and with what the brand showed?

Real photos of the reported brands, their marks smeared, are listed; then the brands send half of them as fake traits,
and all are listed once more, cut, scaled and compressed otherwise each time, by sellers who name the brand and by some
who do not. The other half are fakes of the same brands that nobody showed; they and garments tell what else is held up
by it. What was listed before is the stock, which is searched for what the brands showed. At last some of those that
were shown are listed as sellers edit photos (`benchmarks.seller_edits`), and as many of the others in the same ways.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.command_line import parser_of
from benchmarks.pictures import reported_marks, spread
from benchmarks.seller_edits import EDITS
from client.api import Hallmark
from client.service import running_service
from model.encoding import jpeg
from model.regions import RgbImage
from training.edits.smears import TRAINING_SMEARS, smear
from training.evaluation.datasets import Photo, plain_photos
from training.evaluation.known_fakes import listed_again
from training.evaluation.references import other_brands, register_brands
from training.evaluation.report import quietly
from training.synthesis.logos import fetch_packages, load_logos

STRENGTHS = (0.3, 1.0)
SEARCH_SECONDS = 120.0

EDITED = (
    "half cropped away", "in a collage of four", "in a collage with gaps", "beside another photo",
    "bars above and below", "bar over 0.3", "on its mirror image", "caption", "screenshot", "photo of a screen",
    "watermark all over",
)  # fmt: skip
"""Names of the edits that shown fakes are listed with."""


@dataclass(frozen=True)
class Size:
    """How much is listed: `edited` of the fakes that were shown, and as many others, in each way."""

    fakes: int
    garments: int
    others: int
    edited: int


FULL = Size(fakes=120, garments=60, others=500, edited=20)
QUICK = Size(fakes=6, garments=3, others=20, edited=1)


@dataclass(frozen=True)
class Goods:
    """What a seller lists: a photo, and the brand whose smeared mark it shows, empty for none."""

    photo: RgbImage
    brand: str
    shown: bool


class Shop:
    """Lists goods on a running service and counts what becomes of them."""

    def __init__(self, http: httpx2.Client, *, brand_ids: dict[str, str]) -> None:
        self._http = http
        self._brand_ids = brand_ids
        self._listed = 0

    def offer(self, goods: Sequence[Goods], *, named: bool, again: int) -> list[dict[str, Any]]:
        """The answers to a listing of each, its photo as the `again`-th upload gives it."""
        photos = (listed_again(one.photo, rng=np.random.default_rng([again, n])) for n, one in enumerate(goods))
        titles = [f"{one.brand} cap" if named and one.brand else "" for one in goods]
        return [
            self._listing(photo, seller=f"S-{number}", title=title)
            for number, (photo, title) in enumerate(zip(photos, titles, strict=True))
        ]

    def offer_edited(self, goods: Sequence[Goods], *, name: str, others: Sequence[Goods]) -> list[dict[str, Any]]:
        """The same, edited as `name` says, of other sellers; photos of `others` stand beside it."""
        answers = []
        for number, one in enumerate(goods):
            rng = np.random.default_rng([list(EDITS).index(name), number])
            beside = [others[int(place)].photo for place in rng.choice(len(others), 3, replace=False)]
            edited = EDITS[name](one.photo, rng, beside)
            if edited is None:
                raise ValueError(f"{name!r} cannot be done to every photo")
            answers.append(self._listing(edited, seller=f"E-{number}", title=""))
        return answers

    def _listing(self, photo: RgbImage, *, seller: str, title: str) -> dict[str, Any]:
        listing = {"id": f"L-{self._listed}", "seller": seller} | ({"title": title} if title else {})
        self._listed += 1
        answer = self._http.post(
            "/v1/listings", data={"listing": json.dumps(listing)}, files={"image": ("a.jpg", jpeg(photo))}
        )
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def show_fake(self, goods: Goods) -> None:
        """The brand shows it as a fake."""
        path = f"/v1/brands/{self._brand_ids[goods.brand]}/traits"
        picture = {"image": ("fake.jpg", jpeg(goods.photo))}
        self._http.post(path, data={"note": "found in the shop"}, files=picture).raise_for_status()

    def held(self, goods: Sequence[Goods], answers: Sequence[dict[str, Any]]) -> float:
        """The share that is held up for the brand whose mark it shows, or for any where it shows none."""
        right = [
            one["case"] is not None and (not of.brand or one["case"]["brand_id"] == self._brand_ids[of.brand])
            for of, one in zip(goods, answers, strict=True)
        ]
        return float(np.mean(right))

    def cases(self) -> int:
        """How many cases there are."""
        return len(every(self._http, "/v1/cases"))


def main() -> None:
    """List, show, and list again."""
    parser = parser_of(__doc__, quick="in a minute or two, with little of everything")
    parser.add_argument("--only-edited", action="store_true", help="leave out what is listed unedited")
    chosen = parser.parse_args()
    size = QUICK if chosen.quick else FULL
    logos = load_logos(fetch_packages())
    photos, own = reported_marks(logos)
    goods = _smeared(photos, count=size.fakes)
    garments = [Goods(photo.read(), "", shown=False) for photo in plain_photos("clothing", limit=size.garments)]
    with (
        tempfile.TemporaryDirectory(prefix="hallmark-fakes-") as folder,
        running_service(Path(folder)) as service,
        Hallmark(service.url, key=(key := service.create_key("admin"))) as api,
        httpx2.Client(base_url=service.url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as http,
    ):
        register_brands(api, {**own, **other_brands(logos, count=size.others)}, progress=quietly)
        shop = Shop(http, brand_ids={one["name"]: one["id"] for one in every(http, "/v1/brands")})
        groups = {
            "shown": [one for one in goods if one.shown],
            "another_fake": [one for one in goods if not one.shown],
            "garment": garments,
        }
        if chosen.only_edited:
            for one in groups["shown"]:
                shop.show_fake(one)
        else:
            show(_measured(shop, groups))
        show_edited(_edited(shop, groups, most=size.edited))


def _edited(shop: Shop, groups: dict[str, list[Goods]], *, most: int) -> dict[str, dict[str, float]]:
    """By edit, the shares held up of fakes that were shown, and of others."""
    found: dict[str, dict[str, float]] = {}
    for name in EDITED:
        for what in ("shown", "another_fake"):
            few = groups[what][:most]
            answers = shop.offer_edited(few, name=name, others=groups["garment"])
            found.setdefault(name, {})[what] = shop.held(few, answers)
    return found


def _measured(shop: Shop, groups: dict[str, list[Goods]]) -> dict[str, float]:
    """The figures, in the order in which things happen."""
    ways = [
        (what, named) for what, of in groups.items() for named in (False, True) if of and (of[0].brand or not named)
    ]
    figures: dict[str, float] = {f"{what}_photos": len(of) for what, of in groups.items()}
    for what, named in ways:
        answers = shop.offer(groups[what], named=named, again=1 + named)
        figures[_name(what, named=named, after=False)] = shop.held(groups[what], answers)
    before = shop.cases()
    for one in groups["shown"]:
        shop.show_fake(one)
    figures["cases_that_the_search_of_the_stock_opened"] = _searched(shop) - before
    for what, named in ways:
        answers = shop.offer(groups[what], named=named, again=3 + named)
        figures[_name(what, named=named, after=True)] = shop.held(groups[what], answers)
    return figures


def _searched(shop: Shop) -> int:
    """The cases once the searches have opened no more for a while, or time is up."""
    cases, quiet_since, began = shop.cases(), time.monotonic(), time.monotonic()
    while time.monotonic() - quiet_since < SEARCH_SECONDS / 8 and time.monotonic() - began < SEARCH_SECONDS:
        time.sleep(1.0)
        if (now := shop.cases()) != cases:
            cases, quiet_since = now, time.monotonic()
    return cases


def _name(what: str, *, named: bool, after: bool) -> str:
    return f"{what}_{'named_' * named}held_{'after' if after else 'before'}"


def _smeared(photos: Sequence[Photo], *, count: int) -> list[Goods]:
    """Photos with all their marks smeared; every other one is to be shown to the service."""
    found = []
    for number, photo in enumerate(spread(photos, count)):
        rng = np.random.default_rng([0, number])
        tool, strength, image = str(rng.choice(TRAINING_SMEARS)), float(rng.uniform(*STRENGTHS)), photo.read()
        for mark in photo.marks:
            image = smear(image, mark.box, tool=tool, strength=strength, rng=rng)
        found.append(Goods(image, photo.marks[0].brand, shown=number % 2 == 0))
    return found


def every(http: httpx2.Client, path: str) -> list[dict[str, Any]]:
    """Every item of a list that comes in pages."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = {"limit": "500"} | ({"cursor": cursor} if cursor else {})
        page = http.get(path, params=query).raise_for_status().json()
        found, cursor = found + page["items"], page["next_cursor"]
        if cursor is None:
            return found


def show(figures: dict[str, float]) -> None:
    """Print a table, and the figures as a line of JSON."""
    table = Table(title="Listed again, held up for review", title_justify="left")
    for column in ("what", "photos", "by the scan alone", "with what the brands showed"):
        table.add_column(column)
    for what in ("shown", "another_fake", "garment"):
        for named in (False, True):
            before, after = (_name(what, named=named, after=after) for after in (False, True))
            if before in figures:
                words = what.replace("_", " ") + ", the listing names the brand" * named
                row = f"{figures[f'{what}_photos']:.0f}", f"{figures[before]:.3f}", f"{figures[after]:.3f}"
                table.add_row(words, *row)
    Console(width=120).print(table)
    print(json.dumps(figures))


def show_edited(found: dict[str, dict[str, float]]) -> None:
    """The same of what was edited."""
    table = Table(title="Edited, nothing names the brand, held up for it", title_justify="left")
    for column in ("what was done", "shown fakes", "other fakes"):
        table.add_column(column)
    for name, shares in found.items():
        table.add_row(name, f"{shares['shown']:.3f}", f"{shares['another_fake']:.3f}")
    Console(width=120).print(table)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
