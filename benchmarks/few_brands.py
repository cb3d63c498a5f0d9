"""A marketplace that begins with few brands: what is found, and on what garments, as more are registered?

Each of the reported brands is registered alone, then groups of them, then all; its photos, and garments in listings
that name it, are scanned each time. Evidence was weighed among 60 brands and more; among fewer the marks of
`model.cohort` stand in for others, beside the same model without them.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from benchmarks.command_line import parser_of, table_of_shares
from benchmarks.pictures import garment_photos, reported_marks
from benchmarks.turned import surest
from client.api import Hallmark
from client.temporary import temporary_service
from model.bundle import write_manifest
from model.calibration import read_calibration, write_calibration
from model.encoding import jpeg
from model.released import bundle_folder
from training.evaluation.datasets import Photo
from training.evaluation.references import Drawings, register_brands
from training.evaluation.report import quietly
from training.synthesis.logos import fetch_packages, load_logos

AT_ONCE: Final = (1, 4, 12)
"""Brands that are registered together."""


@dataclass(frozen=True)
class Size:
    """How much is scanned: photos of each brand, garments in listings that name it, brands in all."""

    photos: int
    garments: int
    brands: int


FULL = Size(photos=8, garments=12, brands=12)
QUICK = Size(photos=1, garments=2, brands=4)


@dataclass(frozen=True)
class Asked:
    """One scan: whether its listing `named` the brand, whether its picture `shows` the mark, and what was said."""

    named: bool
    shows: bool
    right: bool
    found: bool
    held: bool


def main() -> None:
    """Register, scan and print."""
    size = QUICK if parser_of(__doc__, quick="two minutes, with little of everything").parse_args().quick else FULL
    photos, own = reported_marks(load_logos(fetch_packages()))
    garments = [jpeg(photo.read()) for photo in garment_photos(tuning=False)[: size.garments]]
    brands = sorted(own)[: size.brands]
    of_brand: dict[str, list[Photo]] = defaultdict(list)
    for photo in photos:
        of_brand[photo.marks[0].brand].append(photo)
    shown = {brand: of_brand[brand][: size.photos] for brand in brands}
    figures = {}
    with tempfile.TemporaryDirectory(prefix="hallmark-few-") as folder:
        for name, model in (("cohort", bundle_folder()), ("none", _without_cohort(Path(folder) / "without-cohort"))):
            for count in dict.fromkeys(min(count, len(brands)) for count in AT_ONCE):
                asked = [
                    one
                    for group in _groups(brands, count)
                    for one in _scanned(model, {brand: own[brand] for brand in group}, shown, garments)
                ]
                figures[f"{count} brands, {name}"] = _shares(asked)
    _show(figures)


def _without_cohort(folder: Path) -> Path:
    """The model that serves, in which nothing stands in for brands."""
    shutil.copytree(bundle_folder(), folder)
    calibration = folder / "calibration.json"
    write_calibration(calibration, replace(read_calibration(calibration), fewest_brands=None))
    write_manifest(folder)
    return folder


def _groups(brands: Sequence[str], count: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(brands), count):
        yield brands[start : start + count]


def _scanned(
    model: Path, own: Drawings, shown: Mapping[str, Sequence[Photo]], garments: Sequence[bytes]
) -> Iterator[Asked]:
    """What is said where the brands of `own` alone are registered."""
    with temporary_service(model=str(model)) as api:
        register_brands(api, own, progress=quietly)
        for brand in own:
            pictures = [jpeg(photo.read()) for photo in shown[brand]]
            for picture, shows in [*((one, True) for one in pictures), *((one, False) for one in garments)]:
                yield from (_asked(api, picture, brand=brand, named=named, shows=shows) for named in (False, True))


def _asked(api: Hallmark, picture: bytes, *, brand: str, named: bool, shows: bool) -> Asked:
    answer = api.scan(picture, listing={"brand_claimed": brand} if named else None)
    return Asked(named, shows, surest(answer) == brand, bool(answer["findings"]), answer["decision"] != "allow")


def _shares(asked: Sequence[Asked]) -> dict[str, float]:
    def share(what: str, *, named: bool, shows: bool) -> float:
        taken = [getattr(one, what) for one in asked if (one.named, one.shows) == (named, shows)]
        return round(float(np.mean(taken)), 4)

    shares = {}
    for named, how in ((False, ""), (True, ", named")):
        shares[f"right brand first{how}"] = share("right", named=named, shows=True)
        shares[f"genuine held up{how}"] = share("held", named=named, shows=True)
        shares[f"garments with a finding{how}"] = share("found", named=named, shows=False)
        shares[f"garments held up{how}"] = share("held", named=named, shows=False)
    return shares


def _show(figures: Mapping[str, Mapping[str, float]]) -> None:
    rows = {what: [shares[what] for shares in figures.values()] for what in next(iter(figures.values()))}
    Console(width=140).print(table_of_shares("Few brands registered", ["what", *figures], rows))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
