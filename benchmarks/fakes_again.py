"""Photos that a brand shows as fakes, listed again: are they held up, by the scan alone and with what the brand showed?

Real photos of the reported brands, their marks smeared, are listed; then the brands send half of them as fake traits,
and all are listed once more, cut, scaled and compressed otherwise each time, by sellers who name the brand and by some
who do not. The other half are fakes of the same brands that nobody showed; they and garments tell what else is held up
by it. What was listed before is the stock, which is searched for what the brands showed.
"""

from __future__ import annotations

import argparse
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

from benchmarks.pictures import reported_marks
from benchmarks.stock import quietly
from client.api import Hallmark
from client.service import running_service
from model.encoding import jpeg
from model.regions import RgbImage
from training.edits.smears import TRAINING_SMEARS, smear
from training.evaluation.datasets import Photo, plain_photos
from training.evaluation.known_fakes import listed_again
from training.evaluation.references import other_brands, register_brands
from training.synthesis.logos import fetch_packages, load_logos

STRENGTHS = (0.3, 1.0)
SEARCH_SECONDS = 120.0


@dataclass(frozen=True)
class Size:
    """How much is listed."""

    fakes: int
    garments: int
    others: int


FULL = Size(fakes=120, garments=60, others=500)
QUICK = Size(fakes=6, garments=3, others=20)


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
        answers = []
        for number, one in enumerate(goods):
            photo = listed_again(one.photo, rng=np.random.default_rng([again, number]))
            listing = {"id": f"L-{self._listed}", "seller": f"S-{number}"}
            if named and one.brand:
                listing["title"] = f"{one.brand} cap"
            self._listed += 1
            answer = self._http.post(
                "/v1/listings", data={"listing": json.dumps(listing)}, files={"image": ("a.jpg", jpeg(photo))}
            )
            answers.append(answer.raise_for_status().json())
        return answers

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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute, with little of everything")
    size = QUICK if parser.parse_args().quick else FULL
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
        show(_measured(shop, goods, garments))


def _measured(shop: Shop, goods: Sequence[Goods], garments: Sequence[Goods]) -> dict[str, float]:
    """The figures, in the order in which things happen."""
    groups = {
        "shown": [one for one in goods if one.shown],
        "another_fake": [one for one in goods if not one.shown],
        "garment": garments,
    }
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
    for number, photo in enumerate(photos[:: max(1, len(photos) // count)][:count]):
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


if __name__ == "__main__":
    main()
