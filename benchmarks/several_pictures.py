"""Listings of two pictures that name no brand: does what one shows help to see what was done to the other?

The first picture shows a brand's genuine mark. In the second another photo's mark of that brand is smeared, or nothing
is wrong: a genuine mark, a garment, a person whose face was made private. Of a garment of which a patch was covered
nobody can say whether a mark was there. Each picture is scanned by itself (`alone`), both are sent as one listing
(`together`), and as a listing that names the brand (`named`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.command_line import parser_of
from benchmarks.innocent import people
from benchmarks.pictures import garment_photos, reported_marks, spread
from client.api import Hallmark
from client.temporary import temporary_service
from model.encoding import jpeg
from model.regions import Box, RgbImage
from training.edits.smears import SMEARS, smear
from training.evaluation.datasets import Photo, real_photos
from training.evaluation.references import Drawings, other_brands, register_brands
from training.evaluation.report import quietly
from training.evaluation.versions import drawings_in_use
from training.synthesis.logos import Logo, fetch_packages, load_logos

PRIVATE = ("mosaic", "gaussian_blur", "solid_paint")
"""Ways to cover a patch, or a face."""

SECONDS = ("smeared", "genuine", "garment", "person, the face private", "garment, a patch covered")


@dataclass(frozen=True)
class Size:
    """How much is sent."""

    pairs: int
    others: int


FULL = Size(pairs=150, others=300)
QUICK = Size(pairs=2, others=10)


def main() -> None:
    """Register, send and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--tuning", action="store_true", help="photos that choices may be made by")
    asked = parser.parse_args()
    size = QUICK if asked.quick else FULL
    logos = load_logos(fetch_packages())
    photos, own = tuning_marks(logos) if asked.tuning else reported_marks(logos)
    garments = garment_photos(tuning=asked.tuning)
    faces = people()
    held: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    with temporary_service() as api:
        register_brands(api, {**own, **other_brands(logos, count=size.others)}, progress=quietly)
        for number, (brand, first, other) in enumerate(pairs(photos, count=size.pairs)):
            for name, second in seconds(other, garments[number % len(garments)], faces=faces, number=number).items():
                pictures = [jpeg(first.read()), jpeg(second)]
                held["alone"][name].append(any(api.scan(one)["decision"] != "allow" for one in pictures))
                for way, listing in (("together", {}), ("named", {"title": brand, "brand_claimed": brand})):
                    held[way][name].append(sent(api, listing, pictures, number=f"{number} {name} {way}"))
    show(held, column="second picture")


def tuning_marks(logos: Sequence[Logo]) -> tuple[list[Photo], Drawings]:
    """Photos of the brands for tuning, and the references of the versions in use."""
    photos = real_photos(tuning=True)
    return photos, drawings_in_use(sorted({mark.brand for photo in photos for mark in photo.marks}), logos)


def pairs(photos: Sequence[Photo], *, count: int) -> list[tuple[str, Photo, Photo]]:
    """`count` photos, spread over all, each with the next one of its brand."""
    of_brand: dict[str, list[Photo]] = defaultdict(list)
    for photo in photos:
        of_brand[photo.marks[0].brand].append(photo)
    found = [
        (brand, first, shown[(number + 1) % len(shown)])
        for brand, shown in sorted(of_brand.items())
        for number, first in enumerate(shown)
        if len(shown) > 1
    ]
    return spread(found, count)


def seconds(photo: Photo, garment: Photo, *, faces: Sequence[tuple[Photo, Box]], number: int) -> dict[str, RgbImage]:
    """What the second picture of a listing may be, by name."""
    rng = np.random.default_rng([7, number])
    tool, strength, smeared = str(rng.choice(sorted(SMEARS))), float(rng.uniform(0, 1)), photo.read()
    for mark in photo.marks:
        smeared = smear(smeared, mark.box, tool=tool, strength=strength, rng=rng)
    plain = garment.read()
    high, wide = plain.shape[:2]
    patch = Box(float(rng.uniform(0.1, 0.6) * wide), float(rng.uniform(0.1, 0.7) * high), 0.25 * wide, 0.12 * high)
    covered = smear(plain, patch, tool=str(rng.choice(PRIVATE)), strength=0.8, rng=rng)
    person, face = faces[number % len(faces)]
    private = smear(person.read(), face, tool=str(rng.choice(PRIVATE[:2])), strength=0.9, rng=rng)
    return dict(zip(SECONDS, (smeared, photo.read(), plain, private, covered), strict=True))


def sent(api: Hallmark, listing: dict[str, str], pictures: Sequence[bytes], *, number: str) -> bool:
    """Whether the listing is held up."""
    answer = api.send_listing({"id": number, "seller": "s", **listing}, *pictures)
    return bool(answer["decision"] != "allow")


def show(held: dict[str, dict[str, list[bool]]], *, column: str) -> None:
    """A table, a row for each of `SECONDS` under `column`, and a last line of JSON."""
    table = Table(column, *held, title="Listings held up")
    figures: dict[str, float] = {}
    for name in SECONDS:
        shares = {way: float(np.mean(found[name])) for way, found in held.items()}
        table.add_row(name, *(f"{share:.3f}" for share in shares.values()))
        figures |= {
            f"{name} {way}".replace(", ", "_").replace(" ", "_"): round(share, 4) for way, share in shares.items()
        }
    Console(width=100).print(table)
    print(json.dumps({**figures, "listings": len(next(iter(held.values()))[SECONDS[0]])}))


if __name__ == "__main__":
    main()
