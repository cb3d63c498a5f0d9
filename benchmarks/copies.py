"""A brand's product photos, used again as sellers do: which edits hide a copy, and what else is called one?

Studio photos are registered as products among the logos of other brands, and come back edited in each of the ways of
`benchmarks.seller_edits`. On the false side, garments of others are scanned, and of each registered photo the most
similar other studio photo, as it is and under a price tag, which is no smear of somebody else's brand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.command_line import parser_of
from benchmarks.pictures import garment_photos
from benchmarks.seller_edits import EDITS, stickered
from client.api import Hallmark, Json
from client.temporary import temporary_service
from model.embedder import Embedder
from model.encoding import jpeg
from model.regions import RgbImage
from model.released import bundle_folder
from training.evaluation.datasets import Photo, plain_photos
from training.evaluation.references import other_brands, register_brands
from training.evaluation.report import quietly
from training.synthesis.logos import fetch_packages, load_logos

BRANDS = 8
"""Brands that the studio photos are divided among."""


@dataclass(frozen=True)
class Size:
    """How much is scanned: `photos` come back edited, about `registered` more are registered beside them."""

    photos: int
    registered: int
    garments: int
    others: int


FULL = Size(photos=30, registered=150, garments=300, others=200)
QUICK = Size(photos=1, registered=2, garments=5, others=10)


def main() -> None:
    """Register, scan and print."""
    size = QUICK if parser_of(__doc__).parse_args().quick else FULL
    studio = plain_photos("catalogue", limit=size.photos)
    more = [photo for photo in plain_photos("catalogue", limit=size.registered) if photo not in studio]
    registered = [*studio, *more]
    garments = garment_photos(tuning=False)[: size.garments]
    logos = other_brands(load_logos(fetch_packages()), count=size.others)
    with temporary_service() as api:
        register_brands(api, logos, progress=quietly)
        ids = [str(api.create_brand(f"Studio {number}")["id"]) for number in range(min(BRANDS, len(registered)))]
        own = [
            str(api.add_reference(ids[place % BRANDS], jpeg(photo.read()), kind="product")["id"])
            for place, photo in enumerate(registered)
        ]
        found = {name: _recognised(api, studio, own[: len(studio)], name=name, others=garments) for name in EDITS}
        others = list(_most_similar(registered))
        tagged = [stickered(other, np.random.default_rng(place)) for place, other in enumerate(others)]
        false = {
            "garments": _share(api, (photo.read() for photo in garments), called="copied_photo"),
            "most similar other photos": _share(api, others, called="copied_photo"),
            "these under a price tag: smears": _share(api, tagged, called="smear"),
        }
    _show(found, false, photos=len(studio), garments=len(garments), registered=len(registered))


def _recognised(
    api: Hallmark, studio: Sequence[Photo], own: Sequence[str], *, name: str, others: Sequence[Photo]
) -> dict[str, float]:
    """Of the photos edited as `name` says: the share called a copy of their original, and that called smeared too."""
    right, smeared = [], []
    for place, (photo, reference) in enumerate(zip(studio, own, strict=True)):
        rng = np.random.default_rng([list(EDITS).index(name), place])
        strangers = [others[int(one)].read() for one in rng.choice(len(others), 3, replace=False)]
        edited = EDITS[name](photo.read(), rng, strangers)
        if edited is not None:
            answer = api.scan(jpeg(edited, quality=90))
            right.append(any(one["reference_id"] == reference for one in _findings(answer, "copied_photo")))
            smeared.append(right[-1] and bool(_findings(answer, "smear")))
    if not right:
        return {"found": float("nan"), "smeared": float("nan"), "photos": 0}
    return {"found": float(np.mean(right)), "smeared": float(np.mean(smeared)), "photos": len(right)}


def _share(api: Hallmark, pictures: Iterable[RgbImage], *, called: str) -> float:
    """The share of the pictures with a finding of that kind."""
    return float(np.mean([bool(_findings(api.scan(jpeg(picture, quality=90)), called)) for picture in pictures]))


def _findings(answer: Json, kind: str) -> list[Json]:
    return [one for one in answer["findings"] if one["kind"] == kind]


def _most_similar(studio: Sequence[Photo]) -> Iterator[RgbImage]:
    """Of each photo, the studio photo most like it that is not registered."""
    registered = {photo.path for photo in studio}
    rest = [photo for photo in plain_photos("catalogue") if photo.path not in registered]
    embedder = Embedder(bundle_folder() / "embedder.onnx", threads=1)
    others = np.concatenate([embedder.embed([photo.read()]) for photo in rest])
    for photo in studio:
        yield rest[int((others @ embedder.embed([photo.read()])[0]).argmax())].read()


def _show(
    found: dict[str, dict[str, float]], false: dict[str, float], *, photos: int, garments: int, registered: int
) -> None:
    table = Table(title=f"{photos} studio photos used again: called a copy, and smeared too", title_justify="left")
    for name in ("what was done", "found", "smeared", "photos"):
        table.add_column(name, justify="left" if name == "what was done" else "right")
    for name, row in found.items():
        table.add_row(name, f"{row['found']:.3f}", f"{row['smeared']:.3f}", f"{row['photos']:.0f}")
    for name, share in false.items():
        table.add_row(f"no copies: {name}", f"{share:.3f}", "", str(garments if name == "garments" else registered))
    Console(width=100).print(table)
    print(
        json.dumps({"photos": photos, "registered": registered, "garments": garments, "found": found, "falsely": false})
    )


if __name__ == "__main__":
    main()
