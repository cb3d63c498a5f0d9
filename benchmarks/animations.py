"""Marks that only a later frame of an animation shows: are they found, and what does it cost?

Real photos of the reported brands are scanned alone, then as the first and as the last frame of an animated WebP whose
other frames are garments of no brand, among other brands. Animations of garments alone say what is found for nothing.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.command_line import parser_of
from benchmarks.pictures import garment_photos, reported_marks, spread
from client.api import Hallmark
from client.temporary import temporary_service
from model.encoding import jpeg
from model.regions import RgbImage
from training.evaluation.references import other_brands, register_brands
from training.evaluation.report import quietly
from training.synthesis.logos import fetch_packages, load_logos

FRAMES = 4


@dataclass(frozen=True)
class Size:
    """How much is scanned."""

    photos: int
    others: int


FULL = Size(photos=60, others=100)
QUICK = Size(photos=3, others=10)


@dataclass
class Scanned:
    """What came of the pictures that were sent one way."""

    right: list[bool] = field(default_factory=list)
    any_finding: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def send(self, api: Hallmark, picture: bytes, *, brand: str) -> None:
        """Scan `picture`, whose mark is that of `brand`."""
        begun = time.perf_counter()
        found = api.scan(picture)["findings"]
        self.seconds.append(time.perf_counter() - begun)
        self.any_finding.append(bool(found))
        self.right.append(bool(found) and found[0]["brand"] == brand)


def main() -> None:
    """Register, scan and print."""
    size = QUICK if parser_of(__doc__).parse_args().quick else FULL
    logos = load_logos(fetch_packages())
    photos, own = reported_marks(logos)
    garments = garment_photos(tuning=False)
    ways = {way: Scanned() for way in ("alone", "first frame", "last frame", "garments alone")}
    with temporary_service() as api:
        register_brands(api, {**own, **other_brands(logos, count=size.others)}, progress=quietly)
        for number, photo in enumerate(spread(photos, size.photos)):
            brand, shown = photo.marks[0].brand, photo.read()
            chosen = np.random.default_rng([11, number]).choice(len(garments), FRAMES, replace=False)
            others = [_as_large(garments[one].read(), as_=shown) for one in chosen]
            ways["alone"].send(api, jpeg(shown), brand=brand)
            ways["first frame"].send(api, animation([shown, *others[1:]]), brand=brand)
            ways["last frame"].send(api, animation([*others[1:], shown]), brand=brand)
            ways["garments alone"].send(api, animation(others), brand=brand)
    show(ways)


def animation(frames: Sequence[RgbImage]) -> bytes:
    """The frames as one animated WebP, half a second each."""
    first, *others = [Image.fromarray(frame) for frame in frames]
    file = io.BytesIO()
    first.save(file, "WEBP", save_all=True, append_images=others, duration=500, quality=90)
    return file.getvalue()


def _as_large(image: RgbImage, *, as_: RgbImage) -> RgbImage:
    """`image` in the middle of a white picture as large as `as_`."""
    height, width = as_.shape[:2]
    scale = min(height / image.shape[0], width / image.shape[1])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:height, :width]
    laid = np.full_like(as_, 255)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    laid[top : top + small.shape[0], left : left + small.shape[1]] = small
    return laid


def show(ways: dict[str, Scanned]) -> None:
    """A table, a row a way, and a last line of JSON."""
    table = Table("sent as", "right brand first", "with a finding", "median s", title=f"Animations of {FRAMES} frames")
    figures: dict[str, float] = {}
    for way, sent in ways.items():
        right, found = float(np.mean(sent.right)), float(np.mean(sent.any_finding))
        seconds = float(np.median(sent.seconds))
        table.add_row(way, "–" if way == "garments alone" else f"{right:.3f}", f"{found:.3f}", f"{seconds:.2f}")
        name = way.replace(" ", "_")
        figures |= {f"{name}_right": round(right, 4), f"{name}_found": round(found, 4), f"{name}_s": round(seconds, 3)}
    Console(width=100).print(table)
    print(json.dumps({**figures, "photos": len(ways["alone"].right)}))


if __name__ == "__main__":
    main()
